"""What the library's example scripts hand to `datasets.map(batched=True)`, to compare with."""


def tagging(tokenizer, labels):
    def encode(batch):
        rows = tokenizer(batch["tokens"], truncation=True, is_split_into_words=True)
        rows["labels"] = []
        for i, tags in enumerate(batch["tags"]):
            before, ids = None, []
            for word in rows.word_ids(batch_index=i):
                ids.append(-100 if word is None or word == before else labels.index(tags[word]))
                before = word
            rows["labels"].append(ids)
        return rows

    return encode


def classification(tokenizer, labels):
    return lambda batch: tokenizer(batch["text"], truncation=True)


def questions(tokenizer, labels):
    """`prepare_train_features` of the example script, its comments left out."""

    def encode(batch):
        rows = tokenizer(
            batch["question"], batch["context"], truncation="only_second", max_length=384, stride=128,
            return_overflowing_tokens=True, return_offsets_mapping=True,
        )  # fmt: skip
        sample, mapping = rows.pop("overflow_to_sample_mapping"), rows.pop("offset_mapping")
        rows["start_positions"], rows["end_positions"] = [], []
        for i, offsets in enumerate(mapping):
            start, end = _positions(rows, i, offsets, batch["answers"][sample[i]], tokenizer.cls_token_id)
            rows["start_positions"].append(start)
            rows["end_positions"].append(end)
        return rows

    return encode


def _positions(rows, i, offsets, answers, cls):
    ids, parts = rows["input_ids"][i], rows.sequence_ids(i)
    start, end = answers["answer_start"][0], answers["answer_start"][0] + len(answers["text"][0])
    first, last = 0, len(ids) - 1
    while parts[first] != 1:
        first += 1
    while parts[last] != 1:
        last -= 1
    if not (offsets[first][0] <= start and offsets[last][1] >= end):
        return ids.index(cls), ids.index(cls)
    while first < len(offsets) and offsets[first][0] <= start:
        first += 1
    while offsets[last][1] >= end:
        last -= 1
    return first - 1, last + 1
