"""Conversations read, rendered and cut to length, on templates that can be read."""

import pytest

from stages.processor import load_tokenizer
from tasks.contract import IGNORED
from tasks.writing.chats import earlier_ids, fit, fitted_prompt, prompt_ids, render, reply_ids
from tasks.writing.conversations import as_messages, prepared


def turns(*texts, system=None):
    found = as_messages(list(texts), "")
    return [{"role": "system", "content": system}, *found] if system else found


TALK = turns("hi", "hello", "how are you", "fine", "bye")
SAID = [turn["content"] for turn in TALK]


@pytest.fixture(scope="module")
def chat(tiny_llama):
    return load_tokenizer(tiny_llama, False)


@pytest.fixture(scope="module")
def plain(tiny_gpt2):
    return load_tokenizer(tiny_gpt2, False)


# --- reading


@pytest.mark.parametrize(
    "value",
    [
        SAID,
        [{"role": r, "content": c} for r, c in zip(["user", "assistant"] * 3, SAID, strict=False)],
        [{"from": r, "value": c} for r, c in zip(["human", "gpt"] * 3, SAID, strict=False)],
    ],
)
def test_the_shapes_of_a_conversation(value):
    assert as_messages(value, "here") == TALK


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("hi", "here must hold a list of turns, it holds 'hi'."),
        ([], "here must hold a list of turns, it holds []."),
        (["a", 3], "here, turn 1 must hold a role and a content, it holds 'a'."),
        ([{"role": "narrator", "content": "a"}], "here, turn 1: the role 'narrator' is not known. Known: system, user"),
        ([{"role": "user", "content": None}], "here, turn 1: its content must be text, it is None."),
        (
            [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}],
            "here, turn 2: a system message",
        ),
    ],
)
def test_what_is_no_conversation_is_named(value, expected):
    with pytest.raises(ValueError) as caught:
        as_messages(value, "here")
    assert str(caught.value).startswith(expected)


def test_each_form_becomes_what_was_said_and_the_reply():
    for examples, asked in [
        ({"messages": [["a", "b", "c", "d"]]}, turns("a", "b", "c")),
        ({"messages": [TALK[:3]], "reply": ["d"]}, TALK[:3]),
        ({"prompt": ["a"], "response": ["d"]}, turns("a")),
        ({"instruction": ["a"], "input": [""], "output": ["d"]}, turns("a")),
        ({"instruction": ["a"], "input": [["b"]], "output": [["d"]]}, turns("a\n\nb")),
        ({"instruction": ["a"], "output": [["d", "e"]], "system": ["s"]}, turns("a", system="s")),
        ({"prompt": ["a"], "response": ["d"], "control": ["<polite>"]}, turns("<polite>\na")),
    ]:
        found, dropped = prepared("train", examples)
        assert found["_asked"] == [asked] and found["reply"][0][0] == "d" and not dropped


def test_turns_behind_the_last_reply_are_left_out_and_counted():
    found, dropped = prepared("train", {"messages": [["a", "b", "c"], ["a", "b"]]})
    assert dropped == 1 and found["_asked"] == [turns("a"), turns("a")] and found["reply"] == [["b"], ["b"]]


def test_new_text_has_no_reply_and_gold_is_not_looked_at():
    found, _ = prepared("new.jsonl", {"messages": [["a"], ["a", "b"], ["a", "b", "c"]]})
    assert found["_asked"] == [turns("a"), turns("a"), turns("a", "b", "c")] and "reply" not in found
    found, _ = prepared("new.jsonl", {"prompt": ["a"]})
    assert found["_asked"] == [turns("a")] and "reply" not in found


@pytest.mark.parametrize("examples", [{"messages": [["a", "b"], ["a"]]}, {"messages": [["a", "b"], [TALK[1]]]}])
def test_a_conversation_without_a_reply_or_without_a_question(examples):
    with pytest.raises(ValueError, match=r"test example 2: data\.columns\.messages: an assistant's turn"):
        prepared("test", examples)
    with pytest.raises(ValueError, match=r"train example 1: data\.columns\.reply is empty"):
        prepared("train", {"prompt": ["a"], "response": [""]})


# --- rendering


def test_a_conversation_as_text(chat, plain):
    assert render(TALK[:3], chat, "chat", True) == (
        "<|user|>hi</s><|assistant|>hello</s><|user|>how are you</s><|assistant|>"
    )
    assert render(TALK[:3], plain, "chat", True) == "User: hi\nAssistant: hello</s>\nUser: how are you\nAssistant:"
    assert render(turns("def f():\n", "    pass", "x = "), chat, "completion", True) == "def f():\n    pass</s>x = "


@pytest.mark.parametrize("style", ["chat", "completion"])
@pytest.mark.parametrize("kind", ["tiny_llama", "tiny_gpt2"])
def test_the_tokens_that_the_assistant_wrote(style, kind, request):
    """Those of each reply with its end, and nothing else; so a prompt and its reply begin a longer conversation."""
    tokenizer = load_tokenizer(request.getfixturevalue(kind), False)
    ids = prompt_ids(TALK, tokenizer, style, True)
    marks = earlier_ids(TALK, ids, tokenizer, style)
    replies = [token for text in ("hello", "fine") for token in reply_ids(text, tokenizer, style, True)]
    assert [mark for mark in marks if mark != IGNORED] == replies
    start = prompt_ids(TALK[:1], tokenizer, style, True)
    assert ids[: len(start)] == start and marks[: len(start)] == [IGNORED] * len(start)
    assert marks[len(start)] == ids[len(start)] == replies[0]


def test_a_template_that_changes_earlier_turns_is_refused(chat):
    from copy import deepcopy

    tokenizer = deepcopy(chat)
    tokenizer.chat_template = "{% for m in messages %}{% if loop.last %}LAST {% endif %}{{ m['content'] }}{% endfor %}"
    ids = prompt_ids(TALK, tokenizer, "chat", True)
    with pytest.raises(ValueError, match=r"chat template changes earlier turns.*Set task\.learn=last"):
        earlier_ids(TALK, ids, tokenizer, "chat")


# --- length


def test_the_oldest_exchanges_go_first_and_the_system_message_stays():
    talk = turns("one", "two", "three", "four", "five", system="rules")

    def count(messages):
        return sum(len(turn["content"]) for turn in messages)

    assert fit(talk, count, 100) == (talk, 0)
    assert fit(talk, count, 18) == ([talk[0], *talk[3:]], 2)
    assert fit(talk, count, 9) == ([talk[0], talk[5]], 4)
    assert fit(talk, count, 1) == ([talk[0], talk[5]], 4), "the rest is for cutting"


def test_a_last_turn_that_is_too_long_loses_its_end(chat):
    talk = turns("hi", "hello", "we go to the city " * 20)
    kept, ids, cut = fitted_prompt(talk, chat, "chat", True, 30)
    assert cut and kept == talk[2:] and len(ids) <= 30
    text = chat.decode(ids)
    assert text.startswith("<|user|>we go to the city we go") and text.endswith("</s><|assistant|>")
    assert fitted_prompt(talk[:1], chat, "chat", True, 30)[2] is False
