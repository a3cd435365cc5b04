"""The model of a finished run, used: examples in, predictions in the user's terms out, as its evaluation made them."""

from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import convert_to_fp32, gather_object

from stages.batches import Rows
from stages.features import encode_split, longest_first
from stages.finished import find_run, frozen_config, saved_labels, tuned_task
from stages.images import as_paths
from stages.inputs import with_neighbours
from stages.model import fit_task, limit_length, load_head
from stages.outputs import joined
from stages.processor import load_processor
from stages.training import EVAL_ROWS
from stages.trust import check_code
from tasks.contract import Task, as_line

PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Predictor:
    """A trained model with all that stands around it. `precision`: what its forward pass is cast to, None for float32.
    `batch_rows`: rows of one forward pass."""

    task: Task
    labels: tuple[str, ...]
    network: Any
    tokenizer: Any
    device: torch.device
    precision: torch.dtype | None
    batch_rows: int

    def predict(self, examples: dict, name: str = "examples", own: slice = slice(None)) -> list[dict]:
        """Examples, as columns in the task's words -> one `{"prediction": ..., "confidence": ...}` each, in order.

        A gold column is not looked at. A blank text has the prediction None. `own`: which of the examples are asked
        for; the others only stand around them. Raises ValueError where the task cannot read one; `name` tells which.
        """
        needed = self._needed(examples)
        inputs = {column: examples[column] for column in (*needed, *self.task.optional) if column in examples}
        size = len(examples[needed[0]])
        inputs = as_paths(inputs, self.task, [f"{name} example {i}" for i in range(1, size + 1)])
        ready = self.task.prepare({name: inputs})[0][name]
        predictions = self.predict_prepared({column: values[own] for column, values in ready.items()})
        rows = zip(*(examples[column][own] for column in needed), strict=True)
        return [_emptied(p) if _is_blank(row) else p for p, row in zip(predictions, rows, strict=True)]

    def _needed(self, examples):
        """The input columns that these examples came in; ValueError where they are not lists under their names."""
        forms = [form[:-1] for form in (self.task.columns, *self.task.forms)]
        found = next((form for form in forms if isinstance(examples, dict) and {*form} <= {*examples}), None)
        if found is None or not all(isinstance(examples[column], list | tuple) for column in found):
            wanted = " or ".join("{" + ", ".join(f"{column!r}: [...]" for column in form) + "}" for form in forms)
            given = (
                f"the columns {', '.join(map(str, examples))}" if isinstance(examples, dict) else repr(examples)[:60]
            )
            raise ValueError(f"predict takes a list per column, {wanted}; it got {given}.")
        return found

    def predict_prepared(self, examples: dict, shared: bool = False) -> list[dict]:
        """The same for examples that the task has prepared. `shared`: all processes call this with the same examples,
        each runs its part of the batches, and all get all predictions."""
        if not next(iter(examples.values())):
            return []
        rows, reduced = self.reduced(examples, shared)
        return self.task.decode(reduced, rows, self.labels, examples, self.tokenizer)

    def reduced(self, examples: dict, shared: bool = False) -> tuple[Any, tuple]:
        """-> (the encoded rows of prepared examples, longest first; what `decode` needs of them, as arrays)."""
        rows = longest_first(encode_split("examples", examples, self.labels, self.task, self.tokenizer))
        return rows, self._reduced(rows, shared)

    def _reduced(self, rows, shared):
        """What `decode` needs of all rows, as arrays; the batches are those of the run's own evaluation."""
        names = [*self.tokenizer.model_input_names, *self.task.model_inputs, "labels"]
        inputs, collate = Rows(rows, names), self.task.collator(self.tokenizer, self.network)
        batches = [range(i, min(i + self.batch_rows, len(rows))) for i in range(0, len(rows), self.batch_rows)]
        state = PartialState()
        share, shares = (state.process_index, state.num_processes) if shared else (0, 1)
        mine = [self._forward(collate([inputs[i] for i in batch])) for batch in batches[share::shares]]
        everyones = gather_object([mine]) if shared else [mine]
        ordered = [everyones[i % shares][i // shares] for i in range(len(batches))]
        return tuple(joined(arrays) for arrays in zip(*ordered, strict=True))

    def _forward(self, batch):
        inputs = {name: tensor.to(self.device) for name, tensor in batch.items()}
        labels = inputs.pop("labels")
        with torch.no_grad(), torch.autocast(self.device.type, self.precision, enabled=self.precision is not None):
            outputs = self.task.respond(self.network, inputs, labels)
        outputs = convert_to_fp32(outputs)  # as accelerate does in training: probabilities in full precision
        return [tensor.cpu().numpy() for tensor in self.task.reduce(outputs)]


def _is_blank(row):
    return not any(as_line(value).strip() for value in row)


def _emptied(prediction):
    """No prediction, unless it is a list, which has one answer for each thing that is there."""
    return prediction if isinstance(prediction["prediction"], list) else dict.fromkeys(prediction)


def predict_parts(model: Predictor, parts, source: str):
    """-> (examples, predictions) of each part, in order; several processes take turns, and all get all predictions."""
    state, done = PartialState(), 0
    parts = with_neighbours(parts, model.task.margin)
    while turn := list(islice(parts, state.num_processes)):
        starts = list(accumulate((size for *_, size in turn), initial=done))
        mine = state.process_index
        found = _predict_part(model, *turn[mine], starts[mine], source) if mine < len(turn) else None
        for (around, before, size), predictions in zip(turn, gather_object([found]), strict=False):
            yield {name: values[before : before + size] for name, values in around.items()}, predictions
        done = starts[-1]


def _predict_part(model, around, before, size, start, source):
    name = f"{source}, after {start - before} others," if start else source
    return model.predict(around, name, slice(before, before + size))


def load_model(run: str | Path, hardware: dict | None = None, trusted: bool = False) -> Predictor:
    """The model of a finished run: `load_model("runs/...").predict({"text": ["..."]})`.

    `run` is the folder. `hardware` holds keys of that group, e.g. `{"use_cpu": True}`; by default a GPU is used where
    there is one, and batches are as large as the run's own. `trusted`: whether code that the model brings may run.
    Raises FileNotFoundError or ValueError for a folder that is no finished run, or holds such code.
    """
    run, hardware = find_run(run), hardware or {}
    check_code(run / "model", run, trusted)
    config = frozen_config(run)
    task, device = tuned_task(run), PartialState(cpu=bool(hardware.get("use_cpu"))).device
    labels, tokenizer = saved_labels(run, task), load_processor(run / "model", task)
    task = fit_task(task, run / "model", tokenizer)
    network = load_head(task, run / "model")
    limit_length(network, tokenizer, config["model"]["max_length"])
    rows = {**config["hardware"], **hardware}.get("per_device_eval_batch_size", EVAL_ROWS)
    return Predictor(task, labels, network.eval().to(device), tokenizer, device, _precision(config, device), rows)


def _precision(config, device):
    """Half precision as in training; float16 needs a GPU."""
    chosen = next((name for name in PRECISIONS if config["training"].get(name)), None)
    return PRECISIONS.get(chosen) if device.type != "cpu" or chosen == "bf16" else None
