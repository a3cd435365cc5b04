"""`python run.py --help`: all choices on one page; with a group, an option or a key behind it, what each of them is."""

import re
import tomllib
from shutil import get_terminal_size
from textwrap import dedent, fill, indent

import yaml

from stages.arguments import OPEN, argument_docs, argument_keys
from stages.choices import CONF, first_sentence, groups, option_file, options_of
from stages.command_line import RUN_WORDS, no_key, no_option
from stages.completion import answer_shell
from stages.terminal import fail
from stages.typos import not_understood

COMMON = ("", "metrics", "tracking", "guard", "launcher")  # groups with keys in conf/config.yaml
NARROW, WIDE = 60, 120  # columns


def answer(words):
    """Answer what needs no run, `--help`, `--version` and the shell's questions, and end the program."""
    if {"-h", "--help"} & set(words):
        show_help(words)
        raise SystemExit(0)
    if "--version" in words:
        project = tomllib.loads((CONF.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        print(project["name"], project["version"])
        raise SystemExit(0)
    if {"-sc", "--shell-completion"} & set(words):
        answer_shell(words)
        raise SystemExit(0)


def show_help(words):
    """Print what the words beside `--help` ask about, or the overview."""
    topics = [word for word in words if not word.startswith("-")]
    texts = [text for text in (_about(topic, topics) for topic in topics) if text]
    print("\n\n".join(texts) or overview(words))


def overview(words):
    """The page of `--help`: the template of conf/config.yaml with the choices in it."""
    template = yaml.safe_load((CONF / "config.yaml").read_text(encoding="utf-8"))["hydra"]["help"]["template"]
    return template.replace("$APP_CONFIG_GROUPS", _choices(words)).rstrip()


def _choices(words):
    """One paragraph per group: its options, the default marked."""
    defaults = groups()
    width = max(map(len, defaults)) + 2
    lines = []
    for group, default in defaults.items():
        marked = [f"{option}*" if option == default else option for option in options_of(group, words)]
        lines.append(_wrapped(", ".join(marked), f"  {group:<{width}}"))
    return "\n".join(lines)


def _about(topic, topics):
    """What one topic is; nothing for a value, which explains itself."""
    key, given, option = topic.lstrip("+~").partition("=")
    if key in groups():
        return about_option(key, option, topics) if option else about_group(key, topics)
    if given:
        return ""
    if key in RUN_WORDS:
        return _wrapped(RUN_WORDS[key], f"{key}=...  ")
    text = "\n\n".join(filter(None, [about_argument(key), about_key(key, topics)]))
    return text or fail(no_key(key, topics) if "." in key else not_understood(key, topics))


def about_group(group, words):
    """The options of a group, a line each; for the groups of Trainer arguments also the fields they own."""
    names = options_of(group, words)
    width = min(max(map(len, names), default=0), 34) + 2
    lines = [_wrapped(first_sentence(option_file(group, name, words)), f"  {name:<{width}}") for name in names]
    keys = f"The keys of an option: python run.py --help {group}={names[0]}"
    text = "\n".join([f"{group}=OPTION\n", *lines, f"\n{keys}"])
    if group not in OPEN:
        return text
    fields = ", ".join(sorted(key.partition(".")[2] for key in argument_keys() if key.startswith(f"{group}.")))
    more = f"What one is: python run.py --help {group}.{fields.split(',')[0]}"
    return f"{text}\n\n{group}.KEY=VALUE takes any of\n\n{_wrapped(fields, '  ')}\n\n{more}"


def about_option(group, option, words):
    """The file of an option as it stands: its keys, values and comments."""
    file = option_file(group, option, words)
    if file is None:
        fail(no_option(group, option, words))
    place = file.relative_to(CONF.parent) if CONF in file.parents else file
    return f"{group}={option} is {place}\n\n" + indent(file.read_text(encoding="utf-8").rstrip(), "  ")


def about_argument(key):
    """What the Trainer's documentation says of a field; nothing where there is no such field."""
    name = key.partition(".")[2]
    if key not in argument_keys() or name not in argument_docs():
        return ""
    kind, _, text = argument_docs()[name].partition("):")
    kind = kind.replace("`", "").replace("*optional*, ", "")
    return f"{key} ({kind})\n\n" + indent(dedent(text.strip("\n")).strip(), "  ")


def about_key(key, words):
    """The lines in which the options of a group (or conf/config.yaml) give a key, with their comments."""
    group, _, name = key.rpartition(".")
    options = {f"{group}={o}": option_file(group, o, words) for o in options_of(group, words)} if group else {}
    common = {"conf/config.yaml": CONF / "config.yaml"} if group in COMMON else {}

    files = {**options, **common}
    width = max(map(len, files), default=0)
    lines = {place: _line(name, file) for place, file in files.items()}
    return "\n".join(f"{place:<{width}}  {line}" for place, line in lines.items() if line)


def _line(name, file):
    found = re.search(rf"^ *{re.escape(name)}:.*$", file.read_text(encoding="utf-8"), re.M)
    return found[0].strip() if found else ""


def _wrapped(text, head):
    """Text after a head, as wide as the terminal (80 columns where there is none), its lines below each other."""
    width = min(max(get_terminal_size((80, 24)).columns, NARROW), WIDE)
    return fill(text, width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False)
