"""The words of a command that uses a finished run's model (`from=`): which run, and what for, checked without torch."""

from dataclasses import dataclass
from pathlib import Path

from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from stages.arguments import OPEN, argument_keys, typed, unknown
from stages.command_line import CONF, FLAGS_WITHOUT_RUN, RUN_WORDS, conf_folders, explain, overrides
from stages.config import TOP, check_config
from stages.data_files import nothing_there
from stages.finished import find_run, frozen_config
from stages.hardware import launched
from stages.inputs import STANDARD

TO_CHANGE = ("data", "hardware")
# They are asked for again: the run may be somebody else's, and they have its programs run.
TRUST = "model.trust_remote_code"
PROGRAMS = "metrics.extra"
USES = "data.test=<file> or data=<option> scores it on other data, predict=<file> labels new text."


@dataclass(frozen=True)
class Request:
    """`run`: the finished run, `frozen`: its configuration, `config`: the same with the data and hardware of now.
    `predict`: the file to label, None to score on the data. `output`: where predictions go, a path or `STANDARD`.
    `again`: although scores are there."""

    run: Path
    frozen: dict
    config: dict
    predict: str | None
    output: Path | str | None
    again: bool


def uses_run(words):
    """Whether a command is about a finished run: it names one, or could mean nothing else."""
    return not set(words) & set(FLAGS_WITHOUT_RUN) and any(word.split("=")[0] in RUN_WORDS for word in overrides(words))


def read_request(words):
    """Typed words -> Request; raises ValueError or FileNotFoundError that names the word to change."""
    own = own_words(words)
    if "verify" in own:
        raise ValueError(f"verify={own['verify']} goes with from=<run> alone, which repeats that run. Leave it out.")
    if not own.get("from"):
        raise ValueError("predict= and output= need the run whose model predicts. Add from=runs/<run>")
    run = find_run(own["from"])
    frozen = frozen_config(run)
    changes = [word for word in without_config_dir(words) if _is_change(word, frozen)]
    predict = own.get("predict")
    _check_use(own, changes)
    config = _configured(run, frozen, changes, conf_folders(words), predict is not None)
    if predict is None and config["data"].get("test", "") is None:
        raise ValueError(
            f"data.test is null: data={config['data']['name']} has no test split of its own. Add data.test=..."
        )
    target = None if predict is None else _target(run, predict, own.get("output"))
    if STANDARD in (predict, target) and (launched() or config["hardware"].get("num_processes")) not in (None, 1):
        raise ValueError("standard input and output go through one process. Give files, or leave out the others.")
    return Request(run, frozen, config, predict, target, own.get("rerun") == "true")


def _target(run, predict, output):
    """The path of the predictions, or `STANDARD`."""
    if predict != STANDARD and not Path(predict).exists():
        raise FileNotFoundError(f"predict={predict}: {nothing_there(Path(predict))}")
    if STANDARD in (output, output or predict):
        return STANDARD
    usual = run / "predicted" / f"{Path(predict).name.removesuffix('.jsonl')}.jsonl"
    target = Path(output).expanduser() if output else usual
    if target.suffix != ".jsonl":
        raise ValueError(f"output={output}: predictions are JSON lines. Give a name that ends in .jsonl")
    wrong = "a folder" if target.is_dir() else "the input" if target.resolve() == Path(predict).resolve() else None
    if wrong:
        raise ValueError(f"output={target}: that is {wrong}. Give another name.")
    return target


def own_words(words):
    """The keys that only such a command has -> their values, each given once."""
    own = {}
    for word in words:
        key, _, value = word.partition("=")
        if key in (*RUN_WORDS, "rerun"):
            if key in own:
                raise ValueError(f"{key} is given twice: {own[key]} and {value}. One at a time.")
            own[key] = value
    for key in ("rerun", "verify"):
        if own.get(key, "true") not in ("true", "false"):
            raise ValueError(f"{key}={own[key]} is not true or false.")
    return own


def _is_change(word, frozen):
    """Whether a word changes data or hardware; raises ValueError for one that has no place beside `from`."""
    key = word.lstrip("+~").partition("=")[0]
    head = key.split(".")[0]
    if head in TO_CHANGE or key in (TRUST, PROGRAMS):
        return True
    if key in (*RUN_WORDS, "rerun") or word == "tracking=disabled":
        return False
    if head == "tracking":
        raise ValueError(f"{word}: a finished run was tracked when it was trained, its uses are not. Leave it out.")
    if key == "output_root":
        raise ValueError(f"{word}: what is made of a run goes into its folder. output=<file> places predictions.")
    raise ValueError(refusal(word, frozen, TO_CHANGE))


def refusal(word, frozen, to_change):
    """The message for a word that has no place beside `from`; `to_change`: the keys that may be changed."""
    key = word.lstrip("+~").partition("=")[0]
    head = key.split(".")[0]
    if "=" not in word or word.startswith("-"):
        return f"{word} does not go with from=, which uses one finished run. Leave it out."
    if head in (*TOP, *OPEN, "experiment"):
        kept = OmegaConf.select(OmegaConf.create(frozen), key)
        was = f" It was trained with {key}={typed(kept)}." if isinstance(kept, str | int | float) else ""
        return f"{word}: a finished run keeps its {head}.{was} To train another one, leave out from=."
    return unknown(key, [*RUN_WORDS, "rerun", *to_change, *_keys(frozen)])


def _keys(frozen):
    hardware = [key for key in argument_keys() if key.startswith("hardware.")]
    return [*hardware, *(f"data.{key}" for key in (*frozen["data"], "test", "format", "columns", "labels", "limit"))]


def without_config_dir(words):
    """The words but for the user's folder of options, which may be one word or two."""
    flags = ("--config-dir", "-cd")
    pairs = zip(["", *words], words, strict=False)
    return [word for before, word in pairs if before not in flags and word.split("=")[0] not in flags]


def _check_use(own, changes):
    """One use is named, and only the words that belong to it."""
    of_data = [word for word in changes if word.lstrip("+~").startswith("data")]
    if "predict" not in own:
        if "output" in own:
            raise ValueError(f"output={own['output']} goes with predict=<file>. Scores go into the run's folder.")
        return
    other = [word for word in of_data if not word.lstrip("+").startswith(("data.columns", "data.format="))]
    if other:
        raise ValueError(f"{other[0]} does not go with predict=, which reads one file. {USES}")


def _configured(run, frozen, changes, folders, predicts):
    """The run's choices with the changes, composed by Hydra and checked like those of any experiment."""
    ConfigStore.instance().store(group="data", name="of_the_run", node=frozen["data"])
    option = _data_option(frozen["data"], changes, predicts)
    config = composed([*option, *changes, "tracking=disabled"], folders)
    _spare_training(config["data"], "data")
    model = {**config["model"], "name": frozen["model"]["name"], "max_length": frozen["model"]["max_length"]}
    config |= {
        "task": frozen["task"],
        **{key: frozen[key] for key in ("training", "batching", "batch_tokens")},
        "model": {**model, "path": str(run / "model")},
        "output_root": str(run),
    }
    if config["data"]["source"] == "files" and config["data"]["labels"] is None:
        config["data"]["labels"] = frozen["data"].get("labels")
    if not predicts and f"{PROGRAMS}=[]" not in changes:
        check_programs(run, frozen, config, f", or {PROGRAMS}=[] to do without")
    asked = config["hardware"].get("num_processes")
    check_config({**config, "batch_size": launched() or (asked if isinstance(asked, int) else 1)})
    return config


def check_programs(run, frozen, config, otherwise=""):
    """Raise ValueError where a run was scored by programs of `metrics.extra` that were not typed again."""
    then, now = frozen.get("metrics", {}).get("extra"), config["metrics"]["extra"]
    if then and then != now:
        raise ValueError(
            f"from={run} was scored by programs. Look at them, and add {PROGRAMS}=[{','.join(map(str, then))}] to have "
            f"them run again, with all your rights{otherwise}."
        )


def _data_option(data, changes, predicts):
    """The data option that the changes are made to: nothing where one is typed, else the run's own or plain files."""
    if any(word.startswith("data=") for word in changes):
        return []
    test = next((word.partition("=")[2] for word in changes if word.startswith("data.test=")), "")
    is_file = any(mark in test for mark in "./\\") or Path(test).is_file()  # names of splits have no dots
    if predicts or (data["source"] != "files" and is_file):
        return ["data=files"]
    return ["data=of_the_run"]


def composed(words, folders):
    """The configuration of these words as a plain dict, not checked; raises ValueError that explains what is wrong."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    own = [f"hydra.searchpath=[{folder}]" for folder in folders[1:]]
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return OmegaConf.to_container(compose("config", [*words, *own]), resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ValueError(explain(error, words)) from error


def _spare_training(data, key):
    """Leave out what a trained model neither needs nor reads; raise ValueError for what it needs and nobody gave."""
    if data["source"] == "parts":
        for part, own in data["parts"].items():
            _spare_training(own, f"data.parts.{part}")
        return
    if data["source"] != "sample":
        data |= {"train": None, "validation": None}
    missing = [name for name, value in data.items() if value == "???"]
    if missing:
        raise ValueError(f"{key}.{missing[0]} is not given. Add {key}.{missing[0]}=...")
