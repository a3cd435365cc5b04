"""Running text, synthetic: entries of a made-up harbour's log, one ship each.

Ships, captains and towns have invented names, of which the test split knows none from training: a model must have
learned how an entry goes on, take up its names again, and know which weather has which end.
"""

import random

from tasks.samples.chance import pick, unseen

SIZES = {"train": 400, "validation": 40, "test": 60}
# Parts of names; the splits share none.
NAMES = {
    "train": {
        "ship": "Ama Belo Cora Dori Elba Fara Gale Hilo", "end": "ra na lin vet dane",
        "town": "Nor Sol Vik Tar Bren", "place": "haven mouth wick sund",
        "captain": "Holm Berg Lund Dahl Moe Vang Ness Krog",
    },
    "validation": {
        "ship": "Inga Jola Kiri", "end": "mar tis", "town": "Ost Lim", "place": "ford holm", "captain": "Aas Rud Toft",
    },
    "test": {
        "ship": "Lova Mika Nuri Oda Pela", "end": "sen bel kor", "town": "Grim Hval Jel", "place": "bay strand",
        "captain": "Foss Lie Bakke Strom",
    },
}  # fmt: skip
KINDS = ["schooner", "brig", "cutter", "ketch"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
CARGOES = {"salt": "sacks", "timber": "planks", "herring": "barrels", "wool": "bales", "tea": "chests"}
WEATHER = {
    "thick fog": "she waited a day at anchor",
    "a heavy storm": "she lost a sail",
    "no wind at all": "the crew had to row",
    "drifting ice": "she took the southern way",
}
OPENINGS = (
    "On {day} the {kind} {ship} left {town} for {port} with {count} {units} of {cargo}.",
    "The {kind} {ship} sailed from {town} to {port} on {day}, loaded with {count} {units} of {cargo}.",
)
MIDDLES = (
    "Captain {captain} met {weather}, so {end}.",
    "On the way there was {weather}, and {end}, as captain {captain} wrote.",
)
CLOSINGS = (
    "The {ship} reached {port} and the {cargo} was sold by captain {captain}.",
    "In {port} captain {captain} sold the {cargo}, and the {ship} went back to {town}.",
)


def make_entry(rng, names):
    """One entry of the log; what happens at sea depends on the weather, the units on the cargo."""
    towns = [first + second for first in names["town"].split() for second in names["place"].split()]
    town = pick(rng, towns)
    weather, cargo = pick(rng, list(WEATHER)), pick(rng, list(CARGOES))
    words = {
        "day": pick(rng, DAYS), "kind": pick(rng, KINDS), "town": town,
        "ship": pick(rng, names["ship"].split()) + pick(rng, names["end"].split()),
        "port": pick(rng, [other for other in towns if other != town]),
        "captain": pick(rng, names["captain"].split()), "count": str(20 * (1 + int(rng.random() * 9))),
        "cargo": cargo, "units": CARGOES[cargo], "weather": weather, "end": WEATHER[weather],
    }  # fmt: skip
    return " ".join(pick(rng, part) for part in (OPENINGS, MIDDLES, CLOSINGS)).format(**words)


def generate():
    """The column `text` of the three splits, the same on every call; no entry occurs twice."""
    rng, seen, made = random.Random(23), set(), {}
    for split, size in SIZES.items():
        made[split] = {"text": unseen(size, seen, str, make_entry, rng, NAMES[split])}
    return made
