"""The same command, the same bits; another seed, others. On the CPU: GPU kernels need not repeat their bits."""

import pytest
from run_files import predicted, read_lines
from safetensors.torch import load_file

WORDS = (
    "hardware=cpu", "tracking=disabled", "data.limit=40", "training.max_steps=8", "batch_size=8",
    "training.logging_steps=1", "training.eval_strategy=steps", "training.eval_steps=4", "training.save_strategy=steps",
    "optimizer.learning_rate=1e-3",
)  # fmt: skip
MEASURED = ("runtime", "per_second")  # what the clock says is no result


@pytest.fixture(scope="module")
def typed(compose_config, tiny_bert, tmp_path_factory):
    """`typed("a", "experiment=...", ...)` -> the folder of this run, in an output root of its own."""
    from run import run_experiment

    def type_(root, *words):
        words = [*WORDS, f"model.path={tiny_bert}", f"output_root={tmp_path_factory.mktemp(root)}", *words]
        return run_experiment(compose_config(*words), words)

    return type_


@pytest.fixture(scope="module", params=["ner", "text_classification"])
def run(request, typed):
    """(the words of a run, its folder)."""
    words = (f"experiment=quickstart/{request.param}", *(["task.head=crf"] if request.param == "ner" else []))
    return words, typed("once", *words)


def history(place):
    lines = read_lines(place / "history.jsonl")
    return [{name: v for name, v in line.items() if not name.endswith(MEASURED)} for line in lines]


def weights(place):
    return load_file(place / "model" / "model.safetensors")


def left(place):
    """The bytes of what decides nothing but results: weights and predictions."""
    files = [place / "model" / "model.safetensors", *sorted((place / "predictions").iterdir())]
    return {file.relative_to(place): file.read_bytes() for file in files}


def check_equal(one, other):
    assert one != other and one.name == other.name  # two output roots, one experiment
    assert left(one) == left(other) and len(left(one)) == 3
    assert history(one) == history(other) and len(history(one)) > 8
    assert {"loss", "grad_norm", "learning_rate"} <= set(history(one)[0])


def test_the_same_command_gives_the_same_bits(run, typed):
    """In one process, where the second run finds the random states of all libraries as the first one left them."""
    words, place = run
    check_equal(place, typed("again", *words))


def test_the_same_command_gives_the_same_bits_in_another_process(run, tiny_bert, run_command, tmp_path):
    """Where sets and hashes have another order."""
    words, place = run
    done = run_command(*WORDS, *words, f"model.path={tiny_bert}", f"output_root={tmp_path}", PYTHONHASHSEED="12345")
    assert done.returncode == 0, done.stderr
    check_equal(place, tmp_path / place.name)


def test_two_seeds_give_different_bits(run, typed):
    """The new head, and by the order of examples and dropout also the weights that both began with."""
    words, place = run
    other = typed("seed", *words, "seed=43")
    one, two = weights(place), weights(other)
    same = [name for name in one if one[name].equal(two[name])]
    assert place.name != other.name and one.keys() == two.keys()
    assert not [name for name in same if "embeddings" not in name]  # words that no example has stay as they were
    assert [line.get("loss") for line in history(place)] != [line.get("loss") for line in history(other)]
    assert [row["confidence"] for row in predicted(place)] != [row["confidence"] for row in predicted(other)]
