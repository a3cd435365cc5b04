"""Several labels per text, synthetic: what guests of a made-up hotel write about, from nothing in particular to three
things at once. The test split has wordings, things and remarks that the other two splits never use."""

import random
import re

from tasks.samples.chance import pick

SIZES = {"train": 600, "validation": 150, "test": 240}
COUNTS = (0, 1, 1, 1, 2, 2, 2, 3)  # topics of a text, each as likely

# Wordings end with a line or with " / "; [a|b] is a choice.
WORDINGS = {
    "train": {
        "room": """
our room was [tiny|huge|bright] / the [bed|mattress] was [soft|far too hard] / the shower [leaked|worked well]
the [carpet|bathroom] looked [worn out|brand new] / the heating in the bedroom did not work""",
        "food": """
breakfast was [cold|delicious] / the [soup|steak|cake] tasted [awful|great] / the coffee was [weak|strong]
they served fresh [fruit|bread] every morning / dinner in the restaurant was [dry|excellent]""",
        "staff": """
the receptionist was [rude|charming] / the waiters were [slow|attentive] / everyone at the desk [smiled|ignored us]
the manager [apologised|shouted at us] / the porter carried our bags""",
        "location": """
the beach is [five minutes away|far away] / it is close to the [station|old town] / the bus stops right outside
there is nothing around the hotel / we could walk to the [museum|harbour]""",
        "price": """
it was [too expensive|a bargain] / they charged us [twice|extra for towels] / you get a lot for your money
the bill was [higher than agreed|fair] / the rate went up overnight""",
        "noise": """
the music [kept us awake|went on until three] / the walls are thin / it was wonderfully quiet at night
we heard every [car|door] / the air conditioning roars""",
        "": """
we stayed for two nights in [May|June|August] / it was our [first|second] trip / we booked in [March|April]
I travelled with my [sister|father|dog] / we had [sunshine|rain|snow] all week / we came by [train|plane]""",
    },
    "validation": {
        "room": "the wardrobe was broken / the curtains in the room were lovely",
        "food": "the buffet had little choice / I still dream of the pancakes",
        "staff": "the cleaning lady was very kind / the host never answered",
        "location": "the airport is around the corner / it lies in a dull suburb",
        "price": "forty euros for parking is a lot / great value",
        "noise": "people yelled in the corridor / not a sound after ten",
        "": "we came by car / this was a present for my parents / the flight was delayed / it was a long drive",
    },
    "test": {
        "room": """
the pillows were lumpy / there was mould behind the bathtub / the suite had a view and a large balcony
the sofa bed nearly broke my back / our [double|family] room had [two windows|an enormous television]""",
        "food": """
the [omelette|pizza] was burnt / vegetarians will go hungry here / the chef makes [fantastic|tasteless] pasta
the orange juice came from a packet / try their [curry|fish], it is worth it""",
        "staff": """
the concierge could not have been more helpful / the barman rolled his eyes at us / nobody bothered to greet us
a friendly young [man|lady] checked us in / the owner remembered our names""",
        "location": """
the tram to the centre leaves next door / we needed a taxi for every trip / the [lake|park] is across the street
all sights are within reach on foot / a hotel in the middle of [nowhere|town]""",
        "price": """
we paid a fortune / the deposit was never given back / surprisingly cheap for this season
hidden fees of [60|85] dollars / you will not find a better [deal|offer]""",
        "noise": """
a disco thumped below us all night / bring earplugs / peaceful, not even traffic could be heard
the lift rattled and squeaked for hours / [dogs|motorbikes] woke us at five""",
        "": """
my husband and I spent a weekend there / we arrived on a [Tuesday|Friday] / it was a business trip
I will be back next year / we were on our way to [Rome|Oslo] / a friend told us about it / we left on Sunday""",
    },
}


def make_text(rng, topics, split):
    """A sentence about each topic in random order, at times one about nothing, two where there is no topic."""
    about = [*topics, *[""] * (rng.random() < 0.5), *["", ""] * (not topics)]
    sentences = [pick(rng, read_wordings(split, topic)) for topic in about]
    chosen = [re.sub(r"\[([^]]*)\]", lambda match: pick(rng, match[1].split("|")), text) for text in sentences]
    ordered = sorted((rng.random(), text) for text in dict.fromkeys(chosen))
    return " ".join(text[0].upper() + text[1:] + "." for _, text in ordered)


def read_wordings(split, topic):
    """The wordings of one topic; some of the validation split's are training's."""
    own = re.split("\n| / ", WORDINGS[split][topic].strip())
    return own + read_wordings("train", topic)[:3] if split == "validation" else own


def make_split(rng, split, seen):
    """The columns of one split, of texts that are not among `seen`."""
    texts, labels = [], []
    names = sorted(filter(None, WORDINGS[split]))
    while len(texts) < SIZES[split]:
        ranked = sorted((rng.random(), name) for name in names)
        topics = sorted(name for _, name in ranked[: pick(rng, COUNTS)])
        text = make_text(rng, topics, split)
        if text not in seen:
            seen.add(text)
            texts.append(text)
            labels.append(topics)
    return {"text": texts, "label": labels}


def generate():
    """The columns `text` and `label` (lists) of the three splits, the same on every call."""
    rng, seen = random.Random(23), set()
    return {split: make_split(rng, split, seen) for split in SIZES}
