"""Trackers open while a run goes on: nothing waits for them that need not, and nothing is lost."""

import threading
from types import SimpleNamespace

import pytest

from stages import tracking
from stages.trackers import UNSENT

ARGUMENTS = SimpleNamespace(dataloader_num_workers=0)


def opening_slowly(monkeypatch, tmp_path):
    """A tracker that opens when it is let; -> (what lets it, what it was told, the configuration)."""
    let, told = threading.Event(), []

    def open_slowly(*_):
        assert let.wait(60)
        tracker = SimpleNamespace(title="slow", rows=0, lacks=False, where=lambda: "in a while", finish=told.append)
        tracker.log = lambda numbers, step, row: told.append(row)
        return [tracker]

    monkeypatch.setattr(tracking, "open_trackers", open_slowly)
    return let, told, {"tracking": {"wandb": {}}}


def test_a_run_goes_on_while_its_trackers_open(monkeypatch, capsys, tmp_path):
    """What it has to tell waits for them, and nothing is lost or told twice."""
    let, told, config = opening_slowly(monkeypatch, tmp_path)
    with tracking.tracked(config, tmp_path) as trackers:
        assert "tracking" not in capsys.readouterr().out  # here it loads its model
        let.set()
        curves = tracking.Curves(trackers)
        curves.on_train_begin(ARGUMENTS, SimpleNamespace(log_history=[{"step": 1, "loss": 2.0}]), None)
        curves.on_log(None, SimpleNamespace(global_step=2), None, logs={"loss": 1.0})
    assert told == [0, 1, "finished"] and not (tmp_path / UNSENT).exists()
    assert capsys.readouterr().out.count("in a while") == 1


def test_processes_that_load_data_start_once_trackers_are_open(monkeypatch, tmp_path):
    let, _, config = opening_slowly(monkeypatch, tmp_path)
    with tracking.tracked(config, tmp_path) as trackers:
        threading.Timer(0.3, let.set).start()
        arguments = SimpleNamespace(dataloader_num_workers=1)
        tracking.Curves(trackers).on_train_begin(arguments, SimpleNamespace(log_history=[]), None)
        assert let.is_set()


def test_an_interrupted_run_does_not_wait_for_trackers_that_do_not_open(monkeypatch, tmp_path):
    let, told, config = opening_slowly(monkeypatch, tmp_path)
    monkeypatch.setattr(tracking, "PATIENCE", 0.1)
    with pytest.raises(KeyboardInterrupt), tracking.tracked(config, tmp_path):
        raise KeyboardInterrupt
    assert told == [] and (tmp_path / UNSENT).exists()  # the same command sends it
    let.set()


def test_an_error_is_not_held_back_by_trackers_that_do_not_open(monkeypatch, tmp_path):
    let, told, config = opening_slowly(monkeypatch, tmp_path)
    monkeypatch.setattr(tracking, "PATIENCE", 0.1)
    with pytest.raises(ValueError, match="bad data"), tracking.tracked(config, tmp_path):
        raise ValueError("bad data")
    assert told == []
    let.set()


def test_what_a_tracker_that_cannot_be_opened_lacks_is_sent_later(monkeypatch, tmp_path):
    monkeypatch.setattr(tracking, "open_trackers", lambda *_: [])
    with tracking.tracked({"tracking": {"wandb": {}}}, tmp_path):
        pass
    assert (tmp_path / UNSENT).exists()
