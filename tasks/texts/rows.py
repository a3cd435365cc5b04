"""Texts and pairs of texts as rows of sub-words, one each; what is longer than the model reads is cut, and marked.
And back: the answers of rows in the order of their examples."""

LONGER = "longest_first"  # cut whichever of the two is longer, as BERT does


def encode_texts(tokenizer, first, second=None, cut=LONGER):
    """The tokenizer's rows of `first`, or of pairs with `second`, and a list `cut`: True where the end is missing.

    `cut`: what loses its end in a long pair, `longest_first`, `only_first` or `only_second`; where the other text alone
    leaves no room for it, the longer one.
    """
    most = tokenizer.model_max_length
    batch = tokenizer(list(first), second and list(second), verbose=False)
    rows = {name: list(batch[name]) for name in tokenizer.model_input_names if name in batch}
    long = [i for i, ids in enumerate(rows["input_ids"]) if len(ids) > most]
    for i in long:
        whose = batch.sequence_ids(i)
        others = len(whose) - whose.count(1 if cut == "only_second" else 0)
        shorter = cut if second and others < most else LONGER
        row = tokenizer(first[i], second and second[i], truncation=shorter, max_length=most)
        for name, values in rows.items():
            values[i] = row[name]
    lost = set(long)
    return {**rows, "cut": [i in lost for i in range(len(rows["input_ids"]))]}


def present(examples: dict, names) -> list[tuple]:
    """Per example, its values in those of the columns that the examples have."""
    return list(zip(*(examples[name] for name in names if name in examples), strict=True))


def padded(tokenizer):
    """What pads such rows, and makes their labels a tensor."""
    from transformers import DataCollatorWithPadding

    return DataCollatorWithPadding(tokenizer)


def per_example(answers, rows: dict, count: int) -> list[dict]:
    """The answers of rows, one for each of `count` examples, in the order of the examples."""
    found = [{}] * count
    for example, answer in zip(rows["example"], answers, strict=True):
        found[example] = answer
    return found
