"""Extractive question answering: the span of a context that answers a question, or that there is none."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices, check_text
from tasks.contract import IGNORED, Answer, Scores, Task
from tasks.spans.answer_spans import (
    as_prediction,
    best_answers,
    check_answerable,
    gold_positions,
    likely_sentence,
    mark_first,
    marked,
    read_answers,
    windows,
)  # fmt: skip
from tasks.spans.squad_scores import at_best, by_question_word, parts, score, score_all

# The head scores each sub-word as first and as last of the answer. Names of these scores tell whether the model also
# says that there is none, which it does with its first sub-word.
ALWAYS, MAYBE = ("answer", "end of answer"), ("answer", "no answer")
CHOICES = {"no_answer": (True, False, None), "scoring": ("squad", "cmrc")}
LEAST = {"stride": 0, "max_answer": 1, "max_question": 1, "n_best": 1}


@dataclass(frozen=True)
class QuestionAnswering(Task):
    """`no_answer`: whether questions may have none; None: as train has them. `null_threshold`: by how much no answer
    must score above the best one to be predicted. `scoring`: squad, or cmrc for Chinese. `stride`: sub-words that
    neighbouring windows share. `max_answer`, `max_question`: sub-words. `n_best`: answers kept per question."""

    no_answer: bool | None = None
    null_threshold: float = 0.0
    scoring: str = "squad"
    stride: int = 128
    max_answer: int = 30
    max_question: int = 64
    n_best: int = 20

    columns: ClassVar = ("question", "context", "answers")
    target: ClassVar = "answers"
    optional: ClassVar = ("id", "document")
    structured: ClassVar = ("answers",)
    model_inputs: ClassVar = ("region",)
    auto_class: ClassVar = "AutoModelForQuestionAnswering"
    lora_type: ClassVar = "FEATURE_EXTRACTION"  # peft 0.21's QUESTION_ANS leaves token_type_ids out
    directions: ClassVar = {"f1": True, "exact": True, "loss": False}
    shown: ClassVar = ("exact", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1", "best_f1")
    pipeline: ClassVar = {"task": "question-answering"}
    cut_means: ClassVar = "the end of their question is not seen, or no window holds their whole answer"
    answers_are: ClassVar = "One answer per question, right where it is exact."

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, CHOICES)
        for name, least in LEAST.items():
            if type(getattr(self, name)) is not int or getattr(self, name) < least:
                raise ValueError(f"task.{name}={getattr(self, name)} is not a whole number from {least} up.")
        if type(self.null_threshold) not in (int, float):
            raise ValueError(f"task.null_threshold={self.null_threshold} is not a number.")

    @property
    def smooths(self):
        return False  # the labels are positions, of which most hold no text at all

    @property
    def is_standard(self):
        return False  # transformers 5 has no pipeline for this task

    def prepare(self, splits):
        """Answers of all splits as slices of their contexts, with how many offsets were put right."""
        ready, findings = {}, []
        for split, examples in splits.items():
            check_text(split, examples, ("question", "context"))
            found = []
            if "answers" in examples:
                examples, found = read_answers(split, examples)
            if split == "train" and self.no_answer is False:
                check_answerable(examples)
            ready[split], findings = examples, findings + found
        return ready, findings

    def together(self, examples):
        return examples["document"] if "document" in examples else examples["context"]

    def labels(self, train, known):
        some_without = any(not answers["text"] for answers in train["answers"])
        return MAYBE if self.no_answer or (self.no_answer is None and some_without) else ALWAYS

    def classes(self, examples):
        return [["answer" if answers["text"] else "no answer"] for answers in examples["answers"]]

    def encode(self, examples, tokenizer, labels):
        """Rows are windows; in one without the answer the labels are the first sub-word. An answer that no window holds
        whole is not learned, and its example marked as cut, as one with a cut question is."""
        rows, names = windows(examples, tokenizer, self.stride, self.max_question)
        rows["labels"] = gold_positions(rows, examples.get("answers"))
        if "answers" in examples:
            unlearned = {e for e, of_row in zip(rows["example"], rows["labels"], strict=True) if IGNORED in of_row}
            rows["cut"] = mark_first(rows["example"], rows["cut"] | unlearned)
        else:
            rows["cut"] = mark_first(rows["example"], rows["cut"])
        return {name: rows[name] for name in (*names, "example", "cut", "region", "starts", "ends", "labels")}

    def head_class(self, base):
        from tasks.words.heads import span_head

        return span_head(base)

    def collator(self, tokenizer, model):
        from tasks.words.heads import PlaceCollator

        return PlaceCollator(tokenizer, ("region", "labels"))

    def reduce(self, outputs):
        from tasks.words.heads import best_spans

        return best_spans(outputs["logits"].float(), outputs["region"], self.max_answer, self.n_best)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        found = best_answers(reduced, rows, examples["context"], self.n_best)
        threshold = self.null_threshold if labels == MAYBE else None
        return [as_prediction(listed, nothing, threshold) for listed, nothing in found]

    def metrics(self, predictions, examples):
        """Exact match and F1 of SQuAD's script (shares of 1, not percent), over all questions and, where there are both
        kinds, over those with (HasAns) and without an answer (NoAns); and what the best threshold would reach."""
        golds = [answers["text"] for answers in examples["answers"]]
        scored = score_all(self.scoring, predictions, golds)
        by_word = by_question_word(scored, examples["question"])
        values = {**parts(scored, golds), **at_best(self.scoring, predictions, golds)}
        return Scores(values, {"by question": by_word} if by_word else {})

    def for_evaluate(self, predictions, examples):
        """Texts: the first gold answer, empty where there is none."""
        references = [(answers["text"] or [""])[0] for answers in examples["answers"]]
        return {"predictions": [p["prediction"] for p in predictions], "references": references}

    def baseline(self, train, examples):
        """What scores better on the first 500 examples of train: always no answer, or the sentence that shares most
        words with the question."""
        seen = zip(train["question"][:500], train["context"][:500], train["answers"][:500], strict=True)
        scored = [(score(self.scoring, likely_sentence(q, c), a["text"])[1], not a["text"]) for q, c, a in seen]
        gained = sum(f1 - lacks for f1, lacks in scored)
        if gained < 0:
            return "always no answer", [{"prediction": ""} for _ in examples["question"]]
        pairs = zip(examples["question"], examples["context"], strict=True)
        return "sentence sharing most words", [{"prediction": likely_sentence(q, c)} for q, c in pairs]

    def answers(self, row):
        """A wrong answer is the worse the more confident it is and the less of a gold answer it holds."""
        exact, f1 = score(self.scoring, row["prediction"] or "", row["gold"]["text"])
        error = 0.0 if exact else (1 - f1 / 2) * row["confidence"]
        gold, predicted = " | ".join(dict.fromkeys(row["gold"]["text"])), row["prediction"]
        return [Answer(gold or "no answer", predicted or "no answer", error, row["confidence"])]

    def marked(self, row):
        """The question, and the context around the first gold and the predicted answer."""
        return marked(row)
