"""What a task's choices and columns must be: the checks of several tasks, and what they say."""


def check_choices(task, choices):
    """Raise ValueError where a field of the task is none of its choices; `choices`: field -> its values."""
    for name, known in choices.items():
        if getattr(task, name) not in known:
            options = ", ".join(map(_as_typed, known))
            raise ValueError(f"task.{name}={getattr(task, name)} is not known. Choose one of: {options}.")


def _as_typed(value):
    """A choice as it stands on the command line."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def check_counts(task, units, least=0):
    """Raise ValueError where a field of the task is no number of things; `units`: field -> what it counts."""
    for name, unit in units.items():
        if not isinstance(getattr(task, name), int) or getattr(task, name) < least:
            raise ValueError(f"task.{name}={getattr(task, name)} is not a number of {unit}. Give {least} or more.")


def check_whole(task, least):
    """Raise ValueError where a field of the task is no whole number, or too small; `least`: field -> the least one."""
    for name, number in least.items():
        if type(getattr(task, name)) is not int or getattr(task, name) < number:
            raise ValueError(f"task.{name}={getattr(task, name)} is not a whole number from {number} up.")


def check_text(split, examples, names):
    """Raise ValueError naming the first example of which one of these columns holds no text."""
    for name in (name for name in names if name in examples):
        for i, value in enumerate(examples[name], start=1):
            if not isinstance(value, str):
                raise ValueError(
                    f"{split} example {i}: data.columns.{name} must hold text, it holds {repr(value)[:60]}."
                )
