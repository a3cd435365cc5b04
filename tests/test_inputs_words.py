"""New text for tasks that read words: what a .txt file holds for them."""

import pytest

from stages.config import build_task
from stages.inputs import read_parts


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("pos", {"tokens": [["the", "river"], ["runs"]]}),  # no running text: one word per line, as in training
        ("ner", {"text": ["the", "river", "", "runs"]}),  # running text: one per line
    ],
)
def test_a_text_file_holds_what_the_task_reads(name, read, compose_config, tmp_path):
    path = tmp_path / "new.txt"
    path.write_text("the\nriver\n\nruns\n", encoding="utf-8")
    task = build_task(compose_config(f"task={name}", "data=sample"))
    assert list(read_parts(str(path), task, {}, {})) == [read]
