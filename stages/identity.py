"""Why a command is a new run, and `resume=`: an interrupted one goes on although its code or data changed since."""

import json
import time
from contextlib import suppress
from pathlib import Path

from stages import files, folder
from stages.arguments import typed
from stages.finished import read_object
from stages.secrets import hidden
from stages.terminal import say, warn

RESUMED = "resumed.json"  # in the run's folder: when it was taken up with changes, and with which


def place_of(config) -> Path:
    """The folder of a command: that of `resume=`, if it may go on; else the one its choices name."""
    if not config["resume"]:
        return folder.run_folder(config)
    run = Path(str(config["resume"])).expanduser()
    _check_interrupted(run, config)
    then, now = _read(run), _now(config)
    other = differences(then["choices"], now["choices"])
    if other:
        raise ValueError(
            f"resume={config['resume']} was started with {', '.join(f'{k}={typed(was)}' for k, was, _ in other)}, and "
            f"this command says {', '.join(f'{k}={typed(now)}' for k, _, now in other)}. Give the same, or leave out "
            "resume= for a new run."
        )
    return run


def _check_interrupted(run, config):
    if not (run / folder.IDENTITY).is_file():
        raise ValueError(
            f"resume={typed(config['resume'])} is no run's folder: it has no {folder.IDENTITY}. Give one; an "
            "interrupted run goes on by itself when its command is typed again."
        )
    if folder.is_finished(run):
        raise ValueError(f"resume={config['resume']} is finished, there is nothing to go on with. Leave out resume=.")
    if config["rerun"]:
        raise ValueError("rerun=true starts anew and resume= goes on: one of them at a time.")


def _read(run):
    then = read_object(run / folder.IDENTITY)
    if not all(isinstance(then.get(key), dict) for key in ("choices", "content")):
        raise ValueError(f"{run / folder.IDENTITY} is damaged: it does not say what the run is named by.")
    return then


def _now(config):
    return json.loads(json.dumps(hidden(folder.identity(config))))


def differences(then: dict, now: dict, of: str = "") -> list[tuple]:
    """(key, value then, value now) of each key with different values, keys of nested choices joined by dots."""
    found = []
    for key in dict.fromkeys((*then, *now)):
        was, is_ = then.get(key), now.get(key)
        if isinstance(was, dict) and isinstance(is_, dict):
            found += differences(was, is_, f"{of}{key}.")
        elif was != is_:
            found.append((f"{of}{key}", was, is_))
    return found


def changed(run: Path, config) -> list[str]:
    """What has other content than when a run with the same choices was started."""
    return [what for what, *_ in differences(_read(run)["content"], _now(config)["content"])]


def note_changes(config, place) -> None:
    """Before a run starts: say why it is a new one, where one with the same choices stands beside it; of one that goes
    on with changes, keep with which."""
    if config["resume"]:
        what = changed(place, config)
        if what:
            warn(f"{place} goes on although this changed since it was started: {', '.join(what)}.")
            path = place / RESUMED
            before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
            entry = {"at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "changed": what, "code": folder.code_digest()[:16]}
            files.write_json(path, [*before, entry])
    elif not place.exists():
        earlier = _same_choices(config, place)
        if earlier:
            more = "" if folder.is_finished(earlier) else f" resume={earlier} goes on with that one all the same."
            say(f"This is a new run: since {earlier} this changed: {', '.join(changed(earlier, config))}.{more}")


def _same_choices(config, place):
    """The newest run beside `place` that was started with the same choices, or None."""
    now = _now(config)["choices"]
    near = place.parent.glob(f"{place.name.rpartition('-')[0]}-*/{folder.IDENTITY}")
    for path in sorted(near, key=lambda path: -path.stat().st_mtime):
        with suppress(ValueError):  # another run's file that is damaged is no reason to stop this one
            if _read(path.parent)["choices"] == now:
                return path.parent
    return None
