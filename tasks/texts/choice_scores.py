"""How often the right choice is taken, beside guessing; a choice without learning; choices as a reader sees them."""

from collections import Counter

from tasks.contract import Scores
from tasks.texts.choices import LETTERS, positions


def choice_scores(chosen: list[str], examples: dict) -> Scores:
    """Accuracy, and what guessing would give; both by the number of choices, and how each position fares."""
    gold = examples["answer"]
    right = [g == c for g, c in zip(gold, chosen, strict=True)]
    sizes = by_size(right, list(map(len, examples["choices"])))
    total = max(len(right), 1)
    values = {
        "accuracy": sum(right) / total,
        "chance": sum(row["chance"] * row["examples"] for row in sizes) / total,
    }
    of_positions = by_position(positions(examples, gold), positions(examples, chosen))
    return Scores(values, {"by number of choices": sizes, "by position": of_positions})


def by_size(right: list[bool], sizes: list[int]) -> list[dict]:
    """Rows of a table: accuracy by the number of choices, beside that of guessing."""
    groups = {size: [r for r, s in zip(right, sizes, strict=True) if s == size] for size in sorted(set(sizes))}
    return [
        {"choices": size, "examples": len(group), "accuracy": sum(group) / len(group), "chance": 1 / size}
        for size, group in groups.items()
    ]


def by_position(gold: list[int], predicted: list[int]) -> list[dict]:
    """Rows of a table: how often each position holds the answer, how often it is chosen, and how often rightly."""
    pairs, golds, guesses = Counter(zip(gold, predicted, strict=True)), Counter(gold), Counter(predicted)
    return [
        {"position": LETTERS[p], "answers": golds[p], "chosen": guesses[p], "right": pairs[p, p],
         "accuracy": pairs[p, p] / golds[p] if golds[p] else 0.0}
        for p in sorted({*golds, *guesses})
    ]  # fmt: skip


def always_one_position(train: dict, examples: dict) -> tuple[str, list[dict]]:
    """The position that holds the answer most often in training; the last choice where there are fewer."""
    ((position, _),) = Counter(positions(train, train["answer"])).most_common(1)
    name = f"always choice {LETTERS[position]}, most often right in train"
    return name, [{"prediction": choices[: position + 1][-1]} for choices in examples["choices"]]


def marked_choices(row: dict) -> list[tuple]:
    """The context and the question of a row of predictions, then its choices, the gold and the predicted one marked."""
    texts = [(row[name], None, None) for name in ("context", "question") if row.get(name)]
    sides = [
        ["answer" if choice == row[side] else None for choice in row["choices"]] for side in ("gold", "prediction")
    ]
    return [*texts, *zip(row["choices"], *sides, strict=True)]
