"""What Python's garbage collector need not look at: libraries make a million objects that stay as long as a process."""

import gc
from contextlib import contextmanager


@contextmanager
def lasting():
    """Around imports: nothing is collected meanwhile, and what is there afterwards is never looked at again, here or in
    processes that are forked from this one (which share its memory as long as nobody writes to it).

    Importing transformers' Trainer takes a fifth less; a full collection, of which accelerate asks for one whenever
    training starts, half a second less.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
