"""`from=` alone: a run carried out again from its frozen configuration; `verify=true` compares the scores."""

from dataclasses import dataclass
from pathlib import Path

from hydra.core.config_store import ConfigStore

from stages import commits, folder
from stages.arguments import OPEN
from stages.command_line import conf_folders, overrides
from stages.config import GROUPS, TOP, check_config
from stages.finished import find_run, frozen_config, kept_attempts
from stages.hardware import launched
from stages.request import PROGRAMS, TRUST, check_programs, composed, own_words, refusal, uses_run, without_config_dir
from stages.secrets import HIDDEN
from stages.terminal import is_main, stage
from stages.verify import PROVENANCE, check_scored, read_outcome, remember, show_comparison

USES = ("predict", "output")  # with them, or with data, a run is used as it is (stages/reuse.py)
TO_CHANGE = ("hardware", "tracking")


@dataclass(frozen=True)
class Repetition:
    """`run`: whose configuration it is; `before`: the finished attempt that it is compared with, the run itself unless
    a repetition of it was interrupted; `config`: what is carried out, in `place`; `words`: those that were typed,
    without flags."""

    run: Path
    before: Path
    config: dict
    place: Path
    verify: bool
    words: list[str]


def repeats(words):
    """Whether a command repeats a finished run: it names one, and nothing to do with it."""
    keys = [word.lstrip("+~").split("=")[0] for word in overrides(words)]
    return uses_run(words) and not any(key in USES or key.split(".")[0] == "data" for key in keys)


def repeat(words, run_experiment):
    """What a command with `from=` alone does; exits with 1 where `verify=true` found other scores."""
    repetition = read_repetition(words)
    outcome = read_outcome(repetition.before) if is_main() else None
    if is_main() and repetition.verify:
        check_scored(outcome, repetition.before)
    if launched() is None:  # else the process that became the launcher has said it
        stage("repeat", f"{repetition.run}: {_where(repetition)}")
    run_experiment(repetition.config, repetition.words)
    if not is_main():
        return
    now = read_outcome(repetition.place)
    remember(repetition.place, repetition.before, outcome, now)
    if repetition.verify and not show_comparison(outcome, now):
        raise SystemExit(1)


def read_repetition(words):
    """Typed words -> Repetition; raises ValueError or FileNotFoundError that names the word to change."""
    own = own_words(words)
    if not own.get("from"):
        raise ValueError("verify= compares a repetition with the run that it repeats. Add from=runs/<run>")
    if "rerun" in own:
        raise ValueError(f"rerun={own['rerun']}: from= alone makes a new attempt and keeps the old one. Leave it out.")
    run, before = _attempts(own["from"])
    typed = without_config_dir(words)
    frozen = frozen_config(_holding(run, folder.CONFIG))
    _check_whole(run, frozen)
    changes = [word for word in typed if _is_change(word, frozen)]
    config = _repeated(run, frozen, changes, conf_folders(words))
    try:
        check_config(config)
        place = folder.run_folder(config)
    except (ValueError, FileNotFoundError) as error:
        raise type(error)(f"from={own['from']} cannot be repeated as it was: {error}") from error
    config["rerun"] = folder.is_finished(place)
    found = commits.of_run(_holding(run, PROVENANCE))
    config |= {folder.REPEATED: found} if found else {}
    return Repetition(run, before, config, place, own.get("verify") == "true", typed)


def _attempts(path):
    """-> (the run, its finished attempt). A new attempt that was interrupted goes on: the one before it was kept."""
    run = Path(path).expanduser()
    if not is_main():  # the main process may have begun already to put another attempt in its place
        return run, run
    if (run / folder.CONFIG).is_file() and not folder.is_finished(run) and kept_attempts(run):
        return run, kept_attempts(run)[-1]
    run = find_run(path, needed=())
    if not (run / folder.CONFIG).is_file():
        raise ValueError(
            f"from={path} has no {folder.CONFIG}: its choices are not known, it cannot be repeated. Give another run."
        )
    return run, run


def _holding(run, name):
    """The newest attempt with a file. While the main process begins one, the others may come before it has any."""
    attempts = [run, *reversed(kept_attempts(run))]
    return next((attempt for attempt in attempts if (attempt / name).is_file()), run)


def _is_change(word, frozen):
    """Whether a word changes where or how a run is carried out; raises ValueError for one that would change the run."""
    key = word.lstrip("+~").partition("=")[0]
    head = key.split(".")[0]
    if "=" in word and not word.startswith("-"):
        if head in TO_CHANGE or key == "output_root" or _is_asked_again(key, frozen):
            return True
        if key in ("from", "verify"):
            return False
    raise ValueError(refusal(word, frozen, [*TO_CHANGE, "output_root", "data"]))


def _is_asked_again(key, frozen):
    """Whether a key has the programs of a run carried out again."""
    asked = {TRUST: frozen["model"].get("trust_remote_code"), PROGRAMS: frozen.get("metrics", {}).get("extra")}
    return bool(asked.get(key))


def _repeated(run, frozen, changes, folders):
    """The frozen configuration with the changes; what decides no result and is missing there is as it is today."""
    _check_open(run, frozen, changes)
    options = []
    for group in TO_CHANGE:
        if group in frozen and not any(word.startswith(f"{group}=") for word in changes):
            ConfigStore.instance().store(group=group, name="of_the_run", node=frozen[group])
            options.append(f"{group}=of_the_run")
    now = composed([*options, *changes], folders)
    check_programs(run, frozen, now)
    is_elsewhere = any(word.startswith("output_root=") for word in changes)
    return {
        **frozen, **{group: now[group] for group in TO_CHANGE},
        "model": {"trust_remote_code": False, **frozen["model"]},
        "metrics": now["metrics"],
        "guard": {**now["guard"], **frozen.get("guard", {})},
        "launcher": now["launcher"], "sweeper": now["sweeper"],
        "output_root": now["output_root"] if is_elsewhere else str(_named(run).parent),
        "resume": None,
        "rerun": False,
    }  # fmt: skip


def _check_whole(run, frozen):
    """The file holds the configuration of a run: every choice that decides the result."""
    missing = [key for key in (*TOP, *OPEN) if key not in (*frozen, *folder.UNDECISIVE)]
    missing += [key for key in (*GROUPS, *OPEN) if not isinstance(frozen.get(key, {}), dict)]
    if missing:
        raise ValueError(f"{run / folder.CONFIG} is not the configuration of a run: there is no {missing[0]} in it.")


def _check_open(run, frozen, changes):
    """Nothing of the configuration was hidden in its file; the code of a model runs where that is asked for again."""
    hidden = next((key for key in frozen if key not in TO_CHANGE and HIDDEN in str(frozen[key])), None)
    if hidden:
        raise ValueError(
            f"from={run}: a secret in {hidden} was not written into {folder.CONFIG}, so it cannot be repeated. Type "
            "its command again."
        )
    if frozen["model"].get("trust_remote_code") and f"{TRUST}=true" not in changes:
        raise ValueError(
            f"from={run} ran code that its model brings. Read that code, and add {TRUST}=true to have it run again."
        )


def _named(run):
    """The path with a name at its end, which `.` and `..` have not."""
    return run.resolve() if run.name in ("", "..") else run


def _where(repetition):
    """Where the repetition goes. Why that is a new folder, where it is one, is said by `identity`."""
    place = repetition.place
    if folder.is_finished(place):
        return f"a new attempt in {place}, the one there is kept as {folder.free_name(place).name}"
    if place.is_dir():
        return f"goes on in {place}"
    return f"in {place}"
