"""The look at the data before training: what is in it, what is suspicious, what to do about it."""

import json
import marshal
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, combinations

import numpy as np

from stages.collection import no_collection
from stages.features import numbers
from tasks.contract import Finding, as_line

SEVERAL = 10  # labels that are more than a toy's


@dataclass(frozen=True)
class Seen:
    """What is counted in a split once: `classes`, how often each occurs, and `texts`, a digest of each input."""

    classes: Counter
    texts: list[bytes]


def _look(examples, task):
    return Seen(Counter(chain.from_iterable(task.classes(examples))), _texts(examples, task))


@no_collection()
def find(splits, task):
    """Everything worth knowing about the splits that needs no model; a list of Findings."""
    seen = {split: _look(examples, task) for split, examples in splits.items()}
    findings = [
        finding for split, examples in splits.items() for finding in _find_in(split, examples, task, seen[split])
    ]
    findings += _labels_like_texts(seen["train"], task)
    return findings + _label_differences(seen, task) + _leaks(seen)


def find_for_model(split, examples, task, labels):
    """What is worth knowing about one split that a trained model is scored on; `labels` are the model's."""
    known, seen = {*labels, *(name[2:] for name in labels if name[:2] in ("B-", "I-"))}, _look(examples, task)
    return _find_in(split, examples, task, seen) + _unseen(
        split, seen.classes, known, "the model", "train a model that has them"
    )


def _find_in(split, examples, task, seen):
    counted = _counts(split, examples, task, seen.classes)
    return counted + _empty(split, examples, task) + _repeated(split, examples, task, seen.texts)


def _unseen(split, seen, known, holder, advice):
    unseen = {name: n for name, n in seen.items() if name not in known}
    shown = ", ".join(f"{name} ({n})" for name, n in sorted(unseen.items()))
    what = f"labels that {holder} does not have: {shown}"
    return [Finding("warning", split, what, f"They count as missed in the scores: {advice}.")] if unseen else []


def find_long(splits, task):
    """Examples that are longer than the model reads: split into windows, or cut. `splits` are encoded."""
    findings = []
    for name, split in splits.items():
        cut = int(numbers(split.rows, "cut").sum())
        windows = int((np.bincount(numbers(split.rows, "example")) > 1).sum())
        if windows and task.rows_mean:
            what = f"{windows} examples are longer than the model reads: {task.rows_mean}"
            findings.append(Finding("note", name, what))
        if cut:
            what = f"{cut} examples are longer than the model reads: {task.cut_means}"
            findings.append(Finding("warning", name, what, "Take a model that reads more, or shorten them."))
    return findings


def _counts(split, examples, task, counts):
    shown = ", ".join(f"{name}: {n}" for name, n in counts.most_common(8))
    more = f" and {len(counts) - 8} more labels" if len(counts) > 8 else ""
    shown = f": {shown}{more}" if shown else ": no labels" if task.least_labels > 1 else ""
    return [Finding("note", split, f"{len(examples[task.target])} examples{shown}")]


def _empty(split, examples, task):
    empty = sum(not any(map(_says, row)) for row in task.inputs(examples))
    advice = "Remove them: there is nothing to read in them."
    return [Finding("warning", split, f"{empty} examples are empty", advice)] if empty else []


def _says(value):
    """Whether anything can be read in a value."""
    if isinstance(value, str):
        return bool(value.strip())
    return any(map(_says, value)) if isinstance(value, list | tuple) else bool(as_line(value).strip())


def _repeated(split, examples, task, texts):
    """Equal inputs inside a split: plain repetitions, and those that carry different labels."""
    gold, first, conflicts = examples[task.target], {}, {}  # text -> the example that has it first
    for i, text in enumerate(texts):
        known = first.setdefault(text, i)
        if known != i and text not in conflicts and json.dumps(gold[i]) != json.dumps(gold[known]):
            conflicts[text] = known
    repeated = len(texts) - len(first)
    findings = []
    if repeated:
        findings.append(Finding("note", split, f"{repeated} examples repeat another one's input"))
    if conflicts:
        example = {name: values[min(conflicts.values())] for name, values in examples.items()}
        (row,) = task.inputs({name: [value] for name, value in example.items()})
        what = f"{len(conflicts)} inputs carry different labels, e.g. {_short(row)}"
        findings.append(Finding("warning", split, what, "Decide on one label each: no model can get both right."))
    return findings


def _label_differences(looked, task):
    known, findings = set(looked["train"].classes), []
    for split in [s for s in looked if s != "train"]:
        seen = looked[split].classes
        if known and not known & set(seen):
            what = "no example holds a label that train has: its scores say nothing"
            findings.append(Finding("warning", split, what, f"Check data.{split} and data.columns.{task.target}."))
        findings += _unseen(split, seen, known, "train", "add examples to train")
        absent = sorted(known - set(seen))
        if absent:
            shown = ", ".join(absent[:8]) + (" ..." if len(absent) > 8 else "")
            findings.append(Finding("note", split, f"{len(absent)} labels of train do not occur: {shown}"))
    return findings


def _labels_like_texts(train, task):
    """Columns that were taken for each other train without a word: every text is a label then."""
    labels, texts = set(train.classes), set(train.texts)
    if len(labels) < SEVERAL or len(labels) <= len(texts):
        return []
    what = f"there are more different labels ({len(labels)}) than inputs ({len(texts)}), e.g. '{min(labels)[:60]}'"
    return [Finding("warning", "train", what, f"Is data.columns.{task.target} the right column, or are two swapped?")]


def _leaks(looked):
    """Inputs of the evaluated splits that an earlier split holds as well."""
    findings = []
    for earlier, later in combinations(looked, 2):
        known, texts = set(looked[earlier].texts), looked[later].texts
        shared = sum(map(known.__contains__, texts))
        if shared:
            what = f"{shared} of {len(texts)} inputs also stand in {earlier}"
            findings.append(Finding("warning", later, what, f"Scores on them flatter: remove them from {earlier}."))
    return findings


def _texts(examples, task):
    """A digest of the input of each example that differs where the input differs: `a b` is not `a`, `b`."""
    return [blake2b(_written(row), digest_size=16).digest() for row in task.inputs(examples)]


def _written(row):
    try:
        return marshal.dumps(row, 2)  # up to version 2, equal values are written alike
    except ValueError:
        return json.dumps(row).encode()


def _short(row):
    """An input for a reader: its words joined, and not too many of them."""
    text = " | ".join(as_line(value) for value in row)
    return f"'{text if len(text) <= 60 else text[:59] + '…'}'"
