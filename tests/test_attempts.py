"""The attempts of a run: which command begins one, takes one up, or keeps one aside."""

import pytest

from stages import attempts, files, folder, progress
from stages.divergence import MARK
from stages.finished import frozen_config, kept_attempts

WORDS = ("experiment=quickstart/text_classification", "data.limit=24", "batch_size=8", "training.max_steps=3",
         "training.eval_strategy=steps", "training.save_strategy=steps", "training.eval_steps=1",
         "training.logging_steps=1")  # fmt: skip


@pytest.fixture
def words(tiny_bert):
    return (*WORDS, f"model.path={tiny_bert}")


@pytest.fixture
def killed_at(monkeypatch):
    """`killed_at(2)`: the next runs end when step 2 begins, as after kill -9; 0: they do not."""

    def place(step):
        def begin(self, args, state, control, **kwargs):
            if step and state.global_step == step - 1:
                raise SystemExit(137)

        monkeypatch.setattr(progress.Progress, "on_step_begin", begin, raising=False)

    return place


def test_a_run_is_finished_when_everything_is_in_place(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    files.write_json(tmp_path / folder.UNFINISHED, {"test": {}})
    assert not folder.is_finished(tmp_path)
    attempts.finish(tmp_path)
    assert folder.is_finished(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["metrics.json"]


def test_an_interrupted_rerun_goes_on(run_here, words, killed_at, capsys):
    """With and without the word it was begun with; the finished attempt before it stays as it is."""
    run = run_here(*words)
    first = (run / "metrics.json").read_bytes()
    left = run / "checkpoints" / "checkpoint-1"
    left.mkdir(parents=True)  # by a process that was killed while it removed them
    assert run_here(*words) == run and not left.parent.exists()
    for step, more in ((2, ("rerun=true",)), (3, ("rerun=true",)), (3, ())):
        killed_at(step)
        with pytest.raises(SystemExit):
            run_here(*words, *more)
        assert (run / "checkpoints" / f"checkpoint-{step - 1}").is_dir()
    said = capsys.readouterr().out
    assert "goes on from checkpoint-1" in said and "goes on from checkpoint-2" in said
    assert said.count(f"The attempt that rerun=true began before goes on. To begin another one, move {run} away") == 1
    killed_at(0)
    run_here(*words, "rerun=true")
    assert "goes on from checkpoint-2" in capsys.readouterr().out
    (kept,) = kept_attempts(run)
    assert (kept / "metrics.json").read_bytes() == first and folder.is_finished(run)


def test_when_rerun_begins_anew(compose_config, tmp_path):
    """A finished attempt, an interrupted one that it did not begin, and one that diverged are kept aside."""
    place, config = tmp_path / "run", compose_config("task=ner", "data=sample")
    again = {**config, "rerun": True}
    attempts.start(place, config)
    assert attempts.goes_on(place, config) and not attempts.goes_on(place, again)
    attempts.start(place, again)
    assert (tmp_path / "run.1").is_dir() and attempts.goes_on(place, again) and frozen_config(place)["rerun"] is True
    (place / MARK).touch()
    attempts.start(place, again)
    assert (tmp_path / "run.2" / MARK).is_file() and not (place / MARK).exists()
    (place / folder.FINISHED).touch()
    assert not attempts.goes_on(place, config) and not attempts.goes_on(place, again)
    attempts.start(place, again)
    assert (tmp_path / "run.3" / folder.FINISHED).is_file()
