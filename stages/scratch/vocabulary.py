"""The word vocabulary of a model from nothing, learned from the training split alone."""

from collections.abc import Iterator

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")  # with the ids 0 to 3
# A word, an apostrophe within it; a character of a script without spaces; any other sign.
WITHOUT_SPACES = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
WORD = rf"[^\W{WITHOUT_SPACES}]+(?:['\u2019][^\W{WITHOUT_SPACES}]+)*|[{WITHOUT_SPACES}]\p{{M}}*|[^\w\s]"
UNLIMITED = 1_000_000  # words per input; a number that the tokenizer's library can still hold


def learn_tokenizer(values, splits_words, lower_case, min_frequency, most_words):
    """A fast tokenizer of whole words; the same for the same texts. `values`: texts, or lists of them.

    Running text is cut into words and signs, Chinese, Japanese and Thai into characters; where the task `splits_words`
    they stay as they are. Words seen less than `min_frequency` times are unknown, so that there is something to learn
    about unknown words.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    words.normalizer = normalizers.Sequence([normalizers.NFC(), *([normalizers.Lowercase()] if lower_case else [])])
    in_text = pre_tokenizers.Split(Regex(WORD), "removed", invert=True)
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit() if splits_words else in_text
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    trainer = trainers.WordLevelTrainer(
        vocab_size=most_words + len(SPECIAL), min_frequency=min_frequency, special_tokens=list(SPECIAL),
        show_progress=False,
    )  # fmt: skip
    words.train_from_iterator(_texts(values), trainer)
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(
        tokenizer_object=words, model_max_length=UNLIMITED, model_input_names=["input_ids", "attention_mask"], **names
    )


def _texts(value) -> Iterator[str]:
    """All texts in nested lists and tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
