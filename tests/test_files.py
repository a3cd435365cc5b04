"""Files that are written whole or not at all, and what is read of them again."""

import json

import pytest

from stages import files


def test_files_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "x.json"
    files.write_json(path, {"a": "ä"})
    with pytest.raises(TypeError):
        files.write_json(path, {"a": object()})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": "ä"}
    assert [p.name for p in path.parent.iterdir()] == ["x.json"]


def test_what_is_not_there(tmp_path):
    path = tmp_path / "x.json"
    assert files.read_json(path, {}) == {} and files.read_lines(path) == []
    with pytest.raises(FileNotFoundError):
        files.read_json(path)
    files.write_json(path, 0)
    assert files.read_json(path, {}) == 0


def test_a_line_ends_where_json_lines_end(tmp_path):
    """JSON leaves some characters that Unicode calls line breaks as they are."""
    rows = [{"text": "a\u2028b\x85c\x0bd"}, {"text": "e\nf\r"}]
    files.write_lines(tmp_path / "x.jsonl", rows)
    assert files.read_lines(tmp_path / "x.jsonl") == rows
