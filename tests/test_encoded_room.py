"""The cache of encoded rows keeps to its room, and to its owner."""

import os
import stat

import pytest

from stages import encoded
from tests.cached import cache_in, encode, entries, examples


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    return cache_in(tmp_path, monkeypatch)


def test_a_disk_that_is_full_costs_the_cache_alone(tokenizer, cache, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(encoded, "_write_file", full)
    assert len(encode(examples(), tokenizer)) == 30 and entries(cache) == []
    assert "encoded data cannot be kept ([Errno 28] No space left on device)" in capsys.readouterr().out


def test_the_oldest_goes_where_room_is_short(tokenizer, cache, monkeypatch):
    for i, words in enumerate(["ab", "cd", "ef"]):
        encode(examples(words), tokenizer)
        for place in entries(cache):
            os.utime(place / encoded.WHOLE, (i, i)) if (place / encoded.WHOLE).stat().st_mtime > 100 else None
    first, second, third = sorted(entries(cache), key=lambda place: (place / encoded.WHOLE).stat().st_mtime)
    encode(examples("ab"), tokenizer)  # used again
    size = sum(file.stat().st_size for file in third.iterdir())
    monkeypatch.setenv(encoded.ROOM, str(3.5 * size / 1e9))
    encode(examples("gh"), tokenizer)
    assert {first, third} < {*entries(cache)} and second not in entries(cache) and len(entries(cache)) == 3


def test_what_killed_runs_left_goes_after_a_day(tokenizer, cache):
    cache.mkdir(parents=True)
    for name, age in ((".old", 90_000), (".new", 60)):
        (cache / name).mkdir()
        (cache / name / "0.arrow").write_bytes(b"x")
        os.utime(cache / name, (encoded.time.time() - age,) * 2)
    encode(examples(), tokenizer)
    assert [place.name for place in entries(cache) if place.name[0] == "."] == [".new"]


def test_what_a_process_that_was_killed_left_of_an_entry_counts_and_goes(tokenizer, cache, monkeypatch):
    encode(examples(), tokenizer)
    (half,) = entries(cache)
    (half / encoded.WHOLE).unlink()
    size = sum(file.stat().st_size for file in half.iterdir())
    monkeypatch.setenv(encoded.ROOM, str(1.5 * size / 1e9))
    encode(examples("other"), tokenizer)
    (left,) = entries(cache)
    assert left != half


def test_nobody_else_can_read_it(tokenizer, cache):
    encode(examples(), tokenizer)
    (place,) = entries(cache)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (cache, place, *place.iterdir())}
    assert {*modes.values()} == {0o700, 0o600} and len(modes) == 4


@pytest.mark.parametrize("room, least", [("0", 1), ("10", 31), ("-1", 1)])
def test_nothing_is_kept(tokenizer, cache, monkeypatch, room, least):
    monkeypatch.setenv(encoded.ROOM, room)
    monkeypatch.setattr(encoded, "LEAST", least)
    assert not encode(examples(), tokenizer).cache_files and not entries(cache)


@pytest.mark.parametrize("room", ["much", "nan"])
def test_room_that_is_no_number(tokenizer, monkeypatch, room):
    monkeypatch.setenv(encoded.ROOM, room)
    with pytest.raises(ValueError, match=rf"TUNESMITH_CACHE_GB={room} is no number of gigabytes\. Give one, or 0"):
        encode(examples(), tokenizer)
