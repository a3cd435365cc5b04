"""Few examples per class, drawn from train by the run's seed: several seeds are several draws."""

import hashlib
from collections import defaultdict

from tasks.contract import Finding


def draw(examples: dict, per_class: int, seed: int, task) -> tuple[dict, list[Finding]]:
    """-> (at most `per_class` examples of each class, in their old order; a Finding where a class has fewer).

    The draw depends on seed, class and place alone, so it is the same on every machine. Raises ValueError where an
    example is not of exactly one class.
    """
    members = defaultdict(list)
    for i, classes in enumerate(task.classes(examples)):
        if len(classes) != 1:
            raise ValueError(
                f"data.per_class={per_class}: train example {i + 1} holds {len(classes)} classes, and each must hold "
                f"one: {task.name} has no such classes. Leave it out, or cut the data with data.limit."
            )
        members[classes[0]].append(i)
    drawn = sorted(i for name, places in members.items() for i in _first(places, per_class, f"{seed} {name}"))
    few = {name: len(places) for name, places in members.items() if len(places) < per_class}
    return {name: [values[i] for i in drawn] for name, values in examples.items()}, _too_few(few, per_class)


def _first(places, count, salt):
    """The first `count` of the places in an order that the salt decides."""
    return sorted(places, key=lambda i: hashlib.sha256(f"{salt} {i}".encode()).digest())[:count]


def _too_few(few, per_class):
    if not few:
        return []
    shown = ", ".join(f"{name} ({n})" for name, n in sorted(few.items())[:8]) + (" ..." if len(few) > 8 else "")
    what = f"{len(few)} classes have fewer than data.per_class={per_class} examples: {shown}"
    return [Finding("warning", "train", what, "All of theirs are kept: lower data.per_class for equal classes.")]
