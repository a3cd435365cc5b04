"""Writing: prompts, rows, batches, losses and generated ids of both kinds of model, against plain calls of them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

from stages.model import fit_task
from stages.processor import load_tokenizer
from tasks.contract import IGNORED, LossContext, Scores
from tasks.writing.generation import SETTINGS, Writer, check_settings, left_padded, write, written
from tasks.writing.prompts import encode_pairs, fitted, prompts_ids, target_ids


@dataclass(frozen=True)
class Echo(Writer):
    columns: ClassVar = ("text", "answer")
    target: ClassVar = "answer"

    def encode(self, examples, tokenizer, labels):
        prompts = [("say: {}".format, text) for text in examples["text"]]
        targets = examples.get("answer", [None] * len(prompts))
        return encode_pairs(prompts, targets, tokenizer, self.generation, self.decoder_only)

    def metrics(self, predictions, examples):
        return Scores({})

    def baseline(self, train, examples):
        return "nothing", []


TASK = Echo("echo", "loss", {"max_new_tokens": 6})
EXAMPLES = {"text": ["the cat", "a dog ran in the city", "我们去"], "answer": ["sat", "of Berlin .", "北京"]}
KINDS = ("tiny_t5", "tiny_llama", "tiny_gpt2")


@pytest.fixture(params=KINDS)
def made(request):
    return setup(request.getfixturevalue(request.param))


def setup(folder):
    tokenizer = load_tokenizer(folder, False)
    task = fit_task(TASK, folder, tokenizer)
    kind = AutoModelForCausalLM if task.decoder_only else AutoModelForSeq2SeqLM
    return task, tokenizer, kind.from_pretrained(folder).eval()


def rows_of(task, tokenizer, examples):
    rows = task.encode(examples, tokenizer, ())
    return [
        {name: rows[name][i] for name in ("input_ids", "attention_mask", "labels")} for i in range(len(rows["cut"]))
    ]


def losses(task, tokenizer, model, rows):
    batch = task.collator(tokenizer, model)(rows)
    labels = batch.pop("labels")
    with torch.no_grad():
        return task.loss(model(**batch), labels, LossContext()), task.items(labels), batch, labels


def test_the_model_says_which_kind_it_is(tiny_t5, tiny_llama, tiny_bert):
    t5, llama = (fit_task(TASK, folder, None) for folder in (tiny_t5, tiny_llama))
    assert (t5.auto_class, t5.lora_type) == ("AutoModelForSeq2SeqLM", "SEQ_2_SEQ_LM")
    assert (llama.auto_class, llama.lora_type) == ("AutoModelForCausalLM", "CAUSAL_LM")
    with pytest.raises(ValueError, match=r"model\.path is a bert model, which reads but does not write"):
        fit_task(TASK, tiny_bert, None)


def test_the_loss_is_that_of_the_model_itself_for_each_row_alone(made):
    """transformers' own loss is a mean over the labels it gets; ours, in a batch, the sum over those of each row."""
    task, tokenizer, model = made
    rows = rows_of(task, tokenizer, EXAMPLES)
    found, items, _, _ = losses(task, tokenizer, model, rows)
    for row, loss, count in zip(rows, found, items, strict=True):
        target = row["labels"]
        assert count == len(target) > 1 and target[-1] == tokenizer.eos_token_id
        if task.decoder_only:
            ids = torch.tensor([row["input_ids"] + target])
            labels = torch.tensor([[IGNORED] * len(row["input_ids"]) + target])
            alone = model(input_ids=ids, labels=labels).loss
        else:
            alone = model(input_ids=torch.tensor([row["input_ids"]]), labels=torch.tensor([target])).loss
        assert loss.item() == pytest.approx(alone.item() * len(target), rel=1e-4)


def test_a_batch_does_not_change_what_is_written_and_gold_is_not_looked_at(made):
    """The same ids row by row with transformers' generate, in one batch with gold, and in one without it."""
    task, tokenizer, model = made
    rows = rows_of(task, tokenizer, EXAMPLES)
    inputs = {"max_new_tokens": 6, "do_sample": False, "pad_token_id": tokenizer.pad_token_id}
    expected = []
    for row in rows:
        ids = torch.tensor([row["input_ids"]])
        out = model.generate(ids, attention_mask=torch.ones_like(ids), **inputs)[0]
        out = out[ids.shape[1] :] if task.decoder_only else out[1:]
        ends = (out == tokenizer.eos_token_id).nonzero()
        expected.append(out[: int(ends[0]) + 1 if len(ends) else None].tolist())
    bare = [{**row, "labels": []} for row in rows]
    for given in (rows, bare, [{**row, "labels": [IGNORED] * 3} for row in rows]):
        _, _, batch, labels = losses(task, tokenizer, model, given)
        out = task.respond(model, batch, labels)["generated"]
        assert [[i for i in row if i != IGNORED] for row in out.tolist()] == expected


def test_rows_without_gold_count_nothing_and_cost_nothing(made):
    task, tokenizer, model = made
    rows = [{**row, "labels": []} for row in rows_of(task, tokenizer, EXAMPLES)]
    found, items, _, _ = losses(task, tokenizer, model, rows)
    assert found.tolist() == [0, 0, 0] and items.tolist() == [0, 0, 0]


def test_rows_are_the_same_with_and_without_gold(made):
    task, tokenizer, _ = made
    whole = task.encode(EXAMPLES, tokenizer, ())
    bare = task.encode({"text": EXAMPLES["text"]}, tokenizer, ())
    assert bare["input_ids"] == whole["input_ids"] and bare["labels"] == [[], [], []]
    assert whole["example"] == [0, 1, 2] and whole["cut"] == [False] * 3


def test_prompts_of_each_kind(tiny_t5, tiny_llama, tiny_gpt2):
    t5, llama, gpt2 = (load_tokenizer(folder, False) for folder in (tiny_t5, tiny_llama, tiny_gpt2))
    assert t5.decode(prompts_ids(t5, ["a cat"], False)[0]) == "a cat</s>"
    assert llama.decode(prompts_ids(llama, ["a cat"], True)[0]) == "<|user|>a cat</s><|assistant|>"
    assert gpt2.decode(prompts_ids(gpt2, ["a cat"], True)[0]) == "a cat\n"
    assert [t.decode(target_ids(t, "我们", t is not t5)) for t in (t5, llama, gpt2)] == ["我们</s>"] * 3


def test_what_is_too_long_is_cut_at_its_end_and_marked(made):
    """The words around the text stay, and with decoder-only models room to write."""
    task, tokenizer, _ = made
    long = {"text": ["the cat sat on the mat . " * 40, "a"], "answer": ["of Berlin " * 100, "a"]}
    rows = task.encode(long, tokenizer, ())
    most = tokenizer.model_max_length
    assert rows["cut"] == [True, False]
    room = most - (6 if task.decoder_only else 0)
    assert room - 6 <= len(rows["input_ids"][0]) <= room
    text = tokenizer.decode(rows["input_ids"][0])
    assert "say: the cat sat on the mat . the" in text
    if task.decoder_only:
        assert text.endswith(("<|assistant|>", "\n"))
        assert len(rows["input_ids"][0]) + len(rows["labels"][0]) == most
    else:
        assert text.endswith("</s>") and len(rows["labels"][0]) == most
    short = task.encode({"text": ["the"], "answer": ["of Berlin " * 100]}, tokenizer, ())
    assert short["cut"] == [True] and short["labels"][0][-1] != tokenizer.eos_token_id


def test_a_text_is_cut_to_what_fits():
    class Letters:
        def __call__(self, text, **_):
            return {"offset_mapping": [(i, i + 1) for i in range(len(text))]}

    assert fitted(lambda t: [*f"<{t}>"], "abcdef", Letters(), 8) == ([*"<abcdef>"], False)
    assert fitted(lambda t: [*f"<{t}>"], "abcdef", Letters(), 5) == ([*"<abc>"], True)
    assert fitted(lambda t: [*f"<{t}>", *"!!"[len(t) > 3 :]], "abcdef", Letters(), 7) == ([*"<abcd>!"], True)
    assert fitted(lambda t: [*f"<{t}>", *"!!"[len(t) > 3 :]], "abcdef", Letters(), 6) == ([*"<ab>!!"], True)
    with pytest.raises(ValueError, match="the prompt alone has 2 sub-words, but only 1 fit in"):
        fitted(lambda t: [*f"<{t}>"], "abcdef", Letters(), 1)


def test_prompts_move_to_the_right_edge():
    ids = torch.tensor([[5, 6, 7, 8, 0], [0, 0, 5, 6, 7], [5, 6, 0, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 0], [0, 0, 1, 1, 1], [1, 1, 0, 0, 0]])
    labels = torch.tensor([[-100, -100, 7, 8, -100], [-100, -100, -100, -100, 7], [-100] * 5])
    moved, seen = left_padded(ids, mask, labels)
    assert moved.tolist() == [[5, 6], [5, 6], [5, 6]] and seen.tolist() == [[1, 1]] * 3
    moved, seen = left_padded(ids, mask, torch.full_like(ids, IGNORED))
    assert [[i for i, m in zip(*row, strict=True) if m] for row in zip(moved, seen, strict=True)] == [
        [5, 6, 7, 8], [5, 6, 7], [5, 6],
    ]  # fmt: skip
    assert seen.tolist() == [[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1]]


def test_sampling_is_the_same_each_time(made):
    task, tokenizer, model = made
    _, _, batch, labels = losses(task, tokenizer, model, rows_of(task, tokenizer, EXAMPLES))
    settings = {"max_new_tokens": 6, "do_sample": True, "temperature": 2.0}
    first = write(model, batch, labels, settings)
    torch.rand(7)
    assert torch.equal(first, write(model, batch, labels, settings))
    assert not torch.equal(first, write(model, batch, labels, {"max_new_tokens": 6}))
    assert model.generation_config.do_sample is None, "the last settings are the model's own"


def test_what_is_written_goes_to_its_example(tiny_llama):
    tokenizer = load_tokenizer(tiny_llama, False)
    ids = [tokenizer(" 北京", add_special_tokens=False)["input_ids"], [*tokenizer("a dog")["input_ids"], 1]]
    width = max(map(len, ids)) + 1
    array = numpy.array([row + [IGNORED] * (width - len(row)) for row in ids])
    assert written(array, [1, 0], tokenizer) == [{"prediction": "a dog"}, {"prediction": "北京"}]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"max_new_tokens": 5, "beams": 4}, "task.generation.beams is not known. Choose from: max_new_tokens,"),
        ({}, "task.generation.max_new_tokens=None is not a number of tokens"),
        ({"max_new_tokens": 0}, "task.generation.max_new_tokens=0 is not a number of tokens"),
        ({"max_new_tokens": 5, "top_p": 0.9}, "task.generation.top_p changes nothing without sampling"),
        ({"max_new_tokens": 5, "length_penalty": 2.0}, "task.generation.length_penalty changes nothing without beams"),
    ],
)
def test_settings_that_cannot_work(settings, expected):
    with pytest.raises(ValueError, match=expected.replace(".", r"\.")):
        Echo("echo", "loss", settings)


def test_settings_are_those_of_transformers():
    from transformers import GenerationConfig

    assert set(SETTINGS) <= set(vars(GenerationConfig()))
    check_settings({"max_new_tokens": 5, "do_sample": True, "top_p": 0.9, "num_beams": None, "temperature": None})


def test_the_kind_is_read_from_the_configuration_alone(tiny_t5):
    assert not TASK.for_model(AutoConfig.from_pretrained(tiny_t5), None).decoder_only
