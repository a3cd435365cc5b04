"""How published scripts score answers to questions: SQuAD's, with normalized words, and CMRC 2018's, by character."""

import re
import string
from collections import Counter
from difflib import SequenceMatcher

from tasks.contract import Scores

ASKED = ("what", "who", "whom", "whose", "when", "where", "which", "why", "how")
ARTICLES = re.compile(r"\b(a|an|the)\b")
CHINESE = re.compile("[一-龥]")
# Of CMRC's script, whose '……' is two characters and so never meets one.
MARKS = set("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")  # noqa: RUF001


def score(scoring: str, prediction: str, golds: list[str]) -> tuple[float, float]:
    """-> (exact, F1), the best over the gold answers; no gold answer: the right one is the empty text.

    `scoring`: squad, as in SQuAD's evaluate-v2.0.py (Rajpurkar et al., 2018), which on questions with answers is that
    of v1.1; or cmrc, as in cmrc2018_evaluate.py (Cui et al., 2019).
    """
    exact, f1 = {"squad": (squad_exact, squad_f1), "cmrc": (cmrc_exact, cmrc_f1)}[scoring]
    golds = [gold for gold in golds if scoring != "squad" or normalized(gold)] or [""]
    return max(exact(gold, prediction) for gold in golds), max(f1(gold, prediction) for gold in golds)


def normalized(text: str) -> str:
    """Lower case, without punctuation, articles and further white space."""
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(ARTICLES.sub(" ", text).split())


def squad_exact(gold: str, prediction: str) -> float:
    return float(normalized(gold) == normalized(prediction))


def squad_f1(gold: str, prediction: str) -> float:
    """Of the words that both hold, counted; where one side is empty 1 if the other is empty too."""
    gold, prediction = normalized(gold).split(), normalized(prediction).split()
    shared = sum((Counter(gold) & Counter(prediction)).values())
    return _f1(shared, gold, prediction)


def cmrc_exact(gold: str, prediction: str) -> float:
    return float(_unmarked(gold) == _unmarked(prediction))


def cmrc_f1(gold: str, prediction: str) -> float:
    """Of the longest run of segments that both hold: Chinese characters, and words between them."""
    gold, prediction = segments(gold), segments(prediction)
    run = SequenceMatcher(None, gold, prediction, autojunk=False).find_longest_match().size
    return _f1(run, gold, prediction)


def segments(text: str) -> list[str]:
    """Each Chinese character, and the words of what stands between them, by NLTK as the script does (but for a full
    stop inside, at which it would look for sentences with a model of its own)."""
    from nltk.tokenize import word_tokenize

    found, between = [], ""
    for character in [*_unmarked(text), ""]:
        if character and not CHINESE.match(character):
            between += character
            continue
        found += word_tokenize(between, preserve_line=True) if between else []
        found += [character] if character else []
        between = ""
    return found


def _unmarked(text: str) -> str:
    return "".join(character for character in text.lower().strip() if character not in MARKS)


def _f1(shared: int, gold: list, prediction: list) -> float:
    if not gold or not prediction:
        return float(gold == prediction)
    return 2 * shared / (len(gold) + len(prediction))


def answer_scores(scoring: str, predictions: list[dict], answers: list[dict], questions: list[str]) -> Scores:
    """Exact match and F1 of the script (shares of 1, not percent), over all questions and, where there are both kinds,
    over those with (HasAns) and without an answer (NoAns); and what the best threshold would reach."""
    golds = [one["text"] for one in answers]
    scored = score_all(scoring, predictions, golds)
    by_word = by_question_word(scored, questions)
    values = {**parts(scored, golds), **at_best(scoring, predictions, golds)}
    return Scores(values, {"by question": by_word} if by_word else {})


def as_texts(predictions: list[dict], answers: list[dict]) -> dict[str, list[str]]:
    """What a metric of the `evaluate` library compares: of the gold answers the first, empty where there is none."""
    references = [(one["text"] or [""])[0] for one in answers]
    return {"predictions": [p["prediction"] for p in predictions], "references": references}


def score_all(scoring: str, predictions: list[dict], golds: list[list[str]]) -> list[tuple[float, float]]:
    return [score(scoring, p["prediction"], gold) for p, gold in zip(predictions, golds, strict=True)]


def parts(scored: list[tuple[float, float]], golds: list[list[str]]) -> dict[str, float]:
    """Mean exact and f1 over all questions and, where some have no answer, over those with (HasAns) and without."""
    chosen = {"": scored}
    if not all(golds):
        chosen["HasAns_"] = [s for s, gold in zip(scored, golds, strict=True) if gold]
        chosen["NoAns_"] = [s for s, gold in zip(scored, golds, strict=True) if not gold]
    return {f"{name}{of}": mean for name, part in chosen.items() if part for of, mean in means(part).items()}


def means(scored: list[tuple[float, float]]) -> dict[str, float]:
    return {name: sum(one) / len(scored) for name, one in zip(("exact", "f1"), zip(*scored, strict=True), strict=True)}


def at_best(scoring: str, predictions: list[dict], golds: list[list[str]]) -> dict[str, float]:
    """best_exact and best_f1 with their thresholds (`best_threshold`), where some questions have no answer and all
    predictions have a score of it."""
    if all(golds) or not all("no_answer_score" in p for p in predictions):
        return {}
    texts = [next((a["text"] for a in p["n_best"] if a["text"]), "") for p in predictions]
    scored = score_all(scoring, [{"prediction": text} for text in texts], golds)
    no_answer, found = [p["no_answer_score"] for p in predictions], {}
    for name, scores in zip(("exact", "f1"), zip(*scored, strict=True), strict=True):
        gains = [s if gold else -float(text != "") for s, gold, text in zip(scores, golds, texts, strict=True)]
        best, threshold = best_threshold(gains, sum(not gold for gold in golds), no_answer)
        found |= {f"best_{name}": best, f"best_{name}_thresh": threshold}
    return found


def best_threshold(gains: list[float], lacking: int, no_answer: list[float]) -> tuple[float, float]:
    """-> (best mean score, threshold): what predicting no answer wherever `no_answer` is above the threshold could
    reach. `gains`: what giving each question its best text adds to a score that begins with all `lacking` questions,
    those without an answer, right (`find_best_thresh` of evaluate-v2.0.py)."""
    total = best = float(lacking)
    threshold = 0.0
    for i in sorted(range(len(gains)), key=no_answer.__getitem__):
        total += gains[i]
        if total > best:
            best, threshold = total, no_answer[i]
    return best / max(len(gains), 1), threshold


def by_question_word(scored: list[tuple[float, float]], questions: list[str]) -> list[dict]:
    """Scores by the question word of an English question, the most frequent first; nothing where none has one."""
    words = [
        next((word for word in re.findall(r"\w+", question.lower()) if word in ASKED), "other")
        for question in questions
    ]
    return [
        {"question": word, **means([s for s, of in zip(scored, words, strict=True) if of == word]), "count": count}
        for word, count in Counter(words).most_common()
        if {*words} != {"other"}
    ]
