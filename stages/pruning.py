"""Asks the search, after each evaluation of a trial, whether it is worth going on."""

from transformers import TrainerCallback

from stages.guard import agreed
from stages.pruned import Pruned
from stages.terminal import is_main
from stages.tracking import harmless


class Pruning(TrainerCallback):
    """`judge(evaluation, value)`: whether the trial falls behind, evaluations counted from 1; `score`: the name of the
    value. Raises Pruned in all processes where the main one's judge says so; at its last step a trial may stay."""

    def __init__(self, judge, score):
        self.judge, self.score = judge, score

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        value, behind = (metrics or {}).get(f"eval_{self.score}"), False
        if is_main() and value is not None and state.global_step:
            with harmless("asking the search"):
                behind = self.judge(evaluation(args, state), value)
        (behind,) = agreed(args, [behind])
        if behind and state.global_step < state.max_steps:
            raise Pruned({"score": self.score, "value": value, "step": state.global_step, "of": state.max_steps})


def evaluation(args, state) -> int:
    """The number of an evaluation, from 1: that of the epoch or of the interval that it closes. Trials with batches of
    different size take different steps, and can be compared by it."""
    return round(state.epoch) if args.eval_strategy == "epoch" else -(-state.global_step // state.eval_steps)
