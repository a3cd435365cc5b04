"""Questions with their contexts in windows of sub-words, and where those hold the answer."""

import numpy as np

from tasks.contract import IGNORED
from tasks.ragged import Ragged, offsets_of, spread
from tasks.sub_words import frame_of, inputs_of
from tasks.texts.pieces import pieces_of

TRIED = 16  # examples of which the fast way is compared with the usual one, spread over all


def window_rows(examples: dict, tokenizer, stride: int, most: int) -> dict:
    """Rows are windows (`windows`); in one without the answer the labels are the first sub-word. An answer that no
    window holds whole is not learned, and its example marked as cut, as one with a cut question is."""
    rows = windows(examples, tokenizer, stride, most)
    labels, example = gold_positions(rows, examples.get("answers")), rows["example"]
    if "answers" in examples:
        rows["cut"] = rows["cut"] | {*example[(labels == IGNORED).any(axis=1)].tolist()}
    is_first = np.append(True, example[1:] != example[:-1])
    marked = (is_first & np.isin(example, [*rows["cut"]])).tolist()
    lists = {"example": example.tolist(), "cut": marked, "region": rows["region"].tolist(), "labels": labels.tolist()}
    names = [name for name in rows if name not in ("example", "cut", "region", "starts", "ends")]
    order = (*names, "example", "cut", "region", "starts", "ends", "labels")
    return {name: (rows | lists)[name] for name in order}


def windows(examples: dict, tokenizer, stride: int, most: int) -> dict:
    """Questions with as much of their contexts as the model reads, neighbours sharing `stride` sub-words.

    Beside the model's inputs: `region`, (rows, 3), the first sub-word of all and where the context begins and ends;
    `starts` and `ends`, the characters of each of its sub-words; `example`, an array; and `cut`, the set of examples
    whose question is cut, after `most` sub-words.
    """
    room = tokenizer.model_max_length - tokenizer.num_special_tokens_to_add(pair=True)
    most = min(most, room // 2)
    if most < 1:
        raise ValueError(f"model.max_length={tokenizer.model_max_length} leaves no room for a question. Give more.")
    stride = min(stride, (room - most) // 2)
    whole, contexts = list(examples["question"]), list(examples["context"])
    questions, of_questions = _shortened(whole, tokenizer, most)
    cut = {e for e, (shown, question) in enumerate(zip(questions, whole, strict=True)) if shown != question}
    fast = gathered(contexts, of_questions, tokenizer, room, stride)
    if fast is not None:
        lengths = [len(text) for text in contexts]
        tried = np.unique([*range(0, len(lengths), len(lengths) // TRIED + 1), lengths.index(max(lengths))])
        slow = usual([questions[i] for i in tried], [contexts[i] for i in tried], tokenizer, stride)
        if _same(fast, slow, tried):
            return {**fast, "cut": cut}
    return {**usual(questions, contexts, tokenizer, stride), "cut": cut}


def _shortened(questions, tokenizer, most):
    """-> (questions of at most so many sub-words, their sub-words). What a cut leaves of a word, or of a character of
    several sub-words, can have more of them than it had before: then it is cut again."""
    shown, found = list(questions), pieces_of(questions, tokenizer, places=True)
    while len(long := np.flatnonzero(found.ids.lengths > most)):
        first = found.ids.offsets[long]
        ends = np.minimum(found.ends[first + most - 1], found.starts[first + most])
        for i, end in zip(long.tolist(), ends.tolist(), strict=True):
            shown[i] = shown[i][: min(end, len(shown[i]) - 1)]
        found = pieces_of(shown, tokenizer, places=True)
    return shown, found.ids


def gathered(contexts, questions: Ragged, tokenizer, room, stride) -> dict | None:
    """The windows from pieces of distinct texts, `questions` as sub-words; None where there is no context, or where
    the characters of a sub-word depend on whether a window begins with it."""
    if getattr(tokenizer.backend_tokenizer.pre_tokenizer, "add_prefix_space", False):
        return None
    found = pieces_of(contexts, tokenizer, places=True)
    spoken = next((text for text, size in zip(contexts, found.ids.lengths, strict=True) if size), None)
    frame = spoken is not None and tokenizer.truncation_side == "right" and frame_of([spoken] * 2, tokenizer)
    left = room - questions.lengths
    if not frame:
        return None
    counts = 1 + -(-np.maximum(found.ids.lengths - left, 0) // (left - stride))
    example = np.repeat(np.arange(len(contexts)), counts)
    start = spread(np.zeros_like(counts), counts) * (left - stride)[example]
    lengths = np.minimum(found.ids.lengths[example] - start, left[example])
    chosen, offsets = spread(found.ids.offsets[:-1][example] + start, lengths), offsets_of(lengths)
    asked = questions.take(example)
    inputs = frame.around(asked, Ragged(found.ids.values[chosen], offsets))
    begin = asked.lengths + sum(map(len, frame.fixed["input_ids"][:2]))
    region = np.stack([np.zeros_like(begin), begin, begin + lengths], axis=1) * (lengths > 0)[:, None]
    starts, ends = Ragged(found.starts[chosen], offsets), Ragged(found.ends[chosen], offsets)
    return {**inputs, "example": example, "region": region, "starts": starts, "ends": ends}


def _same(fast, slow, tried):
    which = np.flatnonzero(np.isin(fast["example"], tried))
    columns = {name: [fast[name][i] for i in which] for name in fast if isinstance(fast[name], Ragged)}
    return (
        [*fast] == [*slow]
        and np.array_equal(np.searchsorted(tried, fast["example"][which]), slow["example"])
        and np.array_equal(fast["region"][which], slow["region"])
        and all(column == list(slow[name]) for name, column in columns.items())
    )


def usual(questions, contexts, tokenizer, stride) -> dict:
    """The windows as the tokenizer makes them."""
    batch = tokenizer(
        questions, contexts, truncation="only_second", max_length=tokenizer.model_max_length, stride=stride,
        return_overflowing_tokens=True, return_offsets_mapping=True,
    )  # fmt: skip
    example = np.array(batch["overflow_to_sample_mapping"], np.int64)
    inside = [[p for p, part in enumerate(batch.sequence_ids(i)) if part == 1] for i in range(len(example))]
    region = [[0, places[0], places[-1] + 1] if places else [0, 0, 0] for places in inside]
    offsets = [[batch["offset_mapping"][i][p] for p in places] for i, places in enumerate(inside)]
    starts, ends = (Ragged.of([[pair[side] for pair in of_row] for of_row in offsets]) for side in (0, 1))
    inputs = inputs_of(batch, tokenizer.model_input_names)
    return {**inputs, "example": example, "region": np.array(region), "starts": starts, "ends": ends}


def gold_positions(rows: dict, answers: list[dict] | None) -> np.ndarray:
    """Per row the first and the last sub-word of its example's first answer, (rows, 2); the first sub-word of all,
    twice, where the row does not hold it; IGNORED without gold, and where no row of the example holds it whole."""
    example, begin = rows["example"], rows["region"][:, 1]
    if answers is None:
        return np.full((len(example), 2), IGNORED)
    given = np.array([bool(one["text"]) for one in answers])
    start = np.array([one["answer_start"][0] if one["text"] else 0 for one in answers])
    end = start + np.array([len(one["text"][0]) if one["text"] else 0 for one in answers])
    first, last, whole = _places(rows, start[example], end[example])
    held = np.zeros(len(answers), bool)
    held[example[whole]] = True
    labels = np.where(whole[:, None], np.stack([begin + first, begin + last], axis=1), 0)
    labels[~given[example]] = 0
    labels[given[example] & ~held[example]] = IGNORED
    return labels


def _places(rows, start, end):
    """Per row the first and the last of its sub-words of the context that the characters from start to end stand in,
    and whether it holds all of them; the edges of the context itself cut nothing off."""
    starts, ends, example = rows["starts"], rows["ends"].values, rows["example"]
    row, rank = np.repeat(np.arange(len(starts)), starts.lengths), spread(np.zeros_like(starts.lengths), starts.lengths)
    first, last = np.full(len(starts), len(ends)), np.full(len(starts), -1)
    np.minimum.at(first, row[ends > start[row]], rank[ends > start[row]])
    np.maximum.at(last, row[starts.values < end[row]], rank[starts.values < end[row]])
    is_first, is_last = np.append(True, example[1:] != example[:-1]), np.append(example[1:] != example[:-1], True)
    filled = np.flatnonzero(starts.lengths)
    left, right = np.zeros(len(starts), np.int64), np.zeros(len(starts), np.int64)
    left[filled], right[filled] = starts.values[starts.offsets[:-1][filled]], ends[starts.offsets[1:][filled] - 1]
    whole = (first <= last) & (is_first | (left <= start)) & (is_last | (right >= end))
    return first, last, whole
