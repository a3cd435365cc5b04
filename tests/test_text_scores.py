"""Scores of written text: against numbers worked out by hand and those that the libraries publish."""

import pytest

from tasks.writing import text_scores
from tasks.writing.text_scores import rouge, sacrebleu


def test_rouge_by_hand():
    """3 and 4 words, 2 in common, also in order; 2 and 3 bigrams, 1 in common: F1 = 4 / (3 + 4) and 2 / (2 + 3)."""
    values, how = rouge(["The cat ran!"], [["the cat sat down"]])
    assert values == pytest.approx({"rouge1": 4 / 7, "rouge2": 2 / 5, "rougeL": 4 / 7, "rougeLsum": 4 / 7})
    assert how.startswith("rouge-score 0.1.2, F1, best of several references; tokens: words of a-z and 0-9, Porter")


def test_rouge_stems_words_and_takes_the_best_reference_for_each_score():
    assert rouge(["cats were running"], [["the cat was running"]])[0]["rouge1"] == pytest.approx(4 / 7)
    values, _ = rouge(["a b c d"], [["d c b a", "a b x y"]])
    assert values["rouge1"] == 1 and values["rouge2"] == pytest.approx(1 / 3) and values["rougeL"] == 0.5


def test_rouge_lsum_compares_sentences_and_rouge_l_the_whole():
    """The longest common subsequence of the whole is one of the two sentences; of sentences, both are found."""
    values, _ = rouge(["Ann ate a pear. Bob ran home."], [["Bob ran home. Ann ate a pear."]])
    assert values["rougeL"] == pytest.approx(4 / 7) and values["rougeLsum"] == 1
    assert text_scores.sentences("He is 3.5 m tall. Is he?\nYes! 好。是的\uff01 走") == [
        "He is 3.5 m tall.", "Is he?", "Yes!", "好。", "是的\uff01", "走",
    ]  # fmt: skip


def test_rouge_is_the_mean_over_examples_as_rouge_score_gives_them():
    from rouge_score.rouge_scorer import RougeScorer

    predictions = ["The river rose quickly.", "Nobody came to the meeting", ""]
    references = [["The rivers were rising"], ["Everybody left the meeting early"], ["Nothing"]]
    scorer = RougeScorer(list(text_scores.ROUGE), use_stemmer=True)
    single = [scorer.score(r, p) for p, (r,) in zip(predictions, references, strict=True)]
    expected = {name: sum(s[name].fmeasure for s in single) / 3 for name in text_scores.ROUGE}
    assert rouge(predictions, references)[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        ("我们去北京", "我们去上海。", 3 / 5),
        ("東京タワー", "東京タワー", 1.0),
        ("Мы едем домой", "мы идём домой!", 2 / 3),
    ],
)
def test_rouge_of_other_scripts_does_not_drop_their_letters(prediction, reference, expected):
    values, how = rouge([prediction], [[reference]])
    assert values["rouge1"] == pytest.approx(expected)
    assert "CJK by character, no stemmer" in how


def test_words_of_any_script():
    assert text_scores.words("Don't go, Zoë_2!") == ["don", "t", "go", "zoë", "2"]
    assert text_scores.words("iPhone很贵 カメラ 값이") == ["iphone", "很", "贵", "カ", "メ", "ラ", "값이"]


SYSTEM = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."]
REFERENCES = [
    ["The dog bit the man.", "The dog had bit the man."],
    ["It was not unexpected.", "No one was surprised."],
    ["The man bit him first.", "The man had bitten the dog."],
]


def test_bleu_and_chrf_of_sacrebleus_own_example():
    """The example of sacreBLEU's README: BLEU 48.53, chrF2 59.73."""
    values, signatures = sacrebleu(SYSTEM, REFERENCES, "en")
    assert round(values["bleu"], 2) == 48.53 and round(values["chrf"], 2) == 59.73
    assert signatures["bleu"] == "nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"


def test_ter_by_hand_and_without_it():
    """One of four words is replaced; of Chinese, one of four characters."""
    assert sacrebleu(["a b c d"], [["a b x d"]], "en")[0]["ter"] == pytest.approx(25)
    assert sacrebleu(["我去北京"], [["你去北京"]], "zh")[0]["ter"] == pytest.approx(25)
    assert "ter" not in sacrebleu(["a b c d"], [["a b x d"]], "en", with_ter=False)[0]


def test_examples_may_have_different_numbers_of_references():
    values, signatures = sacrebleu(["a b c d e", "x y z u v"], [["a b c d e"], ["q r s t", "x y z u v"]], "en")
    assert values["bleu"] == pytest.approx(100) and signatures["bleu"].startswith("nrefs:var|")


@pytest.mark.parametrize(
    ("language", "expected"),
    [("zh", "zh"), ("zh_CN", "zh"), ("zho_Hans", "zh"), ("deu_Latn", "13a"), (None, "13a"), ("th", "char")],
)  # fmt: skip
def test_the_tokenizer_of_a_language(language, expected):
    assert text_scores.bleu_tokenizer(language) == expected
    assert f"tok:{expected}|" in sacrebleu(["你好吗 a b"], [["你好吗 a b"]], language)[1]["bleu"]


@pytest.mark.parametrize(("language", "package"), [("ja", "ja-mecab"), ("jpn_Jpan", "ja-mecab"), ("ko", "ko-mecab")])
def test_japanese_and_korean_are_cut_into_characters_where_mecab_is_missing(language, package, monkeypatch):
    monkeypatch.setattr(text_scores, "find_spec", lambda name: None)
    assert text_scores.bleu_tokenizer(language) == "char"
    assert "tok:char" in sacrebleu(["東京に行く"], [["東京へ行く"]], language)[1]["bleu"]
    monkeypatch.setattr(text_scores, "find_spec", lambda name: name)
    assert text_scores.bleu_tokenizer(language) == package


def test_diversity_copying_and_matches_by_hand():
    assert text_scores.distinct(["a b a b", "a c"], 1) == pytest.approx(3 / 6)
    assert text_scores.distinct(["a b a b", "a c"], 2) == pytest.approx(3 / 4)
    assert text_scores.distinct(["a", ""], 2) == 0
    assert text_scores.novel(["a b c", "x", "x y"], ["a b d", "x", "y x"], 2) == pytest.approx((1 / 2 + 1) / 2)
    assert text_scores.novelty(["a b", "a b c d"], ["a b", "a"]) == pytest.approx(
        {"words": 3, "new 1-grams": 3 / 8, "new 2-grams": 1 / 2, "new 3-grams": 1, "new 4-grams": 1}
    )
    assert text_scores.exact_match([" a  b", "A"], [["x", "a b"], ["a"]]) == 0.5
    assert text_scores.overlap("the cat the", "the cat sat") == pytest.approx(4 / 6)
    assert text_scores.overlap("", "a") == 0 and text_scores.overlap("", "") == 1
