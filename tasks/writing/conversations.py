"""Conversations, read from the shapes and columns that data has them in: what was said, and the reply to it."""

from itertools import cycle

from tasks.contract import Finding
from tasks.writing.references import as_lists, one_text

GIVEN = ("train", "validation", "test")  # splits that hold replies
FORMS = (
    ("messages", "messages"), ("prompt", "response"), ("instruction", "input", "output"), ("instruction", "output"),
)  # fmt: skip
MORE = ("system", "control")  # optional columns
ROLES = {
    "system": "system", "user": "user", "assistant": "assistant", "human": "user", "prompter": "user",
    "gpt": "assistant", "bot": "assistant", "model": "assistant", "chatbot": "assistant",
}  # fmt: skip
TALKERS = ("user", "assistant")


def as_messages(value, place: str) -> list[dict]:
    """A conversation as `{"role": ..., "content": ...}` turns: from such, from `{"from": ..., "value": ...}` ones, or
    from plain texts that take turns, the user first. ValueError names the place of anything else."""
    if not isinstance(value, list) or not value:
        raise ValueError(f"{place} must hold a list of turns, it holds {repr(value)[:60]}.")
    if all(isinstance(turn, str) for turn in value):
        return [{"role": role, "content": text} for role, text in zip(cycle(TALKERS), value, strict=False)]
    messages = [_message(turn, f"{place}, turn {i}") for i, turn in enumerate(value, 1)]
    late = next((i for i, turn in enumerate(messages) if turn["role"] == "system" and i), None)
    if late:
        raise ValueError(f"{place}, turn {late + 1}: a system message stands first or nowhere.")
    return messages


def _message(turn, place):
    if not isinstance(turn, dict):
        raise ValueError(f"{place} must hold a role and a content, it holds {repr(turn)[:60]}.")
    role, content = (turn.get(a, turn.get(b)) for a, b in (("role", "from"), ("content", "value")))
    if role not in ROLES:
        raise ValueError(f"{place}: the role {role!r} is not known. Known: {', '.join(ROLES)}.")
    if not isinstance(content, str):
        raise ValueError(f"{place}: its content must be text, it is {repr(content)[:60]}.")
    return {"role": ROLES[role], "content": content}


def split_reply(messages: list[dict]) -> tuple[list[dict], str | None, int]:
    """-> (what comes before the last reply, that reply or None, how many turns behind it are left out)."""
    last = max((i for i, turn in enumerate(messages) if turn["role"] == "assistant"), default=None)
    if last is None:
        return messages, None, 0
    return messages[:last], messages[last]["content"], len(messages) - 1 - last


def form_of(names, own: tuple[str, ...]) -> tuple[str, ...]:
    """The columns, gold last, in which examples with these columns came. Prepared conversations stand in the task's
    `own` columns, the reply apart, beside those that a user gave."""
    apart = FORMS[0] if {*names} <= {"messages", *MORE} else own
    return next((form for form in FORMS[1:] if {*form[:-1]} <= {*names}), apart)


def prepared_splits(splits: dict[str, dict]) -> tuple[dict[str, dict], list[Finding]]:
    """-> (`prepared` examples of all splits, what is not learned of them)."""
    ready, found = {}, []
    for split, examples in splits.items():
        ready[split], dropped = prepared(split, examples)
        if dropped and split in GIVEN:
            found.append(Finding("note", split, f"{dropped} turns stand behind the last reply: not learned"))
    return ready, found


def last_turns(examples: dict) -> list[str]:
    """What was said last before each reply."""
    return [messages[-1]["content"] for messages in examples["_asked"]]


def prepared(split, examples):
    """-> (the examples with `reply`, and `_asked`: all that the model is shown; how many turns stand behind the last
    reply)."""
    columns, dropped = dict(examples), 0
    if "messages" in examples:
        places = [f"{split} example {i}: data.columns.messages" for i in range(1, len(examples["messages"]) + 1)]
        asked = [as_messages(value, place) for value, place in zip(examples["messages"], places, strict=True)]
        if "reply" not in examples:
            asked, replies, dropped = _without_reply(asked, places, split in GIVEN)
            columns |= {"reply": replies} if split in GIVEN else {}
    else:
        asked = [[{"role": "user", "content": text}] for text in _questions(split, examples)]
        gold = next((name for name in ("response", "output") if name in examples), None)
        columns |= {"reply": examples[gold]} if gold else {}
    if "reply" in columns:
        columns["reply"] = as_lists(split, "reply", columns["reply"])
    columns["messages"] = asked
    columns["_asked"] = [
        _directed(messages, *more)
        for messages, *more in zip(asked, *(_column(split, examples, name, len(asked)) for name in MORE), strict=True)
    ]
    return columns, dropped


def _without_reply(asked, places, needed):
    """The last reply taken out of each conversation; new text may do without one, and may end with a question."""
    parts = [
        (messages, None, 0) if not needed and messages[-1]["role"] != "assistant" else split_reply(messages)
        for messages in asked
    ]
    for place, (before, reply, _) in zip(places, parts, strict=True):
        if not before or (needed and reply is None):
            raise ValueError(f"{place}: an assistant's turn with something before it is needed.")
    return [before for before, _, _ in parts], [reply for _, reply, _ in parts], sum(left for _, _, left in parts)


def _questions(split, examples):
    """The prompts; an instruction with its input two lines below it, where there is one."""
    first, second = ("instruction", "input") if "instruction" in examples else ("prompt", "input")
    asked = one_text(split, first, examples[first])
    more = _column(split, examples, second, len(asked))
    return [f"{text}\n\n{beside}" if beside.strip() else text for text, beside in zip(asked, more, strict=True)]


def _column(split, examples, name, size):
    return one_text(split, name, examples[name]) if name in examples else [""] * size


def _directed(messages, system, control):
    """The system message in front, the control text on a line of its own before the last turn."""
    if system.strip():
        messages = [{"role": "system", "content": system}, *(m for m in messages if m["role"] != "system")]
    if control.strip():
        *before, last = messages
        messages = [*before, {**last, "content": f"{control}\n{last['content']}"}]
    return messages
