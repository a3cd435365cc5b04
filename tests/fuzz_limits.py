"""What the tests with invented input share: how many cases, how long each may take, what a clear error is."""

import os
import signal
from contextlib import contextmanager

from hypothesis import HealthCheck, settings

from stages.command_line import is_ours

SECONDS = 20  # for one case; more is a hang
DEEP = int(os.environ.get("TUNESMITH_FUZZ", 2000))  # cases of each slow test
RULES = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
FEW = settings(max_examples=120, derandomize=True, **RULES)
MANY = settings(max_examples=DEEP, derandomize="TUNESMITH_FUZZ" not in os.environ, **RULES)


@contextmanager
def in_time():
    def late(*_):
        raise AssertionError(f"still busy after {SECONDS} s")

    previous = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@contextmanager
def clear(*words):
    """Errors are raised on purpose, by the project, and name the file, the line or the key."""
    try:
        with in_time():
            yield
    except (ValueError, OSError) as error:
        if not is_ours(error):
            raise
        assert any(word in str(error) for word in words), f"{error} names none of {words}"
