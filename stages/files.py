"""Files that are written whole or not at all, and read again: text, JSON, JSON lines."""

import json
import os
from contextlib import contextmanager


def write_text(path, text):
    """Write a file whole or not at all."""
    with whole_file(path) as file:
        file.write(text)


@contextmanager
def whole_file(path):
    """A text file to write, under a temporary name until it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path, content):
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_json(path, missing=None):
    """What a JSON file holds; `missing` where there is none, without it FileNotFoundError."""
    if missing is not None and not path.is_file():
        return missing
    return json.loads(path.read_text(encoding="utf-8"))


def write_lines(path, rows):
    """JSON lines, one object per row; rows may be made one by one."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with whole_file(path) as file:
        file.writelines(f"{encode(row)}\n" for row in rows)


def read_lines(path):
    """The rows of JSON lines, none where there is no file. Only a newline ends one, whatever else Unicode calls a line
    break."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def follow_umask(folder):
    """Give the files in a folder the rights that new files get: safetensors writes its own for the owner alone."""
    mask = os.umask(0o077)  # it can only be read by setting it
    os.umask(mask)
    for file in folder.rglob("*"):
        if file.is_file():
            file.chmod(0o666 & ~mask)
