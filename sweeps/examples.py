"""Two runs example by example: where their answers differ, what got better and what worse."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from stages.files import write_lines
from stages.terminal import say, stage, table
from sweeps.runs import Run
from sweeps.samples import check_same_examples
from tasks.contract import as_line

CLASSES = 12  # of the table by class
LONGEST = 300  # characters of an input that are shown


@dataclass(frozen=True)
class Difference:
    """An example that two runs answer differently. `change`: better, worse, or other where both are as wrong; `gain`:
    by how much the sum of the second run's errors is less."""

    number: int
    change: str
    gain: float
    first: dict
    second: dict


def show_examples(runs: list[Run], most: int, split: str | None = None, out: str | None = None) -> None:
    """Print how two runs differ on a split (the last one that both scored), the gravest examples first; keep all that
    differ in `out`/differences.jsonl. ValueError where they cannot be compared."""
    if len(runs) != 2:
        raise ValueError(f"--examples compares two runs, {len(runs)} are given. Name two run folders.")
    common = [one for one in runs[0].splits if one in runs[1].splits]
    split = split or (common or ["test"])[0]
    rows = [run.predictions(split) for run in runs]
    lacking = next((run for run, own in zip(runs, rows, strict=True) if not own), None)
    if lacking:
        raise ValueError(f"{lacking.folder.name} has no predictions/{split}.jsonl. Choose a split with --metric SPLIT.")
    check_same_examples(runs, rows, split)
    task, names = runs[0].task, [run.folder.name for run in runs]
    found = differences(task, *rows)
    say(f"first   {names[0]}\nsecond  {names[1]}")
    table(f"{split}: {len(rows[0]):,} examples", summary(task, *rows, found))
    table("answers by gold class, most changed first", by_class(task, *rows))
    for change in ("better", "worse", "other"):
        own = [one for one in found if one.change == change][: (most + 1) // 2 if change != "other" else most // 4]
        if own:
            say(f"\n{TITLES[change]}", style="bold")
        for one in own:
            say(_described(task, one))
    if out:
        write_lines(Path(out) / "differences.jsonl", [_as_row(task, one) for one in found])
        stage("written", f"{out}/differences.jsonl  ({len(found):,} examples)")


TITLES = {"better": "the second is better", "worse": "the second is worse", "other": "other answers, as wrong"}


def differences(task, first: list[dict], second: list[dict]) -> list[Difference]:
    """The examples with other predictions, the greatest change first."""
    found = []
    for number, (a, b) in enumerate(zip(first, second, strict=True)):
        if a["prediction"] != b["prediction"]:
            answers = task.answers(a), task.answers(b)
            gain = sum(answer.error for answer in answers[0]) - sum(answer.error for answer in answers[1])
            found.append(Difference(number, _change(*answers, gain), gain, a, b))
    return sorted(found, key=lambda one: -abs(one.gain))


def _change(first, second, gain):
    """Fewer wrong answers are better; of as many, those that are less wrong, where errors are no confidence."""
    fewer = sum(answer.error > 0 for answer in first) - sum(answer.error > 0 for answer in second)
    if not fewer and all(answer.confidence is None for answer in (*first, *second)):
        fewer = gain
    return "better" if fewer > 0 else "worse" if fewer < 0 else "other"


def summary(task, first, second, found) -> list[dict]:
    """How many examples are right in both, in one, in none."""
    sides = [[all(answer.error == 0 for answer in task.answers(row)) for row in rows] for rows in (first, second)]
    counts = Counter(zip(*sides, strict=True))
    names = {(True, True): "right in both", (False, True): "right in the second only",
             (True, False): "right in the first only", (False, False): "wrong in both"}  # fmt: skip
    rows = [
        {"examples": name, "count": counts[pair], "share": counts[pair] / len(first)} for pair, name in names.items()
    ]
    changed = Counter(one.change for one in found)
    rows += [
        {
            "examples": f"other predictions, {TITLES[change]}",
            "count": changed[change],
            "share": changed[change] / len(first),
        }
        for change in TITLES
    ]
    return rows


def by_class(task, first, second) -> list[dict]:
    """How often each gold class is answered rightly by either run."""
    right, total = (Counter(), Counter()), Counter()
    for side, rows in enumerate((first, second)):
        for row in rows:
            for answer in task.answers(row):
                if answer.gold is None:
                    continue
                name = as_line(answer.gold)
                right[side][name] += answer.error == 0
                total[name] += side == 0
    if not 1 < len(total) <= len(first) / 2:
        return []  # texts, numbers: every gold answer is one of its kind
    ranked = sorted(total, key=lambda name: (-abs(right[1][name] - right[0][name]), name))[:CLASSES]
    return [
        {"class": name, "gold": total[name], "right in first": right[0][name], "right in second": right[1][name],
         "change": f"{right[1][name] - right[0][name]:+d}"} for name in ranked
    ]  # fmt: skip


def _inputs(task, row):
    *inputs, _ = task.form(row)
    return {name: row[name] for name in inputs if name in row}


def _described(task, one):
    """An example in four lines."""
    text = " ".join(as_line(list(_inputs(task, one.first).values())).split())
    shown = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
    facts = [f"  example {one.number}: {shown}"]
    gold = _short(task, one.first, "gold")
    facts += [f"    gold    {gold}"] if gold else []
    facts += [
        f"    first   {_short(task, one.first, 'prediction')}",
        f"    second  {_short(task, one.second, 'prediction')}",
    ]
    return "\n".join(facts)


def _short(task, row, side):
    """An answer for a reader; of tags only what is not O, with its word."""
    value = row.get(side)
    if task.splits_words and isinstance(value, list) and all(isinstance(tag, str) for tag in value) and "tokens" in row:
        return "  ".join(f"{word}/{tag}" for word, tag in zip(row["tokens"], value, strict=True) if tag != "O") or "-"
    return " ".join(as_line(value).split())


def _as_row(task, one):
    inputs = _inputs(task, one.first)
    answers = {"gold": one.first.get("gold"), "first": one.first["prediction"], "second": one.second["prediction"]}
    return {"id": one.number, **inputs, **answers, "change": one.change, "gain": round(one.gain, 4)}
