"""Examples with entities brought into one form: words, IOB2 tags, and the words of their neighbours."""

import re

from tasks.checks import check_text
from tasks.contract import Finding
from tasks.words.char_spans import read_spans, tags_of, words_of
from tasks.words.tags import invalid_transitions, iob2_labels, is_plain_iob2, scheme, to_iob2


def read_entities(splits, scheme):
    """Words and IOB2 tags of every split, from words with tags or from raw text with spans; -> (splits, findings).

    `scheme`: that of the tags, None to recognise it. New text has no tags and no spans.
    """
    splits, findings = dict(splits), []
    for split, examples in splits.items():
        if "tokens" not in examples:
            splits[split], found = read_text(split, examples)
            findings += found
        elif "tags" not in examples:
            check_words(split, examples)
    tagged = {s: e for s, e in splits.items() if "tags" in e and "_words" not in e}
    if tagged:
        converted, found = read_tags(tagged, scheme)
        splits |= converted
        findings += found
    return splits, findings


def read_text(split, examples):
    """Raw texts, with character spans where there are gold answers -> the same with words and tags; -> findings.

    `_words` holds where each word stands. A span that begins or ends inside a word marks all of it for learning.
    """
    check_text(split, examples, ("text",))
    places = [words_of(text) for text in examples["text"]]
    words = [[text[s:e] for s, e in of_text] for text, of_text in zip(examples["text"], places, strict=True)]
    read = {**examples, "tokens": words, "_words": places}
    if "spans" not in examples:
        return read, []
    spans = [
        read_spans(text, given, f"{split} example {i}: data.columns.spans")
        for i, (text, given) in enumerate(zip(examples["text"], examples["spans"], strict=True), start=1)
    ]
    read["spans"] = [shown_spans(text, of_text) for text, of_text in zip(examples["text"], spans, strict=True)]
    read["tags"] = [tags_of(*pair) for pair in zip(places, spans, strict=True)]
    return read, _find_cut_words(split, places, spans)


def shown_spans(text, spans):
    """Spans as a user reads them."""
    return [{"start": start, "end": end, "label": label, "text": text[start:end]} for start, end, label in spans]


def _find_cut_words(split, places, spans):
    cut = 0
    for words, of_text in zip(places, spans, strict=True):
        starts, ends = {start for start, _ in words}, {end for _, end in words}
        cut += sum(start not in starts or end not in ends for start, end, _ in of_text)
    what = f"{cut} span{'s begin or end' if cut > 1 else ' begins or ends'} inside a word"
    advice = "Learned as whole words; in the scores, such an entity counts as missed."
    return [Finding("warning", split, what, advice)] if cut else []


def read_tags(splits, given):
    """Check that words and tags pair up, and convert the tags of all splits to IOB2; -> (splits, findings).

    `given`: the scheme of the tags, None to recognise it.
    """
    for split, examples in splits.items():
        check_pairs(split, examples)
    found = given or _scheme(splits)
    findings = [Finding("note", "all", f"tag scheme {found}" + (", converted to IOB2" if found != "IOB2" else ""))]
    converted = {}
    for split, examples in splits.items():
        tags, broken = _convert(split, examples["tags"], found)
        if broken:
            what = f"{broken} tags break the {found} scheme, e.g. an I- that follows no B-"
            findings.append(Finding("warning", split, what, "Read as conlleval does: such an I- starts an entity."))
        converted[split] = {**examples, "tags": tags}
    return converted, findings


def iob2_names(sequences, known):
    """The names of a head for IOB2 tags: those that the data set declares (`known`) where they hold all, or what is
    found."""
    found = iob2_labels(sequences)
    declared = known and set(found) <= set(known) and all(k == "O" or k[:2] in ("B-", "I-") for k in known)
    return tuple(known if declared else found)


def check_words(split, examples):
    """Raise ValueError naming the first example that holds no list of words."""
    for i, words in enumerate(examples["tokens"], start=1):
        if not isinstance(words, list) or not holds_text(words):
            raise ValueError(
                f"{split} example {i}: data.columns.tokens must hold a list of words, it holds {repr(words)[:60]}. "
                "Map running text as data.columns.text."
            )


def show_neighbours(splits, size):
    """The examples of every split `with_neighbours`, as they are where `size` is 0; -> (splits, findings)."""
    if not size:
        return splits, []
    shown = {split: with_neighbours(examples, size) for split, examples in splits.items()}
    if any("document" in examples for examples in splits.values()):
        return shown, []
    what = "no column says where documents end: each split is read as one document"
    return shown, [Finding("note", "all", what, "Map one with data.columns.document.")]


def with_neighbours(examples, size):
    """The examples with up to `size` words of the same document on each side, as `_before` and `_after`."""
    documents = examples.get("document", [None] * len(examples["tokens"]))
    words = [
        (document, word) for document, tokens in zip(documents, examples["tokens"], strict=True) for word in tokens
    ]
    before, after, end = [], [], 0
    for document, tokens in zip(documents, examples["tokens"], strict=True):
        start, end = end, end + len(tokens)
        before.append([word for d, word in words[max(0, start - size) : start] if d == document])
        after.append([word for d, word in words[end : end + size] if d == document])
    return {**examples, "_before": before, "_after": after}


def holds_text(values):
    """Whether all values are text."""
    return {*map(type, values)} <= {str} or all(isinstance(value, str) for value in values)


def check_pairs(split, examples):
    """Raise ValueError naming the first example whose words and tags do not pair up, or are not lists of strings."""
    names = set()
    for i, (tokens, tags) in enumerate(zip(examples["tokens"], examples["tags"], strict=True), start=1):
        for name, values in (("tokens", tokens), ("tags", tags)):
            if not isinstance(values, list) or not holds_text(values):
                raise ValueError(
                    f"{split} example {i}: data.columns.{name} must hold a list of strings, one per word; it holds "
                    f"{repr(values)[:60]}. CoNLL columns, JSON lines and Parquet can hold lists."
                )
        if len(tokens) != len(tags):
            raise ValueError(f"{split} example {i}: {len(tokens)} words but {len(tags)} tags. Give one tag per word.")
        if not names.issuperset(tags):
            numbers = [tag for tag in tags if tag.isdecimal()]
            if numbers:
                raise ValueError(
                    f"{split} example {i}: tag {numbers[0]} has no name. Name all: data.labels=[O,B-PER,...]"
                )
            names.update(tags)


def _scheme(splits):
    """The scheme that all splits follow together; errors name split and example."""
    try:
        return scheme([tags for examples in splits.values() for tags in examples["tags"]])
    except ValueError as error:
        places = [(split, i) for split, examples in splits.items() for i in range(1, len(examples["tags"]) + 1)]
        where = re.match(r"sequence (\d+), ", str(error))
        split, example = places[int(where[1])] if where else (None, None)
        text = f"{split} example {example}, {str(error)[where.end() :]}" if where else str(error)
        raise ValueError(f"data.columns.tags: {text}") from None


def _convert(split, sequences, found):
    """-> (the sequences in IOB2, how many of their tags break the scheme)."""
    if found == "IOB2" and is_plain_iob2(sequences):
        return sequences, 0
    converted, broken = [], 0
    for i, tags in enumerate(sequences, start=1):
        try:
            converted.append(to_iob2(tags, found))
        except ValueError as error:
            raise ValueError(f"{split} example {i}: task.scheme={found}, {error}") from None
        broken += len(invalid_transitions(tags, found))
    return converted, broken
