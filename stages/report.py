"""What a run leaves: findings and scores on the terminal, metrics, predictions and a model card in its folder."""

import json
import re
from pathlib import Path

from stages.cost import show_cost
from stages.files import read_json, write_json, write_text
from stages.folder import FINISHED, PROVENANCE, UNFINISHED
from stages.page.markup import plain
from stages.scratch import is_from_scratch, scratch_name
from stages.secrets import hidden
from stages.terminal import is_main, say, stage, table, warn


def show_findings(findings, folder):
    """Print what was seen as a table and below it the warnings with their advice; keep all in findings.json."""
    if is_main():
        write_json(folder / "findings.json", [vars(finding) for finding in findings])
    table("data", [{"split": f.split, "finding": f.what} for f in findings if f.level == "note"])
    for finding in findings:
        if finding.level == "warning":
            warn(f"{finding.split}: {finding.what}. {finding.advice}")


def prediction_rows(task, examples, predictions, first=0):
    """One row per example, in input order, made one by one: number, inputs, gold answer where there is one, prediction,
    confidence."""
    *inputs, gold = task.form(examples)
    columns = {name: examples[name] for name in (*inputs, *task.optional) if name in examples}
    columns |= {"gold": examples[gold]} if gold in examples and gold not in inputs else {}
    for i, prediction in enumerate(predictions):
        yield {"id": first + i, **{name: values[i] for name, values in columns.items()}, **prediction}


def score_baseline(task, splits, split, extra, tokenizer):
    """The scores of the task's baseline on a split (encoded, as `splits` are), with its name; `extra`: further
    metrics."""
    examples = splits[split].examples
    name, predictions = task.baseline_of(splits["train"], splits[split], tokenizer)
    scores = extra.added_to(task.metrics(predictions, examples), predictions, examples)
    return {"name": name, "split": split, "values": scores.values}


def write_scores(folder, scores, baseline, seconds, extra, stopped=None):
    """What becomes metrics.json when the run is finished; `extra`: the names of further metrics; `stopped`: why and
    where training ended before its last step."""
    content = {split: of_split.values for split, of_split in scores.items()}
    content["baseline"] = baseline
    content["tables"] = {split: of_split.tables for split, of_split in scores.items()}
    content["extra"] = extra
    content["training_seconds"] = round(seconds, 1)
    content |= {"stopped": stopped} if stopped else {}
    write_json(folder / UNFINISHED, content)


def show_results(folder, task):
    """The final table, read back from metrics.json: the same for a fresh run and for one that was done before."""
    metrics = read_json(folder / FINISHED)
    splits = [split for split in ("validation", "test") if split in metrics]
    baseline = metrics["baseline"]
    rows = [
        {
            "score": name,
            **{split: metrics[split].get(name) for split in splits},
            "baseline": baseline["values"].get(name),
        }
        for name in dict.fromkeys([*task.shown, *further(metrics, splits[-1])])
        if any(name in metrics[split] for split in splits)
    ]
    say("")
    table(f"scores ({baseline['split']} baseline: {baseline['name']})", rows)
    reached, floor = metrics[baseline["split"]][task.best], baseline["values"].get(task.best)
    if floor is not None and (reached <= floor if task.directions[task.best] else reached >= floor):
        warn(f"{task.best} is not better than the baseline, which learned nothing. Train longer, or look at the data.")
    show_tables(splits[-1], metrics["tables"][splits[-1]])
    say("")
    if (origin := read_json(folder / PROVENANCE, {})).get("cost"):
        show_cost(origin)
    if "stopped" in metrics:
        warn(
            "training was ended by {why} at step {step} of {of}: these are its best scores until then.".format(
                **metrics["stopped"]
            )
        )
    stage("run", str(folder))
    loader = "from_pretrained and pipeline load" if _is_standard(task, folder) else "stages.prediction.load_model loads"
    stage("model", f"{folder / 'model'}  ({loader} it)")
    stage("more", "report.html  metrics.json  predictions/  history.jsonl  findings.json  config.yaml  provenance.json")


def show_tables(split, tables):
    for title, content in tables.items():
        if not title.endswith("confusion") and len(content) <= 30:
            table(f"{split}: {title}", content)


def further(metrics, split):
    """The scores that `metrics.extra` asked for, without the inner ones of a metric that gives many (`name/a/b`)."""
    plain = {name: name.removeprefix("evaluate/").split("/") for name in metrics[split]}
    return [name for name, parts in plain.items() if parts[0] in metrics["extra"] and len(parts) < 3]


def write_card(folder, config, task, labels, scores, source, extra=()):
    """The model card, in the form that the Hub reads. `extra`: names of further metrics."""
    split = list(scores)[-1]
    values = scores[split].values
    names = [*task.shown, *(name for name in values if name not in task.directions and name.split("/")[0] in extra)]
    shown = "\n".join(f"| {name} | {values[name]:.4f} |" for name in names if values.get(name) is not None)
    pipeline = task.pipeline["task"]
    text = f"""---
library_name: transformers
pipeline_tag: {pipeline}
{_base(config["model"])}tags: [tunesmith, {task.name}]
---

# {folder.name}

{plain(config["model"]["name"])} trained for {task.name.replace("_", " ")} on {plain(config["data"]["name"])} \
with Tunesmith.

| score ({split}) | value |
|---|---|
{shown}

{f"Labels: {', '.join(map(plain, labels))}.{chr(10) * 2}" if labels else ""}```python
{_usage(task, folder)}
```

Training data: {plain(json.dumps(hidden(source), ensure_ascii=False))}.
Method: {config["method"]["name"]}, seed {config["seed"]}, {_batches(config)}, learning rate
{config["optimizer"].get("learning_rate")}. The licences of the base model and of the data apply.
"""
    write_text(folder / "model" / "README.md", text)


def _batches(config):
    """How large the batches were, in words."""
    if config["batching"] == "examples":
        return f"batches of {config['batch_size']} examples"
    if config["batch_tokens"]:
        return f"batches of {config['batch_tokens']} tokens"
    return f"batches of {config['batch_size']} examples in the mean, by tokens"


def _base(model):
    """The card's line that names what was fine-tuned; none for a model that started from nothing."""
    path = model["path"]
    is_hub_id = path.count("/") == 1 and ":" not in path and not Path(path).is_dir()
    return "" if scratch_name(path) else f"base_model: {_as_yaml(hidden(path if is_hub_id else model['name']))}\n"


def _as_yaml(name):
    """A name as YAML reads it back: in quotes where it could be taken for more than a name."""
    return name if re.fullmatch(r"[A-Za-z][\w./-]*", name) else json.dumps(name, ensure_ascii=False)


def _is_standard(task, folder):
    return task.is_standard and not is_from_scratch(folder / "model")


def _usage(task, folder):
    """How the model is loaded: by transformers alone where it is standard, else with this project."""
    if not _is_standard(task, folder):
        load = f'model = load_model("{folder.name}")  # has parts of the project\'s own, which transformers alone lacks'
        return f"from stages.prediction import load_model\n\n{load}"
    options = "".join(f", {name}={value!r}" for name, value in task.pipeline.items() if name != "task")
    load = f'model = pipeline("{task.pipeline["task"]}", model="{folder.name}/model"{options})'
    return f"from transformers import pipeline\n\n{load}"
