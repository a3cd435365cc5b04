"""Conversations with a made-up ferry office, synthetic: what passengers want, and the one way in which it answers.

Its answers have a form that no model knows before, and repeat what was asked for; half of the conversations have a
second exchange in which one thing changes. The test split has towns that training never saw.
"""

import random

from tasks.samples.chance import pick, unseen

SIZES = {"train": 160, "validation": 24, "test": 40}
TOWNS = {
    "train": ["Norwick", "Solhaven", "Tarmouth", "Brenholm", "Vikdale", "Elsund", "Corby", "Fardale", "Hilburg"],
    "validation": ["Ostford", "Limbay", "Jorwell", "Kelstrand"],
    "test": ["Grimsey", "Havenport", "Pelworth", "Nuristad", "Odeby", "Lowick"],
}
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
ASKED = {
    "train": (
        "I need {many} {tickets} from {start} to {end} on {day}.",
        "{day}, {start} to {end}, {many} {tickets} please.",
        "Could you book {many} {tickets} to {end} for {day}? We start in {start}.",
    ),
    "test": (
        "Hello, on {day} we want to go from {start} to {end}: {many} {tickets}.",
        "Can I have {many} {tickets} for the ferry from {start} to {end} this {day}?",
    ),
}
CHANGED = {
    "day": "Sorry, make it {day}.",
    "many": "In fact it should be {many} {tickets}.",
    "end": "No, we go to {end} instead.",
}
REPLY = "Booked: {number} x {start} - {end} / {day}"


def make_wish(rng, towns):
    start = pick(rng, towns)
    end = pick(rng, [town for town in towns if town != start])
    return {"start": start, "end": end, "day": pick(rng, DAYS), "number": pick(rng, list(NUMBERS))}


def said(template, wish):
    """A template with the words of a wish in it."""
    number = wish["number"]
    return template.format(**wish, many=NUMBERS[number], tickets="ticket" if number == 1 else "tickets")


def make_talk(rng, split):
    """The turns of one conversation, the passenger's first."""
    towns, wish = TOWNS[split], make_wish(rng, TOWNS[split])
    turns = [said(pick(rng, ASKED.get(split, ASKED["train"])), wish), said(REPLY, wish)]
    if rng.random() < 0.5:
        key = pick(rng, list(CHANGED))
        other = make_wish(rng, [town for town in towns if town != wish["start"]])
        wish = {**wish, "number" if key == "many" else key: other["number" if key == "many" else key]}
        turns += [said(CHANGED[key], wish), said(REPLY, wish)]
    return turns


def generate():
    """The column `messages` of the three splits, the same on every call; no conversation occurs twice."""
    rng, seen, made = random.Random(31), set(), {}
    for split, size in SIZES.items():
        made[split] = {"messages": unseen(size, seen, tuple, make_talk, rng, split)}
    return made
