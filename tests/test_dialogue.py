"""Dialogue: rows, losses, replies and scores; whole runs on a tiny model."""

import json

import pytest
import torch
from datasets import Dataset
from run_files import predicted
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

from stages.model import fit_task
from stages.prediction import load_model
from stages.processor import load_tokenizer
from tasks.contract import IGNORED, LossContext
from tasks.dialogue import Dialogue
from tasks.samples.dialogue import TOWNS, generate
from tasks.writing.replies import nearest_replies, reply_scores

GENERATION = {"max_new_tokens": 8}
TALKS = [
    ["the cat", "sat"],
    ["a dog ran in the city", "good dog", "and the cat ?", "bad cat"],
    ["我们去北京", "好"],
    ["one", "two", "three", "four", "five", "six"],
]


def made(folder, **choices):
    tokenizer = load_tokenizer(folder, False)
    task = fit_task(Dialogue("dialogue", "loss", GENERATION, **choices), folder, tokenizer)
    kind = AutoModelForCausalLM if task.decoder_only else AutoModelForSeq2SeqLM
    model = kind.from_pretrained(folder)
    for name, value in task.head_config.items():
        setattr(model.config, name, value)
    return task, tokenizer, model.eval()


def encoded(task, tokenizer, examples):
    ready = task.prepare({"train": examples})[0]["train"]
    return task.encode(ready, tokenizer, ()), ready


def losses(task, tokenizer, model, rows):
    batch = task.collator(tokenizer, model)(rows)
    labels = batch.pop("labels")
    with torch.no_grad():
        return task.loss(model(**batch), labels, LossContext()), task.items(labels)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"style": "story"}, "task.style=story is not known. Choose one of: chat, completion."),
        ({"learn": "first"}, "task.learn=first is not known. Choose one of: all, last."),
        ({"generation": {}}, "task.generation.max_new_tokens=None is not a number of tokens"),
        ({"best": "f1"}, "task.best=f1 is not a score of dialogue"),
    ],
)
def test_choices_that_do_not_exist(choice, expected):
    with pytest.raises(ValueError) as caught:
        Dialogue(**{"name": "dialogue", "best": "loss", "generation": GENERATION, **choice})
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("kind", ["tiny_llama", "tiny_gpt2"])
@pytest.mark.parametrize("learn", ["all", "last"])
def test_only_replies_are_learned_and_packing_changes_no_loss(kind, learn, request):
    """The summed loss of the packed rows is that of transformers for each conversation alone, labels on its replies."""
    task, tokenizer, model = made(request.getfixturevalue(kind), learn=learn, packing=True)
    rows, _ = encoded(task, tokenizer, {"messages": TALKS})
    packed = task.training_rows(Dataset.from_dict(rows), tokenizer, 1)
    assert len(packed) < len(TALKS)
    together, count = losses(task, tokenizer, model, list(packed))
    alone, learned = 0.0, 0
    for ids, reply, earlier in zip(rows["input_ids"], rows["labels"], rows["earlier"], strict=True):
        gold = [*(earlier if learn == "all" else [IGNORED] * len(ids)), *reply]
        size = sum(label != IGNORED for label in gold)
        loss = model(input_ids=torch.tensor([[*ids, *reply]]), labels=torch.tensor([gold])).loss
        alone, learned = alone + loss.item() * size, learned + size
    assert together.sum().item() == pytest.approx(alone, rel=1e-4) and count.sum() == learned
    text = "".join(tokenizer.decode([i for i in gold if i != IGNORED]) for gold in packed["labels"])
    assert ("good dog" in text) == (learn == "all") and "bad cat" in text and "the cat" not in text


@pytest.mark.parametrize("kind", ["tiny_llama", "tiny_gpt2"])
def test_a_conversation_that_the_assistant_begins(kind, request):
    """Nothing stands before its first token, in a packed row either: it is learned nowhere."""
    begun = [{"role": "assistant", "content": "good"}, *({"role": r, "content": "ok"} for r in ("user", "assistant"))]
    found = []
    for packing in (False, True):
        task, tokenizer, model = made(request.getfixturevalue(kind), style="completion", packing=packing)
        rows, _ = encoded(task, tokenizer, {"messages": [*TALKS, begun, begun]})
        trained = task.training_rows(Dataset.from_dict(rows), tokenizer, 1)
        loss, count = losses(task, tokenizer, model, list(trained))
        found.append((loss.sum().item(), count.sum()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4) and found[0][1] == found[1][1]


def test_unpacked_rows_and_evaluated_ones_have_the_same_loss(tiny_llama):
    task, tokenizer, model = made(tiny_llama, learn="last")
    rows, _ = encoded(task, tokenizer, {"messages": TALKS})
    trained = task.training_rows(Dataset.from_dict(rows), tokenizer, 1)
    whole, _ = losses(task, tokenizer, model, list(trained))
    names = ("input_ids", "attention_mask", "labels")
    apart, _ = losses(task, tokenizer, model, [{n: rows[n][i] for n in names} for i in range(len(TALKS))])
    assert whole.tolist() == pytest.approx(apart.tolist(), rel=1e-4)


def test_an_encoder_decoder_learns_the_last_reply(tiny_t5):
    task, tokenizer, model = made(tiny_t5)
    rows, _ = encoded(task, tokenizer, {"messages": TALKS})
    trained = task.training_rows(Dataset.from_dict(rows), tokenizer, 1)
    found, count = losses(task, tokenizer, model, list(trained))
    for ids, gold, loss, size in zip(rows["input_ids"], rows["labels"], found, count, strict=True):
        alone = model(input_ids=torch.tensor([ids]), labels=torch.tensor([gold])).loss
        assert size == len(gold) and loss.item() == pytest.approx(alone.item() * len(gold), rel=1e-4)


def test_what_is_left_out_is_marked(tiny_llama):
    task, tokenizer, _ = made(tiny_llama)
    long = ["we go to the city " * 12, "good", "and now ?", "bad"]
    rows, _ = encoded(task, tokenizer, {"messages": [["a", "b"], long, ["a", "the cat sat in the city " * 30]]})
    assert rows["cut"] == [False, True, True] and len(rows["input_ids"][1]) < 30
    assert all(len(a) + len(b) <= 128 for a, b in zip(rows["input_ids"], rows["labels"], strict=True))


def test_forms_and_what_a_user_sees_again():
    task = Dialogue("dialogue", "loss", GENERATION)
    assert task.form({"messages"}) == ("messages", "messages")
    assert task.form({"messages", "system"}) == ("messages", "messages")
    assert task.form({"messages", "reply"}) == task.form({"messages", "gold", "id"}) == ("messages", "reply")
    assert task.form({"instruction", "output"}) == ("instruction", "output")
    ready = task.prepare({"test": {"prompt": ["a"], "response": ["b"]}})[0]["test"]
    assert task.form(ready) == ("prompt", "response") and task.inputs(ready) == [([{"role": "user", "content": "a"}],)]


def test_the_nearest_training_prompt_answers():
    prompts, replies = ["where is the cat", "where is the dog", "你好吗"], ["here", "there", "很好"]
    asked = ["Where is my dog?", "the cat", "你好", "xyz"]
    assert nearest_replies(prompts, [*replies], asked) == ["there", "here", "很好", "here"]
    assert nearest_replies(["a", "b", "c"], ["x", "y", "y"], ["d"]) == ["y"], "the most frequent one"


def test_scores_of_equal_and_of_empty_replies():
    same, how = reply_scores(["the cat sat here now", "b"], [["the cat sat here now"], ["c", "b"]], None)
    assert same["exact_match"] == 1 and same["rougeL"] == 1 and same["bleu"] == pytest.approx(100)
    assert same["distinct_1"] == 1 and same["words"] == 3 and how[0]["scores"] == "ROUGE"
    empty, _ = reply_scores(["", ""], [["a"], ["b"]], None)
    assert empty["exact_match"] == empty["rouge1"] == empty["bleu"] == empty["distinct_2"] == 0


def test_the_sample_is_the_same_everywhere_and_its_test_towns_are_new():
    made = generate()
    assert made == generate() and [len(made[split]["messages"]) for split in made] == [160, 24, 40]
    words = {split: set(" ".join(turn for talk in made[split]["messages"] for turn in talk).split()) for split in made}
    assert not set(TOWNS["test"]) & (words["train"] | words["validation"])
    assert 10 < sum(len(talk) == 4 for talk in made["test"]["messages"]) < 30


SHORT = ("training.max_steps=2", "training.eval_strategy=steps", "training.eval_steps=2", "batch_size=4",
         "training.save_strategy=steps", "task.generation.max_new_tokens=4", "model=minilm")  # fmt: skip


def test_a_run_on_conversations_and_its_reload(run_here, tiny_llama):
    run = run_here("task=dialogue", "data=sample", "data.limit=6", f"model.path={tiny_llama}", *SHORT,
                   "task.packing=true", "method=lora")  # fmt: skip
    rows, scores = predicted(run), json.loads((run / "metrics.json").read_text())
    assert len(rows) == 6 and rows[0]["messages"][-1]["role"] == "user" and rows[0]["gold"][0].startswith("Booked: ")
    assert scores["baseline"]["name"].startswith("the reply to the training prompt")
    assert {"bleu", "chrf", "rougeL", "distinct_2", "exact_match", "perplexity"} <= set(scores["test"])
    model = load_model(run, {"use_cpu": True})
    whole = [[*row["messages"], {"role": "assistant", "content": row["gold"][0]}] for row in rows]
    for given in ({"messages": [row["messages"] for row in rows]}, {"messages": whole}):
        assert [p["prediction"] for p in model.predict(given)] == [row["prediction"] for row in rows]


def test_a_run_on_instructions_of_a_file(run_here, tiny_gpt2, tmp_path):
    tasks = [{"instruction": f"say {i}", "instances": [{"input": "" if i % 2 else "now", "output": f"it is {i}"}]}
             for i in range(20)]  # fmt: skip
    (tmp_path / "seed.jsonl").write_text("\n".join(map(json.dumps, tasks)), encoding="utf-8")
    run = run_here("task=dialogue", "data=files", f"data.train={tmp_path}/seed.jsonl", f"model.path={tiny_gpt2}",
                   "data.columns={instruction: instruction, input: instances.input, output: instances.output}",
                   "task.style=completion", "task.language=zh", *SHORT)  # fmt: skip
    rows = predicted(run)
    assert rows[0].keys() == {"id", "instruction", "input", "gold", "prediction"} and len(rows) == 2
    assert load_model(run, {"use_cpu": True}).predict(
        {"instruction": [row["instruction"] for row in rows], "input": [row["input"] for row in rows]}
    ) == [{"prediction": row["prediction"]} for row in rows]
