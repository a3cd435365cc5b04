"""SQuAD's JSON, on small files written here."""

import json

import pytest
from small_files import message, problems, written

from stages.readers import read_table

write = pytest.fixture(written)


def question(id_, text="?", **more):
    return {"id": id_, "question": text, **more}


def article(*questions, context="A b c.", **more):
    return {**more, "paragraphs": [{"context": context, "qas": list(questions)}]}


def file(*articles, **more):
    return json.dumps({"version": "v2.0", **more, "data": list(articles)}, ensure_ascii=False)


def test_questions_become_rows_with_context_and_document(write):
    answer = {"text": "b", "answer_start": 2}
    text = file(
        article(question("q1", answers=[answer]), question("q2", answers=[answer, answer]), title="First"),
        article(question("q3", answers=[], is_impossible=True, plausible_answers=[answer]), context="范廷颂"),
    )
    table = read_table(write("a.json", text))
    assert table.columns == {
        "id": ["q1", "q2", "q3"],
        "question": ["?"] * 3,
        "context": ["A b c.", "A b c.", "范廷颂"],
        "document": ["First", "First", "2"],
        "answers": [[answer], [answer, answer], []],
    }
    assert table.lines == [1, 2, 3] and table.places[2].endswith("a.json, object 3")


def test_new_questions_have_no_answers(write):
    table = read_table(write("a.json", file(article(question(7), question(8)))))
    assert list(table.columns) == ["id", "question", "context", "document"]
    assert table.columns["id"] == ["7", "8"]


def test_what_is_missing_is_named_with_its_question(write):
    text = file(
        article(question("a", answers=[]), {"id": "b", "answers": []}, question("c")),
        article(question("d", answers=[]), context=None),
    )
    assert problems(write("a.json", text)) == [
        "a.json, object 2: question 2 has no 'question'",
        "a.json, object 3: question 3 has no 'answers'",
        "a.json, object 4: the paragraph of question 4 has no 'context'",
    ]


def test_a_file_without_questions(write):
    assert "holds no examples" in message(write("a.json", file(article())))


def test_other_objects_with_data_are_read_as_before(write):
    assert read_table(write("a.json", '{"data": [{"x": 1}, {"x": 2}]}')).columns == {"x": [1, 2]}
