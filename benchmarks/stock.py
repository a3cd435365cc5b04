"""What others run, to compare with: the recipe of the library's example scripts, and the loop of the tutorials.

    python benchmarks/stock.py stock|tutorial TASK MODEL TRAIN TEST ROWS_PER_BATCH EPOCHS LEARNING_RATE SEED

`stock`: transformers.Trainer with its defaults, dynamic padding, random batches, `datasets.map` with a Python loop over
`word_ids`. `tutorial`: a hand-written PyTorch loop that pads every example to 128. On files of JSON lines; prints
seconds of training and the score on the test file as JSON.
"""

import json
import sys
import tempfile
import time

import numpy as np

LENGTH, QUESTION_LENGTH, STRIDE = 128, 384, 128


def read(train, test, cache):
    from datasets import load_dataset

    return load_dataset("json", data_files={"train": train, "test": test}, cache_dir=cache)


def tagged(examples, tokenizer, labels, **padding):
    """The example script's: the first sub-word of a word carries its label."""
    batch = tokenizer(examples["tokens"], is_split_into_words=True, truncation=True, **padding)
    batch["labels"] = []
    for i, tags in enumerate(examples["tags"]):
        before, ids = None, []
        for word in batch.word_ids(i):
            ids.append(-100 if word is None or word == before else labels.index(tags[word]))
            before = word
        batch["labels"].append(ids)
    return batch


def classified(examples, tokenizer, labels, **padding):
    batch = tokenizer(examples["text"], truncation=True, **padding)
    batch["labels"] = [labels.index(label) for label in examples["label"]]
    return batch


def answered(examples, tokenizer, labels=None):
    """The example script's `prepare_train_features`, without padding."""
    batch = tokenizer(
        examples["question"], examples["context"], truncation="only_second", max_length=QUESTION_LENGTH,
        stride=STRIDE, return_overflowing_tokens=True, return_offsets_mapping=True,
    )  # fmt: skip
    sample, offsets = batch.pop("overflow_to_sample_mapping"), batch.pop("offset_mapping")
    batch["start_positions"], batch["end_positions"] = [], []
    for i, places in enumerate(offsets):
        ids, sides = batch["input_ids"][i], batch.sequence_ids(i)
        first = ids.index(tokenizer.cls_token_id)
        answers = examples["answers"][sample[i]]
        start, text = next(zip(answers["answer_start"], answers["text"], strict=True), (None, ""))
        begin, last = sides.index(1), len(ids) - 1 - sides[::-1].index(1)
        if start is None or places[begin][0] > start or places[last][1] < start + len(text):
            batch["start_positions"].append(first)
            batch["end_positions"].append(first)
            continue
        while begin < len(places) and places[begin][0] <= start:
            begin += 1
        while places[last][1] >= start + len(text):
            last -= 1
        batch["start_positions"].append(begin - 1)
        batch["end_positions"].append(last + 1)
    return batch


def kind_of(task):
    """-> (the name of the Auto class, what encodes, the gold column)."""
    return {
        "ner": ("AutoModelForTokenClassification", tagged, "tags"),
        "pos": ("AutoModelForTokenClassification", tagged, "tags"),
        "text_classification": ("AutoModelForSequenceClassification", classified, "label"),
        "question_answering": ("AutoModelForQuestionAnswering", answered, None),
    }[task]


def prepared(task, model, data, seed):
    """-> (model, tokenizer, encoder, names of labels)."""
    import transformers

    auto, encode, column = kind_of(task)
    gold = [value for split in data.values() for value in split[column]] if column else []
    labels = sorted({tag for tags in gold for tag in tags} if column == "tags" else set(gold))
    transformers.set_seed(seed)
    choices = {"num_labels": len(labels)} if labels else {}
    network = getattr(transformers, auto).from_pretrained(model, **choices)
    return network, transformers.AutoTokenizer.from_pretrained(model), encode, labels


def stock(task, model, data, folder, rows, epochs, rate, seed):
    """-> (seconds of training, score) of the example script's recipe."""
    import transformers

    network, tokenizer, encode, labels = prepared(task, model, data, seed)
    features = data.map(
        lambda examples: encode(examples, tokenizer, labels), batched=True, remove_columns=data["train"].column_names
    )
    pads = transformers.DataCollatorWithPadding
    if task in ("ner", "pos"):
        pads = transformers.DataCollatorForTokenClassification
    arguments = transformers.TrainingArguments(
        folder, num_train_epochs=epochs, per_device_train_batch_size=rows, learning_rate=rate, seed=seed,
        save_strategy="no", use_cpu=True, report_to="none", disable_tqdm=True,
    )  # fmt: skip
    trainer = transformers.Trainer(
        network, arguments, train_dataset=features["train"], data_collator=pads(tokenizer), processing_class=tokenizer,
    )  # fmt: skip
    seconds = trainer.train().metrics["train_runtime"]
    outputs = trainer.predict(features["test"])
    return seconds, score(task, outputs.predictions, outputs.label_ids, labels, outputs.metrics["test_loss"])


def tutorial(task, model, data, folder, rows, epochs, rate, seed):
    """-> (seconds of training, score) of the tutorials' loop."""
    import torch
    from torch.utils.data import DataLoader

    network, tokenizer, encode, labels = prepared(task, model, data, seed)
    padding = {"padding": "max_length", "max_length": LENGTH}
    batches = {}
    for split, shuffle in (("train", True), ("test", False)):
        encoded = dict(encode(data[split][:], tokenizer, labels, **padding))
        rows_of = [{name: torch.tensor(encoded[name][i]) for name in encoded} for i in range(len(data[split]))]
        batches[split] = DataLoader(rows_of, batch_size=rows, shuffle=shuffle)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate)
    network.train()
    began = time.perf_counter()
    for _ in range(epochs):
        for batch in batches["train"]:
            optimizer.zero_grad()
            network(**batch).loss.backward()
            optimizer.step()
    seconds = time.perf_counter() - began
    network.eval()
    with torch.no_grad():
        pairs = [(network(**batch).logits.numpy(), batch["labels"].numpy()) for batch in batches["test"]]
    logits, gold = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    return seconds, score(task, logits, gold, labels, None)


def score(task, logits, gold, labels, loss):
    """Entity F1 of ner, accuracy of pos and classification, the loss of questions."""
    if task == "question_answering":
        return loss
    best = logits.argmax(-1)
    if task != "ner":
        return float((best == gold)[gold != -100].mean())
    from seqeval.metrics import f1_score

    named = [[[labels[i] for i in row[g != -100]] for row, g in zip(of, gold, strict=True)] for of in (gold, best)]
    return float(f1_score(*named))


if __name__ == "__main__":
    how, task, model, train, test, rows, epochs, rate, seed = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        way = {"stock": stock, "tutorial": tutorial}[how]
        numbers = (int(rows), int(epochs), float(rate), int(seed))
        seconds, reached = way(task, model, read(train, test, folder), folder, *numbers)
    print(json.dumps({"seconds": seconds, "score": reached}))
