"""Small files for the tests of the readers, and what is said about them."""

import pytest

from stages.readers import read_table


def written(tmp_path):
    """-> a function that writes text or bytes to a file of that name and returns its path."""

    def write_file(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write_file


def message(path, format=None, error=ValueError):
    with pytest.raises(error) as caught:
        read_table(path, format)
    return str(caught.value)


def problems(path, format=None):
    """The lines of a message that name a line of the file."""
    return [line.strip() for line in message(path, format).split("\n")[1:-1]]
