"""Translation of short synthetic sentences from English into Spanish, with a vocabulary of some sixty words.

Nouns have a gender, which articles and adjectives follow. In the test split each pair of subject and verb, of noun and
adjective, and every name is new: it takes words and rules, not remembered sentences.
"""

import random

SIZES = {"train": 320, "validation": 16, "test": 48}
NOUNS = [  # English, Spanish, whether it is feminine
    ("house", "casa", 1), ("cat", "gato", 0), ("book", "libro", 0), ("door", "puerta", 1), ("dog", "perro", 0),
    ("table", "mesa", 1), ("car", "coche", 0), ("apple", "manzana", 1), ("river", "río", 0), ("flower", "flor", 1),
]  # fmt: skip
ADJECTIVES = [
    ("red", "rojo", "roja"), ("small", "pequeño", "pequeña"), ("white", "blanco", "blanca"), ("new", "nuevo", "nueva"),
    ("old", "viejo", "vieja"), ("black", "negro", "negra"), ("beautiful", "bonito", "bonita"),
]  # fmt: skip
VERBS = [
    ("sees", "ve"),
    ("has", "tiene"),
    ("wants", "quiere"),
    ("buys", "compra"),
    ("paints", "pinta"),
    ("draws", "dibuja"),
]
PEOPLE = [("the woman", "la mujer"), ("the man", "el hombre"), ("the girl", "la niña"), ("the boy", "el niño")]
TIMES = [("", ""), (" today", " hoy"), (" every day", " todos los días"), (" in the morning", " por la mañana")]
NAMES = {"train": ["Ana", "Luis", "Marta", "Pedro"], "test": ["Elena", "Carlos", "Sofía", "Diego"]}


def generate():
    """-> {split: columns}; the same in every process."""
    return {split: _split(split, random.Random(f"translations {split}")) for split in SIZES}


def _split(split, chance):
    pool, seen = "test" if split == "test" else "train", {}
    while len(seen) < SIZES[split]:
        source, target = _pair(pool, chance)
        seen[source] = target
    return {"source": list(seen), "target": list(seen.values())}


def _pair(pool, chance):
    """A sentence in both languages: who does what to which thing, and when."""
    who = chance.choice([*PEOPLE, *((name, name) for name in NAMES[pool])])
    verb = chance.choice(_allowed(VERBS, PEOPLE.index(who) if who in PEOPLE else 0, pool))
    noun = chance.choice(NOUNS)
    adjective = chance.choice(_allowed(ADJECTIVES, NOUNS.index(noun), pool))
    when = chance.choice(TIMES)
    definite = chance.random() < 0.5
    article = ("the", ("el", "la")) if definite else ("an" if adjective[0][0] in "aeiou" else "a", ("un", "una"))
    thing = f"{article[1][noun[2]]} {noun[1]} {adjective[1 + noun[2]]}"
    source = f"{who[0]} {verb[0]} {article[0]} {adjective[0]} {noun[0]}{when[0]}."
    target = f"{who[1]} {verb[1]} {thing}{when[1]}."
    return source[0].upper() + source[1:], target[0].upper() + target[1:]


def _allowed(words, partner, pool):
    """Every third pairing of a word with its partner is kept for the test split."""
    return [word for i, word in enumerate(words) if ((i + partner) % 3 == 0) == (pool == "test")]
