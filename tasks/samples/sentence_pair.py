"""Pairs of questions, synthetic: do both ask the same? The test split has questions, wordings and things that the other
two splits never use; most of the pairs that differ do so in the thing alone."""

import random

from tasks.samples.chance import pick

SIZES = {"train": 800, "validation": 160, "test": 240}
SAME_SHARE, NEAR_SHARE = 0.5, 0.65  # of all pairs; of those that differ

# One question to a line, its wordings between " / ".
QUESTIONS = {
    "train": """
how do I clean a {thing} ? / what is the best way to clean a {thing} ? / how can a {thing} be cleaned ?
where can I buy a {thing} ? / which shop sells a {thing} ? / I am looking for a place to get a {thing}
how much does a {thing} cost ? / what is the price of a {thing} ? / what do I pay for a {thing} ?
who invented the {thing} ? / by whom was the {thing} invented ? / who was the inventor of the {thing} ?
how do I repair a broken {thing} ? / my {thing} is broken , how can I fix it ? / can I fix a {thing} myself ?
how old should a child be to use a {thing} ? / at what age can children use a {thing} ? / is a {thing} safe for kids ?
what is a {thing} made of ? / which materials are in a {thing} ? / out of what do they make a {thing} ?
can I send a {thing} by post ? / is it possible to mail a {thing} ? / will the post office take a {thing} ?
how long does a {thing} last ? / after how many years do I need a new {thing} ? / when does a {thing} wear out ?
how do I draw a {thing} ? / what is an easy way to draw a {thing} ? / can you show me how to sketch a {thing} ?
can I rent a {thing} for a day ? / who lends out a {thing} ? / is there a {thing} for hire nearby ?
what colour should my {thing} have ? / which colour suits a {thing} best ? / in what colours do they sell a {thing} ?
how do I learn to use a {thing} ? / are there courses for a {thing} ? / I am a beginner , how does a {thing} work ?
why is my {thing} so loud ? / what can I do about the noise of my {thing} ? / my {thing} makes a terrible noise
should I insure my {thing} ? / is it worth paying for insurance of a {thing} ? / does a {thing} need insurance ?
how big is a {thing} ? / what are the measures of a {thing} ? / how much room does a {thing} take up ?
which brand makes the best {thing} ? / what is a good brand of {thing} ? / who makes a decent {thing} ?
how do I pack a {thing} for a move ? / what is the safest way to wrap a {thing} ? / does a {thing} survive a move ?
may my neighbour use a {thing} at night ? / is a {thing} forbidden after ten ? / until when may one use a {thing} ?
can I paint a {thing} myself ? / which paint sticks to a {thing} ? / I would like to give my {thing} a new coat
how do I protect a {thing} from thieves ? / is there a lock for a {thing} ? / will someone steal my {thing} ?
how do I sell my {thing} ? / who buys a used {thing} ? / what do I get for a second-hand {thing} ?
""",
    "validation": """
how fast is a {thing} ? / what speed does a {thing} reach ? / does a {thing} go fast ?
can I win a {thing} somewhere ? / is there a contest with a {thing} as a prize ? / where do they raffle a {thing} ?
what is a {thing} called in Spanish ? / what is the Spanish word for a {thing} ? / how do you say {thing} in Spanish ?
does a {thing} make a nice present ? / is a {thing} a good gift ? / would she be happy to be given a {thing} ?
""",
    "test": """
how heavy is a {thing} ? / what does a {thing} weigh ? / how many kilos has a {thing} ?
may I take a {thing} on a plane ? / is a {thing} allowed in hand luggage ? / do airlines let you bring a {thing} ?
how do I get rid of an old {thing} ? / where do I throw away my old {thing} ? / can a {thing} be recycled ?
what is the history of the {thing} ? / when did people first use a {thing} ? / where does the {thing} come from ?
how do I choose the right {thing} ? / what should I look for when buying a {thing} ? / which {thing} suits me ?
is it dangerous to sleep next to a {thing} ? / can a {thing} in the bedroom harm me ? / is a {thing} bad at night ?
how do I store a {thing} in winter ? / where should a {thing} be kept when it is cold ? / can a {thing} stand frost ?
""",
}
THINGS = {
    "train": "bicycle|violin|kettle|tent|camera|lamp|sofa|drum|mirror|umbrella|telescope|carpet",
    "validation": "piano|helmet|ladder|blanket|radio|basket",
    "test": "guitar|lawn mower|canoe|typewriter|microscope|trampoline|accordion|heater|chandelier|sewing machine",
}


def make_pair(rng, questions, things):
    """-> (text, pair, label). They differ in the thing (at times in the question too) or in the question."""
    question, thing = pick(rng, questions), pick(rng, things)
    first = pick(rng, question)
    if rng.random() < SAME_SHARE:
        return first.format(thing=thing), pick(rng, [w for w in question if w != first]).format(thing=thing), "same"
    if rng.random() < NEAR_SHARE:
        other = pick(rng, [t for t in things if t != thing])
        return first.format(thing=thing), pick(rng, question).format(thing=other), "different"
    other = pick(rng, pick(rng, [q for q in questions if q != question]))
    return first.format(thing=thing), other.format(thing=thing), "different"


def make_split(rng, split):
    """The columns of one split, of different pairs."""
    questions = [line.split(" / ") for line in QUESTIONS[split].strip().split("\n")]
    things = THINGS[split].split("|")
    rows = {}
    while len(rows) < SIZES[split]:
        *pair, label = make_pair(rng, questions, things)
        rows[tuple(pair)] = label
    tidy = [(text.replace(" ?", "?").replace(" ,", ","), pair.replace(" ?", "?").replace(" ,", ","), label)
            for (text, pair), label in rows.items()]  # fmt: skip
    return dict(zip(("text", "pair", "label"), map(list, zip(*tidy, strict=True)), strict=True))


def generate():
    """The columns `text`, `pair` and `label` of the three splits, the same on every call."""
    rng = random.Random(31)
    return {split: make_split(rng, split) for split in SIZES}
