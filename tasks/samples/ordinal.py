"""Ordered labels, synthetic: reviews of made-up things with 1 to 5 stars. The test split has things, adjectives and
remarks that the other two splits never use."""

import random

from tasks.samples.chance import pick, unseen

SIZES = {"train": 600, "validation": 150, "test": 240}
STARS = ("1", "2", "3", "4", "5")

# By stars: how the thing is called, and what is said beside it. Validation shares its remarks with train.
ADJECTIVES = {
    "train": (
        "terrible|useless|horrible|worthless|the worst I ever had",
        "poor|disappointing|rather weak|worse than expected|flimsy",
        "okay|average|acceptable|neither good nor bad|so-so",
        "good|nice|solid|better than expected|quite useful",
        "perfect|fantastic|brilliant|flawless|the best I ever had",
    ),
    "validation": (
        "appalling|a disaster",
        "mediocre|below par",
        "passable|fair",
        "pleasant|decent",
        "superb|outstanding",
    ),
    "test": (
        "dreadful|awful|atrocious|a complete failure",
        "unsatisfying|shoddy|not what I hoped for|a bit of a let-down",
        "middling|adequate|nothing special|tolerable",
        "pretty decent|well made|likeable|more than fine",
        "amazing|wonderful|exceptional|an absolute dream",
    ),
}
REMARKS = {
    "train": (
        "It broke on the first day|I want my money back|Never again",
        "Two of its parts do not fit|I would not buy it again|It has many flaws",
        "It does its job, no more|Some things are fine, others are not|I do not feel strongly about it",
        "Only the manual could be better|I would buy it again|It has one small flaw",
        "I would not change a thing|Everybody should have one|I love it",
    ),
    "test": (
        "It caught fire and ruined my table|Stay away from it|I threw it in the bin",
        "It wobbles and feels cheap|I regret buying it|It stopped working well after a month",
        "It has its ups and downs|You get what you pay for|It is not bad, but not great",
        "I am satisfied, apart from the colour|It works well most of the time|I like it",
        "I am over the moon|Ten out of ten|I have already bought three for my friends",
    ),
}
THINGS = {
    "train": "lamp|tent|kettle|printer|backpack|blender|office chair|watch|scarf|keyboard",
    "test": "toaster|drone|rug|raincoat|microphone|bookshelf|e-reader|skateboard|suitcase|monitor",
}
FRAMES = {
    "train": (
        "This {thing} is {adjective}. {remark}.", "{remark}. The {thing} is {adjective}.", "The {thing}: {adjective}.",
        "About the {thing}: {remark}!",
    ),
    "test": (
        "Got the {thing} for my birthday and it is {adjective}. {remark}.", "My verdict on the {thing}: {adjective}.",
        "{remark}. What a {thing}, simply {adjective}.", "So I tried the {thing}. {remark}.",
    ),
}  # fmt: skip


def make_review(rng, split):
    """-> (text, stars); each number of stars is as likely."""
    words, stars = "test" if split == "test" else "train", int(rng.random() * len(STARS))
    thing, remark = pick(rng, THINGS[words].split("|")), pick(rng, REMARKS[words][stars].split("|"))
    adjective = pick(rng, ADJECTIVES[split][stars].split("|"))
    return pick(rng, FRAMES[words]).format(thing=thing, remark=remark, adjective=adjective), STARS[stars]


def make_split(rng, split, seen):
    """The columns of one split, of texts that are not among `seen`."""
    rows = unseen(SIZES[split], seen, lambda row: row[0], make_review, rng, split)
    return {"text": [text for text, _ in rows], "label": [label for _, label in rows]}


def generate():
    """The columns `text` and `label` of the three splits, the same on every call."""
    rng, seen = random.Random(29), set()
    return {split: make_split(rng, split, seen) for split in SIZES}
