"""Tags of tagging tasks: which scheme they follow, their IOB2 form, and the entities they mark."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache

# The letters a tag may start with in each scheme; "" stands for a plain tag such as PER. IO admits B because an I-only
# file may be one split of IOB1 data, where B is rare.
LETTERS = {"IOB2": "BIO", "IOB1": "BIO", "BIOES": "BIOES", "IO": ["", "B", "I", "O"]}
# BILOU writes last and unit, BMES writes middle, for what BIOES calls end, single and inside.
ALIASES = {"L": "E", "U": "S", "M": "I"}
# seqeval's name for the type of a bare B or I.
NO_TYPE = "_"
OUTSIDE = ("O", "")
# Read as plain types, these other ways to say "no entity" or to write a prefix would make every word an entity.
OTHER_OUTSIDE = ("o", "0", "_", "-", "*")
OTHER_PREFIX = re.compile(r"[BIESLUM][_:/.].+|.+[-_:/.][BIESLUM]")

Pair = tuple[str, str]


def scheme(sequences: Iterable[Sequence[str]]) -> str:
    """Return the scheme that all tag sequences of a data set follow together: IOB2, IOB1, BIOES or IO.

    Raises ValueError, with the sequence and position (both from 0), for something that is no tag, and where plain tags
    (PER) and prefixed tags (B-PER) are mixed.
    """
    steps = _steps(list(sequences))
    seen = {here for _, here in steps}
    letters = {letter for letter, _ in seen}
    if "" in letters:
        _check_plain(seen)
    if letters & {"E", "S"}:
        return "BIOES"
    if "B" not in letters:
        return "IO" if letters - {"O"} else "IOB2"
    return "IOB1" if _is_iob1(steps) else "IOB2"


def _steps(sequences: list[Sequence[str]]) -> set[tuple[Pair, Pair]]:
    """All neighbours as pairs: what a scheme is known by, and far fewer than there are tags."""
    try:
        return {(_split(before), _split(here)) for before, here in _neighbours(sequences)}
    except (ValueError, TypeError, AttributeError):
        for number, tags in enumerate(sequences):
            _pairs(tags, f"sequence {number}, ")
        raise


def _neighbours(sequences: Iterable[Sequence[str]]) -> set[tuple[str, str]]:
    """Each tag with the one before it, which is O before the first."""
    found = set()
    for tags in sequences:
        found.update(zip(("O", *tags), tags, strict=False))
    return found


def is_plain_iob2(sequences: Iterable[Sequence[str]]) -> bool:
    """Whether all these sequences are IOB2 already: `to_iob2` changes none, and `invalid_transitions` finds nothing."""
    try:
        return all(
            to_iob2(step, "IOB2")[1] == step[1] and 1 not in invalid_transitions(step, "IOB2")
            for step in _neighbours(sequences)
        )
    except (ValueError, TypeError):
        return False  # with the place that the slower ways name


def to_iob2(tags: Sequence[str], scheme: str) -> list[str]:
    """Return one sequence of the given scheme in IOB2; what breaks the scheme is read as conlleval reads it.

    Raises ValueError, with the position (from 0), for a tag that does not exist in the scheme.
    """
    pairs = _pairs_in(tags, scheme)
    return [
        "O" if here == OUTSIDE else f"{'B' if _starts(before, here) else 'I'}-{here[1]}"
        for before, here in zip([OUTSIDE, *pairs], pairs, strict=False)
    ]


def invalid_transitions(tags: Sequence[str], scheme: str) -> list[int]:
    """Return the positions (from 0) whose tag may not follow the one before it; always empty for IO and IOB1.

    A BIOES entity that is still open at the end of the sequence is reported at the last position. Raises ValueError,
    with the position, for a tag that does not exist in the scheme.
    """
    pairs = _pairs_in(tags, scheme)
    if scheme in ("IO", "IOB1"):
        return []
    follows = _follows_bioes if scheme == "BIOES" else _follows_iob2
    steps = enumerate(zip([OUTSIDE, *pairs], pairs, strict=False))
    broken = [i for i, (before, here) in steps if not follows(before, here)]
    last = len(pairs) - 1
    if pairs and not follows(pairs[last], OUTSIDE) and last not in broken:
        broken.append(last)
    return broken


def spans(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return (type, start, end) of each entity of an IOB2 sequence, end exclusive, as conlleval counts them.

    An I that continues nothing starts an entity. Raises ValueError, with the position, for a tag that is not IOB2.
    """
    return [] if {*tags} <= {"O"} else [*_spans(tuple(tags))]


@lru_cache(maxsize=16_384)
def _spans(tags: tuple[str, ...]) -> tuple[tuple[str, int, int], ...]:
    found = []
    before = OUTSIDE
    for position, here in enumerate(_pairs_in(tags, "IOB2")):
        if here != OUTSIDE:
            start = position if _starts(before, here) else found.pop()[1]
            found.append((here[1], start, position + 1))
        before = here
    return tuple(found)


def iob2_labels(sequences: Iterable[Sequence[str]]) -> list[str]:
    """Return O and then B-X and I-X for each type X in the IOB2 sequences, types sorted.

    I-X is there even where every X is one word long, so that train and test agree on the labels.
    """
    types = {kind for letter, kind in _pairs_in(sorted(set().union(*sequences)), "IOB2") if letter != "O"}
    return ["O"] + [f"{letter}-{kind}" for kind in sorted(types) for letter in "BI"]


def _starts(before: Pair, here: Pair) -> bool:
    return here[0] in ("B", "S") or before[0] in ("O", "E", "S") or before[1] != here[1]


def _follows_iob2(before: Pair, here: Pair) -> bool:
    return here[0] != "I" or (before[0] in ("B", "I") and before[1] == here[1])


def _follows_bioes(before: Pair, here: Pair) -> bool:
    is_open = before[0] in ("B", "I")
    continues = here[0] in ("I", "E")
    return is_open == continues and (not is_open or before[1] == here[1])


def _is_iob1(steps: Iterable[tuple[Pair, Pair]]) -> bool:
    """Whether each B only parts two entities of one type, so that some I must start one; IOB2 has a B elsewhere."""
    return all(before[1] == here[1] for before, here in steps if here[0] == "B")


def _pairs_in(tags: Sequence[str], scheme: str) -> list[Pair]:
    """The (letter, type) pairs of one sequence, plain tags as I; ValueError for a tag that the scheme does not have."""
    if scheme not in LETTERS:
        near = get_close_matches(str(scheme).upper(), LETTERS, 1)
        hint = f" Did you mean {near[0]}?" if near else " BILOU and BMES count as BIOES."
        raise ValueError(f"scheme={scheme!r} is not known. Choose one of {', '.join(LETTERS)}.{hint}")
    pairs = _pairs(tags)
    for position, (letter, _) in enumerate(pairs):
        if letter not in LETTERS[scheme] or (letter == "" and scheme != "IO"):
            raise ValueError(
                f"position {position}: tag {tags[position]!r} is not a tag of {scheme}. "
                "Correct the tag, or name the scheme that all splits of the data follow."
            )
    return [(letter or "I", kind) for letter, kind in pairs]


def _pairs(tags: Sequence[str], where: str = "") -> list[Pair]:
    pairs = []
    for position, tag in enumerate(tags):
        try:
            pairs.append(_split(tag if isinstance(tag, str) else ""))
        except ValueError as error:
            what = error if isinstance(tag, str) else f"{tag!r} is not text"
            raise ValueError(f"{where}position {position}: {what}. A tag is O, or like B-PER, or like PER.") from None
    return pairs


@lru_cache(maxsize=65536)
def _split(tag: str) -> Pair:
    """B-PER -> (B, PER), O -> (O, ""), PER -> ("", PER); BILOU and BMES letters become those of BIOES."""
    if not tag or tag != tag.strip():
        raise ValueError(f"tag {tag!r} is empty or has spaces around it")
    if tag == "O":
        return OUTSIDE
    if tag in OTHER_OUTSIDE:
        raise ValueError(f"tag {tag!r} is unknown; a word outside all entities has the tag O")
    letter, hyphen, kind = tag.partition("-")
    if letter not in ("B", "I", "O", "E", "S", "L", "U", "M"):
        return "", tag
    if letter == "O" or (hyphen and not kind):
        raise ValueError(f"tag {tag!r} is unknown")
    return ALIASES.get(letter, letter), kind or NO_TYPE


def _check_plain(seen: set[Pair]) -> None:
    """ValueError if the plain tags stand beside prefixed ones or are prefixed ones in another spelling."""
    plain = sorted(kind for letter, kind in seen if letter == "")
    prefixed = sorted(f"{letter}-{kind}" for letter, kind in seen if letter not in ("", "O"))
    if prefixed:
        raise ValueError(
            f"tags with a prefix ({', '.join(prefixed[:3])}) and without one ({', '.join(plain[:3])}) are mixed. "
            "Give every tag but O a prefix, or none; a type such as B-cell or S needs another name."
        )
    if len(plain) > 1 and all(OTHER_PREFIX.fullmatch(tag) for tag in plain):
        raise ValueError(
            f"tags {', '.join(plain[:4])} seem to hold B, I, E or S in another place or spelling. "
            "Write them like B-PER, or rename the types."
        )
