"""Ranking on the synthetic help pages of a made-up shop: which of 4 to 8 passages answers a question about a thing?

Relevance is 2 for a passage on the question's problem with that thing, 1 for one on the same problem with another
thing, 0 for the rest, half of which are about the same thing: counting shared words goes only part of the way. The test
split shares no thing and no wording, of questions or passages, with the other two.
"""

import random

from tasks.samples.chance import pick, unseen

SIZES = {"train": 300, "validation": 80, "test": 120}
PROBLEMS = {  # per split: problems in the same order, a blank line between: questions => passages
    "train": """
my {x} has not arrived|where is the {x} that I ordered|why is the delivery of the {x} so late =>
Parcels with a {x} take three days; the tracking number tells you where yours is. |
If the courier did not bring the {x}, ask at the nearest post office.

can I send the {x} back|I do not want the {x} any more|how do I get my money back for the {x} =>
A {x} can be returned within a month, and the price is refunded. |
Print the return label, pack the {x} and bring it to a shop.

my card was refused when I paid for the {x}|can I pay for the {x} later|the checkout refuses my money for the {x} =>
Pay for a {x} by card, by transfer or in rates. |
When a payment for a {x} fails, your bank can release it.

the {x} is broken|the {x} stopped working after a day|there is a crack in my {x} =>
A faulty {x} is repaired free of charge for two years. |
Bring a damaged {x} to the workshop, it is mended within a week.

how do I clean the {x}|there is a stain on my {x}|may I wash the {x} =>
Wipe the {x} with a damp cloth, without soap. |
Dirt on a {x} comes off with warm water.

is there a larger {x}|the {x} is too small for me|which size of {x} should I take =>
Every {x} comes in four sizes; the table shows how to measure. |
If a {x} does not fit, choose the next number.
""",
    "test": """
I am still waiting for my {x}|nobody has brought the {x} yet|has the {x} been shipped =>
Shipping a {x} needs two working days, and you can follow the parcel online. |
A missing {x} is searched for by the carrier.

I changed my mind about the {x}|please take the {x} back|I would like a refund for the {x} =>
Give back a {x} in its box and you are reimbursed. |
Returns of a {x} are accepted for thirty days.

my bank says no to the purchase of the {x}|can the {x} be bought in instalments|the payment page for the {x} freezes =>
For a {x} we accept credit cards and invoices. |
If the transaction for a {x} is declined, use another card.

the {x} does not switch on|a part fell off my {x}|my new {x} is defective =>
The guarantee covers a {x} that fails; we fix or replace it. |
Send us a {x} with a defect and our technicians restore it.

what removes dirt from the {x}|how should I look after the {x}|the {x} has got dusty =>
Brush a {x} gently, then rinse it. |
To polish a {x}, use a soft sponge.

the {x} is too tight|do you have the {x} in extra large|will the {x} suit a tall man =>
Measure yourself before you order a {x}: it is made from small to extra large. |
A {x} that is too narrow is exchanged for a wider one.
""",
}
THINGS = {
    "train": "jacket|tent|lamp|bicycle helmet|backpack|office chair|watch|camera|kettle|pair of boots",
    "test": "raincoat|drone|sofa|toaster|pair of gloves|violin|suitcase",
}


def read_problems(split):
    """[(questions, passages)] of a split."""
    problems = [problem.split(" =>\n") for problem in PROBLEMS[split].strip().split("\n\n")]
    return [(questions.split("|"), passages.split(" |\n")) for questions, passages in problems]


def make_query(rng, split):
    """One example: (query, candidates, relevance)."""
    problems, things = read_problems(split), THINGS[split].split("|")
    problem, thing = pick(rng, problems), pick(rng, things)
    wrong, elsewhere = [p for p in problems if p is not problem], [t for t in things if t != thing]
    passages = {pick(rng, problem[1]).format(x=thing): 2}
    passages |= {pick(rng, problem[1]).format(x=pick(rng, elsewhere)): 1 for _ in range(int(rng.random() * 3))}
    for _ in range(3 + int(rng.random() * 3)):
        about = thing if rng.random() < 0.5 else pick(rng, elsewhere)
        passages[pick(rng, pick(rng, wrong)[1]).format(x=about)] = 0
    order = [text for _, text in sorted((rng.random(), text) for text in passages)]
    return pick(rng, problem[0]).format(x=thing), order, [passages[text] for text in order]


def generate():
    """The columns `query`, `candidates` and `relevance` of the three splits, the same on every call."""
    rng, seen, splits = random.Random(37), set(), {}
    for split, size in SIZES.items():
        rows = unseen(size, seen, str, make_query, rng, "test" if split == "test" else "train")
        columns = zip(*rows, strict=True)
        splits[split] = dict(zip(("query", "candidates", "relevance"), map(list, columns), strict=True))
    return splits
