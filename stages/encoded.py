"""Encoded splits on disk, found again by all that they were made of: the next run and other trials encode nothing.

An entry is a folder in the user's cache, named by its key: Arrow files, which are mapped into memory and never read
whole, and their digests, written last. It appears under its name at once, complete.
"""

import json
import marshal
import math
import os
import shutil
import sys
import tempfile
import time
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import datasets
import pyarrow as pa
import tokenizers
import transformers

from stages.digests import quick_digest
from stages.folder import PROJECT, user_cache
from stages.terminal import warn

LEAST = 2000  # examples: fewer are encoded in the time that writing, reading and the digest of their content take
ROOM = "TUNESMITH_CACHE_GB"  # how much is kept, as an environment variable; 0: nothing
WHOLE = "whole.json"  # in an entry: name and digest of each file; its own time is when it was last used
SLICE = 10_000  # examples in one step of a digest


def kept(examples, labels, task, tokenizer, make):
    """The rows of a split from the cache, a `datasets.Dataset`, after `make()`, the Arrow tables of all rows, where
    they are not there; None where they are not to be kept, or cannot be."""
    room = gigabytes() * 1e9
    key = key_of(examples, labels, task, tokenizer) if room and _is_worth_it(examples, task) else None
    if not key:
        return None
    try:
        place = folder() / key
        rows = read(place)
        if rows is None:
            write(place, make())
            rows = read(place)
            drop_oldest(room, place)
    except OSError as error:  # a full disk, a home that cannot be written: a run needs neither
        warn(f"encoded data cannot be kept ({error}): it is held in memory. {ROOM}=0 keeps none.")
        return None
    return rows


def gigabytes() -> float:
    """The room for all entries; ValueError for something that is no number."""
    given = os.environ.get(ROOM, "10")
    try:
        room = float(given)
        if math.isnan(room):
            raise ValueError("not a number")
        return max(room, 0.0)
    except ValueError as error:
        raise ValueError(f"{ROOM}={given} is no number of gigabytes. Give one, or 0 to keep nothing.") from error


def _is_worth_it(examples, task):
    return len(next(iter(examples.values()))) >= LEAST and not task.images  # files of images may change unseen


def folder() -> Path:
    """Where entries are; for their owner's eyes only, as the data may be private."""
    place = user_cache() / "encoded"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def key_of(examples, labels, task, tokenizer) -> str | None:
    """What the rows depend on, as a digest; None for examples that have none, as they hold something unusual."""
    try:
        content = content_digest(examples)
    except ValueError:  # of marshal, for anything but text, numbers and lists and objects of them
        return None
    versions = [module.__version__ for module in (datasets, pa, tokenizers, transformers)]
    made_by = [CODE, *versions, type(task).__qualname__, repr(task), list(labels), tokenizer_digest(tokenizer)]
    return blake2b(json.dumps([content, *made_by]).encode(), digest_size=16).hexdigest() + _own_code(task)


def content_digest(examples) -> str:
    """Of all values in all columns, with their names and types; ValueError where one is neither text nor a number nor
    made of these."""
    digest = blake2b(digest_size=16)
    for start in range(0, len(next(iter(examples.values()))), SLICE):
        part = {name: list(values[start : start + SLICE]) for name, values in examples.items()}
        digest.update(marshal.dumps(part, 2))  # up to version 2, equal values are written alike
    return digest.hexdigest()


def tokenizer_digest(tokenizer) -> str:
    """Of a tokenizer as it is now: vocabulary, rules, added tokens, how much it reads."""
    tokenizer("", verbose=False)  # an earlier call may have left cutting or padding behind
    choices = [type(tokenizer).__qualname__, tokenizer.model_max_length, tokenizer.truncation_side]
    choices += [tokenizer.model_input_names, repr(tokenizer.special_tokens_map), tokenizer.chat_template]
    state = json.dumps(choices, default=repr) + tokenizer.backend_tokenizer.to_str()
    return blake2b(state.encode(), digest_size=16).hexdigest()


def _code_digest() -> str:
    files = sorted(PROJECT.glob("tasks/**/*.py")) + [PROJECT / "stages" / f"{n}.py" for n in ("features", "processor")]
    return blake2b(b"".join(file.read_bytes() for file in files), digest_size=16).hexdigest()


CODE = _code_digest()  # of the code that makes rows, as it was imported: a file that is edited later makes none


def _own_code(task):
    """A suffix for tasks from outside the project: of the modules that they stand in."""
    files = [Path(sys.modules[type(one).__module__].__file__) for one in (task, *task.members.values())]
    outside = [file.read_bytes() for file in files if PROJECT / "tasks" not in file.parents]
    return f"-{blake2b(b''.join(outside), digest_size=8).hexdigest()}" if outside else ""


def read(place):
    """The rows of an entry, mapped into memory; None where there is none, or what is there is not what was written."""
    try:
        files = json.loads((place / WHOLE).read_text(encoding="utf-8"))
        if not files or any(quick_digest(place / name) != digest for name, digest in files.items()):
            return None
        os.utime(place / WHOLE)
        parts = [datasets.Dataset.from_file(str(place / name)) for name in files]
        return parts[0] if len(parts) == 1 else datasets.concatenate_datasets(parts)
    except (OSError, ValueError, AttributeError):
        return None


def write(place, tables):
    """Write an entry. What is there and cannot be read is replaced; where another process was faster, its entry
    stays."""
    new = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
    try:
        files = [
            _write_file(new / f"{i}.arrow", *group) for i, group in enumerate(groupby(tables, attrgetter("schema")))
        ]
        _write_private(new / WHOLE, json.dumps({file.name: quick_digest(file) for file in files}).encode())
        if place.exists() and read(place) is None:
            shutil.rmtree(place, ignore_errors=True)
        try:
            new.rename(place)
        except OSError:
            if read(place) is None:
                raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write_file(path, schema, tables):
    """Tables of one schema as a file; those of tasks with nothing in a column for a while are of several."""
    _write_private(path, b"")
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for table in tables:
            writer.write_table(table)
    return path


def _write_private(path, content):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def drop_oldest(room, but):
    """Remove the entries that were used longest ago until all fit into so many bytes; and what killed runs left."""
    found = []
    for place in but.parent.iterdir():
        try:
            whole = place / WHOLE  # missing where a process was killed while it removed or wrote the entry
            stamp = (whole if whole.is_file() else place).stat().st_mtime
            size = sum(file.stat().st_size for file in place.iterdir())
        except OSError:
            continue  # another process removes it
        if place.name[0] == "." and stamp < time.time() - 86_400:
            shutil.rmtree(place, ignore_errors=True)
        elif place.name[0] != ".":
            found.append((stamp, size, place))
    total = sum(size for _, size, _ in found)
    for _, size, place in sorted(found):
        if total > room and place != but:
            shutil.rmtree(place, ignore_errors=True)
            total -= size
