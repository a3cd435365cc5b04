"""Relation extraction on synthetic sentences about made-up things: made by patterns, two nouns marked in each.

Four relations with their direction, and Other. Which noun comes first decides nothing: every relation stands in both
directions, with the words between turned round. Patterns and nouns of the test split stand in neither of the other two.
"""

import random
import re

from tasks.samples.chance import pick, unseen

SIZES = {"train": 640, "validation": 120, "test": 240}
OTHER_SHARE = 0.2

# Patterns by relation; X is its first member (the cause, the part, the product, the content), Y the second.
PATTERNS = {
    "train": {
        "Cause-Effect": """
The X caused the Y within a few hours . / The Y was caused by a sudden X . / Doctors say that the X leads to a Y .
Such a Y is usually the result of a X . / The X [triggered|brought about] the Y . / The Y came from the X , they said .
""",
        "Component-Whole": """
The X of the Y was replaced last week . / The Y has a X that is easy to clean . / A X is part of every Y .
The Y comes with a new X . / They took the X out of the Y . / Each Y contains a X made of steel .
""",
        "Product-Producer": """
The X was made by the Y . / The Y makes a X every day . / A Y in our street built this X .
The X of the young Y won a prize . / The Y has created a X for the museum . / This X is the work of a Y .
""",
        "Content-Container": """
The X was kept in a Y . / The Y was full of X . / She put the X into the Y .
A Y with X stood on the table . / They found X inside the Y . / He emptied a Y of X onto the floor .
""",
        "Other": """
The X stood next to the Y . / She spoke about a X and a Y . / The X was cheaper than the Y .
Neither the X nor the Y was sold . / A X lay beside the Y . / He liked the Y better than the X .
""",
    },
    "test": {
        "Cause-Effect": """
It was the X that caused this Y . / The Y was brought about by the X . / A Y may result from a X .
The X has led to another Y . / Without the X there would be no Y .
""",
        "Component-Whole": """
The X belongs inside the Y as a part of it . / This Y has no X . / The X in that Y needs to be replaced .
A Y without its X is useless . / The Y is sold with a X .
""",
        "Product-Producer": """
Every X was built by a Y . / A Y has made this X by hand . / The X is a work by an unknown Y .
The Y is creating a second X . / We saw the X that the Y had made .
""",
        "Content-Container": """
There was X in the Y . / The Y is filled with X . / He poured the X into the Y .
All the X is kept inside one Y . / We opened a Y full of X .
""",
        "Other": """
The X is older than the Y . / He saw a X near the Y . / They talked about the X and the Y .
The X and the Y arrived late . / She bought a X but no Y .
""",
    },
}
PATTERNS["validation"] = PATTERNS["train"]
NOUNS = {
    "train": {
        "Cause-Effect": "storm infection drought leak strike earthquake|fever flood fire panic delay headache",
        "Component-Whole": "wheel engine handle roof screen battery|car machine house laptop bicycle kettle",
        "Product-Producer": "statue cake violin chair novel bridge|baker sculptor carpenter factory writer engineer",
        "Content-Container": "milk sand letters coins apples water|bottle bucket box drawer basket jar",
    },
    "validation": {
        "Cause-Effect": "virus explosion spill|rash shortage queue",
        "Component-Whole": "lens pedal lid|camera piano freezer",
        "Product-Producer": "poem lamp shoe|poet designer cobbler",
        "Content-Container": "rice papers sugar|sack folder pot",
    },
    "test": {
        "Cause-Effect": "landslide allergy heatwave blackout|cough collapse famine crash",
        "Component-Whole": "brake keyboard chimney antenna|truck computer cottage radio",
        "Product-Producer": "painting dress clock song|painter tailor watchmaker singer",
        "Content-Container": "wine flour tools photos|barrel bag chest album",
    },
}  # fmt: skip


def make_example(rng, split):
    """-> (sentence with <e1> and <e2>, relation with its direction)."""
    relations = [name for name in PATTERNS[split] if name != "Other"]
    kind = pick(rng, relations)
    relation = "Other" if rng.random() < OTHER_SHARE else kind
    pattern = pick(rng, re.split("\n| / ", PATTERNS[split][relation].strip()))
    pattern = re.sub(r"\[([^]]*)\]", lambda match: pick(rng, match[1].split("|")), pattern)
    first, second = (pick(rng, nouns.split()) for nouns in NOUNS[split][kind].split("|"))
    turned = pattern.index("Y") < pattern.index("X") if "X" in pattern else True
    tags = {"X": f"<e{1 + turned}>{first}</e{1 + turned}>", "Y": f"<e{2 - turned}>{second}</e{2 - turned}>"}
    sentence = re.sub(r"\b[XY]\b", lambda match: tags[match[0]], pattern)
    sentence = re.sub(r"\b([Aa]) (<e\d>[aeiou])", r"\1n \2", re.sub(r" ([.,])", r"\1", sentence))
    return sentence, relation if relation == "Other" else f"{relation}({'e2,e1' if turned else 'e1,e2'})"


def generate():
    """The columns `sentence` and `relation` of the three splits, the same on every call."""
    rng, made, seen = random.Random(29), {}, set()
    for split, size in SIZES.items():
        rows = unseen(size, seen, lambda row: row[0], make_example, rng, split)
        made[split] = dict(zip(("sentence", "relation"), map(list, zip(*rows, strict=True)), strict=True))
    return made
