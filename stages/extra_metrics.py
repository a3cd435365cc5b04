"""Further metrics of the `evaluate` library, by name: found and tried before training, computed at its end.

Their scripts are programs that somebody else wrote, and naming one in `metrics.extra` runs it: nothing but the user's
own words leads here. The published scores are the task's own and need none of this.
"""

from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from stages.terminal import is_main, say, stage, warn

OWN = {"predictions", "references"}  # what a task can give


@dataclass(frozen=True)
class Metric:
    """`name`: what its scores are called; `module`: an `evaluate.EvaluationModule`; `forms`: what it reads, a pair of
    `datasets` features (one prediction, one reference) for each way in which it can be asked."""

    name: str
    module: Any
    forms: tuple


@dataclass(frozen=True)
class ExtraMetrics:
    """The metrics of a run, none where `metrics.extra` is empty; `labels` are the names that the head predicts."""

    metrics: tuple
    task: Any
    labels: tuple

    @property
    def names(self):
        return [metric.name for metric in self.metrics]

    def added_to(self, scores, predictions, examples):
        """Scores with these metrics among the values; what cannot be computed is None, and said."""
        values = dict(scores.values)
        for metric in self.metrics:
            try:
                found = compute(metric, self.labels, **self.task.for_evaluate(predictions, examples))
            except Exception as error:  # of somebody else's program: the model is trained, nothing may be lost by it
                warn(f"metrics.extra: {metric.name} failed, its score is left empty. {_reason(error)}")
                found = {metric.name: None}
            values |= {f"evaluate/{name}" if name in scores.values else name: value for name, value in found.items()}
        return replace(scores, values=values)


def local_script(name):
    """The script that a name of `metrics.extra` means on this machine, None where it means one of the Hub. Raises
    FileNotFoundError for what can only be a path."""
    path = Path(name).expanduser()
    script = path if path.suffix == ".py" else path / f"{path.name}.py"
    if script.is_file():
        return script
    if path.suffix == ".py" or name.startswith((".", "/", "~")) or name.count("/") > 1 or path.is_dir():
        raise FileNotFoundError(f"metrics.extra={name}: there is no script {script} (looked from {Path.cwd()}).")
    return None


def check_metrics(names):
    """Raise ValueError or FileNotFoundError for what cannot work, without importing anything."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        hint = f" Write metrics.extra=[{names}]" if isinstance(names, str) else ""
        raise ValueError(f"metrics.extra={names} is not a list of texts.{hint}")
    for name in names:
        local_script(name)
    called = [Path(name).stem for name in names]
    twice = next((name for name in called if called.count(name) > 1), None)
    if twice:
        raise ValueError(f"metrics.extra: two of the metrics are called {twice}. Leave one out, or rename its script.")


def local_files(name):
    """The files that decide what a metric of this machine computes: its script, and those beside it in its folder."""
    script = local_script(name)
    if script is None or name.endswith(".py"):
        return [script] if script else []
    return sorted(script.parent.glob("*.py"))


def load_metrics(names, task, data):
    """Find, import and try each metric on the gold answers of the validation split, so that none fails after training.

    -> ExtraMetrics. Errors (ValueError, FileNotFoundError, ConnectionError) name the metric.
    """
    if not names or not is_main():
        return ExtraMetrics((), task, data.labels)
    places = {name: local_script(name) or _on_hub(name) for name in names}  # first: `evaluate` takes seconds to import
    for place in places.values():
        say(f"metrics    the program {place} runs on this machine, with all your rights")
    metrics = tuple(_load(name, place) for name, place in places.items())
    examples = data.splits["validation"]
    gold = [{"prediction": answer} for answer in examples[task.form(examples)[-1]]]
    for metric in metrics:
        _try(metric, task, data.labels, task.for_evaluate(gold, examples))
    stage("metrics", ", ".join(metric.name for metric in metrics))
    return ExtraMetrics(metrics, task, data.labels)


def _try(metric, task, labels, answers):
    try:
        found = compute(metric, labels, **answers)
    except Exception as error:  # of somebody else's program
        raise ValueError(f"metrics.extra: {metric.name} does not fit {task.name}. {_reason(error)}") from error
    if not any(value is not None for value in found.values()):
        raise ValueError(f"metrics.extra: {metric.name} gives no finite number on the gold answers. Leave it out.")


def _on_hub(name):
    from stages.hub import locate_metric

    folder, _ = locate_metric(name)
    script = folder / f"{Path(name).name}.py"
    if not script.is_file():
        raise ValueError(f"metrics.extra={name}: its repository on the Hub holds no {script.name}.")
    return script


def _load(name, script):
    import evaluate

    try:
        # In memory: its files would be shared with other runs on this machine, and locked.
        module = evaluate.load(str(script), keep_in_memory=True)
        forms = module.features if isinstance(module.features, list) else [module.features]
    except Exception as error:  # of somebody else's program
        raise ValueError(f"metrics.extra={name} cannot be loaded: {_reason(error)}") from error
    needed = sorted({key for form in forms for key in form} - OWN)
    if needed:
        raise ValueError(f"metrics.extra={name} reads {', '.join(needed)}; a task gives predictions and references.")
    return Metric(Path(name).stem, module, tuple((form["predictions"], form["references"]) for form in forms))


def _reason(error):
    return " ".join([f"{type(error).__name__}:", *str(error).split()])[:300]


def compute(metric, labels, predictions, references):
    """Name -> number (None where it is not finite): the metric's own name for one number, `name/key` for several."""
    predictions, references = _in_form(metric, labels, predictions, references)
    result = metric.module.compute(predictions=predictions, references=references)
    if not isinstance(result, dict):
        raise ValueError(f"its _compute returns {repr(result)[:60]}; a dict of numbers is needed.")
    found = dict(_numbers(result))
    if len(found) == 1:
        return dict.fromkeys([metric.name], *found.values())
    return {f"{metric.name}/{key}": value for key, value in found.items()}


def _numbers(result, before=""):
    """Flatten what a metric returns. Numbers only: a list is no score, and its mean would be another metric."""
    for key, value in result.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{before}{key}/")
        elif not isinstance(value, str | list | tuple | type(None)) and getattr(value, "ndim", 0) == 0:
            yield f"{before}{key}", float(value) if isfinite(value) else None


def _in_form(metric, labels, predictions, references):
    """Predictions and references as the metric reads them, in the first of its forms that they fit."""
    ids = _ids(labels, predictions, references)
    problem = None
    for for_prediction, for_reference in metric.forms:
        try:
            return _as_feature(predictions, for_prediction, ids), _as_feature(references, for_reference, ids)
        except ValueError as error:
            problem = error
    raise problem


def _ids(labels, *columns):
    """Name -> number, as in the head; names that only the evaluated split has follow."""
    flat = {one for column in columns for value in column for one in (value if isinstance(value, list) else [value])}
    names = [*labels, *sorted(name for name in flat if isinstance(name, str))]
    return {name: i for i, name in enumerate(dict.fromkeys(names))}


def _as_feature(values, feature, ids):
    """Answers as a feature of `datasets` wants them: lists flattened where it is a single value, names as numbers."""
    inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", None)
    lists = bool(values) and isinstance(values[0], list)
    if inner is not None:
        if not lists:
            raise ValueError(f"it reads lists, but the task gives single answers such as {values[:1]}")
        return [_as_feature(value, inner, ids) for value in values]
    if lists:
        return _as_feature([one for value in values for one in value], feature, ids)
    kind = getattr(feature, "dtype", "")
    if kind == "string":
        return [str(value) for value in values]
    if kind.startswith("int"):
        return [ids.get(value, value) for value in values]
    return [_number(value) for value in values] if kind.startswith("float") else values


def _number(value):
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"it reads numbers, but the task gives names such as {value}") from None
