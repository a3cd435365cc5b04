"""Summarization of synthetic reports of matches: who won what where, said in one sentence.

The facts stand at changing places between sentences that do not matter, never in the first. People, towns, sports and
the wording of the test split do not occur in the other two; its references are two.
"""

import random

SIZES = {"train": 160, "validation": 16, "test": 40}
OPENINGS = {
    "train": "the sky was grey all morning / many people came by bus / the gates opened before noon"
    " / it had rained for days / a brass band played in the park / tickets were sold out"
    " / the old stand was full / tea was free for everyone",
    "test": "nobody minded the cold wind / the mayor shook many hands / children waved paper flags"
    " / the car park was a lake",
}
CLOSINGS = {
    "train": "the next round begins in May / the shop sold out of scarves / the crowd sang until dark"
    " / the pitch needs new grass / a film about the club is planned / the referee was praised by both sides",
    "test": "the floodlights failed twice / volunteers cleaned the stand / a lost dog was found / the buses left late",
}
NAMES = {
    "train": "Anna Berg / Tom Hill / Lena Fox / Omar Reed / Ida Stone / Paul King / Mary Lake / Hugo Wood"
    " / Eva Marsh / Max Ford",
    "test": "Nora Vale / Igor Dale / Clara Moor / Felix Ash / Rosa Pike / Otto Lane / Zoe Crane / Emil Frost",
}
TOWNS = {
    "train": "Oslo / Leeds / Turin / Ghent / Lyon / Cork / Graz / Porto / Malmo / Krakow",
    "test": "Bergen / Derby / Verona / Bruges / Nantes / Galway / Linz",
}
SPORTS = {"train": "tennis / chess / judo / fencing / rowing / golf", "test": "squash / darts / boxing / archery"}
FACTS = {
    "train": "in the {sport} final {winner} was too strong for {loser} , who lost by {points} points in {town}"
    " / {points} points were between them when {winner} had won the {sport} final in {town} against {loser}"
    " / {loser} led for an hour , but the {sport} final in {town} went to {winner} by {points} points",
    "test": "after a slow start {winner} took the {sport} final in {town} , {points} points ahead of {loser}"
    " / {loser} had no answer in the {sport} final : {winner} won it by {points} points in {town}",
}
SUMMARY = "{winner} beat {loser} in the {sport} final in {town}."
SECOND = "{winner} won the {sport} final against {loser} in {town}."


def generate():
    """-> {split: columns}; the same in every process."""
    return {split: _split(split, random.Random(f"summaries {split}")) for split in SIZES}


def _split(split, chance):
    pool = "test" if split == "test" else "train"
    columns = {"text": [], "summary": []}
    for _ in range(SIZES[split]):
        text, summary, second = _report(pool, chance)
        columns["text"].append(text)
        columns["summary"].append([summary, second] if split == "test" else summary)
    return columns


def _report(pool, chance):
    """-> (a text of four to six sentences, its summary, another one)."""
    words = {name: chance.choice(_of(pool, values)) for name, values in {"town": TOWNS, "sport": SPORTS}.items()}
    winner, loser = chance.sample(_of(pool, NAMES), 2)
    words |= {"winner": winner, "loser": loser, "points": chance.randint(2, 9)}
    before, after = chance.sample(_of(pool, OPENINGS), chance.randint(1, 3)), chance.sample(_of(pool, CLOSINGS), 2)
    sentences = [*before, chance.choice(_of(pool, FACTS)).format(**words), *after]
    text = " ".join(
        f"{sentence[0].upper()}{sentence[1:].replace(' ,', ',').replace(' :', ':')}." for sentence in sentences
    )
    return text, SUMMARY.format(**words), SECOND.format(**words)


def _of(pool, values):
    return values[pool].split(" / ")
