"""Models of several runs asked together: the mean of their probabilities, decoded as one model's would be."""

from dataclasses import replace

import numpy as np

from stages.prediction import load_model
from sweeps.runs import Run

AGREE = 0.98  # share of its own predictions that a model must give again


def predict_together(runs: list[Run], examples: dict, split: str, hardware: dict) -> list[dict]:
    """One prediction per example, from the mean over the runs' models. `examples`: prepared by the task of the first
    run. Raises ValueError where the models' outputs do not stand for the same words and labels."""
    first, total = None, None
    for run in runs:
        model = load_model(run.folder, hardware)
        task = Probabilities(model.task)
        rows, arrays = replace(model, task=task).reduced(examples)
        _check_again(run, model, task, rows, arrays, examples, split)
        ordered, keys = _in_order(rows, arrays)
        if len({*map(str, keys)}) < len(keys):
            raise ValueError(f"task={model.task.name}: several rows answer one example. Give --how vote.")
        ordered = _as_labelled(ordered, model.labels, first[0].labels, run) if first else ordered
        if first and (keys != first[4] or any(a.shape != b.shape for a, b in zip(ordered, total, strict=True))):
            raise ValueError(
                f"{run.folder.name} cuts or counts the examples differently from {runs[0].folder.name}, as their "
                "tokenizers differ: probabilities cannot be averaged. Give --how vote."
            )
        total = [a + b for a, b in zip(total, ordered, strict=True)] if first else ordered
        first = first or (model, task, rows, ordered, keys)
    model, task, rows, *_ = first
    place = np.argsort(_order(rows), kind="stable").argsort(kind="stable")
    means = [(array / len(runs))[place] for array in total]
    return model.task.decode(task.restored(means), rows, model.labels, examples, model.tokenizer)


class Probabilities:
    """A task whose `reduce` keeps the probabilities of all labels where the task itself keeps only the best one and
    its own; all else is the task's."""

    def __init__(self, task):
        self._task, self._best = task, ()

    def __getattr__(self, name):
        return getattr(self._task, name)

    def reduce(self, outputs):
        import torch

        kept, best = [], []
        reduced = list(self._task.reduce(outputs))
        while reduced:
            tensor = reduced.pop(0)
            logits = next((o for o in _tensors(outputs) if _is_best(tensor, o)), None)
            if logits is not None:
                best.append(len(kept))
                tensor, _ = logits.float().softmax(dim=-1), reduced.pop(0)
            elif not torch.is_floating_point(tensor):
                raise ValueError(f"task={self._task.name}: its answers have no mean. Give --how vote.")
            kept.append(tensor)
        self._best = tuple(best)
        return tuple(kept)

    def restored(self, arrays):
        """Averaged arrays in the form that the task's `decode` reads."""
        found = []
        for i, array in enumerate(arrays):
            found += [array.argmax(axis=-1), array.max(axis=-1)] if i in self._best else [array]
        return tuple(found)


def _tensors(outputs):
    import torch

    return [value for value in dict(outputs).values() if isinstance(value, torch.Tensor) and value.ndim > 1]


def _is_best(tensor, logits):
    """Whether one tensor holds the best labels of the other."""
    import torch

    whole = not torch.is_floating_point(tensor) and torch.is_floating_point(logits)
    return whole and logits.shape[:-1] == tensor.shape and bool((logits.argmax(dim=-1) == tensor).all())


def _order(rows):
    """What brings rows into the order of their examples, windows of one in theirs."""
    places = rows["positions"] if "positions" in rows.features else [()] * len(rows)
    pairs = [(example, own[0] if own else -1) for example, own in zip(rows["example"], places, strict=True)]
    ranks = {pair: rank for rank, pair in enumerate(sorted(set(pairs)))}
    return np.array([ranks[pair] for pair in pairs])


def _in_order(rows, arrays):
    """-> (arrays in the order of examples, which example and words each row stands for)."""
    order = np.argsort(_order(rows), kind="stable")
    where = rows["positions"] if "positions" in rows.features else [None] * len(rows)
    keys = [(rows["example"][int(i)], where[int(i)]) for i in order]
    return [np.where(array == -100, 0, array)[order].astype(float) for array in arrays], keys


def _as_labelled(arrays, own, first, run):
    """Arrays whose last axis stands for labels, in the order of the first run's."""
    if own == first:
        return arrays
    if {*own} != {*first}:
        raise ValueError(f"{run.folder.name} knows other labels: {', '.join(sorted({*own} ^ {*first})[:8])}.")
    order = [own.index(name) for name in first]
    return [array[..., order] if array.shape[-1] == len(own) else array for array in arrays]


def _check_again(run, model, task, rows, arrays, examples, split):
    """Each model by itself must give the predictions that its run wrote."""
    again = model.task.decode(task.restored(arrays), rows, model.labels, examples, model.tokenizer)
    own = run.predictions(split)
    same = sum(a["prediction"] == b["prediction"] for a, b in zip(again, own, strict=True)) / max(len(own), 1)
    if same < AGREE:
        raise ValueError(
            f"{run.folder.name} answers {1 - same:.0%} of its {split} examples differently now: its predictions do not "
            "hold all that it read. Give --how vote."
        )
