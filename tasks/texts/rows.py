"""Texts and pairs of texts as rows of sub-words, one each; what is longer than the model reads is cut, and marked.
And back: the answers of rows in the order of their examples."""

LONGER = "longest_first"  # cut whichever of the two is longer, as BERT does


def encode_texts(tokenizer, first, second=None, cut=LONGER):
    """The tokenizer's rows of `first`, or of pairs with `second`, and a list `cut`: True where the end is missing.

    `cut`: what loses its end in a long pair, `longest_first`, `only_first` or `only_second`; where the other text alone
    leaves no room for it, the longer one.
    """
    from tasks.texts.text_rows import text_rows

    return text_rows([first] if second is None else [first, second], tokenizer, cut)


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
