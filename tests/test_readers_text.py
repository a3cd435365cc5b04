"""Raw text by line, paragraph and document, and ChatterBot's YAML: what is read, and where it stands."""

import pytest
from small_files import message, problems, written

from stages.cuts import cut
from stages.data import load_data
from stages.hub import locate_model
from stages.readers import read_in_parts, read_table
from tasks.causal_lm import CausalLM

write = pytest.fixture(written)
TASK = CausalLM("causal_lm", "perplexity")
PLAY = "\n\nFirst:\nSpeak, speak.\n \t\n\n我们\r\n去\n\nlast"


def test_paragraphs_stand_between_blank_lines(write):
    table = read_table(write("a.txt", PLAY), "paragraphs")
    assert table.columns == {"text": ["First:\nSpeak, speak.", "我们\n去", "last"]}
    assert table.lines == [3, 7, 10] and table.places[1].endswith("a.txt:7")


def test_a_document_is_the_whole_file(write, tmp_path):
    assert read_table(write("a.txt", "one\r\n\ntwo\n"), "document").columns == {"text": ["one\n\ntwo"]}
    write("b.txt", "three")
    table = read_table(str(tmp_path), "document")
    assert table.columns == {"text": ["one\n\ntwo", "three"]} and table.lines == [1, 1]
    assert "holds no examples" in message(write("c.txt", ""), "document")


def test_what_is_not_utf8_is_named(write):
    assert problems(write("a.txt", b"a\n\xff\n"), "paragraphs")[0].startswith("a.txt:2: byte 0xFF")


def test_a_text_file_of_running_text_is_read_by_line_and_its_end_is_held_out(write):
    path = write("a.txt", "\n".join(f"line {i}" for i in range(20)))
    data = {
        "name": "files", "source": "files", "format": None, "train": path, "validation": None, "test": None,
        "columns": {}, "labels": None, "validation_share": 0.1, "test_share": 0.25, "limit": None,
        "per_class": None, "split_column": None,
    }  # fmt: skip
    splits = load_data({"data": data}, TASK).splits
    numbers = {split: [int(text.split()[1]) for text in splits[split]["text"]] for split in splits}
    assert numbers == {"train": [*range(13)], "validation": [13, 14], "test": [15, 16, 17, 18, 19]}
    rest, part = cut({"text": ["a", "b"]}, 0.01, TASK)
    assert (rest, part) == ({"text": ["a"]}, {"text": ["b"]})


TALKS = """categories:
- food
- 食物
conversations:
- - Are you hungry?
  - yes
- - "What is 6 * 7: quick"
  - 42
  - long
    line
"""


def test_talks_are_read_as_they_are_written(write, tmp_path):
    path = write("a.yml", TALKS)
    table = read_table(path)
    assert table.columns["messages"] == [["Are you hungry?", "yes"], ["What is 6 * 7: quick", "42", "long line"]]
    assert table.columns["category"] == ["food, 食物"] * 2 and table.lines == [5, 7]
    write("b.yaml", "conversations: [[a, b]]")
    whole = [part.columns["messages"] for part in read_in_parts(str(tmp_path), size=1)]
    assert [talk for part in whole for talk in part][-1] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conversations:\n- - a\n  - b\n- - a: b\n  - c\n", "a.yml:4: a conversation is a list of texts; quote a turn"),
        ("conversations:\n- a\n", "a.yml:2: a conversation is a list of texts"),
        ("talks: []", "a.yml:1: conversations: a list of lists of turns is needed"),
        ("- a", "a.yml:1: conversations: a list of lists of turns is needed"),
        ("conversations:\n- - 'a\n", "a.yml:2: invalid YAML (found unexpected end of stream)"),
    ],
)
def test_what_is_no_talk_is_named(write, text, expected):
    assert problems(write("a.yml", text))[0].startswith(expected)


def test_a_run_is_a_model_once_it_is_finished(tmp_path, tiny_bert):
    run = tmp_path / "run"
    run.mkdir()
    (run / "model").symlink_to(tiny_bert)
    (run / "config.yaml").write_text("task: {name: masked_lm}\nseed: 1\n")
    for path in (run, run / "model"):
        with pytest.raises(ValueError, match=r"the run .*run is not finished, it has no metrics\.json"):
            locate_model(str(path))
    (run / "metrics.json").write_text("{}")
    assert locate_model(str(run)) == locate_model(str(run / "model")) == (run / "model", None)
    (tmp_path / "config.yaml").write_text("")
    (tmp_path / "config.json").write_text("{}")
    assert locate_model(str(tmp_path)) == (tmp_path, None), "a model that comes with a config.yaml of its own"
