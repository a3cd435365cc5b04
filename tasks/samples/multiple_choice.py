"""Multiple choice on synthetic everyday scenes, made up here: what does somebody need for what he wants to do?

Two to five choices, of which one fits the purpose; the others belong to other purposes, at times to one that the
context mentions as well. The test split shares no name, wording of a purpose, thing or question with the other two.
"""

import random

from tasks.samples.chance import pick, unseen

SIZES = {"train": 600, "validation": 120, "test": 240}
SIZES_OF_CHOICES = (2, 3, 3, 4, 4, 4, 5)
PURPOSES = {  # per split: purposes in the same order, each "wordings: things"
    "train": """
cook dinner|make a soup|fry some eggs: a frying pan|a pot|a wooden spoon|a stove|a chopping board
write a letter|take notes|sign a contract: a pen|a sheet of paper|a pencil|a notebook|a fountain pen
fix the broken chair|hang up a picture|put a shelf together: a hammer|a screwdriver|some nails|a drill|a saw
play some music|practise a song|give a concert: a guitar|a piano|a violin|a drum|sheet music
work in the garden|plant some roses|dig a hole: a spade|a rake|seeds|a watering can|a wheelbarrow
go to sleep|take a nap|get some rest: a bed|a pillow|a blanket|a mattress|pyjamas
clean the floor|do the laundry|wash the windows: a bucket|soap|a mop|a sponge|washing powder
travel abroad|catch a plane|go on a long journey: a passport|a suitcase|a plane ticket|a travel guide|a boarding pass
see a doctor about the pain|treat a wound|cure a cold: a bandage|cough syrup|a thermometer|some pills|an ointment
stay dry in the rain|keep warm in the snow|dress for bad weather: an umbrella|a raincoat|rubber boots|a scarf|gloves
""",
    "test": """
bake a cake|prepare a stew for the guests: an oven|a mixing bowl|a saucepan|a whisk
jot down an address|fill in a form by hand: a ballpoint pen|a notepad|an eraser
repair the wobbly table|build a bird house: pliers|a wrench|some screws|a toolbox
perform a melody|rehearse with the orchestra: a flute|a cello|a trumpet
grow tomatoes|trim the hedge: garden shears|a flower pot|a hoe|fertilizer
doze for an hour|lie down for the night: a hammock|a bunk bed|a quilt|a duvet
scrub the bathtub|get rid of the dust: a broom|a vacuum cleaner|detergent|a cleaning rag
fly to another country|tour a foreign city: a backpack|a visa|a city map|a foreign dictionary
relieve a headache|look after a sore throat: aspirin|throat lozenges|a plaster|eye drops
walk through a storm|go out in the freezing cold: a warm coat|a hood|waterproof trousers|a woolly hat
""",
}
WORDS = {  # per split: names; contexts, with an earlier purpose or without; questions
    "train": (
        "Mia|Tom|Lena|Omar|Ruth|Ivan|Aisha|Paul",
        "{name} wants to {purpose}.|It is Sunday and {name} is about to {purpose}.|"
        "Yesterday {name} wanted to {other}, but today {name} wants to {purpose}.",
        "What does {name} need?|Which of these helps {name} most?|What should {name} get?",
    ),
    "test": (
        "Kofi|Greta|Mei|Luis|Edda|Noor",
        "After work {name} plans to {purpose}.|{name} has decided to {purpose}, not to {other}.|"
        "Nobody else has the time, so {name} will {purpose}.",
        "What will {name} look for first?|What is {name} going to use?",
    ),
}


def draw(rng, options, count):
    """`count` different ones of the options, in random order."""
    keyed = sorted((rng.random(), i) for i in range(len(options)))
    return [options[i] for _, i in keyed[:count]]


def read_purposes(split):
    """[(wordings, things)] of a split."""
    lines = [line.split(": ") for line in PURPOSES[split].strip().split("\n")]
    return [(wordings.split("|"), things.split("|")) for wordings, things in lines]


def make_question(rng, split):
    """One example: (context, question, choices, answer)."""
    names, contexts, questions = (text.split("|") for text in WORDS[split])
    (wordings, things), *others = draw(rng, read_purposes(split), pick(rng, SIZES_OF_CHOICES))
    answer, words = pick(rng, things), {"name": pick(rng, names), "purpose": pick(rng, wordings)}
    words["other"] = pick(rng, others[0][0])
    choices = draw(rng, [answer, *(pick(rng, of_other) for _, of_other in others)], 9)
    return pick(rng, contexts).format(**words), pick(rng, questions).format(**words), choices, answer


def generate():
    """The columns `context`, `question`, `choices` and `answer` of the three splits, the same on every call."""
    rng, seen, splits = random.Random(31), set(), {}
    for split, size in SIZES.items():
        kind = "test" if split == "test" else "train"
        rows = unseen(size, seen, lambda row: str(row).lower(), make_question, rng, kind)
        columns = zip(*rows, strict=True)
        splits[split] = dict(zip(("context", "question", "choices", "answer"), map(list, columns), strict=True))
    return splits
