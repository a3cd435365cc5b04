"""Ranking: the candidates of a query in the order of their relevance, by a cross-encoder that reads both together."""

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import ClassVar

from tasks.checks import check_choices
from tasks.contract import IGNORED, Answer, LossContext, Scores, Task
from tasks.texts import ranked
from tasks.texts.candidates import look, read
from tasks.texts.rows import encode_texts

CUTS = (1, 3, 5, 10)  # of the table by k


@dataclass(frozen=True)
class GradesContext(LossContext):
    """`top`: the highest relevance in training, which pointwise learning takes for 1."""

    top: float = 1.0


@dataclass(frozen=True)
class Ranking(Task):
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
    lora_type: ClassVar = "SEQ_CLS"
    directions: ClassVar = {
        "mrr": True, "ndcg": True, "map": True, "recall": True, "precision_at_1": True, "loss": False,
    }  # fmt: skip
    shown: ClassVar = ("mrr", "ndcg", "map", "recall", "precision_at_1")
    pipeline: ClassVar = {"task": "text-classification", "truncation": True, "function_to_apply": "none"}
    least_labels: ClassVar = 0
    rows_mean: ClassVar = None  # each candidate is a row
    cut_means: ClassVar = "the end of the candidate is not seen"
    smooths: ClassVar = False
    head_config: ClassVar = {"num_labels": 1, "problem_type": "regression"}
    answers_are: ClassVar = "One answer per query; its error grows with the rank of the first relevant candidate."

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"objective": ("pointwise", "pairwise")})
        for name, value in (("k", self.k), ("negatives", 1 if self.negatives is None else self.negatives)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"task.{name}={value} is not a whole number from 1 up.")

    def prepare(self, splits):
        ready = {split: read(split, examples) for split, examples in splits.items()}
        return ready, [f for split, examples in ready.items() if "relevance" in examples for f in look(split, examples)]

    def labels(self, train, known):
        return ()

    def classes(self, examples):
        return [[] for _ in examples["query"]]

    def encode(self, examples, tokenizer, labels):
        """One row per candidate, so that memory does not depend on how many a query has; where both are too long, the
        candidate loses its end, and the row is marked."""
        pairs = [(e, c) for e, texts in enumerate(examples["candidates"]) for c in range(len(texts))]
        queries = [examples["query"][e] for e, _ in pairs]
        rows = encode_texts(tokenizer, queries, [examples["candidates"][e][c] for e, c in pairs], cut="only_second")
        known = "relevance" in examples
        gold = [examples["relevance"][e][c] if known else float(IGNORED) for e, c in pairs]
        return {**rows, "example": [e for e, _ in pairs], "candidate": [c for _, c in pairs], "labels": gold}

    def training_rows(self, rows, tokenizer, seed):
        """Some of the candidates of each query, or pairs of them, the more relevant one first."""
        groups, relevance = defaultdict(list), rows["labels"][:]
        for row, example in enumerate(rows["example"]):
            groups[example].append(row)
        sample = ranked.sample_pairs if self.objective == "pairwise" else ranked.sample_rows
        grades = {e: [relevance[row] for row in group] for e, group in groups.items()}
        drawn = {e: sample(values, self.negatives, f"{seed} {e}") for e, values in grades.items()}
        if not any(relevance):
            raise ValueError("no query of train has a relevant candidate. Check data.train and data.columns.relevance.")
        if self.objective == "pointwise":
            return rows.select([groups[e][i] for e, positions in drawn.items() for i in positions])
        pairs = [(groups[e][i], groups[e][j]) for e, positions in drawn.items() for i, j in positions]
        if not pairs:
            raise ValueError("task.objective=pairwise: no query of train has candidates of different relevance.")
        return _paired(rows, pairs, tokenizer.model_input_names)

    def head_class(self, base):
        from tasks.texts.text_heads import grouped_head

        return grouped_head(base, extra_axis=False)

    def collator(self, tokenizer, model):
        from tasks.texts.text_heads import GroupCollator

        return GroupCollator(tokenizer)

    def loss_context(self, rows, labels, label_smoothing):
        return GradesContext(top=max(rows["labels"][:]) or 1.0)

    def loss(self, outputs, labels, context):
        """Of a pair, -log of the probability that the first is ahead (RankNet; Burges et al., 2005); of one candidate,
        the cross entropy of its relevance as a share of the highest."""
        from torch.nn.functional import binary_cross_entropy_with_logits, softplus

        scores = outputs["logits"].float()
        if scores.shape[1] == 2:
            losses = softplus(scores[:, 1] - scores[:, 0])
        else:
            shares = labels.float().clamp(0, context.top) / context.top
            losses = binary_cross_entropy_with_logits(scores[:, 0], shares, reduction="none")
        return losses * (labels != IGNORED)

    def reduce(self, outputs):
        return (outputs["logits"][:, 0].float(),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        scores = [[0.0] * len(candidates) for candidates in examples["candidates"]]
        for example, candidate, score in zip(rows["example"], rows["candidate"], reduced[0], strict=True):
            scores[example][candidate] = round(float(score), 4)
        decoded = []
        for candidates, own in zip(examples["candidates"], scores, strict=True):
            order = ranked.in_order(own, candidates)
            decoded.append(_in_order(candidates, order) | {"scores": [own[i] for i in order]})
        return decoded

    def metrics(self, predictions, examples):
        """Means over the queries that have a relevant candidate; of the others nothing can be said."""
        lists = [[gold[i] for i in p["order"]] for p, gold in zip(predictions, examples["relevance"], strict=True)]
        lists = [relevance for relevance in lists if any(relevance)]
        values = ranked.means(lists, self.k) | {
            "mrr": ranked.mean(ranked.reciprocal_rank, lists), "map": ranked.mean(ranked.average_precision, lists),
            "precision_at_1": ranked.mean(partial(ranked.reciprocal_rank, k=1), lists),
        }  # fmt: skip
        if self.objective == "pairwise" and all("scores" in p for p in predictions):
            values["loss"] = _pair_loss(predictions, examples["relevance"])
        by_k = [{"k": k, **ranked.means(lists, k)} for k in sorted({*CUTS, self.k})]
        return Scores(values, {"by k": by_k, "first relevant candidate": ranked.first_ranks(lists)})

    def baseline(self, train, examples):
        pairs = zip(examples["query"], examples["candidates"], strict=True)
        guesses = [_in_order(texts, ranked.by_shared_terms(query, texts)) for query, texts in pairs]
        return "words shared with the query", guesses

    def answers(self, row):
        if not any(row["gold"]):
            return []
        best = row["candidates"][row["gold"].index(max(row["gold"]))]
        return [Answer(best, row["prediction"][0], 1 - ranked.reciprocal_rank([row["gold"][i] for i in row["order"]]))]

    def marked(self, row):
        """The query, what stands first, and the first relevant candidate."""
        top = row["order"][0]
        first = next((i for i in row["order"] if row["gold"][i]), top)
        sides = [
            (i, "relevant" if row["gold"][i] else None, "relevant" if i == top else None) for i in {top: 0, first: 0}
        ]
        return [(row["query"], None, None), *((row["candidates"][i], *marks) for i, *marks in sides)]


def _paired(rows, pairs, names):
    """Rows of two texts each, as a Dataset."""
    from datasets import Dataset

    columns = {name: rows[name][:] for name in names if name in rows.column_names}
    texts = {name: [[values[i], values[j]] for i, j in pairs] for name, values in columns.items()}
    lengths = [sum(map(len, ids)) for ids in texts["input_ids"]]
    return Dataset.from_dict({**texts, "length": lengths, "labels": [1.0] * len(pairs)})


def _pair_loss(predictions, relevance):
    """The loss of pairwise learning over all pairs of the queries' candidates; what is evaluated are single ones."""
    lists = [
        [(score, gold[i]) for score, i in zip(p["scores"], p["order"], strict=True)]
        for p, gold in zip(predictions, relevance, strict=True)
    ]
    losses = [ranked.pair_loss(a - b) for pairs in lists for a, r in pairs for b, s in pairs if r > s]
    return fmean(losses) if losses else 0.0


def _in_order(candidates, order):
    return {"prediction": [candidates[i] for i in order], "order": list(order)}
