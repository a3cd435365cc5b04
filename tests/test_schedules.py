"""Every optimizer and schedule that the Trainer knows: by an option, or with the package that it needs."""

import ast
import inspect

import pytest
from conftest import PROJECT

from stages import optimization
from stages.arguments import _enum_values
from stages.config import build_task
from stages.features import encode
from stages.model import build_model
from stages.processor import load_tokenizer
from stages.training import build_tuner, train

OPTIONS = {g: sorted(p.stem for p in (PROJECT / "conf" / g).glob("*.yaml")) for g in ("optimizer", "scheduler")}
WORDS = ("experiment=debug/one_batch", "task=text_classification", "hardware=cpu", "training.logging_steps=1")
EXAMPLES = {"text": ["good film", "bad film", "a good city", "the bad river"] * 4, "label": ["a", "b"] * 8}


@pytest.fixture
def learn(compose_config, tiny_bert, tmp_path):
    """`learn("optimizer=sgd", ...)` trains a tiny model; -> the Tuner and its logged learning rates."""

    def learn_(*words, batch_size=8):
        config = compose_config(*WORDS, f"batch_size={batch_size}", *words)
        task, labels = build_task(config), ("a", "b")
        model, tokenizer = build_model(config, task, labels, tiny_bert, None), load_tokenizer(tiny_bert, False)
        splits = encode({"train": EXAMPLES, "validation": EXAMPLES}, labels, task, tokenizer)
        tuner = build_tuner(config, task, labels, model, tokenizer, splits, tmp_path)
        train(tuner)
        return tuner, [log["learning_rate"] for log in tuner.state.log_history if "learning_rate" in log]

    return learn_


def test_every_optimizer_is_an_option_or_names_its_package():
    own, brought = set(optimization.OPTIM_ARGS), " ".join(optimization.PACKAGES.values()).split()
    names = set(_enum_values("OptimizerNames"))
    read = [read_option("optimizer", name) for name in OPTIONS["optimizer"]]
    options = {option["optim"] for option in read if "optim" in option}  # the others extend one of these
    assert own == options and len(names) > 30
    assert all(name.startswith(tuple(brought)) for name in names - own)
    assert not any(name.startswith(tuple(brought)) for name in own)


def test_every_schedule_is_an_option():
    names = {read_option("scheduler", name)["lr_scheduler_type"] for name in OPTIONS["scheduler"]}
    assert names == set(_enum_values("SchedulerType")) - {"constant"}  # constant_with_warmup without a warm-up
    assert set(optimization.SCHEDULER_KEYS) == names | {"constant"}


def read_option(group, name):
    import yaml

    return yaml.safe_load((PROJECT / "conf" / group / f"{name}.yaml").read_text())


@pytest.mark.parametrize("name", optimization.SCHEDULER_KEYS)
def test_the_keys_of_schedules_are_those_of_the_installed_ones(name):
    from torch.optim.lr_scheduler import ReduceLROnPlateau
    from transformers.optimization import TYPE_TO_SCHEDULER_FUNCTION, GreedyLR

    function = {"reduce_lr_on_plateau": ReduceLROnPlateau, "greedy": GreedyLR}.get(name)
    taken = set(inspect.signature(function or TYPE_TO_SCHEDULER_FUNCTION[name]).parameters)
    given = {"optimizer", "num_warmup_steps", "num_training_steps", "last_epoch", "mode", "verbose"}
    assert set(optimization.SCHEDULER_KEYS[name].split()) == taken - given


def test_the_words_of_optim_args_are_those_that_the_trainer_reads():
    from transformers import trainer_optimizer

    for name, known in optimization.OPTIM_ARGS.items():
        handler = trainer_optimizer._OPTIMIZER_HANDLERS[name]
        read = {n.value for n in ast.walk(ast.parse(inspect.getsource(handler))) if isinstance(n, ast.Constant)}
        assert set(known.split()) <= read


@pytest.mark.parametrize("name", OPTIONS["optimizer"])
def test_every_optimizer_trains_with_several_rates(learn, name):
    from safetensors.torch import load_file

    tuner, rates = learn(
        f"optimizer={name}", "scheduler=constant", "training.max_steps=2", "training.max_grad_norm=1",
        "optimizer.layer_decay=0.5", "optimizer.head_learning_rate=2e-2",
    )  # fmt: skip
    assert len(rates) == 2 and rates[0] == tuner.args.learning_rate
    assert len({group["lr"] for group in tuner.optimizer.param_groups}) == 4
    before = load_file(tuner.model.config._name_or_path + "/model.safetensors")
    after = tuner.model.state_dict()
    same = [key for key, tensor in before.items() if key in after and tensor.equal(after[key])]
    assert len(same) < 0.2 * len(before), same


@pytest.mark.parametrize("name", OPTIONS["scheduler"])
def test_every_schedule_moves_all_groups_alike(learn, name):
    """Ten steps, two to an epoch: the rate of every group stays in proportion to its own first rate."""
    tuner, rates = learn(f"scheduler={name}", "training.max_steps=10", "optimizer.head_learning_rate=1e-3")
    assert len(rates) == 10 and max(rates) <= 1e-3
    lowest, highest = min(g["lr"] for g in tuner.optimizer.param_groups), tuner.optimizer.param_groups[-1]["lr"]
    assert highest == pytest.approx(20 * lowest) or (highest, lowest) == (0, 0) or name == "greedy"
    if name not in ("constant", "reduce_lr_on_plateau", "greedy"):
        assert rates[-1] < max(rates)


def test_a_share_of_the_steps_and_the_direction_of_the_score(learn):
    tuner, rates = learn("scheduler=warmup_stable_decay", "scheduler.warmup_steps=0", "training.max_steps=10")
    full = tuner.args.learning_rate
    assert rates[:9] == [full] * 9 and 0 < rates[9] < full  # the ninth step is the first of the last fifth
    tuner, _ = learn("scheduler=reduce_lr_on_plateau", "training.max_steps=2", batch_size=16)
    assert tuner.lr_scheduler.mode == "max"
    tuner, _ = learn("scheduler=reduce_lr_on_plateau", "training.max_steps=2", "task.best=loss", batch_size=16)
    assert tuner.lr_scheduler.mode == "min"


def test_the_rate_falls_where_the_score_stands_still(learn):
    """With a rate too small to learn: halved at every second evaluation that is no better than the first."""
    words = ("training.max_steps=9", "optimizer.learning_rate=1e-12", "scheduler.lr_scheduler_kwargs.eps=0")
    _, rates = learn("scheduler=reduce_lr_on_plateau", *words, batch_size=16)
    assert rates == [1e-12] * 3 + [5e-13] * 2 + [2.5e-13] * 2 + [1.25e-13] * 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["optimizer.optim=lion_32bit"], "lion_32bit needs a package that is not installed: pip install bitsandbytes"),
        (["optimizer.optim=paged_adamw_8bit"], "pip install bitsandbytes"),
        (["optimizer.optim=schedule_free_adamw"], "pip install schedulefree"),
        (["optimizer.optim=stable_adamw"], "pip install torch-optimi"),
        (["optimizer.optim=galore_adamw"], "pip install galore-torch"),
        (["optimizer=sgd", "optimizer.optim_args='momentun=1'"], r"Nearest: optimizer\.optim_args\.momentum"),
        (["optimizer.optim_args=momentum"], "Write 'key=value,key=value'"),
        (["optimizer.optim_args='eps=1'"], "there is no key .*eps. optimizer.optim=adamw_torch_fused takes none"),
        (["optimizer.layer_decay=1.1"], "layer_decay=1.1 is not a number above 0, at most 1"),
        (["optimizer.layer_decay=0"], "layer_decay=0 is not a number above 0"),
        (["optimizer.head_learning_rate=-1"], "head_learning_rate=-1 is not a number from 0 up"),
        (["optimizer.learning_rate=-1"], "learning_rate=-1 is not a number from 0 up"),
        (["optimizer.crf_learning_rate=fast"], "crf_learning_rate=fast is not a number or null"),
        (["scheduler.lr_scheduler_kwargs.num_cycles=2"], "lr_scheduler_type=linear takes none"),
        (["scheduler=cosine", "scheduler.lr_scheduler_kwargs.num_cicles=2"], "Nearest: .*num_cycles"),
        (["scheduler.lr_scheduler_kwargs=2"], "is not keys with values"),
        (["scheduler=greedy", "scheduler.lr_scheduler_kwargs.mode=min"], "Change task.best"),
        (["scheduler=greedy", "scheduler.warmup_steps=5"], "greedy has no warm-up"),
        (["scheduler=greedy", "training.eval_strategy=no", "training.save_strategy=no"], "greedy needs evaluations"),
        (["training.dropout=1"], "dropout=1 is not a number from 0 to below 1"),
        (["training.profile_steps=0"], "profile_steps=0 is not a whole number from 1 up"),
        (["method.frozen_layers=-1"], "frozen_layers=-1 is not a whole number from 0 up"),
        (["method=lora", "+method.frozen_layers=1"], r"there is no key method\.frozen_layers"),
    ],
)
def test_what_cannot_work_is_said_before_torch(compose_config, words, message):
    with pytest.raises(ValueError, match=message):
        compose_config(*WORDS, *words)


def test_a_schedule_that_refuses_its_values(learn):
    with pytest.raises(ValueError, match="cosine_with_min_lr refuses its values: Only one of min_lr or min_lr_rate"):
        learn("scheduler=cosine_with_min_lr", "scheduler.lr_scheduler_kwargs.min_lr=1e-6")
