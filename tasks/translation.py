"""Translation: a text in one language, one or more references in another, scored by sacreBLEU."""

from dataclasses import dataclass, replace
from typing import ClassVar

from tasks.contract import Scores
from tasks.writing import text_scores
from tasks.writing.generation import Writer, check_prompt, write
from tasks.writing.languages import language_name, language_token
from tasks.writing.prompts import encode_texts
from tasks.writing.references import texts_and_references

IN_WORDS = "translate {from} to {to}: {source}"  # what T5 was trained with


@dataclass(frozen=True)
class Translation(Writer):
    """`source_language` and `target_language`: ISO 639-1 codes (en, zh) or a model's own (zho_Hans). `prompt`: what the
    model is asked, {source} in it; null: the languages in words, or the text alone for models that have tokens for
    languages or know one pair. `first_token` is for `for_model` to set."""

    source_language: str = "en"
    target_language: str = "de"
    prompt: str | None = None
    first_token: int | None = None

    columns: ClassVar = ("source", "target")
    target: ClassVar = "target"
    directions: ClassVar = {"bleu": True, "chrf": True, "ter": False, **Writer.directions}
    shown: ClassVar = ("bleu", "chrf", "ter", "exact_match", "perplexity", "loss")
    pipeline: ClassVar = {"task": "translation"}
    answers_are: ClassVar = "One translation per text; its error is 1 - F1 of its words against the nearest reference."

    def __post_init__(self):
        super().__post_init__()
        if self.prompt is not None:
            check_prompt(self.prompt, "source")
        for code in (self.source_language, self.target_language):
            language_name(code)

    def for_model(self, config, tokenizer):
        """Language tokens (mBART, NLLB) are set in the tokenizer, and the target's begins each translation."""
        fitted, speaks = super().for_model(config, tokenizer), hasattr(tokenizer, "src_lang")
        if speaks:
            tokenizer.src_lang = language_token(tokenizer, self.source_language, "source")
            tokenizer.tgt_lang = language_token(tokenizer, self.target_language, "target")
            fitted = replace(fitted, first_token=tokenizer.convert_tokens_to_ids(tokenizer.tgt_lang))
        in_words = fitted.decoder_only or ("t5" in config.model_type and not speaks)
        names = {"{from}": language_name(self.source_language), "{to}": language_name(self.target_language)}
        prompt = self.prompt or (IN_WORDS if in_words else "{source}")
        for place, name in names.items():
            prompt = prompt.replace(place, name)
        return replace(fitted, prompt=prompt)

    def prepare(self, splits):
        """A target may come as a list of references."""
        return texts_and_references(splits, self.columns), []

    def encode(self, examples, tokenizer, labels):
        """The end of a text that is too long for the model is cut off, and the row marked so. The first reference is
        learned."""
        return encode_texts(examples, self.columns, self.prompt, tokenizer, self.generation, self.decoder_only)

    def respond(self, model, inputs, labels):
        ids = {} if self.first_token is None else {"forced_bos_token_id": self.first_token}
        outputs = model(**inputs)
        outputs["generated"] = write(model, inputs, labels, self.generation, **ids)
        return outputs

    def metrics(self, predictions, examples):
        """Corpus BLEU, chrF2 and TER by sacreBLEU, with the signatures that make them comparable."""
        texts = [p["prediction"] or "" for p in predictions]
        values, signatures = text_scores.sacrebleu(texts, examples["target"], self.target_language)
        values["exact_match"] = text_scores.exact_match(texts, examples["target"])
        return Scores(values, {"signatures": [{"score": s, "signature": text} for s, text in signatures.items()]})

    def baseline(self, train, examples):
        return "the source as it is", [{"prediction": text} for text in examples["source"]]
