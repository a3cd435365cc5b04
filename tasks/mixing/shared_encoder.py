"""One encoder under the heads of several tasks: their batches, the model, and their outputs side by side."""

import json
from dataclasses import dataclass, field, replace
from math import prod

from tasks.contract import IGNORED, LossContext
from tasks.mixing.mixed import blank, from_rows, labels_of, select

END = IGNORED  # what fills up a packed row


@dataclass(frozen=True)
class PartContexts(LossContext):
    """What the loss of each part learned."""

    parts: dict[str, LossContext] = field(default_factory=dict)


def part_contexts(rows, tasks, labels, label_smoothing) -> PartContexts:
    """What the loss of each task, by part, learns from its own rows among all encoded ones."""
    contexts = {}
    for i, (part, task) in enumerate(tasks.items()):
        contexts[part] = task.loss_context(from_rows(rows, i)[1], labels_of(labels, part), label_smoothing)
    return PartContexts(None, label_smoothing, contexts)


def row_means(outputs, tasks, labels, context: PartContexts):
    """The loss of each row, shape (rows,): the mean over its items, by the task of its part."""
    losses = outputs["logits"].new_zeros(len(labels))
    for i, (part, task) in enumerate(tasks.items()):
        if part in outputs:
            gold = outputs[f"{part}/labels"]
            own = replace(context.parts[part], label_smoothing=context.label_smoothing)
            of_rows = task.loss(outputs[part], gold, own) / task.items(gold).clamp(min=1)
            losses = losses.index_put((outputs["part"] == i,), of_rows.to(losses.dtype))
    return losses


class MixedCollator:
    """Each part's rows through its own collator: a batch with the names `part/name`; `part` says whose each row is."""

    def __init__(self, tasks, tokenizer, model):
        self.collators = {part: task.collator(tokenizer, model) for part, task in tasks.items()}
        read = {part: (*tokenizer.model_input_names, *task.model_inputs) for part, task in tasks.items()}
        self.names = {part: (*names, "labels") for part, names in read.items()}

    def __call__(self, rows):
        import torch

        batch = {name: torch.tensor([row[name] for row in rows]) for name in ("part", "labels")}
        for i, (part, collate) in enumerate(self.collators.items()):
            own = [self._row(row, self.names[part]) for row in rows if row["part"] == i]
            if own:
                batch |= {f"{part}/{name}": tensor for name, tensor in collate(own).items()}
        return batch

    @staticmethod
    def _row(row, names):
        own = json.loads(row["row"])
        own["labels"] = own["labels"] if row["labels"] != IGNORED else blank(own["labels"])
        return {name: own[name] for name in names if name in own}


def pack(tensors):
    """Tensors (rows, ...) -> one tensor of numbers (rows, width): of each whether it holds whole numbers, how many axes
    it has and how long they are, then its values."""
    import torch

    packed = []
    for tensor in tensors:
        head = [not tensor.is_floating_point(), tensor.ndim - 1, *tensor.shape[1:]]
        packed.append(torch.tensor(head, dtype=torch.float, device=tensor.device).expand(len(tensor), -1))
        packed.append(tensor.reshape(len(tensor), tensor[0].numel()).float())
    return torch.cat(packed, dim=1)


def scattered(part, packed):
    """{number of a part: its packed rows} -> all rows of the batch in their order, filled up with END."""
    import torch

    first = next(iter(packed.values()))
    whole = torch.full((len(part), max(rows.shape[1] for rows in packed.values())), float(END), device=first.device)
    for i, rows in packed.items():
        whole[(part == i).nonzero()[:, 0], : rows.shape[1]] = rows.float()
    return whole


def reduced(outputs, tasks):
    """What each task needs of a batch's outputs to decode them, packed, in the order of the rows."""
    numbers = {i: (part, task) for i, (part, task) in enumerate(tasks.items()) if part in outputs}
    return scattered(outputs["part"], {i: pack(task.reduce(outputs[part])) for i, (part, task) in numbers.items()})


def apart(part, parts, reduced, rows, examples):
    """-> (what the task of one of the parts reduced its outputs to, its rows with `example` counted in its own
    examples)."""
    places, own = from_rows(rows, list(parts).index(part))
    order = {place: i for i, place in enumerate(select(examples, part)[0])}
    own["example"] = [order[place] for place in own["example"]]
    return unpack([reduced[0][place] for place in places]), own


def unpack(rows) -> tuple:
    """Packed rows of one part, from any batches -> its tensors as arrays (rows, ...), padded to the widest."""
    import numpy as np

    found = [_unpacked(row) for row in rows]
    tensors = []
    for arrays in zip(*found, strict=True):
        shape = np.max([array.shape for array in arrays], axis=0).astype(int)
        whole = np.full((len(arrays), *shape), IGNORED, arrays[0].dtype)
        for i, array in enumerate(arrays):
            whole[(i, *map(slice, array.shape))] = array
        tensors.append(whole)
    return tuple(tensors)


def _unpacked(row):
    tensors, at = [], 0
    while at < len(row) and row[at] != END:
        whole_numbers, axes = row[at], int(row[at + 1])
        shape = [int(size) for size in row[at + 2 : at + 2 + axes]]
        start = at + 2 + axes
        at = start + int(prod(shape))
        values = row[start:at].reshape(shape)
        tensors.append(values.astype(int) if whole_numbers else values)
    return tensors


def shared_encoder(base, tasks):
    """A model with one encoder of the class `base` and, for each of the tasks (by part), the model that this task puts
    on it: transformers' own class or the project's, whose encoder is the shared one. Its outputs are those of the
    parts by name, with their labels handed through."""
    from torch.nn import ModuleDict
    from transformers import PreTrainedModel

    family = next(kind for kind in base.__mro__ if PreTrainedModel in kind.__bases__)

    class SharedEncoder(family):
        def __init__(self, config, *args, learned=None, **kwargs):
            if learned is not None:
                config.learned = learned  # what the heads keep in their configs beside weights, by part
            super().__init__(config, *args, **kwargs)
            encoder = base(config)
            setattr(self, self.base_model_prefix, encoder)
            self.parts = ModuleDict({part: _on(encoder, part, task, config) for part, task in tasks.items()})
            self.post_init()

        def forward(self, part, **inputs):
            outputs = {"part": part}
            for name, model in self.parts.items():
                own = {k.removeprefix(f"{name}/"): v for k, v in inputs.items() if k.startswith(f"{name}/")}
                if own:
                    outputs[f"{name}/labels"] = own.pop("labels")
                    outputs[name] = model(**own)
            numbers = {i: name for i, name in enumerate(self.parts) if name in outputs}
            logits = {i: pack([outputs[name]["logits"].detach()]) for i, name in numbers.items()}
            return {**outputs, "logits": scattered(part, logits)}

    SharedEncoder.__name__ = SharedEncoder.__qualname__ = base.__name__
    return SharedEncoder


def _on(encoder, part, task, config):
    """The task's model on an encoder that it uses and does not own: it is neither saved nor counted twice."""
    from copy import deepcopy

    import transformers

    own = deepcopy(config)
    names = labels_of(config.id2label.values(), part)
    own.id2label, own.label2id = dict(enumerate(names)), {name: i for i, name in enumerate(names)}
    for key, value in task.head_config.items():
        setattr(own, key, value)
    kind = task.head_class(getattr(transformers, task.auto_class)._model_mapping[type(config)])
    model = kind(own, **getattr(config, "learned", {}).get(part, {}))
    del model._modules[model.base_model_prefix]
    model.__dict__[model.base_model_prefix] = encoder
    return model
