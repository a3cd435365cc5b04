"""The look at the data before training: what is in it, what is suspicious, what to do about it."""

import json
from collections import Counter, defaultdict
from itertools import combinations

from tasks.contract import Finding, as_line

SEVERAL = 10  # labels that are more than a toy's


def find(splits, task):
    """Everything worth knowing about the splits that needs no model; a list of Findings."""
    findings = [finding for split, examples in splits.items() for finding in _find_in(split, examples, task)]
    findings += _labels_like_texts(splits["train"], task)
    return findings + _label_differences(splits, task) + _leaks(splits, task)


def find_for_model(split, examples, task, labels):
    """What is worth knowing about one split that a trained model is scored on; `labels` are the model's."""
    known = {*labels, *(name[2:] for name in labels if name[:2] in ("B-", "I-"))}
    seen = Counter(name for classes in task.classes(examples) for name in classes)
    return _find_in(split, examples, task) + _unseen(split, seen, known, "the model", "train a model that has them")


def _find_in(split, examples, task):
    return _counts(split, examples, task) + _empty(split, examples, task) + _repeated(split, examples, task)


def _unseen(split, seen, known, holder, advice):
    unseen = {name: n for name, n in seen.items() if name not in known}
    shown = ", ".join(f"{name} ({n})" for name, n in sorted(unseen.items()))
    what = f"labels that {holder} does not have: {shown}"
    return [Finding("warning", split, what, f"They count as missed in the scores: {advice}.")] if unseen else []


def find_long(splits, task):
    """Examples that are longer than the model reads: split into windows, or cut. `splits` are encoded."""
    findings = []
    for name, split in splits.items():
        cut = sum(split.rows["cut"])
        windows = sum(count > 1 for count in Counter(split.rows["example"]).values())
        if windows and task.rows_mean:
            what = f"{windows} examples are longer than the model reads: {task.rows_mean}"
            findings.append(Finding("note", name, what))
        if cut:
            what = f"{cut} examples are longer than the model reads: {task.cut_means}"
            findings.append(Finding("warning", name, what, "Take a model that reads more, or shorten them."))
    return findings


def _counts(split, examples, task):
    counts = Counter(name for classes in task.classes(examples) for name in classes)
    shown = ", ".join(f"{name}: {n}" for name, n in counts.most_common(8))
    more = f" and {len(counts) - 8} more labels" if len(counts) > 8 else ""
    shown = f": {shown}{more}" if shown else ": no labels" if task.least_labels > 1 else ""
    return [Finding("note", split, f"{len(examples[task.target])} examples{shown}")]


def _empty(split, examples, task):
    empty = sum(not any(as_line(value).strip() for value in row) for row in task.inputs(examples))
    advice = "Remove them: there is nothing to read in them."
    return [Finding("warning", split, f"{empty} examples are empty", advice)] if empty else []


def _repeated(split, examples, task):
    """Equal inputs inside a split: plain repetitions, and those that carry different labels."""
    golds = defaultdict(list)
    for text, gold in zip(_texts(examples, task), examples[task.target], strict=True):
        golds[text].append(json.dumps(gold))
    repeated = sum(len(group) - 1 for group in golds.values())
    conflicts = [text for text, group in golds.items() if len(set(group)) > 1]
    findings = []
    if repeated:
        findings.append(Finding("note", split, f"{repeated} examples repeat another one's input"))
    if conflicts:
        what = f"{len(conflicts)} inputs carry different labels, e.g. {_short(json.loads(conflicts[0]))}"
        findings.append(Finding("warning", split, what, "Decide on one label each: no model can get both right."))
    return findings


def _label_differences(splits, task):
    known = {name for classes in task.classes(splits["train"]) for name in classes}
    findings = []
    for split in [s for s in splits if s != "train"]:
        seen = Counter(name for classes in task.classes(splits[split]) for name in classes)
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
    labels, texts = {name for classes in task.classes(train) for name in classes}, set(_texts(train, task))
    if len(labels) < SEVERAL or len(labels) <= len(texts):
        return []
    what = f"there are more different labels ({len(labels)}) than inputs ({len(texts)}), e.g. '{min(labels)[:60]}'"
    return [Finding("warning", "train", what, f"Is data.columns.{task.target} the right column, or are two swapped?")]


def _leaks(splits, task):
    """Inputs of the evaluated splits that an earlier split holds as well."""
    inputs = {split: _texts(examples, task) for split, examples in splits.items()}
    findings = []
    for earlier, later in combinations(inputs, 2):
        known = set(inputs[earlier])
        shared = sum(text in known for text in inputs[later])
        if shared:
            what = f"{shared} of {len(inputs[later])} inputs also stand in {earlier}"
            findings.append(Finding("warning", later, what, f"Scores on them flatter: remove them from {earlier}."))
    return findings


def _texts(examples, task):
    """The input of each example as one text that differs where the input differs: `a b` is not `a`, `b`."""
    return [json.dumps(row, ensure_ascii=False) for row in task.inputs(examples)]


def _short(row):
    """An input for a reader: its words joined, and not too many of them."""
    text = " | ".join(as_line(value) for value in row)
    return f"'{text if len(text) <= 60 else text[:59] + '…'}'"
