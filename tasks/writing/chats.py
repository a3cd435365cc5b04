"""Conversations as the text and the tokens that a model reads, short enough for it."""

from tasks.contract import IGNORED
from tasks.writing.prompts import beginning, fitted, target_ids


def render(messages: list[dict], tokenizer, style: str, asks: bool) -> str:
    """The text of a conversation; `asks`: up to where the assistant's next turn begins.

    In the style `chat` by the model's own template, or where it has none a line per turn, `User: ...`; in the style
    `completion` the plain contents one after another, with the end token behind each that the model wrote.
    """
    end = tokenizer.eos_token
    if style == "completion":
        return "".join(turn["content"] + end * (turn["role"] == "assistant") for turn in messages)
    if tokenizer.chat_template:
        return tokenizer.apply_chat_template(messages, add_generation_prompt=asks, tokenize=False)
    ends = {"assistant": f"{end}\n"}
    lines = (f"{turn['role'].capitalize()}: {turn['content']}{ends.get(turn['role'], chr(10))}" for turn in messages)
    return "".join(lines) + "Assistant:" * asks


def spans(messages: list[dict], text: str, tokenizer, style: str) -> list[tuple[int, int]]:
    """Where in the rendered text the assistant's turns stand. ValueError for a template that changes what stands before
    a later turn, as some do with the model's thoughts."""
    found = []
    for i, turn in enumerate(messages):
        if turn["role"] == "assistant":
            before = render(messages[:i], tokenizer, style, True)
            behind = render(messages[: i + 1], tokenizer, style, False)
            if not (text.startswith(behind) and behind.startswith(before)):
                raise ValueError(
                    "task.learn=all: this model's chat template changes earlier turns, so they cannot be learned in "
                    "one go. Set task.learn=last."
                )
            found.append((len(before), len(behind)))
    return found


def prompt_ids(messages: list[dict], tokenizer, style: str, decoder_only: bool) -> list[int]:
    """The token ids that a reply is asked for with; where that is no text at all, the end token."""
    text = render(messages, tokenizer, style, True)
    if not decoder_only:
        return tokenizer(text)["input_ids"]
    start = [] if style == "chat" and tokenizer.chat_template else beginning(tokenizer)
    return [*start, *tokenizer(text, add_special_tokens=False)["input_ids"]] or [tokenizer.eos_token_id]


def reply_ids(text: str, tokenizer, style: str, decoder_only: bool) -> list[int]:
    """The token ids of a reply, its end with them."""
    plain = style == "chat" and not tokenizer.chat_template
    return target_ids(tokenizer, f" {text}" if plain else text, decoder_only)


def earlier_ids(messages: list[dict], ids: list[int], tokenizer, style: str) -> list[int]:
    """Of the ids of a prompt those that the assistant wrote, each turn up to its end token; IGNORED elsewhere."""
    marks = [IGNORED] * len(ids)
    if all(turn["role"] != "assistant" for turn in messages):
        return marks
    text = render(messages, tokenizer, style, True)
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    shift = len(prompt_ids(messages, tokenizer, style, True)) - len(offsets)
    for start, end in spans(messages, text, tokenizer, style):
        for i in (shift + n for n, (first, _) in enumerate(offsets) if start <= first < end):
            marks[i] = ids[i]
            if ids[i] == tokenizer.eos_token_id:
                break
    return marks


def fitted_prompt(messages: list[dict], tokenizer, style: str, decoder_only: bool, room: int):
    """-> (the conversation without the exchanges that were dropped, the ids of its prompt, whether anything of it is
    left out): first the oldest exchanges, then the end of the last turn."""
    kept, dropped = fit(messages, lambda some: len(prompt_ids(some, tokenizer, style, decoder_only)), room)
    *before, last = kept

    def make(text):
        return prompt_ids([*before, {**last, "content": text}], tokenizer, style, decoder_only)

    ids, cut = fitted(make, last["content"], tokenizer, room)
    return kept, ids, cut or dropped > 0


def fit(messages: list[dict], count, room: int) -> tuple[list[dict], int]:
    """-> (the conversation without its oldest exchanges, as few as needed for `count(messages)` tokens to fit into
    `room`; how many turns were dropped). The system message and what follows the last reply stay."""
    system = [turn for turn in messages if turn["role"] == "system"]
    turns = messages[len(system) :]
    starts = [i for i, turn in enumerate(turns) if i and turn["role"] == "user" and turns[i - 1]["role"] == "assistant"]
    for start in (0, *starts):
        if count([*system, *turns[start:]]) <= room:
            break
    else:
        start = starts[-1] if starts else 0
    return [*system, *turns[start:]], start
