"""The attempts of a run in one folder: begun, taken up where one was interrupted, moved aside for a new one, ended."""

import shutil

from stages import files, folder
from stages.divergence import MARK
from stages.secrets import hidden
from stages.terminal import say

CHECKPOINTS = "checkpoints"


def goes_on(place, config):
    """Whether the command takes up the attempt in the folder, instead of beginning one."""
    return (
        not folder.is_finished(place)
        and (place / folder.CONFIG).is_file()
        and (not config["rerun"] or _is_new_attempt(place))
    )


def start(place, config):
    """Begin an attempt, or take up an interrupted one: its resolved configuration stands in the folder from the start.

    With `rerun` a new one begins, unless that was interrupted which an earlier `rerun` began: it goes on.
    """
    from omegaconf import OmegaConf

    again = _is_new_attempt(place)
    if config["rerun"] and not again:
        folder.keep_old(place)
    elif config["rerun"]:
        say(f"The attempt that rerun=true began before goes on. To begin another one, move {place} away.")
    frozen = {key: value for key, value in hidden(config).items() if key != folder.REPEATED}
    frozen["rerun"] = config["rerun"] or again  # who takes it up need not have said it again
    files.write_text(place / folder.CONFIG, OmegaConf.to_yaml(OmegaConf.create(frozen)))
    if not (place / folder.IDENTITY).is_file():
        files.write_json(place / folder.IDENTITY, hidden(folder.identity(config)))


def _is_new_attempt(place):
    """Whether a folder holds an interrupted attempt that `rerun` began; one that diverged has ended."""
    from omegaconf import OmegaConf

    if folder.is_finished(place) or (place / MARK).is_file():
        return False
    try:
        return OmegaConf.load(place / folder.CONFIG).get("rerun") is True
    except FileNotFoundError:
        return False


def finish(place):
    """End a run: the mark that it is finished, and only then away with the checkpoints (the best one is the model)."""
    (place / folder.UNFINISHED).replace(place / folder.FINISHED)
    tidy(place)


def tidy(place):
    """Remove the checkpoints of a finished run; of one that was killed after the mark, they are still there."""
    shutil.rmtree(place / CHECKPOINTS, ignore_errors=True)
