"""Extractive question answering: the span of a context that answers a question, or that there is none."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices, check_whole
from tasks.contract import Task
from tasks.spans.answer_spans import MAYBE, read_all, score_names
from tasks.spans.answers import as_prediction, best_answers, likely_answers, marked, scored_answer
from tasks.spans.squad_scores import answer_scores, as_texts


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
    smooths: ClassVar = False  # the labels are positions, of which most hold no text at all
    is_standard: ClassVar = False  # transformers 5 has no pipeline for this task
    cut_means: ClassVar = "the end of their question is not seen, or no window holds their whole answer"
    answers_are: ClassVar = "One answer per question, right where it is exact."

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"no_answer": (True, False, None), "scoring": ("squad", "cmrc")})
        check_whole(self, {"stride": 0, "max_answer": 1, "max_question": 1, "n_best": 1})
        if type(self.null_threshold) not in (int, float):
            raise ValueError(f"task.null_threshold={self.null_threshold} is not a number.")

    def prepare(self, splits):
        """Answers of all splits as slices of their contexts, with how many offsets were put right."""
        return read_all(splits, self.no_answer)

    def together(self, examples):
        return examples["document"] if "document" in examples else examples["context"]

    def labels(self, train, known):
        return score_names(train["answers"], self.no_answer)

    def classes(self, examples):
        return [["answer" if answers["text"] else "no answer"] for answers in examples["answers"]]

    def encode(self, examples, tokenizer, labels):
        """Rows are windows; the labels are where the answer begins and ends."""
        from tasks.spans.answer_windows import window_rows

        return window_rows(examples, tokenizer, self.stride, self.max_question)

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
        return answer_scores(self.scoring, predictions, examples["answers"], examples["question"])

    def for_evaluate(self, predictions, examples):
        """Texts: the first gold answer, empty where there is none."""
        return as_texts(predictions, examples["answers"])

    def baseline(self, train, examples):
        return likely_answers(train, examples, self.scoring)

    def answers(self, row):
        return [scored_answer(row, self.scoring)]

    def marked(self, row):
        """The question, and the context around the first gold and the predicted answer."""
        return marked(row)
