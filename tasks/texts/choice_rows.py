"""Questions with their choices as rows of several texts, and the choice that a model takes."""

from itertools import accumulate, pairwise

from tasks.contract import IGNORED
from tasks.texts.choices import positions
from tasks.texts.rows import encode_texts


def choice_rows(examples: dict, tokenizer) -> dict[str, list]:
    """One row per question, each choice a pair: context, question and choice; or question, choice. Where that is too
    long, the first loses its end, so that the choice is read whole; such a row is marked."""
    texts = encode_texts(tokenizer, *zip(*_pairs(examples), strict=True), cut="only_first")
    spans = [slice(*ends) for ends in pairwise(accumulate(map(len, examples["choices"]), initial=0))]
    rows = {name: [values[span] for span in spans] for name, values in texts.items()}
    rows["length"] = [sum(map(len, ids)) for ids in rows["input_ids"]]
    rows["cut"] = [any(cuts) for cuts in rows["cut"]]
    gold = positions(examples, examples["answer"]) if "answer" in examples else [IGNORED] * len(spans)
    return {**rows, "example": list(range(len(spans))), "labels": gold}


def _pairs(examples):
    """The two texts of each choice of each question."""
    contexts = examples.get("context") or [""] * len(examples["question"])
    return [
        (context, f"{question} {choice}") if context.strip() else (question, choice)
        for context, question, choices in zip(contexts, examples["question"], examples["choices"], strict=True)
        for choice in choices
    ]


def best_choice(probabilities, choices: list[str]) -> dict:
    """The most probable of the choices. `probabilities`: of them, and behind those of choices that are not there,
    an array (at least len(choices),)."""
    known = probabilities[: len(choices)]
    rounded, best = [round(float(p), 4) for p in known], int(known.argmax())
    return {"prediction": choices[best], "confidence": rounded[best], "probabilities": rounded}
