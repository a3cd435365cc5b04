"""What relation extraction and question answering leave out of their tables, and which labels are refused."""

import pytest

from tasks.relation_extraction import RelationExtraction
from tasks.spans.relation_scores import relation_table
from tasks.spans.squad_scores import by_question_word


def test_questions_without_an_english_question_word_have_no_table():
    assert by_question_word([(1.0, 1.0), (0.0, 0.5)], ["他在哪一年出生\uff1f", "这是什么\uff1f"]) == []
    rows = by_question_word([(1.0, 1.0), (0.0, 0.5)], ["Who came?", "Name it."])
    assert [(row["question"], row["exact"]) for row in rows] == [("who", 1.0), ("other", 0.0)]


def test_relations_without_direction_have_no_column_of_it():
    plain = relation_table(["left", "lives"], ["lives", "lives"], None)
    assert plain[1] == {"relation": "lives", "precision": 0.5, "recall": 1.0, "f1": 2 / 3, "support": 1}
    directed = relation_table(["A(e1,e2)"], ["A(e2,e1)"], None)
    assert directed[0]["wrong direction"] == 1 and directed[0]["f1"] == 0.0


def test_relations_that_data_labels_does_not_name_are_refused():
    task = RelationExtraction("relation_extraction", "f1_official")
    assert task.labels({"relation": ["left", "Other"]}, ["Other", "lives", "left"]) == ("Other", "lives", "left")
    with pytest.raises(ValueError, match=r"data\.labels=lives, left: train also has Other"):
        task.labels({"relation": ["left", "Other"]}, ["lives", "left"])
