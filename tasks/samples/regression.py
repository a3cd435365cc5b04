"""Regression on synthetic notes to the manager of an apartment house, made up here: `mood` from -2 (furious) to 2
(delighted) and `urgency` from 0 (whenever it suits) to 4 (now).

A note has a clause on what is the matter, one on how its writer feels, and often some filling. A grade is that of its
clause, half a grade more or less where a word strengthens or weakens it. The test split shares no clause, name or
filling with the other two.
"""

import random

from tasks.samples.chance import pick, unseen

SIZES = {"train": 800, "validation": 200, "test": 300}
CLAUSES = {  # per target and split: grade -> wordings
    "urgency": {
        "train": {
            0: "I would like to repaint my balcony one day|could we talk about a new bench for the yard some time|"
            "there is no hurry, but the hedge could be trimmed|a second rack for bicycles would be nice next year",
            1: "the light in the cellar flickers a little|the door of my mailbox squeaks|"
            "one tile by the entrance is loose|"
            "the washing machine is slower than it used to be",
            2: "the heating in my bedroom stays lukewarm|the lift stops between floors now and then|"
            "my kitchen tap has been dripping for a week|the front door does not lock properly",
            3: "we have had no hot water since this morning|the toilet is blocked and we only have one|"
            "my key broke off and I cannot lock my flat|the power in half of my flat is out",
            4: "it smells of gas in the stairwell|water is pouring through my ceiling right now|"
            "there is smoke coming out of the cellar|somebody is stuck in the lift and feels faint",
        },
        "test": {
            0: "maybe we can plant some flowers in spring|it would be lovely to have a notice board at some point|"
            "whenever you find the time, think about a swing for the kids",
            1: "the bulb above the garage is getting weak|the gate creaks when it is opened|"
            "the paint on my door is peeling",
            2: "the radiator in the living room barely gets warm|the shower drain runs off slowly|"
            "my window no longer closes well",
            3: "the fridge and the stove have no electricity today|the boiler is dead and we have a baby|"
            "a pipe under my sink leaks and the bucket is nearly full",
            4: "flames are coming out of the meter box|the basement is flooding this very minute|"
            "an old man fell down the stairs and does not move",
        },
    },
    "mood": {
        "train": {
            -2: "I am furious about how you treat us|this is an outrage and I have had enough|"
            "you are the worst manager ever",
            -1: "I am a bit annoyed|this is rather disappointing|I am not happy with this",
            0: "that is all for today|I am just letting you know|please take note of it",
            1: "thanks, you usually take good care of this|I am glad that you are there|"
            "it is quite pleasant to live here",
            2: "you are wonderful and we love this house|I could not be happier here|your help last time was fantastic",
        },
        "test": {
            -2: "I am livid and will see a lawyer|it is disgusting how little you care|I hate living here",
            -1: "this bothers me somewhat|I expected better, to be honest|it is a little frustrating",
            0: "I wanted to report this|this is for your information|here is my note for your list",
            1: "I appreciate your work|it is nice how you look after the place|kind of you to read this",
            2: "you are an absolute treasure, thank you so much|we adore our home and everybody in it|"
            "amazing service, as always",
        },
    },
}
STRENGTH = {0.5: "really|truly|honestly", -0.5: "perhaps|possibly|in a way"}  # of a mood: grade away from 0 -> wordings
WORDS = {
    "train": (
        "Hello,|Good morning,|Dear Mr Olsen,|Hi,",
        "Ann from the second floor|Flat 12|the Bergs|Tim Rice|Mrs Novak|Flat 3",
    ),
    "test": (
        "Good evening,|Dear Ms Haddad,|To the manager:",
        "Flat 27|Ivo and Lea|Mr Tanaka on the top floor|Rosa Lind",
    ),
}


def one_of(rng, options):
    """One of the options between bars."""
    return pick(rng, options.split("|"))


def clause(rng, target, split):
    """(wording, grade) of a target, strengthened or weakened at times."""
    grades = CLAUSES[target][split]
    grade = list(grades)[int(rng.random() * len(grades))]
    wording = one_of(rng, grades[grade])
    if target == "mood" and abs(grade) == 1 and rng.random() < 0.6:
        stronger = 0.5 if rng.random() < 0.5 else -0.5
        return f"{one_of(rng, STRENGTH[stronger])}, {wording}", grade * (1 + stronger)
    return wording, float(grade)


def note(rng, split):
    """(text, targets) of one note, its two clauses in either order."""
    words = "test" if split == "test" else "train"
    openings, names = WORDS[words]
    parts = {target: clause(rng, target, words) for target in ("urgency", "mood")}
    order = ("urgency", "mood") if rng.random() < 0.7 else ("mood", "urgency")
    first, second = (parts[target][0] for target in order)
    text = f"{first[0].upper()}{first[1:]}. {second[0].upper()}{second[1:]}."
    text = f"{one_of(rng, openings)} {text}" if rng.random() < 0.5 else text
    text = f"{text} {one_of(rng, names)}" if rng.random() < 0.5 else text
    return text, {target: parts[target][1] for target in ("mood", "urgency")}


def generate():
    """The columns `text` and `target` of the three splits, the same on every call."""
    rng, seen, splits = random.Random(29), set(), {}
    for split, size in SIZES.items():
        notes = unseen(size, seen, lambda row: row[0].lower(), note, rng, split)
        splits[split] = {"text": [text for text, _ in notes], "target": [target for _, target in notes]}
    return splits
