"""Python's search for unreachable cycles, left out where a data set becomes millions of lists that hold none."""

import gc
from contextlib import contextmanager


@contextmanager
def no_collection():
    """Without that search, which would look at all lists again and again while they grow: half of the time of reading
    100,000 sentences, and more for each of a million. As a decorator too: `@no_collection()`."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
