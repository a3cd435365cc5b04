"""Written answers and what they are compared with: texts and references as data has them, checked."""

from tasks.contract import Answer
from tasks.writing import text_scores


def one_text(split: str, column: str, values: list) -> list[str]:
    """Texts, or lists of sentences joined by a space; ValueError names the split and the example of anything else."""
    return [" ".join(_texts(split, column, i, value)) for i, value in enumerate(values, 1)]


def as_lists(split: str, column: str, values: list) -> list[list[str]]:
    """One list of references per example; a plain text is the only one. ValueError where there is none, or a blank."""
    lists = [_texts(split, column, i, value) for i, value in enumerate(values, 1)]
    for i, texts in enumerate(lists, 1):
        if not texts or not all(text.strip() for text in texts):
            raise ValueError(f"{split} example {i}: data.columns.{column} is empty. Fill it in, or remove the example.")
    return lists


def texts_and_references(splits: dict[str, dict], columns: tuple[str, str]) -> dict[str, dict]:
    """The examples of all splits with one text and a list of references each, from those two `columns`; a text may come
    as a list of sentences, its gold answer as one text, and new text has none."""
    text, gold = columns
    ready = {}
    for split, examples in splits.items():
        ready[split] = {**examples, text: one_text(split, text, examples[text])}
        if gold in examples:
            ready[split][gold] = as_lists(split, gold, examples[gold])
    return ready


def first_references(examples: dict, column: str) -> list[str] | None:
    """The first reference of each example; None where the examples have no gold column."""
    return [references[0] for references in examples[column]] if column in examples else None


def _texts(split, column, number, value):
    texts = list(value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(
            f"{split} example {number}: data.columns.{column} must hold text or a list of texts, it holds "
            f"{repr(value)[:60]}."
        )
    return texts


def written_answer(row: dict) -> list[Answer]:
    """The answer of a row whose prediction is free text: the nearest of its references, and how far it is away."""
    references = [row["gold"]] if isinstance(row["gold"], str) else row["gold"]
    text = row["prediction"] or ""
    nearest = max(references, key=lambda reference: text_scores.overlap(text, reference))
    return [Answer(nearest, row["prediction"], 1 - text_scores.overlap(text, nearest))]
