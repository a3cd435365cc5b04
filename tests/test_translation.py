"""Translation on literals, languages of each kind of model, and runs."""

import hashlib
import json
from itertools import pairwise
from types import SimpleNamespace

import pytest
from conftest import byte_tokenizer
from run_files import predicted

from stages.model import fit_task
from stages.prediction import load_model
from stages.processor import load_tokenizer
from tasks.samples.translation import NOUNS, generate
from tasks.translation import Translation
from tasks.writing.languages import LANGUAGES, language_name, language_token

SETTINGS = {"max_new_tokens": 6}


def task(**choices):
    return Translation(**{"name": "translation", "best": "loss", "generation": SETTINGS, **choices})


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"best": "meteor"}, "task.best=meteor is not a score of translation. Choose one of: bleu, chrf, ter, loss"),
        ({"prompt": "translate"}, "task.prompt='translate' holds no {source}, where the text goes"),
        (
            {"target_language": "chinese"},
            "chinese is no language code that is known. Did you mean zh? Give one of ar, bg",
        ),
        ({"source_language": "xx"}, "xx is no language code that is known. Give one of"),
    ],
)
def test_choices_that_do_not_exist(choice, expected):
    with pytest.raises(ValueError) as caught:
        task(**choice)
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("zh", "Chinese"), ("zho_Hans", "Chinese"), ("zh_CN", "Chinese"), ("de_DE", "German"), ("yue_Hant", "yue_Hant")],
)
def test_names_of_languages(code, expected):
    assert language_name(code) == expected


def test_codes_are_those_of_flores():
    assert len({flores for _, flores in LANGUAGES.values()}) == len(LANGUAGES) >= 40
    assert all(len(iso) == 2 and flores[3] == "_" and len(flores) == 8 for iso, (_, flores) in LANGUAGES.items())


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory):
    """Tokenizers with language tokens, as mBART's and NLLB's: in front of what is read and of what is written."""
    return {
        kind: with_languages(tmp_path_factory.mktemp(kind), tokens)
        for kind, tokens in {"mbart": ["en_XX", "zh_CN", "de_DE"], "nllb": ["eng_Latn", "zho_Hans", "zho_Hant"]}.items()
    }


def with_languages(folder, tokens):
    class Speaking(type(byte_tokenizer(folder, True))):
        src_lang = tgt_lang = None

        def __call__(self, text=None, text_target=None, **more):
            language = self.tgt_lang if text is None else self.src_lang
            texts = super().__call__(text_target if text is None else text, **more)["input_ids"]
            return {"input_ids": [[self.convert_tokens_to_ids(language), *ids] for ids in texts]}

    tokenizer = Speaking.from_pretrained(folder, model_max_length=64)
    tokenizer.add_special_tokens({"extra_special_tokens": tokens})
    return tokenizer


@pytest.mark.parametrize(
    ("kind", "target", "token"),
    [
        ("mbart", "zh", "zh_CN"),
        ("mbart", "zh_CN", "zh_CN"),
        ("nllb", "zh", "zho_Hans"),
        ("nllb", "zho_Hant", "zho_Hant"),
    ],
)
def test_languages_become_the_tokens_of_a_multilingual_model(multilingual, kind, target, token):
    tokenizer = multilingual[kind]
    config = SimpleNamespace(model_type="mbart", is_encoder_decoder=True)
    fitted = task(target_language=target).for_model(config, tokenizer)
    rows = fitted.encode({"source": ["the cat"], "target": [["北京", "x"]]}, tokenizer, ())
    source = {"mbart": "en_XX", "nllb": "eng_Latn"}[kind]
    assert tokenizer.decode(rows["input_ids"][0]) == f"{source}the cat</s>"
    assert tokenizer.decode(rows["labels"][0]) == f"{token}北京</s>"
    assert fitted.first_token == tokenizer.convert_tokens_to_ids(token)


def test_a_language_that_a_model_does_not_know_is_named(multilingual):
    with pytest.raises(ValueError, match=r"task\.target_language=ja: this model has no token for it"):
        language_token(multilingual["mbart"], "ja", "target")
    with pytest.raises(ValueError, match=r"zho_Hant: this model has no token for it\. Near:.*zh"):
        language_token(multilingual["mbart"], "zho_Hant", "target")


@pytest.mark.parametrize(
    ("kind", "decoder_only", "prompt", "expected"),
    [
        ("t5", False, None, "translate English to Chinese: the cat"),
        ("mt5", False, None, "translate English to Chinese: the cat"),
        ("marian", False, None, "the cat"),
        ("marian", False, ">>cmn_Hans<< {source}", ">>cmn_Hans<< the cat"),
        ("llama", True, None, "translate English to Chinese: the cat"),
        ("llama", True, "{to}: {source} ({from})", "Chinese: the cat (English)"),
    ],
)
def test_prompts_by_the_model(kind, decoder_only, prompt, expected):
    config = SimpleNamespace(model_type=kind, is_encoder_decoder=not decoder_only)
    fitted = task(target_language="zh", prompt=prompt).for_model(config, SimpleNamespace())
    assert fitted.prompt.replace("{source}", "the cat") == expected
    assert fitted.first_token is None and fitted.decoder_only == decoder_only


def test_braces_in_a_text_are_text(tiny_llama):
    tokenizer = load_tokenizer(tiny_llama, False)
    fitted = fit_task(task(prompt="{from}: {source}"), tiny_llama, tokenizer)
    rows = fitted.encode({"source": ["{to} {x} %s {"]}, tokenizer, ())
    assert tokenizer.decode(rows["input_ids"][0]) == "<|user|>English: {to} {x} %s {</s><|assistant|>"


def test_scores_with_their_signatures():
    examples = {"source": ["a", "b"], "target": [["我们去北京。"], ["你好", "您好"]]}
    scores = task(target_language="zh").metrics([{"prediction": "我们去上海。"}, {"prediction": "您好"}], examples)
    assert scores.values["exact_match"] == 0.5 and 0 < scores.values["bleu"] < 100 and scores.values["ter"] == 25
    signatures = {row["score"]: row["signature"] for row in scores.tables["signatures"]}
    assert "tok:zh" in signatures["bleu"] and "nrefs:var" in signatures["chrf"] and "asian:yes" in signatures["ter"]
    assert task().metrics([{"prediction": None}, {"prediction": ""}], examples).values["bleu"] == 0


def test_the_baseline_copies_the_source():
    assert task().baseline({}, {"source": ["a b", "c"]})[1] == [{"prediction": "a b"}, {"prediction": "c"}]


def test_the_sample_is_the_same_everywhere_and_its_test_pairs_words_anew():
    made = generate()
    pinned = "e5942c705ba44a318ceda50b423027cbef30444ce1e949f94445fecf989ba9f8"
    assert hashlib.sha256(json.dumps(made).encode()).hexdigest() == pinned
    words = {split: {word for text in made[split]["source"] for word in text.split()} for split in made}
    assert words["test"] - words["train"] == {"Elena", "Carlos", "Sofía", "Diego"}
    nouns = {english for english, *_ in NOUNS}
    things = {
        split: {pair for text in made[split]["source"] for pair in pairwise(text.rstrip(".").split())} for split in made
    }
    pairs = {split: {(before, noun) for before, noun in things[split] if noun in nouns} for split in made}
    assert len(pairs["test"]) > 15 and not pairs["test"] & pairs["train"]
    assert not set(made["train"]["source"]) & set(made["test"]["source"])
    examples = task().prepare(made)[0]["test"]
    _, guesses = task().baseline({}, examples)
    assert task().metrics(guesses, examples).values["bleu"] < 10


TATOEBA = 'Hi.\t嗨。\tCC-BY 2.0 (France) Attribution: tatoeba.org #538123 (CM)\n"Hi," he said.\t他说“嗨”。\tCC-BY\n'


@pytest.mark.parametrize(("model", "method"), [("tiny_llama", "full"), ("tiny_t5", "lora")])
def test_a_run_on_lines_between_tabs(run_here, request, model, method, tmp_path):
    lines = [f"I see {i} cats.\t我看到{i}只猫。\tCC-BY\n" for i in range(16)]
    (tmp_path / "cmn.txt").write_text(TATOEBA + "".join(lines) + "cat " * 80 + "\t猫\tCC-BY\n", encoding="utf-8")
    words = ["task=translation", "data=files", f"data.train={tmp_path}/cmn.txt", "data.format=cells", "batch_size=4",
             "data.columns.source=0", "data.columns.target=1", "data.test_share=0.2", "training.max_steps=2",
             "task.generation.max_new_tokens=5", f"method={method}",
             f"model.path={request.getfixturevalue(model)}"]  # fmt: skip
    folder = run_here(*words)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert {"bleu", "chrf", "ter", "exact_match", "loss", "perplexity"} <= set(metrics["test"])
    assert metrics["baseline"]["name"] == "the source as it is"
    assert "tok:zh" in metrics["tables"]["test"]["signatures"][0]["signature"]
    rows = predicted(folder)
    assert len(rows) == 4 and all(isinstance(row["prediction"], str) and len(row["gold"]) == 1 for row in rows)
    again = load_model(folder).predict({"source": [row["source"] for row in rows]})
    assert [guess["prediction"] for guess in again] == [row["prediction"] for row in rows]


def test_a_line_with_too_few_cells_is_named(run_here, tiny_t5, tmp_path):
    (tmp_path / "cmn.txt").write_text(TATOEBA + "Bye.\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"cmn\.txt:3: 1 cell, but the first line has 3"):
        run_here(
            "task=translation", "data=files", f"data.train={tmp_path}/cmn.txt", "data.format=cells",
            "data.columns.source=0", "data.columns.target=1", f"model.path={tiny_t5}",
        )  # fmt: skip
