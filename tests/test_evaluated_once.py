"""What an evaluation has said of the chosen weights is not asked again after training, and would be the same."""

import pytest

from stages.pace import Pace
from stages.tuner import Tuner
from tests.same_runs import left

QUICK = ("training.num_train_epochs=2", "data.limit=40", "batch_size=8", "hardware=cpu", "tracking=disabled")


@pytest.fixture
def scored(monkeypatch):
    """The descriptions of the passes over a split that were made."""
    passes, loop = [], Tuner.evaluation_loop

    def counted(self, loader, description, *args, **kwargs):
        passes.append(description)
        return loop(self, loader, description, *args, **kwargs)

    monkeypatch.setattr(Tuner, "evaluation_loop", counted)
    return passes


@pytest.mark.parametrize(
    "words",
    [
        ("quickstart/ner",),
        ("quickstart/multi_label",),
        ("quickstart/ner", "training.eval_strategy=steps", "training.save_strategy=steps", "training.eval_steps=4"),
    ],
)
def test_validation_is_scored_once(run_here, tiny_bert, tmp_path, monkeypatch, scored, words):
    experiment, *more = words
    given = (f"experiment={experiment}", f"model.path={tiny_bert}", *QUICK, *more)
    once = left(run_here(*given, f"output_root={tmp_path}/once"))
    last = scored[:]
    assert last.count("Evaluation") >= 2 and "scoring test" in last and "scoring validation" not in last
    monkeypatch.setattr(Tuner, "_chosen_step", property(lambda self: None))
    twice = left(run_here(*given, f"output_root={tmp_path}/twice"))
    assert "scoring validation" in scored[len(last) :]
    assert {name for name in once if once[name] != twice.get(name)} <= {"config.yaml", "identity.json"}


def test_answers_that_an_evaluation_did_not_ask_for_are_asked_for(run_here, tiny_gpt2, scored):
    """Of written answers, evaluation looks at the loss alone where that chooses."""
    run_here("experiment=quickstart/dialogue", f"model.path={tiny_gpt2}", "task.best=loss", *QUICK)
    assert "scoring validation" in scored


def test_the_forecast_counts_what_is_scored_after_training(run_here, tiny_bert, monkeypatch):
    """Validation only where no evaluation of it is kept."""
    given, made = [], Pace.__init__
    monkeypatch.setattr(Pace, "__init__", lambda self, *numbers: given.append(numbers) or made(self, *numbers))
    for words in ((), ("training.eval_strategy=no", "training.save_strategy=no")):
        run_here("experiment=quickstart/ner", f"model.path={tiny_bert}", *QUICK, *words)
    (_, _, validated, kept), (_, _, _, asked) = given
    assert 0 < validated == asked - kept
