"""Learning rates by part, and what a method freezes, on every family of encoders."""

import json

import pytest
from test_architectures import MAKERS, RARER, tiny  # noqa: F401

from stages import layers, optimization, progress
from stages.model import build_model, count_parameters
from tasks.contract import task_class

LABELS = ("a", "b")
TASKS = {"ner": task_class("ner")("ner", "f1")}
TASKS["text"] = task_class("text_classification")("text_classification", "accuracy")
LORA = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "target_modules": None, "use_rslora": False, "use_dora": False}


def make_albert(folder, words, texts):
    from transformers import AlbertConfig, AlbertForMaskedLM

    size = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}
    AlbertForMaskedLM(AlbertConfig(vocab_size=99, embedding_size=16, **size)).save_pretrained(folder)


def make_bert(folder, words, texts):
    for path in words.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())


MAKERS.update(albert=make_albert, bert=make_bert)
LAYERED = [name for name in MAKERS if name != "albert"]


def build(folder, task="text", method="full", **keys):
    keys = {"lora": LORA, "full": {"frozen_layers": 0, "frozen_embeddings": False}}.get(method, {}) | keys
    config = {"model": {"config": {}}, "seed": 1, "training": {}, "method": {"name": method, **keys}}
    return build_model(config, TASKS[task], LABELS, folder, None)


def trained(model):
    return {name for name, p in model.named_parameters() if p.requires_grad}


def groups_of(model, folder, **choices):
    """The parameter groups of the Trainer's AdamW at a base rate of 1, split by learning rates where any are given."""
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(output_dir=str(folder), use_cpu=True, learning_rate=1.0, weight_decay=0.01)
    optimizer = Trainer(model=model, args=arguments).create_optimizer()
    if choices:
        optimization.set_learning_rates(optimizer, optimization.learning_rates(model, choices, 1.0), 1.0)
    return optimizer.param_groups


def by_name(model, groups, key):
    """{name of a parameter: the value that its group has}, each trained one exactly once."""
    names = {id(p): name for name, p in model.named_parameters()}
    found = [(names[id(p)], group[key]) for group in groups for p in group["params"]]
    assert len(found) == len(dict(found)) == len(trained(model)) > 0
    return dict(found)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("name", LAYERED)
def test_layers_learn_the_slower_the_lower_they_are(tiny, tmp_path, name, method, task):  # noqa: F811
    """On every family, adapted or not; weight decay stays what the Trainer made it."""
    model = build(tiny(name), task, method)
    groups = groups_of(model, tmp_path, layer_decay=0.5, head_learning_rate=7.0)
    decays = by_name(model, groups_of(model, tmp_path), "weight_decay")
    assert by_name(model, groups, "weight_decay") == decays and set(decays.values()) == {0.0, 0.01}
    assert groups[0]["lr"] == 1.0
    rates = by_name(model, groups, "lr")
    for parameter, rate in rates.items():
        if "embeddings" in parameter:
            assert rate == 0.25, parameter
        elif ".0." in parameter and "layer" in parameter:
            assert rate == 0.5, parameter
        elif ".1." in parameter and "layer" in parameter:
            assert rate == 1.0, parameter
        else:
            new = any(f".{part}." in f".{parameter}" for part in layers._bare(model).new_modules)
            assert rate == (7.0 if new else 1.0), parameter
    assert {0.5, 1.0, 7.0} <= set(rates.values()) and (method == "lora" or 0.25 in rates.values())


def test_without_keys_the_groups_are_the_trainers_own(run_here, tiny_bert, monkeypatch):
    """And with them the first group, whose rate is logged, learns at the base rate."""
    from transformers import Trainer

    seen = []
    plain = Trainer.create_optimizer
    monkeypatch.setattr(
        Trainer, "create_optimizer", lambda self, model=None: seen.append(plain(self, model)) or seen[-1]
    )
    monkeypatch.setattr(optimization, "set_learning_rates", lambda *_: pytest.fail("no key was given"))
    words = ("experiment=debug/one_batch", f"model.path={tiny_bert}", "task=text_classification")
    run_here(*words)
    assert [len(group["params"]) > 5 for group in seen[0].param_groups] == [True, True]
    monkeypatch.undo()
    folder = run_here(*words, "optimizer.layer_decay=0.5", "optimizer.learning_rate=0.25", "training.logging_steps=1")
    assert json.loads((folder / "history.jsonl").read_text().splitlines()[0])["learning_rate"] == 0.25


def test_the_layers_of_albert_cannot_be_told_apart(tiny):  # noqa: F811
    model = build(tiny("albert"))
    for key in ("optimizer.layer_decay=0.9", "method.frozen_layers=2"):
        with pytest.raises(ValueError, match=rf"{key}: the 3 layers of albert share the weights of 1"):
            layers.encoder_layers(model, key)
    with pytest.raises(ValueError, match="share the weights"):
        build(tiny("albert"), frozen_layers=1)
    rates = optimization.learning_rates(model, {"head_learning_rate": 0.5}, 1.0)
    assert {rates[id(p)] for p in model.classifier.parameters()} == {0.5}
    frozen = build(tiny("albert"), frozen_embeddings=True)
    names = {name for name, p in frozen.named_parameters() if not p.requires_grad}
    assert {name.split(".")[1] for name in names} == {"embeddings", "encoder"}
    assert not any("albert_layers" in name for name in names) and any("embedding_hidden" in name for name in names)


def test_a_crf_learns_at_its_own_rate(tiny):  # noqa: F811
    import torch

    model = build(tiny("bert"), "ner")
    choices = {"crf_learning_rate": 9.0, "head_learning_rate": 7.0}
    with pytest.raises(ValueError, match=r"optimizer\.crf_learning_rate=9\.0: this model has no crf"):
        optimization.learning_rates(model, choices, 1.0)
    model.crf = torch.nn.Linear(2, 2)
    model.new_modules = (*model.new_modules, "crf")
    rates = optimization.learning_rates(model, choices, 1.0)
    assert {rates[id(p)] for p in model.crf.parameters()} == {9.0}
    assert {rates[id(p)] for p in model.classifier.parameters()} == {7.0}
    assert optimization.describe_rates(model, choices, rates, 1.0) == "1, head 7, crf 9"
    rates = optimization.learning_rates(model, {"layer_decay": 0.1}, 1.0)
    assert optimization.describe_rates(model, {}, rates, 1.0) == "1, lower layers down to 0.01"


def test_a_model_that_knows_its_task_has_a_head_too(run_here, tiny_bert):
    """Trained before, nothing in it is new: the head is what stands on the encoder."""
    folder = run_here("experiment=debug/one_batch", f"model.path={tiny_bert}")
    labels = list(json.loads((folder / "model" / "config.json").read_text())["label2id"])
    config = {"model": {"config": {}}, "seed": 1, "training": {}, "method": {"name": "head_only"}}
    model = build_model(config, TASKS["ner"], labels, folder / "model", None)
    assert model.new_modules == () and trained(model) == {"classifier.weight", "classifier.bias"}


@pytest.mark.parametrize("name", LAYERED)
def test_what_methods_freeze(tiny, name):  # noqa: F811
    def share(**keys):
        return count_parameters(build(tiny(name), **keys))[0]

    def of_layer(model, number):
        return {n for n in trained(model) if f".{number}." in n and "layer" in n}

    every = share()
    embeddings, one = build(tiny(name), frozen_embeddings=True), build(tiny(name), frozen_layers=1)
    assert not any("embeddings" in n for n in trained(embeddings) | trained(one))
    assert of_layer(embeddings, 0) and not of_layer(one, 0) and of_layer(one, 1)
    assert every > count_parameters(embeddings)[0] > count_parameters(one)[0] > share(frozen_layers=2) > 0
    probe = trained(build(tiny(name), method="head_only"))
    assert probe == {n for n in trained(build(tiny(name))) if n.startswith(tuple(build(tiny(name)).new_modules))}
    with pytest.raises(ValueError, match=r"frozen_layers=3, but this model has 2 encoder layers\. Give 2 or less"):
        build(tiny(name), frozen_layers=3)
    if name == "modernbert":
        with pytest.raises(ValueError, match="method=bitfit trains biases, but modernbert has none"):
            build(tiny(name), method="bitfit")
    else:
        assert all(n.endswith("bias") for n in trained(build(tiny(name), method="bitfit")) - probe)
        assert len(trained(build(tiny(name), method="bitfit"))) > len(probe)


@pytest.mark.parametrize(
    "method", ["full", pytest.param("bitfit", marks=RARER), pytest.param("head_only", marks=RARER)]
)
def test_an_interrupted_frozen_run_goes_on(run_here, tiny_bert, monkeypatch, method):
    """Stopped and typed again it ends with the same weights; what is frozen is what the pretrained model has."""
    from safetensors.torch import load_file

    words = ["experiment=quickstart/text_classification", f"model.path={tiny_bert}", "data.limit=16", "batch_size=8"]
    words += ["training.num_train_epochs=2", f"method={method}", "optimizer.head_learning_rate=1e-2"]
    words += ["optimizer.layer_decay=0.8", *(["method.frozen_layers=1"] if method == "full" else [])]
    whole = run_here(*words)
    expected = load_file(whole / "model" / "model.safetensors")
    whole.rename(whole.with_name("whole"))

    def stop(self, args, state, control, **kwargs):
        if state.global_step >= 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(progress.Progress, "on_step_begin", stop)
        with pytest.raises(KeyboardInterrupt):
            run_here(*words)
    weights = load_file(run_here(*words) / "model" / "model.safetensors")
    assert all(weights[name].equal(tensor) for name, tensor in expected.items())
    before = load_file(tiny_bert / "model.safetensors")
    changed = {name for name, tensor in before.items() if name in weights and not tensor.equal(weights[name])}
    may = {"full": lambda name: ".layer.1." in name, "bitfit": lambda name: name.endswith("bias")}
    assert bool(changed) == (method in may) and all(may[method](name) for name in changed)
