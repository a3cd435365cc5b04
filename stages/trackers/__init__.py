"""The trackers, one module each. This list is read before anything heavy is imported."""

from importlib.util import find_spec

UNSENT = ".unsent"  # in a run's folder until its trackers have got all of it
ASIDE = ("wandb",)  # opened while the run goes on: it may wait for a server, and does not mind another thread
KEYS = {"wandb": "entity", "tensorboard": "", "trackio": "space_id"}  # by package: the keys that only it has


def chosen(choices):
    """Names of the trackers to which the group `tracking` gives keys."""
    return [name for name in KEYS if name in choices]


def is_unsent(choices, folder):
    """Whether a run was killed before the trackers that are chosen had all of it."""
    return bool(chosen(choices)) and (folder / UNSENT).is_file()


def check_installed(choices):
    """Raise ValueError for a chosen tracker whose package is missing."""
    for name in chosen(choices):
        if find_spec(name) is None:
            raise ValueError(
                f"tracking={name} needs the package {name}, which is not installed. Run `make install`, or: "
                "pip install -r requirements.txt"
            )
