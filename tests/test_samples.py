"""The synthetic sample data: the same everywhere, valid, and a fair test of more than memory."""

import hashlib
import json
import random
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from stages.data import load_data
from tasks.contract import task_class
from tasks.samples import ner, text_classification

ROOT = Path(__file__).parents[1]
SIZES = {"train": 800, "validation": 200, "test": 300}
# A changed digest means that scores noted for the old data no longer hold.
DIGESTS = {
    "ner": "3ce2c32222d6d4521d5f451f8a17fc92297deb311bad7bc99c811ecd8c06ca9c",
    "text_classification": "1f7244c806660d483843121847081ef6f96f6d68fa5fdc6af9af2b4218bd1baa",
}
MODULES = pytest.mark.parametrize("module", [ner, text_classification], ids=list(DIGESTS))
NER, TEXT = ner.generate(), text_classification.generate()


def digest(data):
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()


def texts(columns):
    return columns["text"] if "text" in columns else [" ".join(tokens) for tokens in columns["tokens"]]


def entities(columns):
    """(lower-cased words, type) of every entity, by a plain walk over the IOB2 tags."""
    found = []
    for tokens, tags in zip(columns["tokens"], columns["tags"], strict=True):
        for token, tag in zip(tokens, tags, strict=True):
            if tag.startswith("B-"):
                found.append(([token.lower()], tag[2:]))
            elif tag.startswith("I-"):
                found[-1][0].append(token.lower())
    return [(" ".join(words), kind) for words, kind in found]


def mask(tokens, tags):
    """The sentence with each entity replaced by its type."""
    pairs = zip(tokens, tags, strict=True)
    return " ".join(token.lower() if tag == "O" else tag[2:] for token, tag in pairs if not tag.startswith("I-"))


@MODULES
def test_generates_the_same_twice(module):
    assert module.generate() == module.generate()


@MODULES
def test_content_is_pinned(module):
    assert digest(module.generate()) == DIGESTS[module.__name__.split(".")[-1]]


@pytest.mark.parametrize("name", DIGESTS)
def test_another_process_with_another_hash_seed_agrees(name):
    code = (
        f"import hashlib, json, sys; from tasks.samples import {name} as module; "
        "heavy = {'torch', 'numpy', 'transformers', 'datasets'} & set(sys.modules); "
        "print(hashlib.sha256(json.dumps(module.generate()).encode()).hexdigest(), sorted(heavy))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{DIGESTS[name]} []"


@MODULES
def test_leaves_the_global_random_state_alone(module):
    before = random.getstate()
    module.generate()
    assert random.getstate() == before


@MODULES
def test_split_sizes(module):
    data = module.generate()
    assert {split: {len(column) for column in columns.values()} for split, columns in data.items()} == {
        split: {size} for split, size in SIZES.items()
    }


@MODULES
def test_no_duplicates_within_or_across_splits(module):
    everything = [text.lower() for columns in module.generate().values() for text in texts(columns)]
    assert len(everything) == len(set(everything)) == sum(SIZES.values())


@MODULES
def test_says_that_it_is_made_up(module):
    assert "synthetic" in module.__doc__ and "made" in module.__doc__


@pytest.mark.parametrize("split", SIZES)
def test_ner_tags_are_valid_iob2_of_four_types(split):
    for tokens, tags in zip(NER[split]["tokens"], NER[split]["tags"], strict=True):
        assert len(tokens) == len(tags)
        for previous, tag in zip(["O", *tags], tags, strict=False):
            assert re.fullmatch("O|[BI]-(PER|LOC|ORG|PROD)", tag)
            assert not tag.startswith("I-") or previous in (f"B-{tag[2:]}", tag)
    assert {kind for _, kind in entities(NER[split])} == {"PER", "LOC", "ORG", "PROD"}


@pytest.mark.parametrize("split", SIZES)
def test_ner_sentences_are_tokens_of_the_promised_number(split):
    lengths = [len(tokens) for tokens in NER[split]["tokens"]]
    assert min(lengths) >= 6 and max(lengths) <= 25
    assert all(re.fullmatch(r"\S+", token) for tokens in NER[split]["tokens"] for token in tokens)
    slots = {word for tokens in NER[split]["tokens"] for word in tokens if re.search(r"[\[\]|{}]|^PER$|^PROD$", word)}
    assert not slots


def test_ner_has_the_hard_cases():
    tags = NER["test"]["tags"]
    bare = sum(set(row) == {"O"} for row in tags)
    adjacent = sum(before[0] in "BI" and after[0] == "B" for row in tags for before, after in pairwise(row))
    words = [text.count(" ") for text, _ in entities(NER["test"])]
    kinds = {}
    for text, kind in entities(NER["train"]):
        kinds.setdefault(text, set()).add(kind)
    assert bare > 15 and adjacent > 15
    assert sum(count > 0 for count in words) > 0.4 * len(words)
    assert sum(len(found) > 1 for found in kinds.values()) >= 10


def test_ner_test_names_are_mostly_unseen():
    known = {text for text, _ in entities(NER["train"])}
    found = [text in known for text, _ in entities(NER["test"])]
    assert 0.05 < sum(found) / len(found) < 0.25


def test_ner_test_sentence_patterns_are_unseen():
    masked = {split: {mask(*row) for row in zip(*NER[split].values(), strict=True)} for split in SIZES}
    assert not masked["test"] & (masked["train"] | masked["validation"])
    assert not set(ner.read_patterns("test")) & {*ner.read_patterns("train"), *ner.read_patterns("validation")}
    assert len(set(ner.read_patterns("train"))) >= 60 and len(set(ner.read_patterns("test"))) >= 20


@pytest.mark.parametrize("part", ["first", "last", "place", "stem", "brand", "company", "club", "model", "version"])
def test_ner_name_parts_are_disjoint(part):
    parts = [set(ner.PARTS[split][part].lower().split()) for split in SIZES]
    assert len(set.union(*parts)) == sum(map(len, parts))


def test_classification_labels_are_the_same_and_mildly_imbalanced():
    counts = {split: {label: TEXT[split]["label"].count(label) for label in TEXT[split]["label"]} for split in SIZES}
    assert len({frozenset(found) for found in counts.values()}) == 1 and len(counts["train"]) == 6
    for split, found in counts.items():
        assert max(found.values()) == SIZES[split] // 4 and min(found.values()) == SIZES[split] // 10
    assert len(set(TEXT["train"]["label"][:40])) == 6, "the rows are in random order"


@pytest.mark.parametrize("split", SIZES)
def test_classification_texts_are_whole(split):
    for text in TEXT[split]["text"]:
        assert 5 <= len(text.split()) <= 40
        assert not re.search(r"[\[\]|{}/]|  | [,.?!]", text), text


def test_classification_test_wordings_are_unseen():
    for label in set(TEXT["test"]["label"]):
        seen = {
            *text_classification.read_wordings("train", label),
            *text_classification.read_wordings("validation", label),
        }
        assert not seen & set(text_classification.read_wordings("test", label))
    for kind in ("item", "when", "opening", "closing"):
        words = [set(text_classification.WORDS[split][kind].split("|")) for split in SIZES]
        assert len(set.union(*words)) == sum(map(len, words))


def test_any_split_of_the_sample_serves_as_any():
    task, splits = task_class("text_classification")("text_classification", "accuracy"), ("train", "validation", "test")
    keys = {
        "name": "sample",
        "source": "sample",
        "limit": None,
        "per_class": None,
        **{split: split for split in splits},
    }
    same = load_data({"data": {**keys, "validation": "train", "test": "train"}}, task).splits
    assert same["train"] == same["validation"] == same["test"] and same["train"] is not same["test"]
    for name in ("dev", None):
        with pytest.raises(ValueError, match="the sample has the splits train, validation, test"):
            load_data({"data": {**keys, "validation": name}}, task)
