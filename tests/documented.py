"""The commands of README and docs, and a folder with everything that they name."""

import multiprocessing
import os
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import datasets
from huggingface_hub import constants

from sweeps.named import spelled_out
from tasks.samples import ner, text_classification
from tests.conftest import OFFLINE, PROJECT
from tests.documented_tasks import furnish_tasks
from tests.fake_hub import put_conll2003, put_model, put_wnut17

PRELOADED = ["torch", "transformers.trainer", "datasets", "accelerate", "wandb"]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
FIRST = ("python", "accelerate", "make", "wandb", "hf", "cat", "HF_HUB_OFFLINE=1", "source", "tensorboard", "trackio")
INLINE = re.compile(r"`(python (?:run\.py|benchmarks/)[^`]*)`")
# What a test cannot type, and what stands for it.
ELSEWHERE = {
    r"^make (run|test)$": "continuous integration types both, in a fresh clone",
    r"^wandb (sweep|agent|login)": "needs the W&B server; tests/test_wandb_sweep.py runs what the agent would run",
    r"^python -m sweeps\.": "needs many runs; see test_compare.py, test_list.py, test_ensemble.py, test_tracking.py",
    r"hydra/launcher=": "needs packages of its own; see tests/test_elsewhere.py, test_ray.py",
    r"^python benchmarks/preprocessing": "takes minutes; see tests/test_word_windows.py, test_encoded.py",
    r"^python benchmarks/searching": "takes minutes; see tests/test_search.py and test_pruning.py",
    r"intervals_and_tests": "takes a quarter of an hour; tests/test_statistics_simulated.py runs parts of it",
    r"^hf download": "needs the Hub; tests/test_hub.py fetches from a server on this machine",
    r"hardware=(multi_gpu|fsdp|deepspeed|multi_node)": "needs GPUs; see tests/test_hardware.py, test_sharding.py",
}
QUICK = ("training.max_steps=1", "data.limit=8")
WRITING = tuple(f"task={name}" for name in ("summarization", "translation", "dialogue", "causal_lm"))  # by smollm2
METRIC = """
import datasets
import evaluate


class Metric(evaluate.Metric):
    def _info(self):
        features = datasets.Features({"predictions": datasets.Value("int32"), "references": datasets.Value("int32")})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references):
        return {"right": sum(p == r for p, r in zip(predictions, references))}
"""


def commands():
    """(page, command) of every command on a line of its own, comments left out, or between backticks."""
    found = []
    for page in PAGES:
        for line in page.read_text(encoding="utf-8").splitlines():
            own = [re.split(r" {2,}(?=\S)", line[4:])[0]] if line.startswith("    ") else []
            found += [(page.name, command) for command in own + INLINE.findall(line) if command.split(" ")[0] in FIRST]
    return list(dict.fromkeys(found))


def reason(command):
    """Why a command is not typed by a test; None where it is."""
    return next((why for pattern, why in ELSEWHERE.items() if re.search(pattern, command)), None)


def furnish(place, tiny):
    """Write every file, folder, model and repository that the documents name."""
    sample, texts = ner.generate(), text_classification.generate()
    names = {"train": ("train", "wnut17train"), "validation": ("dev", "emerging.dev"), "test": ("test", "other")}
    for split, files in names.items():
        rows = list(zip(sample[split]["tokens"], sample[split]["tags"], strict=True))[:12]
        text = "\n\n".join("\n".join(map(" ".join, zip(*row, strict=True))) for row in rows) + "\n"
        for file in files:
            (place / f"{file}.conll").write_text(text, encoding="utf-8")
    shutil.copy(place / "test.conll", place / "emerging.test.annotated")
    pairs = list(zip(texts["train"]["text"], texts["train"]["label"], strict=True))[:60]
    for name, header in (("reviews", "review,stars"), ("train", "text,category"), ("test", "text,category")):
        rows = [f'"{text}",{label}' for text, label in pairs]
        (place / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    (place / "new.csv").write_text("review\nAnna lives in Oslo.\n", encoding="utf-8")
    (place / "new.txt").write_text("Anna lives in Oslo.\n\nA good film.\n", encoding="utf-8")
    rows = [f'{{"TEXT": "Anna lives in Oslo {i}.", "SPANS": [[0, 4, "PER"], [14, 18, "LOC"]]}}\n' for i in range(30)]
    spans = "".join(rows)
    (place / "spans.jsonl").write_text(spans.replace("TEXT", "text").replace("SPANS", "spans"), encoding="utf-8")
    (place / "bodies.jsonl").write_text(spans.replace("TEXT", "body").replace("SPANS", "entities"), encoding="utf-8")
    (place / "my_metric").mkdir()
    (place / "my_metric" / "my_metric.py").write_text(METRIC, encoding="utf-8")
    (place / "my_conf" / "task").mkdir(parents=True)
    (place / "my_conf" / "task" / "my_task.yaml").write_text("name: my_package.my_task\nbest: f1\n", encoding="utf-8")
    (place / "my_package").mkdir()
    (place / "my_package" / "my_task.py").write_text("from tasks.ner import NER\n\n\nclass MyTask(NER):\n    pass\n")
    shutil.copytree(tiny, place / "my_model")
    furnish_tasks(place)
    for model in (("google-bert", "bert-base-cased"), ("FacebookAI", "roberta-base")):
        put_model(place / "hub", *model, tiny)
    put_conll2003(place / "hub")
    put_wnut17(place / "hub")


def adapted(command, place, tiny):
    """The words after `run.py`: short, on a tiny model where it names the embedded one, on a run that is there."""
    words = spelled_out(shlex.split(command.partition("run.py")[2].partition(" > ")[0]))
    if any(word.startswith("from=") for word in words):
        kind = "text_classification" if "review" in command else "ner"
        (run, *_) = sorted(place.glob(f"runs/{kind}-*/metrics.json"))
        return [f"from={run.parent}" if word.startswith("from=") else word for word in words]
    if any(word.startswith("-") and word != "-m" and "config-dir" not in word for word in words):
        return words
    if "model.path=runs/FOLDER" in words:
        (run, *_) = sorted(place.glob("runs/masked_lm-*/metrics.json"))
        words = [f"model.path={run.parent}" if word.startswith("model.path=") else word for word in words]
    if "runs/sweeps/FOLDER" in words:
        (best, *_) = sorted(place.glob("runs/sweeps/*/experiment"))
        words = [str(best.parent) if word == "runs/sweeps/FOLDER" else word for word in words]
    if any(word.startswith("sweeper=") for word in words):
        words = [*words, "sweeper.trials=2"]
    embedded = not any(word.startswith(("model=", "model.path=", *WRITING)) for word in words)
    tiny_words = [f"model.path={tiny}", "model.name=minilm"] if embedded else []
    words = [word if set("[(") & set(word) else ",".join(word.split(",")[:2]) for word in words]  # two of each kind
    return [*words, *tiny_words, *(QUICK if "debug/profile" not in command else ())]


def type_command(words, place, source=None):
    """Run `python run.py` with these words in a fresh process that has the imports done; -> (exit code, output)."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    output = place / "output.txt"
    process = context.Process(target=_run, args=(words, place, output, source))
    process.start()
    process.join(300)
    process.kill()
    return process.exitcode, output.read_text(encoding="utf-8", errors="replace")


def _run(words, place, output, source):
    os.chdir(place)
    os.environ.update(OFFLINE, HF_HUB_CACHE=str(place / "hub"), HF_HOME=str(place / "home"), OMP_NUM_THREADS="1")
    constants.HF_HUB_CACHE, constants.HF_HUB_OFFLINE = str(place / "hub"), True  # read from there when imported
    datasets.config.HF_DATASETS_CACHE = place / "datasets"
    sys.path.insert(0, str(place))
    with open(output, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if source:
        os.dup2(os.open(place / source, os.O_RDONLY), 0)
        sys.stdin = os.fdopen(0)
    sys.argv = ["run.py", *words]
    runpy.run_path(str(Path(PROJECT) / "run.py"), run_name="__main__")
