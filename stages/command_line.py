"""The words the user typed: completed where they name no experiment, explained where Hydra refuses them."""

import os
import re
import sys
import traceback
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from stages.config import unknown
from stages.terminal import fail, is_main, say

CHOICES = ("task", "data", "model", "experiment", "from")
CONF = Path(__file__).resolve().parent.parent / "conf"
FLAGS_WITHOUT_RUN = ("-h", "--help", "--hydra-help", "--version", "--shell-completion", "-sc")
QUICKSTART = "experiment=quickstart/ner"
WAYS_OUT = {
    "model": "Any other Hub id or a local folder works through model.path=",
    "data": "Any other Hub data set works through data=hub data.path=, your own files through data=files data.train=",
    "task": "A task is tasks/<name>.py plus conf/task/<name>.yaml",
}


def overrides(words):
    """The words that are Hydra overrides, without flags."""
    return [word for word in words if "=" in word and not word.startswith("-")]


def complete(words):
    """A command that names no experiment at all means the quickstart, and says so on standard error."""
    named = any(word.lstrip("+").split("=")[0] in CHOICES for word in overrides(words))
    if named or any(word in FLAGS_WITHOUT_RUN for word in words):
        return words
    if is_main():
        print(f"No task, data, model or experiment given: this is {QUICKSTART}", file=sys.stderr, flush=True)
    return [*words, QUICKSTART]


def with_group(words, tracking):
    """The words of a trial with the group of its sweep, for processes that are started anew."""
    group = tracking.get("group")
    if not group or any(word.startswith("tracking.group=") for word in words):
        return words
    quoted = group.replace("\\", "\\\\").replace("'", "\\'")
    return [*words, f"tracking.group='{quoted}'"]


@contextmanager
def clear_errors():
    """Wrong choices end with one message and exit code 2; faults of the program itself keep their traceback, and with
    TUNESMITH_FULL_ERROR=1 everything does."""
    full = bool(os.environ.get("TUNESMITH_FULL_ERROR"))
    try:
        yield
    except KeyboardInterrupt:
        say("interrupted: the same command goes on from the last checkpoint")
        raise SystemExit(130) from None
    except (HydraException, OmegaConfBaseException) as error:
        if full:
            raise
        fail(explain(error, sys.argv[1:]))
    except (ValueError, OSError) as error:
        if full or not is_ours(error):
            raise
        fail(str(error))


def is_ours(error):
    """Whether the project itself raised this error, as the message of a wrong choice."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    return Path(last).is_relative_to(CONF.parent) and ".venv" not in Path(last).parts


def explain(error, words):
    """One message for a command that Hydra refused: what was given, the nearest valid name, which key to change."""
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    option = re.search(r"Could not find '(.+?)/(.+)'", first)
    if option:
        return _no_option(*option.groups())
    key = re.search(r"Could not override '(.+?)'|Could not append to config\. |Key '(.+?)' is not", first)
    if key and key.group(1):
        return unknown(key.group(1), _known_keys(words)) + " All keys: python run.py --cfg job"
    if "Ambiguous value" in first:
        return f"{first}. To try several values, add -m"
    near = next((word for word in words if "=" in word and word.split("=", 1)[1][:1] in "[{"), None)
    return f"{first}" + (f" (in {near})" if near else "") if first else repr(error)


def _no_option(group, name):
    top = group.split("/")[0]
    folder = CONF / top
    options = sorted(str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.yaml"))
    name = "/".join([*group.split("/")[1:], name])
    near = get_close_matches(name, options, n=2, cutoff=0.5)
    hint = f"Nearest: {', '.join(near)}. " if near else ""
    way = f" {WAYS_OUT[top]}{name if top == 'model' else ''}." if top in WAYS_OUT else ""
    return f"{top}={name}: there is no such option. {hint}Options: {', '.join(options)}.{way}"


def _known_keys(words):
    """All keys that exist under the choices the user named, and all groups."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from omegaconf import OmegaConf

    groups = [p.name for p in CONF.iterdir() if p.is_dir()]
    choices = [w for w in overrides(words) if w.split("=")[0] in groups and "," not in w]
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        try:
            cfg = compose("config", choices)
        except HydraException:
            cfg = compose("config")
    return [*groups, *_dotted(OmegaConf.to_container(cfg))]


def _dotted(config, prefix=""):
    for key, value in config.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{key}.")
