"""Secrets, kept out of whatever a run writes, prints or sends: known by their form, by the name of a key or variable,
or because this machine keeps them."""

import netrc
import os
import re
from functools import cache
from pathlib import Path

HIDDEN = "***"
SHORTEST = 8  # characters of a secret that is kept here: to hide every `true` would hide the log
NAME = re.compile(
    r"(?:^|[_.-])(?:api_?key|access_?key|private_?key|secret(?:_key)?|credentials?|(?:auth|access|hub|hf|api|bearer|"
    r"session|refresh)_?token)(?:$|[_.-])|passw(?:or)?d|^token$|^[A-Z_]*TOKEN(?:_[A-Z]+)?$",
)
FORMS = re.compile(
    r"hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|\bsk-[\w-]{20,}|"
    r"xox[abprs]-[\w-]{10,}|\bA[KS]IA[A-Z0-9]{16}\b|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+|"
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.S,
)
IN_ADDRESS = re.compile(r"(?<=://)[^/\s@'\"]*:[^/\s'\"]*(?=@)|(?<=://)[^/\s:@'\"]{20,}(?=@)")
IN_QUERY = re.compile(r"([?&](?:[\w-]*token|[\w-]*key|sig(?:nature)?|secret|passw(?:or)?d)=)[^&\s'\"]+", re.I)


def hidden(tree):
    """A text, or a tree of texts, with every secret in it replaced."""
    if isinstance(tree, dict):
        return {hidden(key): HIDDEN if _is_held(key, inner) else hidden(inner) for key, inner in tree.items()}
    if isinstance(tree, list | tuple):
        return [hidden(inner) for inner in tree]
    return hidden_text(tree) if isinstance(tree, str) else tree


def hidden_text(text):
    """The same of one text."""
    for secret in known_secrets():
        text = text.replace(secret, HIDDEN)
    text = FORMS.sub(HIDDEN, text)
    return IN_QUERY.sub(rf"\1{HIDDEN}", IN_ADDRESS.sub(HIDDEN, text)) if "://" in text else text


def hidden_words(words):
    """The same of typed words: `key=value` where the key tells, too."""
    pairs = [(word, *word.partition("=")) for word in words]
    return [
        f"{key}={HIDDEN}" if _is_held(key.rpartition(".")[2], value) else hidden_text(word)
        for word, key, _, value in pairs
    ]


def is_secret_name(name):
    """Whether a variable or key of this name holds what nobody is to see; `pad_token` does not."""
    return bool(NAME.search(name) or NAME.search(name.lower()))


@cache
def known_secrets():
    """The secrets of this user and machine, the longest first: environment, netrc, the Hub's token."""
    found = {value for name, value in os.environ.items() if is_secret_name(name)} | _of_netrc() | _of_hub()
    return sorted((one for one in found if len(one) >= SHORTEST), key=len, reverse=True)


def _is_held(key, value):
    return isinstance(value, str) and value != "" and isinstance(key, str) and is_secret_name(key)


def _of_netrc():
    try:
        hosts = netrc.netrc(os.environ.get("NETRC")).hosts
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return set()
    return {password for _, _, password in hosts.values() if password}


def _of_hub():
    home = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    place = Path(os.environ.get("HF_TOKEN_PATH") or home / "token")
    try:
        return {place.read_text(encoding="utf-8").strip()}
    except (OSError, UnicodeDecodeError):
        return set()
