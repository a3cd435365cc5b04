"""What is known of tags by their neighbours alone equals what a look at each sequence gives."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.words.tags import _is_iob1, _pairs, invalid_transitions, is_plain_iob2, scheme, spans, to_iob2

TAGS = st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y", "E-X", "S-Y", "L-X", "B", "I", "X", "O-X", ""])
PLAIN = st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y"])
SEQUENCES = st.one_of(*(st.lists(st.lists(tag, max_size=6), max_size=4) for tag in (TAGS, PLAIN)))


def found(function, *given):
    try:
        return function(*given)
    except ValueError as error:
        return str(error)


def scheme_of_all(sequences):
    """The scheme, from the pairs of all sequences."""
    pairs = [_pairs(tags, f"sequence {number}, ") for number, tags in enumerate(sequences)]
    letters = {letter for sequence in pairs for letter, _ in sequence}
    steps = [step for one in pairs for step in zip([("O", ""), *one], one, strict=False)]
    if "" in letters or letters & {"E", "S"} or "B" not in letters:
        return scheme(sequences)
    return "IOB1" if _is_iob1(steps) else "IOB2"


@settings(max_examples=300, deadline=None)
@given(SEQUENCES)
def test_scheme_and_plainness(sequences):
    assert found(scheme, sequences) == found(scheme_of_all, sequences)
    plain = found(lambda: [to_iob2(tags, "IOB2") for tags in sequences]) == [
        list(tags) for tags in sequences
    ] and not any(invalid_transitions(tags, "IOB2") for tags in sequences)
    assert is_plain_iob2(sequences) == plain


def test_entities_can_be_changed_by_who_asked():
    first = spans(["B-X", "I-X", "O"])
    first.append("more")
    assert spans(["B-X", "I-X", "O"]) == [("X", 0, 2)] and spans(["O"]) == spans([]) == []
