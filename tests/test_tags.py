"""Tag schemes: recognised, converted and checked on literals and on random sequences, and against seqeval."""

import random
import warnings

import pytest

from tasks.words.tags import invalid_transitions, scheme, spans, to_iob2

TYPES = ["PER", "LOC", "creative-work"]


def random_iob2(rng, length):
    """A valid IOB2 sequence with many neighbours of the same type."""
    tags = []
    while len(tags) < length:
        kind, size = rng.choice(TYPES), rng.randint(1, 3)
        tags += ["O"] if rng.random() < 0.3 else [f"B-{kind}"] + [f"I-{kind}"] * (size - 1)
    return tags


def random_sequences(seed, build, number=300):
    rng = random.Random(seed)
    return [build(rng, rng.randint(0, 12)) for _ in range(number)]


def as_bioes(tags, letters="BIES"):
    """An independent writer: from the tag and the next one."""
    begin, inside, end, single = letters
    out = []
    for tag, after in zip(tags, [*tags[1:], "O"], strict=False):
        last = not after.startswith("I-")
        letter = {"B": single if last else begin, "I": end if last else inside}.get(tag[0])
        out.append(f"{letter}{tag[1:]}" if letter else tag)
    return out


def as_iob1(tags):
    out = []
    for before, tag in zip(["O", *tags], tags, strict=False):
        needed = tag[0] == "B" and before[1:] == tag[1:]
        out.append(tag if tag == "O" or needed else f"I{tag[1:]}")
    return out


# --- recognition


@pytest.mark.parametrize(
    ("name", "sequences"),
    [
        ("IOB2", []),
        ("IOB2", [[]]),
        ("IOB2", [["O", "O"], ["O"]]),
        ("IOB2", [["B-PER", "I-PER", "O"]]),
        ("IOB2", [["O", "B-PER"], ["O", "B-PER", "B-PER"]]),
        ("IOB2", [["B-PER"], ["I-PER", "I-PER"]]),
        ("IOB2", [["I-PER", "B-PER"], ["O", "B-LOC"]]),
        ("IOB2", [["I-PER", "B-LOC"]]),
        ("IOB2", [["B-PER", "B-PER"]]),
        ("IOB2", [["B", "I", "O"]]),
        ("IOB1", [["I-PER", "B-PER", "I-PER", "O"]]),
        ("IOB1", [["I-PER", "O"], ["O", "I-LOC", "B-LOC"]]),
        ("IOB1", [["O", "I-PER", "I-LOC", "B-LOC", "B-LOC"]]),
        ("IO", [["I-PER", "I-PER", "O"]]),
        ("IO", [["PER", "PER", "O", "LOC"]]),
        ("IO", [["person-actor", "O"], ["art-film"]]),
        ("IO", [["art-film", "art-broadcast"], ["PER"]]),
        ("BIOES", [["S-PER", "O"]]),
        ("BIOES", [["B-PER", "I-PER", "E-PER"]]),
        ("BIOES", [["B-PER", "I-PER", "O"], ["B-PER", "E-PER"]]),
        ("BIOES", [["B-PER", "I-PER", "L-PER", "U-LOC"]]),
        ("BIOES", [["B-PER", "M-PER", "E-PER", "S-LOC"]]),
    ],
)
def test_scheme(name, sequences):
    assert scheme(sequences) == name


def test_scheme_reads_all_sequences_once():
    assert scheme(iter([["B-PER"], ["S-PER"]])) == "BIOES"


@pytest.mark.parametrize("tag", ["", None, 3, ["B-PER"], " ", "B-PER ", "\tO", "B-", "O-PER", "o", "0", "_", "-", "*"])
def test_what_is_no_tag_is_named_with_its_place(tag):
    with pytest.raises(ValueError, match="sequence 1, position 2: ") as caught:
        scheme([["O"], ["O", "B-PER", tag]])
    assert repr(tag) in str(caught.value)
    with pytest.raises(ValueError, match="position 2: ") as caught:
        to_iob2(["O", "B-PER", tag], "IOB2")
    assert repr(tag) in str(caught.value)


def test_empty_tag_is_named_among_plain_tags():
    with pytest.raises(ValueError, match="position 1: tag '' is empty"):
        to_iob2(["PER", ""], "IO")


def test_mixed_plain_and_prefixed_tags():
    with pytest.raises(ValueError, match=r"with a prefix \(B-cell\) and without one \(T-cell\)"):
        scheme([["B-cell", "O"], ["T-cell"]])


@pytest.mark.parametrize("tags", [["B_PER", "I_PER"], ["PER-B", "PER-I", "O"], ["B:LOC", "E:LOC"]])
def test_prefixes_in_another_spelling_are_not_types(tags):
    with pytest.raises(ValueError, match="another place or spelling"):
        scheme([tags])


# --- conversion


@pytest.mark.parametrize(
    ("name", "tags", "iob2"),
    [
        ("IOB2", [], []),
        ("IOB2", ["B-PER", "I-PER", "O", "B-LOC"], ["B-PER", "I-PER", "O", "B-LOC"]),
        ("IOB2", ["I-PER", "O", "I-PER", "I-LOC", "I-LOC"], ["B-PER", "O", "B-PER", "B-LOC", "I-LOC"]),
        ("IOB2", ["B-PER", "I-LOC"], ["B-PER", "B-LOC"]),
        ("IOB2", ["B", "I", "O", "I"], ["B-_", "I-_", "O", "B-_"]),
        ("IOB1", ["I-PER", "B-PER", "I-PER", "O", "I-LOC"], ["B-PER", "B-PER", "I-PER", "O", "B-LOC"]),
        ("IO", ["PER", "PER", "O", "PER", "LOC"], ["B-PER", "I-PER", "O", "B-PER", "B-LOC"]),
        ("IO", ["I-PER", "I-PER", "I-LOC"], ["B-PER", "I-PER", "B-LOC"]),
        ("IO", ["I-PER", "B-PER"], ["B-PER", "B-PER"]),
        ("IO", ["art-film", "art-film", "art-music"], ["B-art-film", "I-art-film", "B-art-music"]),
        ("BIOES", ["S-PER", "S-PER", "B-PER", "E-PER"], ["B-PER", "B-PER", "B-PER", "I-PER"]),
        ("BIOES", ["B-PER", "E-PER", "B-PER", "I-PER", "E-PER"], ["B-PER", "I-PER", "B-PER", "I-PER", "I-PER"]),
        ("BIOES", ["B-PER", "E-PER", "E-PER", "I-PER"], ["B-PER", "I-PER", "B-PER", "B-PER"]),
        ("BIOES", ["S-PER", "I-PER", "O", "E-LOC"], ["B-PER", "B-PER", "O", "B-LOC"]),
        ("BIOES", ["U-PER", "B-PER", "L-PER"], ["B-PER", "B-PER", "I-PER"]),
        ("BIOES", ["B-PER", "M-PER", "E-PER", "S"], ["B-PER", "I-PER", "I-PER", "B-_"]),
    ],
)
def test_to_iob2(name, tags, iob2):
    assert to_iob2(tags, name) == iob2


@pytest.mark.parametrize(
    ("name", "tag"), [("IOB2", "E-PER"), ("IOB2", "PER"), ("IOB1", "U-PER"), ("BIOES", "PER"), ("IO", "S-PER")]
)
@pytest.mark.parametrize("function", [to_iob2, invalid_transitions])
def test_tag_of_another_scheme(function, name, tag):
    with pytest.raises(ValueError, match=f"position 1: tag '{tag}' is not a tag of {name}"):
        function(["O", tag], name)


@pytest.mark.parametrize("function", [to_iob2, invalid_transitions])
def test_unknown_scheme(function):
    with pytest.raises(ValueError, match=r"scheme='iob2' .* IOB2, IOB1, BIOES, IO\. Did you mean IOB2\?"):
        function(["O"], "iob2")
    with pytest.raises(ValueError, match="BILOU and BMES count as BIOES"):
        function(["O"], "xyz")


@pytest.mark.parametrize("letters", ["BIES", "BILU", "BMES"])
def test_bioes_and_back(letters):
    iob2 = random_sequences(1, random_iob2)
    other = [as_bioes(tags, letters) for tags in iob2]
    assert other != iob2
    assert scheme(other) == "BIOES"
    assert [to_iob2(tags, "BIOES") for tags in other] == iob2
    assert not any(invalid_transitions(tags, "BIOES") for tags in other)


def test_iob1_and_back():
    iob2 = random_sequences(2, random_iob2)
    other = [as_iob1(tags) for tags in iob2]
    assert other != iob2
    assert scheme(other) == "IOB1"
    assert [to_iob2(tags, "IOB1") for tags in other] == iob2
    assert not any(invalid_transitions(tags, "IOB1") for tags in other)


def test_iob2_stays():
    iob2 = random_sequences(3, random_iob2)
    assert scheme(iob2) == "IOB2"
    assert [to_iob2(tags, "IOB2") for tags in iob2] == iob2
    assert not any(invalid_transitions(tags, "IOB2") for tags in iob2)


def entities_of_seqeval(tags):
    """seqeval's entities with an exclusive end."""
    sequence_labeling = pytest.importorskip("seqeval.metrics.sequence_labeling")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [(kind, start, end + 1) for kind, start, end in sequence_labeling.get_entities(list(tags))]


def random_tags(letters):
    def build(rng, length):
        tags = ["O", *(f"{letter}-{kind}" for letter in letters for kind in TYPES), *letters]
        return [rng.choice(tags) for _ in range(length)]

    return build


@pytest.mark.parametrize("letters", ["BI", "I", "BIES"])
def test_conversion_of_invalid_sequences_keeps_the_entities_of_seqeval(letters):
    sequences = random_sequences(4, random_tags(letters), 2000)
    name = "BIOES" if "E" in letters else "IOB2"
    found = [spans(to_iob2(tags, name)) for tags in sequences]
    assert sum(map(len, found)) > 1000
    assert found == [entities_of_seqeval(tags) for tags in sequences]
    assert not any(invalid_transitions(to_iob2(tags, name), "IOB2") for tags in sequences)


# --- spans


@pytest.mark.parametrize("build", [random_iob2, random_tags("BI"), random_tags("I")])
def test_spans_equal_seqeval(build):
    sequences = random_sequences(5, build, 2000)
    found = [spans(tags) for tags in sequences]
    assert sum(map(len, found)) > 1000
    assert found == [entities_of_seqeval(tags) for tags in sequences]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ([], []),
        (["O", "O"], []),
        (["B-PER", "I-PER", "O", "B-LOC"], [("PER", 0, 2), ("LOC", 3, 4)]),
        (["B-PER", "B-PER"], [("PER", 0, 1), ("PER", 1, 2)]),
        (["O", "I-PER", "I-LOC", "I-LOC"], [("PER", 1, 2), ("LOC", 2, 4)]),
        (["B-creative-work", "I-creative-work"], [("creative-work", 0, 2)]),
    ],
)
def test_spans(tags, found):
    assert spans(tags) == found
    assert spans(tuple(tags)) == found


def test_spans_of_another_scheme():
    with pytest.raises(ValueError, match="position 1: tag 'S-PER' is not a tag of IOB2"):
        spans(["O", "S-PER"])
