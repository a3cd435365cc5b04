"""Ranking: the candidates of a query in the order of their relevance, by a cross-encoder that reads both together."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices, check_whole
from tasks.texts.candidate_rows import candidate_rows, paired_rows, ranked_candidates, sampled_rows
from tasks.texts.candidates import read_queries
from tasks.texts.grouped_texts import GroupedTexts
from tasks.texts.ranking_loss import GradesContext, mean_pair_loss, ranking_losses
from tasks.texts.ranking_scores import marked_candidates, ranking_answers, ranking_scores, shared_words_ranking


@dataclass(frozen=True)
class Ranking(GroupedTexts):
    """`objective`: 'pointwise' learns whether a candidate is relevant, 'pairwise' which of two is more so. `negatives`:
    candidates beside each query (pointwise) or each relevant candidate (pairwise) in training, None for all. `k`: where
    nDCG and recall look no further."""

    objective: str = "pointwise"
    negatives: int | None = 4
    k: int = 10

    columns: ClassVar = ("query", "candidates", "relevance")
    forms: ClassVar = (("query", "text", "relevance"),)
    target: ClassVar = "relevance"
    structured: ClassVar = ("relevance",)
    auto_class: ClassVar = "AutoModelForSequenceClassification"
    extra_axis: ClassVar = False
    directions: ClassVar = {
        "mrr": True, "ndcg": True, "map": True, "recall": True, "precision_at_1": True, "loss": False,
    }  # fmt: skip
    shown: ClassVar = ("mrr", "ndcg", "map", "recall", "precision_at_1")
    pipeline: ClassVar = {"task": "text-classification", "truncation": True, "function_to_apply": "none"}
    rows_mean: ClassVar = None  # each candidate is a row
    cut_means: ClassVar = "the end of the candidate is not seen"
    head_config: ClassVar = {"num_labels": 1, "problem_type": "regression"}
    answers_are: ClassVar = "One answer per query; its error grows with the rank of the first relevant candidate."

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"objective": ("pointwise", "pairwise")})
        check_whole(self, {"k": 1} if self.negatives is None else {"k": 1, "negatives": 1})

    def prepare(self, splits):
        return read_queries(splits)

    def classes(self, examples):
        return [[] for _ in examples["query"]]

    def encode(self, examples, tokenizer, labels):
        """One row per candidate, so that memory does not depend on how many a query has."""
        return candidate_rows(examples, tokenizer)

    def training_rows(self, rows, tokenizer, seed):
        """Some of the candidates of each query, or pairs of them, the more relevant one first."""
        if self.objective == "pairwise":
            return paired_rows(rows, tokenizer.model_input_names, self.negatives, seed)
        return sampled_rows(rows, self.negatives, seed)

    def loss_context(self, rows, labels, label_smoothing):
        return GradesContext(top=max(rows["labels"][:]) or 1.0)

    def loss(self, outputs, labels, context):
        return ranking_losses(outputs["logits"].float(), labels, context.top)

    def reduce(self, outputs):
        return (outputs["logits"][:, 0].float(),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        return ranked_candidates(reduced[0], rows, examples)

    def metrics(self, predictions, examples):
        """Means over the queries that have a relevant candidate; learned in pairs, the loss of all pairs too."""
        gold = examples["relevance"]
        scored = self.objective == "pairwise" and all("scores" in p for p in predictions)
        loss = {"loss": mean_pair_loss(predictions, gold)} if scored else {}
        return ranking_scores(predictions, gold, self.k, loss)

    def baseline(self, train, examples):
        return shared_words_ranking(examples)

    def answers(self, row):
        return ranking_answers(row)

    def marked(self, row):
        """The query, what stands first, and the first relevant candidate."""
        return marked_candidates(row)
