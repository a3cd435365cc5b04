"""`python short_of_memory.py WORD...` types `run.py WORD...` where one process has little memory.

In process SHORT_RANK a forward pass of more than SHORT_TRAIN examples fails from step SHORT_FROM on, and in an
evaluation one of more than SHORT_EVAL.
"""

import os
import sys

from sharding_on_cpu import main


def limit(name, rows, first):
    """Let a step of the Tuner fail for more rows than that, from a step of the run on."""
    import torch

    from stages.tuner import Tuner

    real = getattr(Tuner, name)

    def step(self, model, inputs, *args, **kwargs):
        if len(inputs["input_ids"]) > rows and self.state.global_step >= first:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return real(self, model, inputs, *args, **kwargs)

    setattr(Tuner, name, step)


if __name__ == "__main__":
    if os.environ.get("RANK") == os.environ["SHORT_RANK"]:
        limit("training_step", int(os.environ.get("SHORT_TRAIN", 1000)), int(os.environ.get("SHORT_FROM", 0)))
        limit("prediction_step", int(os.environ.get("SHORT_EVAL", 1000)), 0)
    main(sys.argv[1:])
