"""Windows of contexts and gold positions in plain loops: what the arrays of tasks/spans must equal."""

from itertools import groupby

from tasks.contract import IGNORED


def window_rows(examples: dict, tokenizer, stride: int, most: int) -> dict[str, list]:
    """Rows are windows (`windows`); in one without the answer the labels are the first sub-word. An answer that no
    window holds whole is not learned, and its example marked as cut, as one with a cut question is."""
    rows, names = windows(examples, tokenizer, stride, most)
    rows["labels"] = gold_positions(rows, examples.get("answers"))
    unlearned = {e for e, of_row in zip(rows["example"], rows["labels"], strict=True) if IGNORED in of_row}
    rows["cut"] = mark_first(rows["example"], rows["cut"] | (unlearned if "answers" in examples else set()))
    return {name: rows[name] for name in (*names, "example", "cut", "region", "starts", "ends", "labels")}


def windows(examples: dict, tokenizer, stride: int, most: int) -> tuple[dict, list[str]]:
    """Questions with as much of their contexts as the model reads, neighbours sharing `stride` sub-words.

    -> (rows, the model's inputs among their columns). A question is cut after `most` sub-words. Rows hold `region`, the
    first sub-word of all and where the context begins and ends; `starts` and `ends`, the characters of each of its
    sub-words; `example`; and `cut`, here the set of examples whose question is cut.
    """
    room = tokenizer.model_max_length - tokenizer.num_special_tokens_to_add(pair=True)
    most = min(most, room // 2)
    if most < 1:
        raise ValueError(f"model.max_length={tokenizer.model_max_length} leaves no room for a question. Give more.")
    questions = [_shortened(question, tokenizer, most) for question in examples["question"]]
    batch = tokenizer(
        questions, list(examples["context"]), truncation="only_second", max_length=tokenizer.model_max_length,
        stride=min(stride, (room - most) // 2), return_overflowing_tokens=True, return_offsets_mapping=True,
    )  # fmt: skip
    names = [name for name in tokenizer.model_input_names if name in batch]
    rows = {name: list(batch[name]) for name in names} | {"example": list(batch["overflow_to_sample_mapping"])}
    inside = [[p for p, part in enumerate(batch.sequence_ids(i)) if part == 1] for i in range(len(rows["example"]))]
    rows["region"] = [[0, places[0], places[-1] + 1] if places else [0, 0, 0] for places in inside]
    offsets = [[batch["offset_mapping"][i][p] for p in places] for i, places in enumerate(inside)]
    rows["starts"] = [[start for start, _ in of_row] for of_row in offsets]
    rows["ends"] = [[end for _, end in of_row] for of_row in offsets]
    pairs = enumerate(zip(questions, examples["question"], strict=True))
    rows["cut"] = {e for e, (shown, whole) in pairs if shown != whole}
    return rows, names


def _shortened(question, tokenizer, most):
    offsets = tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return question if len(offsets) <= most else question[: offsets[most - 1][1]]


def mark_first(of_rows: list[int], examples: set[int]) -> list[bool]:
    """Per row, whether it is the first one of one of these examples; `of_rows`: the example of each row."""
    return [e in examples and (i == 0 or of_rows[i - 1] != e) for i, e in enumerate(of_rows)]


def gold_positions(rows: dict, answers: list[dict] | None) -> list[list[int]]:
    """Per row the first and the last sub-word of its example's first answer; the first sub-word of all, twice, where
    the row does not hold it; IGNORED without gold, and where no row of the example holds the answer whole."""
    if answers is None:
        return [[IGNORED, IGNORED] for _ in rows["example"]]
    labels = []
    for example, group in groupby(range(len(rows["example"])), key=rows["example"].__getitem__):
        of_example = list(group)
        if not answers[example]["text"]:
            labels += [[0, 0] for _ in of_example]
            continue
        start = answers[example]["answer_start"][0]
        end = start + len(answers[example]["text"][0])
        places = [_place(rows, i, start, end, i == of_example[0], i == of_example[-1]) for i in of_example]
        labels += [place or [0, 0] for place in places] if any(places) else [[IGNORED, IGNORED] for _ in of_example]
    return labels


def _place(rows, i, start, end, is_first, is_last):
    """Where a row holds the characters from start to end, None where it does not hold all of them."""
    starts, ends, begin = rows["starts"][i], rows["ends"][i], rows["region"][i][1]
    first = next((p for p, to in enumerate(ends) if to > start), None)
    last = next((p for p in reversed(range(len(starts))) if starts[p] < end), None)
    if first is None or last is None or first > last:
        return None
    whole = (is_first or starts[0] <= start) and (is_last or ends[-1] >= end)
    return [begin + first, begin + last] if whole else None
