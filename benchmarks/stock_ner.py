"""The usual example script's recipe for NER, to compare with: stock Trainer, truncated sentences, per-batch mean loss.

    python benchmarks/stock_ner.py MODEL_FOLDER TRAIN DEV TEST SEED [SEED ...]

Same settings as Tunesmith's defaults: 3 epochs, batch 16, learning rate 5e-5 linear, weight decay 0.01, the epoch that
is best on DEV by entity F1. Words that the script truncates count as O, so that all gold entities are scored.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import transformers
from datasets import Dataset
from seqeval.metrics import f1_score
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    Trainer,
    TrainingArguments,
)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from stages.readers import read_table
from tasks.words.tags import iob2_labels


def encode(path, tokenizer, labels):
    """Words and tags of a file -> the example script's features: the first sub-word carries the label."""
    table = read_table(path).columns
    names = list(table)
    tokens, tags = table[names[0]], table[names[-1]]
    batch = tokenizer(tokens, is_split_into_words=True, truncation=True)
    batch["labels"] = [
        [
            -100 if w is None or w == before else labels.index(sentence[w])
            for before, w in zip([None, *batch.word_ids(i)], batch.word_ids(i), strict=False)
        ]
        for i, sentence in enumerate(tags)
    ]
    return Dataset.from_dict(dict(batch)), tags


def entity_f1(predictions, label_ids, gold, labels):
    """seqeval's default F1 over all gold tags; words without a prediction are O."""
    guesses = []
    for row, ids, tags in zip(predictions.argmax(-1), label_ids, gold, strict=True):
        kept = [labels[p] for p, i in zip(row, ids, strict=True) if i != -100]
        guesses.append(kept + ["O"] * (len(tags) - len(kept)))
    return f1_score(gold, guesses)


def run(model, train, dev, test, seed):
    """-> one line of results for a seed."""
    transformers.set_seed(seed)
    table = read_table(train).columns
    labels = iob2_labels(table[list(table)[-1]])
    tokenizer = AutoTokenizer.from_pretrained(model)
    data = {name: encode(path, tokenizer, labels) for name, path in (("train", train), ("dev", dev), ("test", test))}
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, seed=seed, num_train_epochs=3, per_device_train_batch_size=16, per_device_eval_batch_size=32,
            learning_rate=5e-5, weight_decay=0.01, eval_strategy="epoch", save_strategy="epoch", save_total_limit=1,
            load_best_model_at_end=True, metric_for_best_model="f1", report_to="none", use_cpu=True, disable_tqdm=True,
        )  # fmt: skip
        trainer = Trainer(
            AutoModelForTokenClassification.from_pretrained(model, num_labels=len(labels)), arguments,
            train_dataset=data["train"][0], eval_dataset=data["dev"][0], processing_class=tokenizer,
            data_collator=DataCollatorForTokenClassification(tokenizer),
            compute_metrics=lambda p: {"f1": entity_f1(np.asarray(p.predictions), p.label_ids, data["dev"][1], labels)},
        )  # fmt: skip
        started = time.time()
        trainer.train()
        seconds = time.time() - started
        best = trainer.state.best_metric
        trainer.compute_metrics = None
        outputs = trainer.predict(data["test"][0])
    f1 = entity_f1(outputs.predictions, outputs.label_ids, data["test"][1], labels)
    return {"seed": seed, "dev_f1": round(best, 4), "test_f1": round(float(f1), 4), "training_seconds": round(seconds)}


if __name__ == "__main__":
    for seed in sys.argv[5:]:
        print(json.dumps(run(*sys.argv[1:5], int(seed))), flush=True)
