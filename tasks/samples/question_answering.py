"""Question answering on synthetic notes: paragraphs about made-up firms, people and places, and questions on them.

One question in five has no answer in its paragraph: it asks about somebody else. Paragraphs tell the same of two
different firms or people, so the words around an answer decide and not its kind; names and wordings of the test split
stand in neither of the other two.
"""

import random
import re

from tasks.samples.chance import pick

SIZES = {"train": 640, "validation": 100, "test": 200}
NONE_SHARE = 0.2  # questions without an answer

# A fact: a sentence, then its questions, each behind the slot that answers it. [a|b] is a choice.
FACTS = {
    "train": """
ORG was founded by PER in YEAR . PER: Who founded ORG ? YEAR: When was ORG founded ?
In YEAR , PER [came to lead|took over] ORG . PER: Who came to lead ORG ? YEAR: In what year did PER take over ORG ?
The office of ORG is in TOWN and has NUM rooms . TOWN: Where is the office of ORG ? NUM: How many rooms does ORG have ?
ORG makes THING and employs NUM people . THING: What does ORG make ? NUM: How many people work for ORG ?
PER was born in TOWN in YEAR . TOWN: Where was PER born ? YEAR: When was PER born ?
PER collects THING and has NUM of them . THING: What does PER collect ? NUM: How many pieces does PER have ?
On a trip to TOWN , PER met the head of ORG . TOWN: Where did PER meet the head of ORG ? PER: Who met the head of ORG ?
PER sold NUM THING to ORG last spring . THING: What did PER sell to ORG ? PER: Who sold something to ORG ?
""",
    "test": """
PER set up ORG , which opened its doors in YEAR . PER: Which person set up ORG ? YEAR: In which year did ORG open ?
Since YEAR , ORG has been run by PER . PER: By whom is ORG run ? YEAR: Since what year has PER run ORG ?
You find ORG in TOWN , with room for NUM guests . TOWN: In which town is ORG ? NUM: How many guests has ORG room for ?
A staff of NUM builds THING at ORG . NUM: How large is the staff of ORG ? THING: What is built at ORG ?
PER grew up in TOWN and left it in YEAR . TOWN: Where did PER grow up ? YEAR: When did PER leave home ?
At the fair , ORG bought NUM THING from PER . THING: What did ORG buy from PER ? PER: From whom did ORG buy something ?
""",
}
FACTS["validation"] = FACTS["train"]
NAMES = {
    "train": {
        "first": "Anna Bruno Clara David Elena Felix Greta Hugo Ida Jonas Karla Leo Mona Nils Olga Paul",
        "last": "Abel Brandt Corvin Dahl Ewald Falk Gruber Holm Ibsen Jansen Keller Lund Moreau Novak",
        "stem": "Alto Brix Cerva Delo Ferro Gama Hexa Juno Kilo Lima", "kind": "Works Foods Tools Motors Books",
        "town": "Ashford Bremen Cadiz Dover Essen Faro Ghent Hull Imola Jena Kiel Lyon",
        "thing": "lamps boots clocks kites drums violins stamps teapots carpets sledges",
    },
    "validation": {
        "first": "Rosa Stefan Tilda Ulrich Vera", "last": "Ott Prager Quist Rossi Sander",
        "stem": "Mira Nova Opto", "kind": "Glass Toys", "town": "Malmo Nantes Oslo Parma Madrid Narvik Padua Olomouc",
        "thing": "bells baskets mirrors anchors banners chests masks jugs",
    },
    "test": {
        "first": "Walter Xenia Yves Zora Amira Boris Celia Dario Edda Fabio Gwen Henrik",
        "last": "Tanner Unger Voss Weller Yilmaz Zeman Arroyo Bishop Conti Dupont Eriksen",
        "stem": "Pallo Quero Rusti Sonda Tavo Umbra Velo", "kind": "Papers Engines Gardens Pottery",
        "town": "Quimper Riga Siena Trieste Ulm Vigo Wells Xanten York Zadar",
        "thing": "puppets saddles ladders barrels candles flutes parasols buckets",
    },
}  # fmt: skip


def make_value(rng, slot, names):
    """A new value for a slot."""
    words = {name: pick(rng, of_name.split()) for name, of_name in names.items()}
    return {
        "PER": f"{words['first']} {words['last']}", "ORG": f"{words['stem']} {words['kind']}", "TOWN": words["town"],
        "YEAR": str(1900 + int(rng.random() * 120)), "NUM": str(3 + int(rng.random() * 900)), "THING": words["thing"],
    }[slot]  # fmt: skip


def fill(text, values):
    text = re.sub(r"\b[A-Z]{3,}\b", lambda match: values.get(match[0], match[0]), text)
    return re.sub(r" ([.,?])", r"\1", text)


def make_fact(rng, line, names, used):
    """-> (the sentence, its values, [(slot, question)]) of one fact with new values; `used` holds those of others."""
    sentence, *questions = re.split(r" (?=(?:PER|ORG|TOWN|YEAR|NUM|THING): )", line)
    sentence = re.sub(r"\[([^]]*)\]", lambda match: pick(rng, match[1].split("|")), sentence)
    values = {}
    for slot in re.findall(r"\b[A-Z]{3,}\b", sentence):
        values[slot] = make_value(rng, slot, names)
        while values[slot] in used:
            values[slot] = make_value(rng, slot, names)
        used.add(values[slot])
    return fill(sentence, values), values, [tuple(q.split(": ")) for q in questions]


def make_example(rng, split):
    """A question with its paragraph: two facts of one kind and one of another, in random order."""
    lines, names, used = FACTS[split].strip().split("\n"), NAMES[split], set()
    one, other = sorted(lines, key=lambda _: rng.random())[:2]
    facts = [make_fact(rng, line, names, used) for line in (one, one, other)]
    sentence, values, questions = pick(rng, facts[:2])
    slot, question = pick(rng, questions)
    context = " ".join(fact[0] for fact in sorted(facts, key=lambda _: rng.random()))
    if rng.random() < NONE_SHARE:
        asked = make_fact(rng, one, names, used)[1]
        return fill(question, asked), context, {"text": [], "answer_start": []}
    start = context.index(sentence) + sentence.index(values[slot])
    return fill(question, values), context, {"text": [values[slot]], "answer_start": [start]}


def generate():
    """The columns `question`, `context` and `answers` of the three splits, the same on every call."""
    rng, made = random.Random(23), {}
    for split, size in SIZES.items():
        rows = [make_example(rng, split) for _ in range(size)]
        made[split] = dict(zip(("question", "context", "answers"), map(list, zip(*rows, strict=True)), strict=True))
    return made
