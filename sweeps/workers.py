"""The processes that work on one search: each is known by a lock of its own, which it renews while it lives."""

import os
import secrets
from contextlib import contextmanager

from stages import lock


@contextmanager
def at_work(folder):
    """Be one of the workers of a search until the end of the block; -> the name that its trials carry."""
    name = f"worker-{os.getpid()}-{secrets.token_hex(3)}"
    with lock.held(folder / name):
        yield name


def is_alive(folder, name: str | None) -> bool:
    """Whether the worker of this name still works; on another host, whether it did so in the last minutes."""
    try:
        lock.check(folder / (name or "nobody"))
    except lock.Running:
        return True
    return False


def others(folder, name: str) -> list[str]:
    """The workers beside this one that are alive."""
    found = (path.name.removeprefix(".").removesuffix(".lock") for path in folder.glob(".worker-*.lock"))
    return [other for other in found if other != name and is_alive(folder, other)]
