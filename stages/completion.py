"""Words completed with the Tab key: what the shell asks, and the function that makes it ask.

Hydra's own completion knows neither the Trainer's arguments nor options in folders, and its function for bash starts
whatever script stands behind `python`. These ask run.py only, known by the line that imports `answer`.
"""

import os
from pathlib import Path

from stages.arguments import EXTRA, admitted, argument_keys, trainer_arguments
from stages.choices import composed, groups, options_of
from stages.command_line import RUN_WORDS
from stages.config import build_task
from stages.schema import VALUES
from stages.terminal import fail

FLAGS = ("--help", "--multirun", "--cfg", "--resolve", "--info", "--config-dir")
FILES = ("data.train", "data.validation", "data.test", "model.path", "output_root", "from", "predict", "output")
TRUTHS = (*VALUES["true or false"].split(), "verify")
INSTALL = {
    "bash": """_tunesmith() {
    local line="${COMP_LINE:0:COMP_POINT}" script="${COMP_WORDS[1]}" word="" begun="" found
    COMPREPLY=()
    grep -qs 'stages.help import answer' "$script" || return
    word="${line##* }"
    case "$COMP_WORDBREAKS" in *=*) begun="${word%"${word##*[=:]}"}" ;; esac  # readline splits words there
    while IFS= read -r found; do COMPREPLY+=("${found#"$begun"}"); done \\
        < <(COMP_LINE="$line" "${COMP_WORDS[0]}" "$script" -sc query=bash 2>/dev/null)
}
complete -o nospace -o bashdefault -o default -F _tunesmith python python3""",
    "zsh": """_tunesmith() {
    local script=${words[2]} line="${(j: :)words[1,CURRENT-1]} $PREFIX"
    if ! grep -qs 'stages.help import answer' $script; then _python; return; fi
    compadd -Q -S '' -- ${(f)"$(COMP_LINE=$line $words[1] $script -sc query=zsh 2>/dev/null)"}
}
compdef _tunesmith python python3""",
    "fish": """function __tunesmith_here
    set -l words (commandline -opc)
    test (count $words) -ge 2; and grep -qs 'stages.help import answer' -- $words[2]
end
function __tunesmith_words
    set -l words (commandline -opc)
    set -lx COMP_LINE (commandline -cp)
    $words[1] $words[2] -sc query=fish 2>/dev/null
end
complete -c python -c python3 -n __tunesmith_here -f -a '(__tunesmith_words)'""",
}


def answer_shell(words):
    """Print the function to install (`install=bash`), or the words that fit the line in COMP_LINE (`query=bash`)."""
    asked, _, shell = next((word for word in words if not word.startswith("-")), "").partition("=")
    if asked not in ("install", "query") or shell not in INSTALL:
        fail('completion is installed by: eval "$(python run.py -sc install=bash)" or zsh, or fish')
    print(INSTALL[shell] if asked == "install" else "\n".join(fitting(os.environ.get("COMP_LINE", ""))))


def fitting(line):
    """The words that the last one of a command line may become; the line ends at the cursor."""
    typed = line.split(" ")
    program = next((i for i, word in enumerate(typed) if word.endswith(".py")), 0)
    *words, word = typed[program + 1 :] or [""]
    return sorted(w for w in _candidates(word, [w for w in words if w]) if w.startswith(word))


def _candidates(word, words):
    if word.startswith("-"):
        return FLAGS
    if {"-h", "--help"} & set(words):
        return [*groups(), *argument_keys(), *(f"{g}={o}" for g in groups() for o in options_of(g, words))]
    mark = word[: len(word) - len(word.lstrip("+~"))]
    key, given, value = word[len(mark) :].partition("=")
    if not given:
        return [mark + name for name in _keys(key, words)]
    several = value[: value.rfind(",") + 1]  # what is written already of a list, for -m
    return [f"{mark}{key}={several}{one}" for one in _values(key, value[len(several) :], words)]


def _keys(begun, words):
    """The keys of the level that is being written: groups and single keys first, behind a dot all keys of the group."""
    config = composed(words)
    for key in argument_keys():
        group, name = key.split(".")
        config[group].setdefault(name, None)
    if "." not in begun:
        keys = [f"{key}." if isinstance(value, dict) else f"{key}=" for key, value in config.items()]
        return [f"{word}=" for word in (*groups(), *RUN_WORDS)] + keys
    return [f"{key}=" for key in _leaves(config)]


def _leaves(config, before=""):
    for key, value in config.items():
        yield from _leaves(value, f"{before}{key}.") if isinstance(value, dict) and value else [before + key]


def _values(key, begun, words):
    """What a key may be, as far as that can be listed; else what it is now."""
    group, _, name = key.rpartition(".")
    if key in groups() and not begun.startswith((".", "/")):
        return options_of(key, words)
    if key in FILES or begun.startswith(("./", "/", "../", "~")):
        return _paths(begun)
    kind = {**trainer_arguments(), **EXTRA.get(group, {})}.get(name) if key in argument_keys() else None
    listed = admitted(kind) if kind else ["true", "false"] if key in TRUTHS else []
    if listed:
        return listed
    config = composed(words)
    if key == "task.best":
        return build_task(config).directions
    now = config.get(group, {}).get(name) if group in config else config.get(key)
    return [] if now is None or isinstance(now, dict | list) else [str(now)]


def _paths(begun):
    """Files and folders that begin so; folders end with a slash, so that one can go on."""
    folder, _, name = begun.rpartition("/")
    place = Path(f"{folder}/" if "/" in begun else ".").expanduser()
    if not place.is_dir():
        return []
    before = f"{folder}/" if "/" in begun else ""
    found = [path for path in place.iterdir() if name[:1] == "." or path.name[:1] != "."]
    return [f"{before}{path.name}/" if path.is_dir() else before + path.name for path in found]
