"""The keys of each group, and what their values may be."""

from difflib import get_close_matches
from functools import reduce
from math import inf

from stages import trackers
from stages.arguments import quoting, typed, unknown

CUT = "train validation test columns labels validation_share test_share"
SEARCH = (
    "name trials metrics seed startup seeds enqueue when batch pruner pruner_trials pruner_evaluations pruner_factor"
)
# By the key that tells the kinds of a group apart: the keys each kind has, all of which must be there.
KEYS = {
    "metrics": {None: "extra"},
    "guard": {None: "grace_seconds nan_patience max_minutes"},
    "launcher": {None: "slots max_minutes fail_fast keep_best trial"},
    "sweeper.name": {"grid": "name pairs", **dict.fromkeys(("tpe", "random", "gp", "cmaes", "nsga2"), SEARCH)},
    "model": {None: "name path revision max_length config"},
    "data.source": {
        "hub": f"name source limit per_class path subset revision {CUT}",
        "files": f"name source limit per_class format split_column {CUT}",
        "sample": "name source limit per_class train validation test columns",
        "parts": "name source columns parts",
    },
    "method.name": {
        "full": "name frozen_layers frozen_embeddings",
        "bitfit": "name",
        "head_only": "name",
        "lora": "name r lora_alpha lora_dropout target_modules use_rslora use_dora",
    },
}
MORE = {"data": ["best"], "model": ["trust_remote_code", "attention"]}  # keys that a group may have beside them
TRACKING = "project group job_type tags notes log_model"
VALUES = {
    "a whole number from 1 up": "batch_size method.r method.lora_alpha guard.nan_patience sweeper.trials "
    "sweeper.seeds sweeper.batch sweeper.pruner_trials sweeper.pruner_evaluations",
    "a whole number from 2 up": "sweeper.startup sweeper.pruner_factor",
    "a whole number from 1 up, or null": "batch_tokens model.max_length data.limit data.per_class launcher.slots "
    "launcher.keep_best",
    "a whole number from 0 up": "seed method.frozen_layers sweeper.seed",
    "a number above 0": "guard.grace_seconds",
    "a number above 0, or null": "guard.max_minutes launcher.max_minutes",
    "a number from 0 to below 1": "data.validation_share data.test_share method.lora_dropout",
    "true or false": "rerun launcher.fail_fast model.trust_remote_code tracking.log_model method.use_rslora "
    "method.use_dora method.frozen_embeddings",
    "text": "output_root model.name model.path data.name data.path",
    "text or null": "model.revision data.subset data.revision data.train data.validation data.test data.format "
    "data.split_column data.best "
    "launcher.trial tracking.project tracking.group tracking.job_type tracking.notes tracking.wandb.entity "
    "tracking.trackio.space_id",
    "none, median, asha or hyperband": "sweeper.pruner",
    "examples or tokens": "batching",
    "eager, sdpa, flash_attention_2, flash_attention_3 or null": "model.attention",
    "a list of texts": "tracking.tags metrics.extra sweeper.metrics",
    "a list of texts, or null": "data.labels",
    "keys with values, as in {a: b}": "data.columns data.parts model.config sweeper.when",
    "a list of keys with values, as in [{a: b}]": "sweeper.enqueue",
}


def check_keys(group, given, known, needed=None):
    """Every key is known, and those that are needed are there."""
    for key in given:
        if key not in known:
            raise ValueError(unknown(f"{group}.{key}".strip("."), [f"{group}.{k}".strip(".") for k in known]))
    missing = [key for key in (known if needed is None else needed) if key not in given]
    if missing:
        raise ValueError(
            f"{f'{group}.{missing[0]}'.strip('.')} is missing, but needed. Leave out the ~ that deletes it, or add "
            "it to the YAML file."
        )


def check_groups(config):
    """Raise ValueError for the first group that has a key too many or too few for its kind."""
    for place, kinds in KEYS.items():
        _check_kind(place, kinds, config)
    _check_tracking(config["tracking"])


def check_sweeper(choices):
    """The keys and values of a search, before it composes its first trial."""
    _check_kind("sweeper.name", KEYS["sweeper.name"], {"sweeper": choices})
    check_values({"sweeper": choices})


def _check_kind(place, kinds, config):
    """The keys of a group, by its kind."""
    group, _, key = place.partition(".")
    kind = config[group].get(key) if key else None
    if not isinstance(kind, str | None) or kind not in kinds:
        near = get_close_matches(str(kind), [str(k) for k in kinds], n=1)
        hint = f"Nearest: {near[0]}. " if near else ""
        if place == "data.source" and kind is None:
            hint = "A data file of your own begins with `defaults: [files, _self_]` or `defaults: [hub, _self_]`. "
        raise ValueError(f"{place}={typed(kind)} is not known. {hint}Choose one of: {', '.join(kinds)}.")
    needed = kinds[kind].split()
    check_keys(group, config[group], [*needed, *MORE.get(group, ())], needed)


def _check_tracking(choices):
    """The keys of all trackers, and those of each that is chosen."""
    check_keys("tracking", choices, [*TRACKING.split(), *trackers.KEYS], TRACKING.split())
    for name in trackers.chosen(choices):
        if not isinstance(choices[name], dict):
            raise ValueError(f"tracking.{name}={typed(choices[name])} holds no keys. Write tracking={name}")
        check_keys(f"tracking.{name}", choices[name], trackers.KEYS[name].split())
    trackers.check_installed(choices)


def check_values(config):
    """Raise ValueError for the first value that is not what its key takes."""
    for phrase, keys in VALUES.items():
        for key in keys.split():
            *groups, name = key.split(".")
            given = reduce(lambda inner, group: inner.get(group, {}), groups, config)
            if name in given and not _fits(given[name], phrase):
                hint = quoting(key, given[name]) if phrase.startswith("text") else ""
                if phrase.startswith("a list") and isinstance(given[name], str):
                    hint = f" Write {key}=[{given[name]}]"
                raise ValueError(f"{key}={typed(given[name])} is not {phrase}.{hint}")


def _fits(value, phrase):
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None:
        return phrase.endswith("null")
    if phrase.startswith("a whole number"):
        return number and isinstance(value, int) and value >= int(phrase.split()[4].strip(","))
    if phrase.startswith("a number above 0"):
        return number and 0 < value < inf
    if phrase.startswith("a number"):
        return number and 0 <= value < 1
    if phrase.startswith("text"):
        return isinstance(value, str) and value != "" and "\0" not in value  # which no path can hold
    if phrase.startswith(("none, ", "examples ", "eager, ")):
        return value in phrase.replace(",", "").replace(" or ", " ").split()
    if phrase.startswith("a list of keys"):
        return isinstance(value, list) and all(isinstance(v, dict) for v in value)
    if phrase.startswith("a list"):
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    return isinstance(value, bool if phrase.startswith("true") else dict)
