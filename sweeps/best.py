"""The end of a search: a table of the best trials, which parameters mattered, and the best configuration as a file."""

from pathlib import Path

import optuna
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.trial import TrialState

from stages.files import write_json, write_text
from stages.folder import UNDECISIVE
from stages.secrets import hidden_words
from stages.terminal import say, stage, table
from sweeps.candidates import SEED_VALUES, WORDS

SHOWN = 10  # trials in the table
RESULT = "result.json"  # in the sweep's folder
LEFT_OUT = {*UNDECISIVE, "hydra"} - {"hardware", "output_root", "guard"}  # of a run that stands alone


def conclude(candidates, objectives, fixed, loader):
    """Show and write what the search has found so far; nothing where no trial has finished."""
    trials = candidates.counted()
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    counts = {state: sum(trial.state == state for trial in trials) for state in TrialState}
    told = ", ".join(f"{counts[state]} {word}" for state, word in STATES.items() if counts[state])
    stage("search", f"{len(trials)} of {candidates.total} trials: {told or 'none has ended'}")
    if not done:
        return
    best = best_of(candidates.study, done, objectives)
    names = list(map(str, objectives))
    table(_title(names, best), [_row(trial, names, candidates.parameters) for trial in _ranked(done, best, objectives)])
    weights = importance(candidates.study, done)
    if weights:
        listed = ", ".join(f"{key} {share:.2f}" for key, share in weights.items())
        say(f"importance of the parameters (over {len(done)} trials): {listed}")
    files = [write_experiment(candidates.folder, trial, names, fixed, loader, len(best) > 1) for trial in best]
    write_json(
        candidates.folder / RESULT,
        {
            "objectives": names, "best": [trial.number + 1 for trial in best], "importance": weights,
            "trials": len(trials), "files": [str(file) for file in files],
        },
    )  # fmt: skip
    for file in files:
        say(f"again: python run.py --config-dir {candidates.folder} experiment={file.stem}")


STATES = {
    TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed",
    TrialState.RUNNING: "not over",
}  # fmt: skip


def best_of(study, done, objectives):
    """The best trial, of those with most seeds: one with a lucky seed alone is not compared; of several objectives all
    trials that no other one beats in everything, each configuration once."""
    if len(objectives) > 1:
        return list({tuple(trial.user_attrs[WORDS]): trial for trial in reversed(study.best_trials)}.values())
    most = max(_seeds(trial) for trial in done)
    pick = max if objectives[0].greater else min
    return [pick((trial for trial in done if _seeds(trial) == most), key=lambda trial: trial.value)]


def _seeds(trial):
    return len(trial.user_attrs[SEED_VALUES])


def _title(names, best):
    if len(names) > 1:
        return f"search: {len(best)} trials that no other one beats in {' and '.join(names)}"
    return f"search: the best trials by {names[0]}"


def _ranked(done, best, objectives):
    """The rows of the table: the best, then those that come next."""
    if len(objectives) > 1:
        return sorted(best, key=lambda trial: trial.values[0], reverse=objectives[0].greater)
    ranked = sorted(done, key=lambda trial: trial.value, reverse=objectives[0].greater)
    return [*best, *(trial for trial in ranked if trial not in best)][:SHOWN]


def _row(trial, names, parameters):
    values = dict(zip(names, trial.values, strict=True))
    seeds = {"seeds": _seeds(trial)} if _seeds(trial) > 1 else {}
    chosen = dict(word.split("=", 1) for word in trial.user_attrs[WORDS])
    return {"trial": str(trial.number + 1), **values, **seeds, **{p.key: chosen.get(p.key, "") for p in parameters}}


def importance(study, done) -> dict:
    """The share that each parameter has, where 2 finished trials or more differ; the largest first. Of one objective in
    the variance of the scores, alone: functional ANOVA over a forest (Hutter, Hoos and Leyton-Brown, 2014). Of several
    in what tells the best tenth of the trials from the others: PED-ANOVA (Watanabe et al., 2023), Optuna's default,
    which by two trials of twenty called a learning rate unimportant that made the score anything from 0.03 to 0.9."""
    if len({tuple(trial.values) for trial in done}) < 2:
        return {}
    one = len(study.directions) == 1
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0) if one else None
    try:
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    except (ValueError, RuntimeError):  # too few trials for it
        return {}
    return {key: float(share) for key, share in found.items()}


def write_experiment(folder, trial, names, fixed, loader, several):
    """`experiment/best.yaml` in the sweep's folder: the words of a trial as an option of conf/experiment."""
    words = [*fixed, *trial.user_attrs[WORDS], *(["seed=1"] if _seeds(trial) > 1 else [])]
    name = f"pareto-{trial.number + 1}" if several else "best"
    reached = ", ".join(f"{key} {value:.4f}" for key, value in zip(names, trial.values, strict=True))
    header = [
        "# @package _global_",
        f"# Trial {trial.number + 1} of a search: {reached}.",
        f"#   python run.py --config-dir {folder} experiment={name}",
    ]
    path = folder / "experiment" / f"{name}.yaml"
    write_text(path, "\n".join([*header, _yaml(hidden_words(words), loader)]))
    return path


def _yaml(words, loader):
    """Words as the content of an experiment: choices of groups become defaults, values become keys."""
    options, values, left = [], {}, []
    for override in OverridesParser.create(config_loader=loader).parse_overrides(words):
        key, value = override.key_or_group, override.value()
        if key.split(".")[0].split("/")[0] in LEFT_OUT:
            continue
        if override.is_delete() or override.package:
            left.append(override.input_line)
        elif loader.get_group_options(key):
            options.append(value if key == "experiment" else {f"override /{key}": value})
        else:
            *groups, name = key.split(".")
            inner = values
            for group in groups:
                inner = inner.setdefault(group, {})
            inner[name] = value
    if "path" in (model := values.get("model", {})):  # named as where it is typed, see `read_config`
        model.setdefault("name", Path(str(model["path"])).name)
    options.sort(key=lambda option: isinstance(option, dict))
    parts = ([{"defaults": [*options, "_self_"]}] if options else []) + ([values] if values else [])
    note = [f"# To be typed beside it: {' '.join(left)}"] if left else []
    return "\n".join([*note, *(yaml.safe_dump(part, sort_keys=False, allow_unicode=True) for part in parts)])
