"""Words that no command can hold, found before anything is composed: unknown flags, words without `key=value`."""

import re
from difflib import get_close_matches

from hydra._internal.utils import get_args_parser

from stages.choices import groups, options_of
from stages.terminal import fail

HOW = "Choices and values are written key=value, e.g. task=ner seed=1"
MODES = ("-r", "--run", "-m", "--multirun", "-c", "--cfg", "-i", "--info", "-sc", "--shell-completion")
# What other programs call it: what it is here.
ALIASES = {
    "lr": "optimizer.learning_rate", "wd": "optimizer.weight_decay", "warmup": "scheduler.warmup_steps",
    "warmup_ratio": "scheduler.warmup_steps (a share below 1)", "epochs": "training.num_train_epochs",
    "num_epochs": "training.num_train_epochs", "steps": "training.max_steps", "bs": "batch_size",
    "train_batch_size": "batch_size", "patience": "training.early_stopping_patience", "device": "hardware=gpu or cpu",
    "gpus": "hardware.num_processes", "num_gpus": "hardware.num_processes", "lora": "method=lora",
    "checkpoint": "model.path", "model_name": "model.path", "model_name_or_path": "model.path",
    "max_seq_length": "model.max_length", "dataset": "data", "dataset_name": "data.path", "train_file": "data.train",
    "output_dir": "output_root", "overwrite": "rerun",
    "project": "tracking.project", "wandb": "tracking=wandb or disabled", "name": "tracking.notes",
}  # fmt: skip


def meant(key, known=()):
    """The hint for a key that is known under another name, or in small letters; empty where there is none."""
    name = ALIASES.get(key.rpartition(".")[2].lower()) or (key.lower() if key.lower() in known else "")
    return f"there is no key {key}. Here that is {name}." if name else ""


def nearest(name, options, n=2):
    """The options that a wrong name probably means: the same in a folder, else a part of theirs, else much alike."""
    same = [o for o in options if o.split("/")[-1] == name]
    part = [o for o in options if len(name) > 2 and name.lower() in o.lower()]
    begun = sorted(part, key=lambda option: not option.lower().startswith(name.lower()))
    return same or begun[:3] or get_close_matches(name, options, n=n, cutoff=0.5)


def arrange(words):
    """The words with flags before overrides, as Hydra's parser wants them; ends the program where one is wrong."""
    flags, others, left = [], [], list(words)
    while left:
        word = left.pop(0)
        if word.startswith("-"):
            flags += [word, *_value_of(word, left)]
        else:
            others.append(word)
    modes = [flag for flag in flags if flag.split("=")[0] in MODES]
    if len(modes) > 1:
        fail(f"{modes[0]} and {modes[1]} exclude each other.")
    if _asks(flags):
        return [*flags, *others]
    wrong = next((word for word in others if ("=" not in word or not word.strip("=")) and word[:1] != "~"), None)
    if wrong is not None:
        fail(not_understood(wrong, others))
    return [*flags, *others]


def _asks(flags):
    """Whether the words beside these flags are no overrides, but what is asked about."""
    return bool({"-h", "--help", "-sc", "--shell-completion"} & set(flags))


def _value_of(word, left):
    """The value of a flag, taken from the words that follow it."""
    name, given, value = word.partition("=")
    action = get_args_parser()._option_string_actions.get(name)
    if action is None:
        fail(_no_flag(word))
    if given and action.nargs == 0:
        fail(f"{name} takes no value. Write {name}")
    fits = left[:1] if action.nargs is None else [w for w in left[:1] if w in (action.choices or ())]
    taken = [value] if given else fits
    if action.nargs is None and not taken:
        fail(f"{name} needs a value" + (f": {', '.join(action.choices)}." if action.choices else "."))
    if action.choices and taken and taken[0] not in action.choices:
        fail(f"{name} {taken[0]}: choose one of {', '.join(action.choices)}.")
    return [] if given else [left.pop(0) for _ in taken]


def _no_flag(word):
    known = [name for name in get_args_parser()._option_string_actions if name.startswith("--")]
    name, _, value = word.lstrip("-").partition("=")
    if name in groups() or "." in name or value:
        return f"there is no flag {word}. Choices and values have no dashes: {name}={value or '...'}"
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    hint = f"Nearest: {near[0]}." if near else "The ones used most: --help, --multirun (-m), --cfg job, --config-dir."
    return f"there is no flag {word}. {hint}"


def not_understood(word, words):
    """The message for a word without `key=value`, with what was probably meant."""
    spaced = re.search(r"(?:^| )([\w./]+)(?: = ?|= )([^\s=]\S*)", " ".join(words))
    following = next((w for w in words[words.index(word) + 1 :]), None)
    if spaced:
        guess = f"{spaced[1]}={spaced[2]}, without spaces"
    elif word in groups():
        fits = following in options_of(word, words)
        guess = f"{word}={following}" if fits else f"{word}=OPTION, one of those that `--help {word}` lists"
    elif re.fullmatch(r"[\w./]+:\S+", word):
        guess = word.replace(":", "=", 1)
    else:
        guess = _nearest(word, words)
    return f"{word.strip() or repr(word)} is not understood. {HOW}" + (f". Did you mean {guess}?" if guess else "")


def _nearest(word, words):
    """The choice, or the flag, that a bare word is or looks like."""
    written = {o.split("/")[-1]: f"{g}={o}" for g in reversed(groups()) for o in reversed(options_of(g, words))}
    written |= {group: f"{group}=OPTION" for group in groups()}
    written |= {"help": "--help", "options": "--help", "list": "--help", "multirun": "-m", "sweep": "-m"}
    written |= {"rerun": "rerun=true", "verify": "verify=true"}
    near = get_close_matches(word.lower(), written, n=1, cutoff=0.75)
    return written[near[0]] if near else ""
