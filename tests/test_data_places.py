"""What a task refuses is named by the file and line that it was read from."""

import json

import pytest

from stages.config import build_task
from stages.data import load_data

ROWS = {
    "regression": ("a.csv", 'text,target\n"a\na",2\nc,high\n', "train example 2 ({path}:4): data.columns.target"),
    "ranking": ("a.csv", "query,text,relevance\na,b,1\na,c,-1\n", "train example 2 ({path}:3): data.columns.relevance"),
    "question_answering": (
        "a.json", json.dumps([{"id": "q7", "question": "q", "context": "a b", "answers": ["Rom"]}]),
        "train example 1 ({path}, object 1) (id q7): the context does not hold the answer 'Rom'",
    ),
    "pos": ("a.conll", "a X\n\nb 3\n", "train example 2 ({path}:3): tag 3 has no name"),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_wrong_example_is_named_by_file_and_line(name, compose_config, tmp_path):
    file, content, said = ROWS[name]
    path = tmp_path / file
    path.write_text(content, encoding="utf-8")
    config = compose_config(f"task={name}", "data=files", f"data.train={path}")
    with pytest.raises(ValueError) as caught:
        load_data(config, build_task(config))
    assert said.format(path=path) in str(caught.value)
