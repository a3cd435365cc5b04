"""Synthetic commands to a made-up assistant, each with its intent and the slots that its words fill.

The splits share no slot value, the test split has its own wordings, and words of one intent turn up in another ("play
the weather song"), so that neither a list of values nor one of key words tells the answer.
"""

import random
import re

from tasks.samples.chance import pick

SIZES = {"train": 800, "validation": 200, "test": 300}
REPEATED_SHARE = 0.25  # of test values taken from training's, or a look-up would find none
POLITE_SHARE = 0.3

VALUES = {
    "train": {
        "artist": "Nina Okafor|The Blue Lanterns|Pedro Lund|Silver Foxes|Mara Keller|DJ Tumble",
        "song": "Rain On Monday|Open Window|The Weather Song|Seven Alarms|Golden Street|Book Of Nights",
        "city": "Lisbon|New Haven|Oslo|Port Ellery|Nairobi|San Tomas|Vienna|Kyoto",
        "datetime": "tomorrow|tonight|at seven|on Monday morning|next week|in two hours|on the third of May|this "
        "evening",
        "person": "Anna|my sister|Doctor Lind|Marcus|the plumber|Uncle Theo|Priya",
        "party": "two|four people|me and my wife|six|my whole team",
        "cuisine": "Thai|Italian|vegan|sea food|Mexican",
        "room": "kitchen|living room|hall|upper bathroom|garage",
        "weather/attribute": "rain|snow|windy|warm|foggy|hail",
        "polite": "please|hey , could you|hi there ,|I want you to|now",
    },
    "validation": {
        "artist": "Ingrid Vale|Paper Tigers|Jon Abara",
        "song": "Cold Coffee|Last Table|Message In Red",
        "city": "Dublin|Fort Halden|Cairo|Lima",
        "datetime": "at noon|on Friday|after dinner|in ten minutes",
        "person": "Hugo|my boss|Aunt Clara",
        "party": "three|five of us|a dozen",
        "cuisine": "Greek|Korean|French",
        "room": "bedroom|cellar|front porch",
        "weather/attribute": "sunny|thunder|humid",
        "polite": "please|okay ,|so ,",
    },
    "test": {
        "artist": "Yuki Sand|Broken Compass|Omar Fields|Les Trois Chats|Ada Quill",
        "song": "Wake Me In June|A Light For Lena|Tell Her Twice|Storm Over Town|Dinner At Nine",
        "city": "Madrid|Cape Orrin|Seoul|Lake Tervane|Peru|Bristol",
        "party": "eight|seven guests|just myself|our choir",
        "datetime": "at half past nine|on Sunday night|the day after tomorrow|before lunch|in March|at a quarter to "
        "six",
        "person": "Rafael|my landlord|Professor Weiss|Granny|the nurse",
        "cuisine": "Lebanese|Indian|barbecue|old Swedish",
        "room": "nursery|dining room|attic|back office",
        "weather/attribute": "stormy|freezing|a heat wave|drizzle|cloudy",
        "polite": "would you kindly|hello ,|I need you to|listen ,|be so good and",
    },
}
WORDINGS = {
    "train": {
        "music/play": "play {song} by {artist}|I want to hear {artist}|put on something by {artist}|play the song "
        "{song}|play {artist} in the {room}|start the album with {song}|can you play music of {artist} {datetime}",
        "weather/find": "what is the weather in {city} {datetime}|will there be {weather/attribute} in {city}|is it "
        "{weather/attribute} in {city} {datetime}|how cold is it in {city}|show the forecast for {datetime}",
        "alarm/set": "wake me {datetime}|set an alarm for {datetime}|set the alarm in the {room} for {datetime}|I "
        "have to get up {datetime} , wake me|an alarm {datetime} to call {person}",
        "message/send": "tell {person} that I am late|send {person} a message|text {person} about the weather in "
        "{city}|write to {person} that dinner is {datetime}|message {person} and say that the lights are on",
        "restaurant/book": "book a table for {party} {datetime}|find a {cuisine} place in {city} for {party}|reserve "
        "a table at a {cuisine} restaurant|I want to eat {cuisine} food {datetime}|book dinner for {party} in "
        "{city}",
        "light/switch": "turn on the lights in the {room}|switch off the light {datetime}|make the {room} "
        "brighter|lights off in the {room} {datetime}|dim the lamp in the {room}",
    },
    "test": {
        "music/play": "let me listen to {song}|is there anything new from {artist} ? play it|music for the {room} , "
        "maybe {artist}|I feel like hearing {song} by {artist}",
        "weather/find": "do I need a coat in {city} {datetime}|should I expect {weather/attribute} {datetime}|what "
        "does it look like outside in {city}|tell me if {city} gets {weather/attribute} {datetime}",
        "alarm/set": "make sure that I am awake {datetime}|ring the bell in the {room} {datetime}|do not let me sleep"
        " longer than {datetime}|I need a wake-up call {datetime}",
        "message/send": "let {person} know that the table is booked|drop {person} a line about {city}|ask {person} to"
        " meet me {datetime}|inform {person} that I turned off the alarm",
        "restaurant/book": "we are {party} and want {cuisine} dinner {datetime}|get me a seat at some {cuisine} place"
        " in {city}|is there a free table for {party} {datetime}|where in {city} can {party} eat {cuisine}",
        "light/switch": "it is too dark in the {room}|no more light in the {room} {datetime}|kill the lamps in the "
        "{room}|I want the {room} lit {datetime}",
    },
}


def make_command(rng, wording, split):
    """Words and IOB2 tags of one wording, its slots filled."""
    tokens, tags = [], []
    opening = "{polite} " if rng.random() < POLITE_SHARE else ""
    for slot, word in re.findall(r"\{([^}]+)\}|(\S+)", opening + wording):
        source = "train" if split == "test" and rng.random() < REPEATED_SHARE else split
        words = word.split() if word else pick(rng, VALUES[source][slot].split("|")).split()
        tokens += words
        named = slot and slot != "polite"
        tags += [f"B-{slot}"] + [f"I-{slot}"] * (len(words) - 1) if named else ["O"] * len(words)
    return [token.lower() for token in tokens] if rng.random() < 0.5 else tokens, tags


def make_split(rng, split, seen):
    """The columns of one split, intents and their wordings in turn; `seen` holds the commands of all splits."""
    columns, turn = {"tokens": [], "tags": [], "intent": []}, 0
    wordings = WORDINGS["test" if split == "test" else "train"]
    while len(columns["tokens"]) < SIZES[split]:
        intent = list(wordings)[turn % len(wordings)]
        options = wordings[intent].split("|")
        tokens, tags = make_command(rng, options[turn // len(wordings) % len(options)], split)
        turn += 1
        if (text := " ".join(tokens).lower()) not in seen:
            seen.add(text)
            for name, value in zip(columns, (tokens, tags, intent), strict=True):
                columns[name].append(value)
    return columns


def generate():
    """The columns `tokens`, `tags` (IOB2) and `intent` of the three splits, the same on every call."""
    rng, seen = random.Random(23), set()
    return {split: make_split(rng, split, seen) for split in SIZES}
