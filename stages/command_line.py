"""The words the user typed: completed where they name no experiment, explained where Hydra refuses them."""

import os
import re
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob
from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from stages.arguments import argument_keys, typed, unknown
from stages.choices import CONF, composed, conf_folders, config_dir, groups, options_of
from stages.full_disk import is_full
from stages.terminal import fail, is_main, say
from stages.typos import meant, nearest

CHOICES = ("task", "data", "model", "experiment")
RUN_WORDS = {  # they use a finished run (stages/request.py, stages/repeat.py)
    "from": "a finished run's folder. Alone it is trained again from its frozen configuration; with data=... or "
    "data.test=... its model scores other data, with predict=... it labels new text",
    "predict": "a file or folder of new text that the model of from=... labels; - is standard input",
    "output": "where the labels of predict=... go, a .jsonl file; - is standard output",
    "verify": "true: from=... alone compares the scores with those of before, and exits with 1 where one differs",
}
FLAGS_WITHOUT_RUN = ("-h", "--help", "--hydra-help", "--version", "--shell-completion", "-sc")
QUICKSTART = "experiment=quickstart/ner"
LISTED = 20  # options that a message names
FULL = (
    "the disk is full. Whole checkpoints and results stay. Make room where output_root is, and the same command goes "
    "on from the last of them."
)
ALL_KEYS = " All keys: python run.py --cfg job"
WAYS_OUT = {
    "model": "Any other Hub id or a local folder works through model.path={}",
    "data": "Hub data sets work through data=hub data.path={0}, your own files through data=files data.train={0}",
    "task": "A task is tasks/<name>.py plus conf/task/<name>.yaml",
}


def overrides(words):
    """The words that are Hydra overrides, without flags."""
    return [word for word in words if "=" in word and not word.startswith("-")]


def complete(words):
    """A command that names no experiment at all means the quickstart, and says so on standard error."""
    if any(word in FLAGS_WITHOUT_RUN for word in words):
        return words
    _check_sweep(words)
    if any(word.lstrip("+").split("=")[0] in CHOICES for word in overrides(words)):
        return words
    if is_main():
        print(f"No task, data, model or experiment given: this is {QUICKSTART}", file=sys.stderr, flush=True)
    return [*words, QUICKSTART]


def _check_sweep(words):
    """Hydra runs a sweep of no trials without a word: a glob sees the options of one folder, not the folders in it."""
    for override in filter(None, map(parsed, overrides(words))):
        group, value = override.key_or_group, override.value()
        if isinstance(value, Glob) and not value.filter([o for o in options_of(group, words) if "/" not in o]):
            options = options_of(group, words)
            fail(f"{override.input_line}: no option fits, nothing to run. List them: {group}={','.join(options)}")


def with_trial(words, trial):
    """The words of an experiment for processes started anew: with the user's --config-dir, and of a sweep's trial with
    the record that says what was frozen."""
    return [*config_dir(sys.argv[1:]), *words, *([f"launcher.trial={quote(trial)}"] if trial else [])]


def quote(text):
    """Text as a Hydra value that means exactly this text: backslashes count only before a quote, or before `${`."""
    text = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", text)
    text = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + (r"\'" if found[2] else ""), text)
    return f"'{text}'"


@contextmanager
def clear_errors():
    """Wrong choices end with one message and exit code 2; faults of the program itself keep their traceback, and with
    TUNESMITH_FULL_ERROR=1 everything does."""
    full = bool(os.environ.get("TUNESMITH_FULL_ERROR"))
    try:
        yield
    except KeyboardInterrupt as stopped:
        say(str(stopped) or "interrupted: the same command goes on from the last checkpoint")
        # Not a failure where it is not the main process, or a launcher would kill that while it closes its trackers.
        raise SystemExit(getattr(stopped, "code", 130) if is_main() else 0) from None
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        if full:
            raise
        fail(explain(error, sys.argv[1:]))
    except (ValueError, OSError) as error:
        if is_full(error) and not full:
            fail(FULL)
        if full or not (is_ours(error) or is_composing(error)):
            raise
        fail(str(error) if is_ours(error) else explain(error, sys.argv[1:]))
    except TypeError as error:
        if full or not is_composing(error):
            raise
        fail(explain(ValueError(str(error)), sys.argv[1:]))
    except Exception as error:
        if full or not is_full(error):
            raise
        fail(FULL)


def is_ours(error):
    """Whether the project itself raised this error, as the message of a wrong choice."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = Path(last.filename)
    inside = place.is_relative_to(CONF.parent) and ".venv" not in place.parts
    return inside and last.line.startswith("raise ")  # not int("x") or zip(strict=True): those are faults


def is_composing(error):
    """Whether Hydra or OmegaConf raised this error, of a class that is not their own."""
    return bool({"hydra", "omegaconf"} & set(_raised_in(error).parts))


def _raised_in(error):
    return Path(traceback.extract_tb(error.__traceback__)[-1].filename)


def explain(error, words):
    """One message for a command that Hydra refused: what was given, the nearest valid name, which key to change."""
    text = str(error) or type(error).__name__
    first = text.splitlines()[0]
    if isinstance(error, YAMLError):
        return f"a YAML file cannot be read: {' '.join(text.split())}"
    wrong = next((word for word in overrides(words) if parsed(word) is None), None)
    if wrong or "Error parsing override" in first:
        return _cannot_read(wrong or first.split("'")[1], first)
    if "Config group override must be" in first:
        return _no_text(words)
    if isinstance(error, ValueError) and not isinstance(error, OmegaConfBaseException):
        return f"a value does not fit the place of its key ({first}).{ALL_KEYS}"
    option = re.search(r"Could not (?:find|load) '([^']+)/([^'/]*)'", first)
    if option and not option[1].startswith("hydra"):
        return no_option(option[1], option[2], words)
    key = re.search(r"Could not override '(.*?)'|Could not delete from config\. '(.+?)' does not exist", first)
    if key:
        return no_key(key[1] or key[2] or "", words)
    if "Could not append to config. An item is already at" in first:
        return f"{first.split(chr(39))[1]} exists already: leave out the plus."
    if "Ambiguous value" in first:
        return f"{first}. To try several values, add -m"
    where = re.search(r"full_key: (\S+)", text)
    lines = [line.strip() for line in text.splitlines()]
    more = [lines[i + 1] for i, line in enumerate(lines[:-1]) if line.startswith("Available options")]
    return " Options: ".join([first, *more]) + (f" (key {where[1]})" if where and where[1] not in first else "")


def parsed(word):
    """Hydra's reading of an override, None where it cannot be read."""
    try:
        return OverridesParser.create().parse_override(word)
    except (OverrideParseException, HydraException):
        return None


def _cannot_read(word, reason):
    if "=" not in word:
        return f"{word} is not understood. Choices and values are written key=value, e.g. task=ner seed=1"
    key, value = word.split("=", 1)
    if not key.strip("+~"):
        return f"{word} names no key. Write key=value, e.g. task=ner seed=1"
    if value.endswith(","):
        return f"{word} ends with a comma: something is missing. Several values: {key}=a,b with -m, a list: {key}=[a,b]"
    reason = reason.split(" expecting ")[0]
    return f"{word} cannot be read ({reason}). Text with special characters is quoted twice: '{key}=\"{value}\"'"


def _no_text(words):
    """A choice of a group that Hydra read as null, a number or a truth value."""
    for word in overrides(words):
        override = parsed(word)
        group = override and override.key_or_group
        if group and (CONF / group).is_dir() and not isinstance(override.value(), str | list):
            return f"{group}={typed(override.value())} names no option. Options: {', '.join(options_of(group, words))}."
    return "a choice needs its group and the name of an option, e.g. task=ner"


def no_option(group, name, words):
    top = group.split("/")[0]
    options = options_of(top, words)
    name = "/".join([*group.split("/")[1:], name])
    if not options:
        return f"{top}={name}: there is no choice {top}. Choices: {', '.join(groups())}."
    near = nearest(name, options)
    hint = f"Nearest: {', '.join(near)}. " if near else ""
    way = f" {WAYS_OUT[top].format(name)}." if top in WAYS_OUT else ""
    listed = ", ".join(options) if len(options) <= LISTED else f"python run.py --help {top}"
    return f"{top}={name}: there is no such option. {hint}Options: {listed}.{way}"


def no_key(key, words):
    """A key that does not exist at all, or only with other options of its group."""
    group, name, *_ = [*key.split("."), ""]
    if key.startswith("hydra."):
        return f"there is no key {key}. All of Hydra's own: python run.py --cfg hydra"
    if not key:
        return "a value names no key. Write key=value, e.g. task=ner seed=1"
    known = _known_keys(words)
    if key in known:
        return f"{key} is null already."
    having = [
        option
        for folder in conf_folders(words)
        for option in options_of(group, words)
        if (folder / group / f"{option}.yaml").is_file()
        and re.search(rf"^{re.escape(name)}:", (folder / group / f"{option}.yaml").read_text("utf-8"), re.M)
    ]
    if name and having and f"{group}.{name}" not in known:
        return f"{key} does not exist with the chosen {group}, but with: {', '.join(f'{group}={o}' for o in having)}."
    return (meant(key, known) or unknown(key, known)) + ALL_KEYS


def _known_keys(words):
    """All keys that exist under the choices the user named, all groups, and all fields of TrainingArguments."""
    return [*groups(), *RUN_WORDS, *argument_keys(), *_dotted(composed(words))]


def _dotted(config, prefix=""):
    for key, value in config.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{key}.")
