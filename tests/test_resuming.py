"""An interrupted run ends with the weights, predictions, scores and history of one that was not, whatever was lost."""

import json
import shutil

import pytest
from same_runs import left

from stages import checkpoints, progress
from tests.test_checkpoints import flip

WORDS = (
    "experiment=quickstart/text_classification", "data.limit=24", "batch_size=8", "hardware=cpu", "tracking=disabled",
    "hardware.per_device_train_batch_size=4", "training.num_train_epochs=4", "training.eval_strategy=steps",
    "training.save_strategy=steps", "training.eval_steps=2", "training.save_total_limit=4", "training.dropout=0.1",
    "training.eval_on_start=true", "training.logging_steps=5", "optimizer.learning_rate=1e-2", "task.best=loss",
)  # fmt: skip


@pytest.fixture
def stopped_at(monkeypatch, run_here):
    """`stopped_at(9, *words)` interrupts a run before that step; -> nothing, its folder waits."""

    def run_(step, *words):
        def stop(self, args, state, control, **kwargs):
            if state.global_step >= step:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(progress.Progress, "on_step_begin", stop)
            run_here(*words)

    return run_


@pytest.fixture(scope="module")
def both(compose_config, tiny_bert, tmp_path_factory):
    """-> (what a run leaves that went through, the folder of the same one stopped at step 9 of 12, its words)."""
    from run import run_experiment

    words = [*WORDS, f"model.path={tiny_bert}", f"output_root={tmp_path_factory.mktemp('both')}"]

    def stop(self, args, state, control, **kwargs):
        if state.global_step >= 9:
            raise KeyboardInterrupt

    whole = run_experiment(compose_config(*words), words)
    expected = left(whole)
    whole.rename(whole.with_name("whole"))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(progress.Progress, "on_step_begin", stop)
        run_experiment(compose_config(*words), words)
    return expected, whole.rename(whole.with_name(f"{whole.name}.stopped")), words


def best_step(checkpoint):
    return json.loads((checkpoint / checkpoints.STATE).read_text())["best_global_step"]


@pytest.mark.parametrize("lost", ["nothing", "last", "best", "all"])
def test_a_moved_run_goes_on_whatever_is_damaged(both, compose_config, tmp_path, capsys, lost):
    """Its best checkpoint is recorded under a path that is gone."""
    from run import run_experiment

    expected, stopped, words = both
    place = tmp_path / stopped.name.removesuffix(".stopped")
    shutil.copytree(stopped, place)
    found = checkpoints.by_step(place / "checkpoints")
    best = place / "checkpoints" / f"checkpoint-{best_step(found[-1])}"
    for damaged in {"nothing": [], "last": found[-1:], "best": [best], "all": found}[lost]:
        flip(damaged / "model.safetensors", -1)
    capsys.readouterr()
    words = [*words[:-1], f"output_root={tmp_path}"]
    assert run_experiment(compose_config(*words), words) == place
    said = capsys.readouterr().out
    assert ("cannot be used" in said) == (lost != "nothing") and ("first step" in said) == (lost == "all")
    found = left(place)
    assert {**found, "config.yaml": None} == {**expected, "config.yaml": None}  # it names output_root
    assert not (place / "checkpoints").exists()


def test_a_log_at_the_end_of_an_epoch_is_not_lost(run_here, tiny_bert, stopped_at):
    """The checkpoint of the last step of an epoch comes after what closes the epoch."""
    words = (*WORDS, f"model.path={tiny_bert}", "training.logging_strategy=epoch", "training.eval_steps=3")
    words = (*words, "training.num_train_epochs=2")
    whole = run_here(*words)
    expected = left(whole)
    whole.rename(whole.with_name("whole"))
    stopped_at(4, *words)
    assert left(run_here(*words)) == expected


@pytest.mark.slow
def test_batches_of_like_cost_go_on_where_they_were(run_here, tiny_bert, stopped_at):
    """Interrupted within the second epoch, after a checkpoint at step 4 of 3 an epoch."""
    words = (*WORDS, f"model.path={tiny_bert}", "batching=tokens", "training.num_train_epochs=2")
    whole = run_here(*words)
    expected = left(whole)
    whole.rename(whole.with_name("whole"))
    stopped_at(5, *words)
    assert left(run_here(*words)) == expected


def interrupted_after_training(run_here, words, monkeypatch):
    """Typed again, such a run leaves what one leaves that was not interrupted; -> what that is."""
    import run

    whole = run_here(*words)
    expected = left(whole)
    whole.rename(whole.with_name("whole"))
    with monkeypatch.context() as patch:
        patch.setattr(run, "leave", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_here(*words)
    assert left(run_here(*words)) == expected
    return expected


@pytest.mark.slow
def test_the_log_where_patience_ends_is_not_lost(run_here, tiny_bert, monkeypatch):
    """Logged once an epoch, out of patience within the second: the checkpoint of that step comes after its log."""
    words = (*WORDS, f"model.path={tiny_bert}", "optimizer.learning_rate=0", "training.early_stopping_patience=1")
    words = (*words, "training.logging_strategy=epoch")
    expected = interrupted_after_training(run_here, words, monkeypatch)
    assert [row["step"] for row in expected["history.jsonl"] if "loss" in row] == [3, 4]


def test_out_of_patience_and_interrupted_trains_no_further(run_here, tiny_bert, monkeypatch):
    """With a learning rate of 0 nothing improves; interrupted when all training was done, and typed again."""
    words = (*WORDS, f"model.path={tiny_bert}", "optimizer.learning_rate=0", "training.early_stopping_patience=2")
    expected = interrupted_after_training(run_here, words, monkeypatch)
    history = expected["history.jsonl"]
    assert [row["step"] for row in history if "eval_loss" in row] == [0, 2, 4, 6]
    assert [row["step"] for row in history if "train_loss" in row] == [6]


def test_a_checkpoint_that_does_not_read_back_removes_no_older_one(run_here, tiny_bert, monkeypatch, tmp_path):
    """A disk that loses what was written: the run stops there, and the checkpoint before is still whole."""
    sealed = checkpoints.seal

    def lose(written, folder):
        place = sealed(written, folder)
        if place.name == "checkpoint-4":
            flip(place / "optimizer.pt", 9)
        return place

    monkeypatch.setattr(checkpoints, "seal", lose)
    words = (*WORDS, f"model.path={tiny_bert}", "training.save_total_limit=1")
    with pytest.raises(OSError, match=r"checkpoint-4 was not written .* optimizer\.pt has other content"):
        run_here(*words)
    (folder,) = tmp_path.glob("runs/*/checkpoints")
    assert checkpoints.look_over(folder)[0].name == "checkpoint-2"
