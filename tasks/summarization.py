"""Summarization: a text and one or more reference summaries, scored by ROUGE."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.contract import Scores
from tasks.writing import text_scores
from tasks.writing.generation import Writer, check_prompt
from tasks.writing.prompts import encode_texts
from tasks.writing.references import texts_and_references


@dataclass(frozen=True)
class Summarization(Writer):
    """`prompt`: what the model is asked, {text} in it. `lead`: sentences that the baseline copies."""

    prompt: str = "{text}"
    lead: int = 3

    columns: ClassVar = ("text", "summary")
    target: ClassVar = "summary"
    directions: ClassVar = {**dict.fromkeys(text_scores.ROUGE, True), **Writer.directions}
    shown: ClassVar = (*text_scores.ROUGE, "words", "novel_2", "perplexity", "loss")
    pipeline: ClassVar = {"task": "summarization"}
    answers_are: ClassVar = "One summary per text; its error is 1 - F1 of its words against the nearest reference."

    def __post_init__(self):
        super().__post_init__()
        check_prompt(self.prompt, "text")
        if self.lead < 1:
            raise ValueError(f"task.lead={self.lead} is not a number of sentences. Give 1 or more.")

    def prepare(self, splits):
        """A text may come as a list of sentences, its summary as a list of references."""
        return texts_and_references(splits, self.columns), []

    def encode(self, examples, tokenizer, labels):
        """The end of a text that is too long for the model is cut off, and the row marked so. The first reference is
        learned."""
        return encode_texts(examples, self.columns, self.prompt, tokenizer, self.generation, self.decoder_only)

    def metrics(self, predictions, examples):
        """ROUGE F1 by rouge-score, words per summary, and the share of its bigrams that the text lacks."""
        texts = [p["prediction"] or "" for p in predictions]
        values, how = text_scores.rouge(texts, examples["summary"])
        values |= {"words": text_scores.mean_length(texts), "novel_2": text_scores.novel(texts, examples["text"], 2)}
        gold = [
            (reference, text)
            for text, all_ in zip(examples["text"], examples["summary"], strict=True)
            for reference in all_
        ]
        written = {"predictions": (texts, examples["text"]), "references": tuple(zip(*gold, strict=True))}
        form = [{"of": of, **text_scores.novelty(*pair)} for of, pair in written.items()]
        return Scores(values, {"length and new n-grams": form, "computed by": [{"scores": "ROUGE", "settings": how}]})

    def baseline(self, train, examples):
        leads = [" ".join(text_scores.sentences(text)[: self.lead]) for text in examples["text"]]
        return f"the first {self.lead} sentences", [{"prediction": lead} for lead in leads]
