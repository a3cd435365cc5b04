"""Checkpoints: written whole or not at all, looked over before one is used, pruned only behind a newer whole one."""

import json
import os
import shutil
from pathlib import Path

from stages.digests import quick_digest
from stages.files import follow_umask, write_json
from stages.folder import keep_old
from stages.terminal import say, stage, warn

MANIFEST = "manifest.json"  # {"files": {name: {"size": bytes, "xxh3": hex}}}, written last
STATE = "trainer_state.json"
CLOCK = "clock.json"  # {"seconds": those that it took to get there, from the start of the command, all starts together}
PARTIAL = ".partial"  # checkpoints are written in this folder, and moved out of it when they are complete
PRUNED = ".pruned"


def seal(checkpoint, folder):
    """Move a complete checkpoint from its PARTIAL to `folder`, with a manifest, on the disk for good; -> its place."""
    files = _files(checkpoint)
    follow_umask(checkpoint)
    for path in files:
        _sync(path)
    listed = {path.relative_to(checkpoint).as_posix(): _entry(path) for path in files}
    write_json(checkpoint / MANIFEST, {"files": listed})
    _sync(checkpoint / MANIFEST)
    for inside in {path.parent for path in files} | {checkpoint}:
        _sync(inside)
    place = folder / checkpoint.name
    older = _put_away(place)  # of the same step: a run was taken up there, and saved before the next
    checkpoint.rename(place)
    _sync(folder)
    for old in (older, checkpoint.parent):
        shutil.rmtree(old, ignore_errors=True)
    return place


def _files(checkpoint):
    return sorted(path for path in checkpoint.rglob("*") if path.is_file() and path.name != MANIFEST)


def _entry(path):
    return {"size": path.stat().st_size, "xxh3": quick_digest(path)}


def _sync(path):
    """Have the system write a file or folder to the disk now."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def damage(checkpoint):
    """What is wrong with the files of a checkpoint, in words; None where they are those that were written."""
    if not (checkpoint / MANIFEST).is_file():
        return f"it has no {MANIFEST}"
    try:
        listed = json.loads((checkpoint / MANIFEST).read_text(encoding="utf-8"))["files"]
        wrong = [_damage_of(checkpoint / name, entry["size"], entry["xxh3"]) for name, entry in listed.items()]
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"its {MANIFEST} cannot be read"
    except OSError as error:
        return f"it cannot be read ({error})"
    if STATE not in listed:
        return f"its {MANIFEST} does not list {STATE}"
    return next(filter(None, wrong), None)


def _damage_of(path, size, digest):
    if not path.is_file():
        return f"{path.name} is missing"
    found = path.stat().st_size
    if found != size:
        return f"{path.name} has {found} bytes instead of {size}"
    return None if quick_digest(path) == digest else f"{path.name} has other content than was written"


def best_of(checkpoint):
    """The best checkpoint up to this one, which stands beside it wherever the run's folder was moved; or None."""
    best = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))["best_model_checkpoint"]
    return checkpoint.with_name(Path(best).name) if best else None


def seconds_to(checkpoint):
    """What it took to get to a checkpoint; 0 for none, and for one that does not know."""
    path = Path(checkpoint) / CLOCK if checkpoint else None
    return json.loads(path.read_text(encoding="utf-8"))["seconds"] if path and path.is_file() else 0.0


def unusable(checkpoint):
    """Why training cannot go on from a checkpoint and end as if nothing had happened; None where it can."""
    reason = damage(checkpoint)
    if reason:
        return reason
    if not processes(checkpoint):
        return "it holds weights alone, training goes on from more (training.save_only_model=false)"
    best = best_of(checkpoint)
    reason = damage(best) if best and best != checkpoint else None
    return f"the best one so far, {best.name}, is damaged: {reason}" if reason else None


def processes(checkpoint):
    """How many processes wrote a checkpoint; 0 where it holds no states."""
    return len(list(checkpoint.glob("rng_state*.pth")))


def by_step(folder):
    """The checkpoints of a folder, the oldest first."""
    found = [(path.name.rpartition("-")[2], path) for path in folder.glob("checkpoint-*")]
    return [path for _, path in sorted((int(step), path) for step, path in found if step.isdigit())]


def look_over(folder):
    """-> (the newest checkpoint to go on from or None, {newer one: why not})."""
    wrong = {}
    for checkpoint in reversed(by_step(folder)):
        reason = unusable(checkpoint)
        if reason is None:
            return checkpoint, wrong
        wrong[checkpoint] = reason
    return None, wrong


def take_up(folder, running):
    """The checkpoint that an interrupted run goes on from, or None. What cannot be used is named and set aside.

    `running`: processes of this run. Only one of them may call this."""
    for leftover in (folder / PARTIAL, folder / PRUNED):
        shutil.rmtree(leftover, ignore_errors=True)
    checkpoint, wrong = look_over(folder)
    for damaged, reason in wrong.items():
        aside = damaged.with_name(f"{damaged.name}.damaged")
        keep_old(aside)
        damaged.rename(aside)
        warn(f"{damaged.name} cannot be used: {reason}. It is set aside as {aside}.")
    if checkpoint:
        stage("resumed", f"interrupted before, goes on from {checkpoint.name}")
        _hint_at_processes(checkpoint, running)
    elif wrong:
        warn("no whole checkpoint is left: training starts again from its first step.")
    return checkpoint


def _hint_at_processes(checkpoint, running):
    wrote = processes(checkpoint)
    if wrote != running:
        say(
            f"hint: processes that wrote {checkpoint.name}: {wrote}, that run now: {running}. Dropout draws other "
            f"numbers than without the interruption; with hardware.num_processes={wrote} it draws the same."
        )


def prune(folder, limit, best):
    """Remove the oldest checkpoints until `limit` are left (all stay without one); never the last, never the best."""
    whole = by_step(folder)
    protected = {whole[-1].name, Path(best).name if best else None} if whole else ()
    spare = [path for path in whole if path.name not in protected]
    for path in spare[: len(whole) - limit] if limit and limit > 0 else ():
        shutil.rmtree(_put_away(path), ignore_errors=True)


def _put_away(checkpoint):
    """Another name for what is to be removed, so that no half of it is ever taken for damaged."""
    pruned = checkpoint.with_name(PRUNED)
    shutil.rmtree(pruned, ignore_errors=True)
    if checkpoint.exists():
        checkpoint.rename(pruned)
    return pruned
