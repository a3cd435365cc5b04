"""The section on single errors: the worst of them, with the text marked."""

from stages.page.markup import DASH, data, details, element, join, note, number

SHOWN, OPEN = 30, 10  # errors on the page, and how many of them without a click
CONTEXT = 240  # characters of unmarked text shown in one piece


def worst(left):
    """The rows with the worst answers, by the error that the task gives them (most confident and wrong first)."""
    wrong = [
        (row, max(answers, key=lambda a: a.error))
        for row, answers in zip(left.rows, left.answers, strict=True)
        if answers
    ]
    wrong = sorted(((row, answer) for row, answer in wrong if answer.error > 0), key=lambda pair: -pair[1].error)
    if not left.rows:
        return None
    if not wrong:
        return note(f"No error in {len(left.rows):,} examples of {left.split}.")
    cards = [_card(left.task, row, answer) for row, answer in wrong[:SHOWN]]
    said = note(f"{len(wrong):,} of {len(left.rows):,} examples of {left.split} hold an error. The worst first.")
    rest = [details(f"{len(cards[OPEN:])} more", element("ol", *cards[OPEN:], start=OPEN + 1, class_="errors"))]
    key = _key() if any(label for row, _ in wrong for _, *labels in left.task.marked(row) for label in labels) else ""
    return join([said, key, element("ol", *cards[:OPEN], class_="errors"), *(rest if cards[OPEN:] else [])])


def _card(task, row, answer):
    facts = [
        element("span", "gold ", element("b", _label(answer.gold))),
        element("span", "predicted ", element("b", _label(answer.predicted))),
        element("span", "confidence ", element("b", number(answer.confidence)))
        if answer.confidence is not None
        else "",
        element("span", f"example {row.get('id', DASH)}", class_="quiet"),
    ]
    text = join(_piece(*piece) for piece in task.marked(row))
    return element("li", element("p", *facts, class_="facts"), element("p", text, class_="text", dir="auto"))


def _label(value):
    return element("i", "nothing") if value is None else data(value, 200)


def _piece(text, gold, predicted):
    """One piece of the input: plain, or in a box that says what it is and what was predicted."""
    if gold is None and predicted is None:
        return join([data(text, CONTEXT), " "])
    kind = "right" if gold == predicted else "missed" if predicted is None else "extra" if gold is None else "other"
    said = f"✓ {gold}" if kind == "right" else f"{gold or 'nothing'} → {predicted or 'nothing'}"
    return join([element("mark", data(text, CONTEXT), element("small", said), class_=kind), " "])


def _key():
    """How to read the boxes; they differ by their line and by words, not only by colour."""
    kinds = [
        ("right", "right", "✓ type"),
        ("missed", "missed", "gold → nothing"),
        ("extra", "extra", "nothing → predicted"),
        ("other", "other type or ends", "gold → predicted"),
    ]
    boxes = [element("mark", name, element("small", said), class_=kind) for kind, name, said in kinds]
    hint = "TYPE… goes on in the next box, …TYPE began in the one before."
    return element("p", *(join([box, " "]) for box in boxes), element("span", hint, class_="quiet"), class_="key")
