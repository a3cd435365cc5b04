"""Encoded splits on disk: found again by all that they depend on, never by less, and whatever happens to the files."""

from dataclasses import replace

import pytest

from stages import encoded, features
from stages.processor import load_tokenizer
from tasks.ner import NER
from tasks.question_answering import QuestionAnswering
from tasks.text_classification import TextClassification
from tests.cached import LABELS, TASK, cache_in, encode, entries, examples


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    return cache_in(tmp_path, monkeypatch)


@pytest.fixture
def tokenizer(tiny_bert):
    return load_tokenizer(tiny_bert, True)


class Counting(NER):
    """Counts how often it encodes; as a class of its own, a task from outside the project."""

    calls = 0

    def encode(self, *args):
        type(self).calls += 1
        return super().encode(*args)


def test_a_hit_encodes_nothing_and_gives_the_same_rows_from_the_disk(tokenizer, cache, monkeypatch):
    monkeypatch.setattr(features, "CHUNK", 7)
    task, data = Counting("ner", "f1"), examples()
    before, calls = encode(data, tokenizer, task), Counting.calls
    again = encode(examples(), tokenizer, task)
    assert calls == 5 and Counting.calls == 5 and len(entries(cache)) == 1
    assert again[:] == before[:] and again.features == before.features
    assert again.cache_files and before.cache_files  # mapped, not read
    held = features.encode_split("train", data, LABELS, task, tokenizer)
    assert held[:] == again[:] and held.features == again.features and not held.cache_files


def test_trials_that_differ_elsewhere_share_it(tokenizer, tiny_bert, cache):
    tokenizer(["the river"], truncation=True, max_length=4, padding="max_length")
    encode(examples(), tokenizer)
    encode(examples(), load_tokenizer(tiny_bert, True), NER("ner", "f1"))
    assert len(entries(cache)) == 1


def other_tags(data):
    return data | {"tags": [*data["tags"][:-1], ["I-LOC"] * len(data["tags"][-1])]}


@pytest.mark.parametrize(
    "change",
    [
        lambda d, t: (examples(("the", "river", "xyy")), t, TASK, LABELS),
        lambda d, t: (other_tags(d), t, TASK, LABELS),
        lambda d, t: ({name: values[::-1] for name, values in d.items()}, t, TASK, LABELS),
        lambda d, t: ({name: values[:-1] for name, values in d.items()}, t, TASK, LABELS),
        lambda d, t: (d | {"_before": [["a"]] * 30, "_after": [[]] * 30}, t, TASK, LABELS),
        lambda d, t: (d, t, replace(TASK, stride=3), LABELS),
        lambda d, t: (d, t, replace(TASK, pooling="last"), LABELS),
        lambda d, t: (d, t, Counting("ner", "f1"), LABELS),
        lambda d, t: (d, t, TASK, ("O", "I-LOC", "B-LOC")),
        lambda d, t: (d, change_of(t, model_max_length=12), TASK, LABELS),
        lambda d, t: (d, change_of(t, unk_token="the"), TASK, LABELS),
        lambda d, t: (d, with_token(t), TASK, LABELS),
    ],
)
def test_what_the_rows_depend_on_makes_another_entry(tokenizer, cache, change):
    data = examples()
    encode(data, tokenizer)
    changed = change(data, tokenizer)
    assert (
        encode(changed[0], *changed[1:])[:]
        == features.encode_split("train", changed[0], changed[3], changed[2], changed[1])[:]
    )
    assert len(entries(cache)) == 2


def change_of(tokenizer, **values):
    for name, value in values.items():
        setattr(tokenizer, name, value)
    return tokenizer


def with_token(tokenizer):
    tokenizer.add_tokens(["xyz"])
    return tokenizer


def test_code_and_versions_make_another_entry(tokenizer, cache, monkeypatch):
    encode(examples(), tokenizer)
    monkeypatch.setattr(encoded, "CODE", "other")
    encode(examples(), tokenizer)
    monkeypatch.setattr(encoded.tokenizers, "__version__", "0.0")
    encode(examples(), tokenizer)
    assert len(entries(cache)) == 3


def test_code_that_is_edited_once_it_was_imported_names_no_rows(tokenizer, monkeypatch):
    before = encoded.key_of(examples(), LABELS, TASK, tokenizer)
    monkeypatch.setattr(encoded, "_code_digest", lambda: "edited")
    assert encoded.key_of(examples(), LABELS, TASK, tokenizer) == before


@pytest.mark.parametrize("values", [[["1"], [1], [True], [1.0], [None]], [[["a", "b"]], [["ab"]], [["a"], ["b"]]]])
def test_values_of_other_types_or_with_other_borders_differ(values):
    assert len({encoded.content_digest({"text": value}) for value in values}) == len(values)


def test_equal_values_are_digested_alike_whether_or_not_they_are_one_object():
    word = "".join(["wo", "rd"])
    assert encoded.content_digest({"a": [word, word, "word"]}) == encoded.content_digest(
        {"a": ["".join(["wor", "d"]), "word", word]}
    )


def damage(path, how):
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "flipped":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif how == "other":
        path.write_text('["no", "object"]', encoding="utf-8")
    else:
        path.unlink()


@pytest.mark.parametrize("name", ["0.arrow", encoded.WHOLE])
@pytest.mark.parametrize("how", ["cut", "flipped", "other", "gone"])
def test_a_damaged_entry_is_made_again(tokenizer, cache, name, how):
    expected = encode(examples(), tokenizer)[:]
    (place,) = entries(cache)
    damage(place / name, how)
    assert encode(examples(), tokenizer)[:] == expected
    assert encoded.read(place)[:] == expected and entries(cache) == [place]


def test_of_two_processes_the_slower_one_takes_what_the_faster_one_made(tokenizer, cache):
    choices = (examples(), LABELS, TASK, tokenizer)
    inner = []

    def make():
        tables = list(features.encoded_tables("train", *choices))
        inner.append(encoded.kept(*choices, make=lambda: iter(tables)))
        inner.append((entries(cache)[-1] / "0.arrow").stat().st_ino)
        yield from tables

    rows = encoded.kept(*choices, make=make)
    (place,) = entries(cache)  # and nothing half written beside it
    assert rows[:] == inner[0][:] and (place / "0.arrow").stat().st_ino == inner[1]


def test_an_entry_that_another_process_made_meanwhile_stays(tokenizer, cache):
    encode(examples(), tokenizer)
    (place,) = entries(cache)
    before = place.stat().st_ino
    encoded.write(place, features.encoded_tables("train", examples(), LABELS, TASK, tokenizer))
    assert place.stat().st_ino == before and entries(cache) == [place]


def test_values_that_are_no_data_are_encoded_each_time(tiny_bert, cache):
    task = TextClassification("text_classification", None)
    data = {"text": ["the river", "a city"], "label": ["a", "b"], "_more": [object(), object()]}
    assert len(encode(data, load_tokenizer(tiny_bert, False), task, ("a", "b"))) == 2 and not entries(cache)


@pytest.mark.parametrize("room", ["0", "10"])
@pytest.mark.parametrize("silent", ["\u200b", " "])
def test_examples_that_the_tokenizer_must_read_itself_stand_beside_the_others(
    tokenizer, tiny_bert, monkeypatch, room, silent
):
    """The last chunk holds nothing that could be looked up; its numbers must be of the same types."""
    monkeypatch.setattr(features, "CHUNK", 3)
    monkeypatch.setenv(encoded.ROOM, room)
    words = {"tokens": [["the"], ["river"], ["xyz"], [silent]], "tags": [["O"]] * 4}
    assert len(encode(words, tokenizer)) == 4
    task = QuestionAnswering("question_answering", "f1")
    asked = {"question": ["the river ?"] * 4, "context": [*["the river is xyz"] * 3, silent]}
    asked["answers"] = [{"text": [], "answer_start": []}] * 4
    assert len(encode(asked, load_tokenizer(tiny_bert, False), task, ("answer", "no answer"))) == 4


def test_columns_that_are_empty_for_a_while_are_written_too(tokenizer, cache, monkeypatch):
    """Tables of several schemas: a column without a value has no type."""
    monkeypatch.setattr(features, "CHUNK", 2)

    class Sparse(NER):
        def encode(self, examples, tokenizer, labels):
            found = super().encode(examples, tokenizer, labels)
            return found | {"more": [[7] if "xyz" in words else [] for words in examples["tokens"]]}

    data = {"tokens": [["the"]] * 4 + [["xyz"]] * 3, "tags": [["O"]] * 7}
    rows = encode(data, tokenizer, Sparse("ner", "f1"))
    assert rows["more"][:] == [[]] * 4 + [[7]] * 3 and len(rows.cache_files) == 2
