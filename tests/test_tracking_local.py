"""TensorBoard and trackio: what they get to see, read back by their own readers."""

import os
import sys
import tempfile

import pytest

from stages.trackers.contract import confusion_matrix

if "trackio" not in sys.modules:  # it reads the variable when it is imported
    os.environ["TRACKIO_DIR"] = tempfile.mkdtemp()
QUICK = ("training.max_steps=3", "training.logging_steps=1", "data.limit=24", "batch_size=8")
CURVES = {"train/loss", "train/learning_rate", "validation/loss", "validation/accuracy"}
SCORES = {"scores/validation/accuracy", "scores/test/accuracy", "scores/test/f1_macro", "scores/baseline/accuracy"}
TABLES = {"labels", "confusion", "predictions", "findings"}


def words(model, task="text_classification"):
    return (f"experiment=quickstart/{task}", f"model.path={model}", "tracking=[tensorboard,trackio]")


def events(folder):
    """The event files of a run, as TensorBoard reads them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder / "tensorboard"), size_guidance={"tensors": 0, "scalars": 0}).Reload()


def text(events, name):
    return events.Tensors(f"{name}/text_summary")[-1].tensor_proto.string_val[0].decode()


def session(events):
    """(hyperparameters, status) as TensorBoard's table of runs shows them."""
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    content = {k: HParamsPluginData.FromString(v) for k, v in events.PluginTagToContent("hparams").items()}
    start, end = (content[f"_hparams_/session_{name}_info"] for name in ("start", "end"))
    return start.session_start_info.hparams, end.session_end_info.status


def points(folder, project="tunesmith"):
    """All that trackio holds of the newest run of this name: one dict per call."""
    from trackio.sqlite_storage import SQLiteStorage

    run = SQLiteStorage.get_latest_run_record_by_name(project, folder.name)
    return SQLiteStorage.get_logs(project, folder.name, run_id=run["id"])


def alerts(folder):
    from trackio import Api

    return [alert["title"] for run in Api().runs("tunesmith") if run.name == folder.name for alert in run.alerts()]


def test_a_finished_run(run_here, tiny_bert, capsys):
    folder = run_here(*words(tiny_bert), *QUICK, "tracking.notes='a|b'", "tracking.log_model=true")
    out = capsys.readouterr().out
    assert f"tensorboard --logdir {folder.parent}" in out and 'trackio show --project "tunesmith"' in out
    assert "failed" not in out and "* " not in out  # trackio's own lines
    check_tensorboard(events(folder))
    check_trackio(folder)


def check_tensorboard(seen):
    assert set(seen.Tags()["scalars"]) >= CURVES | SCORES
    assert [point.step for point in seen.Scalars("train/loss")] == [1, 2, 3]
    assert len(seen.Scalars("validation/accuracy")) == 1  # the score of the best checkpoint is no point of the curve
    assert {f"{name}/text_summary" for name in TABLES | {"config"}} <= set(seen.Tags()["tensors"])
    assert "| tracking.notes | a\\|b |" in text(seen, "config")
    assert len(text(seen, "predictions").splitlines()) == 2 + 24
    assert text(seen, "confusion").startswith("| gold | ")
    choices, status = session(seen)
    assert choices["optimizer.learning_rate"].number_value == pytest.approx(1e-4)
    assert choices["model.name"].string_value.startswith("tiny_bert") and status == 1  # STATUS_SUCCESS


def check_trackio(folder):
    import trackio

    seen = points(folder)
    assert {name for point in seen for name in point} >= CURVES | SCORES | TABLES
    assert [point["step"] for point in seen if "train/loss" in point] == [1, 2, 3]
    tables = {name: value["_value"] for point in seen for name, value in point.items() if name in TABLES}
    assert len(tables["predictions"]) == 24 and {"text", "gold", "right"} <= set(tables["predictions"][0])
    (run,) = [run for run in trackio.Api().runs("tunesmith") if run.name == folder.name]
    assert run.config["seed"] == 42 and run.config["_Group"] == folder.name.rsplit("-", 1)[0]
    assert run.id == (folder / "trackio_id").read_text() and alerts(folder) == ["finished"]
    assert len(list(trackio.utils.ARTIFACTS_DIR.glob("tunesmith/blobs/**/*"))) >= 3


def test_an_interrupted_run_goes_on_in_the_same_one(run_here, tiny_bert, monkeypatch):
    """Each point once."""
    from stages import progress

    typed = (*words(tiny_bert), "data.limit=24", "batch_size=8", "training.max_steps=12", "training.logging_steps=1")
    typed += ("training.eval_strategy=steps", "training.save_strategy=steps", "training.eval_steps=4")

    def stop(self, args, state, control, **kwargs):
        if state.global_step >= 6:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(progress.Progress, "on_step_begin", stop)
        with pytest.raises(KeyboardInterrupt):
            run_here(*typed)
    folder = run_here(*typed)
    assert len(list((folder / "tensorboard").iterdir())) == 2  # what came before is in them
    seen = events(folder)
    assert [point.step for point in seen.Scalars("train/loss")] == list(range(1, 13))
    assert [point.step for point in seen.Scalars("validation/loss")] == [4, 8, 12]
    assert session(seen)[1] == 1
    assert [point["step"] for point in points(folder) if "train/loss" in point] == list(range(1, 13))
    assert sorted(alerts(folder)) == ["finished", "interrupted"]
    run_here(*typed, "rerun=true")
    assert len(list((folder / "tensorboard").iterdir())) == 2
    assert [point["step"] for point in points(folder) if "train/loss" in point] == list(range(1, 13))


def test_a_failed_run_is_marked_so(run_here, tiny_bert, tmp_path):
    """Layers that do not exist are found by peft, when the trackers are open."""
    with pytest.raises(ValueError, match="target_modules"):
        run_here(*words(tiny_bert), *QUICK, "method=lora", "method.target_modules=[nothing_like_it]")
    (folder,) = (path.parent for path in tmp_path.glob("runs/*/tensorboard"))
    assert session(events(folder))[1] == 2  # STATUS_FAILURE
    assert alerts(folder) == ["failed"]


def test_one_tracker_that_fails_stops_no_other(run_here, tiny_bert, monkeypatch, capsys):
    from stages.trackers import trackio

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(trackio.Run, "log", broken)
    folder = run_here(*words(tiny_bert), *QUICK)
    out = capsys.readouterr().out
    assert out.count("trackio failed (OSError: disk full). The run goes on") == 1 and "scores (" in out
    assert len(events(folder).Scalars("train/loss")) == 3


def test_confusion_matrix():
    cells = [{"gold": "b", "predicted": "a", "count": 2}, {"gold": "a", "predicted": "a", "count": 1}]
    assert confusion_matrix(cells) == [{"gold": "a", "a": 1, "b": 0}, {"gold": "b", "a": 2, "b": 0}]


def test_a_cell_is_text():
    from stages.trackers.tensorboard import markdown

    rows = [{"word": "a|b\n<c>", "f1": 0.123456}, {"word": None, "f1": 5e-05}]
    assert markdown(rows) == "| word | f1 |\n| --- | --- |\n| a\\|b &lt;c&gt; | 0.1235 |\n|  | 5e-05 |"
