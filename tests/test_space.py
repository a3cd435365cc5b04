"""The space of a search: Hydra's words read, conditions, starting points, what is refused."""

import pytest

from sweeps.space import Parameter, probes, space_of, starting_points, words_of


def test_words_become_parameters():
    words = [
        "task=ner",
        "model=minilm,bert-base-cased",
        "optimizer.learning_rate=tag(log, interval(1e-5, 1e-3))",
        "batch_size=choice(8,16,32)",
        "training.num_train_epochs=range(1,5)",
        "optimizer.weight_decay=range(0.1,0.35,step=0.1)",
        "method.r=tag(log, int(interval(1, 64)))",
        "task=pos",
    ]
    parameters, fixed = space_of(words)
    assert fixed == ["task=pos"]
    assert parameters == [
        Parameter("model", choices=("minilm", "bert-base-cased")),
        Parameter("optimizer.learning_rate", low=1e-5, high=1e-3, log=True),
        Parameter("batch_size", choices=("8", "16", "32")),
        Parameter("training.num_train_epochs", low=1, high=4, step=1),
        Parameter("optimizer.weight_decay", low=0.1, high=0.3, step=0.1),
        Parameter("method.r", low=1, high=64, log=True),
    ]
    assert [parameter.is_whole for parameter in parameters] == [False, False, False, True, False, True]


def test_numbers_are_short_words():
    assert words_of({"a": 0.00034213245, "b": 3, "c": "lora", "d": 1.0}) == ["a=0.000342132", "b=3", "c=lora", "d=1.0"]


def test_a_key_given_twice_has_the_values_given_last():
    parameters, fixed = space_of(["seed=1,2", "batch_size=8", "seed=3", "batch_size=16,32"])
    assert fixed == ["seed=3"] and parameters == [Parameter("batch_size", choices=("16", "32"))]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("seed=1", "nothing to search"),
        ("a=interval(2,1)", "begins behind its end"),
        ("a=tag(log, interval(0,1))", "above 0"),
        ("a=tag(log, range(1,9,step=2))", "steps do not fit"),
        ("a=tag(often, choice(1,2))", "no tag of a search"),
        ("a=range(3,3)", "holds no number"),
    ],
)
def test_what_has_no_meaning_is_refused(word, message):
    with pytest.raises(ValueError, match=message):
        space_of([word])


LORA = ["method.r=4,8", "method=full,lora", "method.use_dora=true,false"]
WHEN = {"method.r": {"method": "lora"}, "method.use_dora": {"method.r": [8]}}


def test_a_parameter_counts_beside_a_value_of_another():
    parameters, _ = space_of(LORA, WHEN)
    assert [parameter.key for parameter in parameters] == ["method", "method.r", "method.use_dora"]
    method, r, dora = parameters
    assert method.applies({}) and r.applies({"method": "lora"}) and not r.applies({"method": "full"})
    assert dora.applies({"method.r": "8"}) and not dora.applies({})
    assert probes(parameters) == [
        {"method": "full"},
        {"method": "lora", "method.r": "4"},
        {"method": "lora", "method.r": "8", "method.use_dora": "true"},
        {"method": "lora", "method.r": "8", "method.use_dora": "false"},
    ]


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"seed": {"method": "lora"}}, "names seed"),
        ({"method.r": "method=lora"}, "is no condition"),
        ({"method.r": {"seed": 1}}, "looks at seed"),
        ({"method.r": {"method": "loar"}}, "method=loar is not searched"),
        ({"method.r": {"method.use_dora": True}, "method.use_dora": {"method.r": 4}}, "depend on each other"),
    ],
)
def test_wrong_conditions(when, message):
    with pytest.raises(ValueError, match=message):
        space_of(LORA, when)


def test_probes_show_each_choice_and_each_end_once():
    parameters, _ = space_of(["a=1,2,3", "b=interval(0.1,0.5)"])
    assert probes(parameters) == [
        {"a": "1", "b": 0.1},
        {"a": "2", "b": 0.1},
        {"a": "3", "b": 0.1},
        {"a": "1", "b": 0.5},
    ]


def test_starting_points_are_values_of_the_space():
    parameters, _ = space_of(["a=8,16", "b=interval(0,1)", "c=range(1,5)", "d=true,false"])
    assert starting_points(parameters, [{"a": 16, "b": 1, "c": 2, "d": True}, {}]) == [
        {"a": "16", "b": 1.0, "c": 2, "d": "true"},
        {},
    ]
    for point, message in (
        ({"e": 1}, "e is not searched"),
        ({"a": 32}, "a=32"),
        ({"b": 2}, "b=2"),
        ({"c": True}, "c=true"),
    ):
        with pytest.raises(ValueError, match=message):
            starting_points(parameters, [point])
