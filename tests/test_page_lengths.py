"""The length of an input on the page of a run, by hand."""

import pytest

from stages.config import build_task
from stages.page.numbers import length, unit

ROWS = {
    "ranking": ({"query": "ab", "candidates": ["abc", "abcd"]}, 9),
    "multiple_choice": ({"question": "ab", "choices": ["a", "b"], "context": "abcde"}, 9),
    "regression": ({"text": "abc", "pair": "abcd"}, 7),
    "relation_extraction": ({"id": "7", "text": "A in B", "e1": [0, 1], "e2": [5, 6]}, 6),
    "question_answering": ({"id": "q17", "document": "T", "question": "abc", "context": "河流"}, 5),
}


@pytest.mark.parametrize("name", ROWS)
def test_characters_of_all_that_a_model_reads(name, compose_config):
    task, (row, characters) = build_task(compose_config(f"task={name}", "data=sample")), ROWS[name]
    assert (length(task, row), unit(task, row)) == (characters, "characters")


def test_words_where_the_input_is_a_list_of_them(compose_config):
    pos = build_task(compose_config("task=pos", "data=sample"))
    assert (length(pos, row := {"tokens": ["the", "river", "runs"]}), unit(pos, row)) == (3, "words")
    relations = build_task(compose_config("task=relation_extraction", "data=sample"))
    row = {"token": ["A", "in", "B"], "subj_start": 0, "subj_end": 0, "obj_start": 2, "obj_end": 2, "id": "abc"}
    assert (length(relations, row), unit(relations, row)) == (3, "words")


def test_a_conversation_is_no_list_of_words(compose_config):
    task = build_task(compose_config("task=dialogue", "model=smollm2", "data=sample"))
    row = {"messages": [{"role": "user", "content": "abcdef"}]}
    assert (length(task, row), unit(task, row)) == (10, "characters")
