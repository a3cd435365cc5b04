"""Named entity recognition on synthetic sentences: every sentence is made up, and so are the facts it states.

People, companies and products are composed from parts; any likeness to real ones is chance. The splits share neither
name parts nor (test) sentence patterns, and words such as "Jordan" are a person here and a place there, so a model has
to read the context: looking names up in the training split finds almost nothing.
"""

import random
import re

from tasks.samples.chance import pick

SIZES = {"train": 800, "validation": 200, "test": 300}
SHORTEST, LONGEST = 6, 25  # words

# Each word of a form is replaced by a part of that name; what is no part's name stands as it is.
FORMS = {
    "PER": ["first last"] * 5 + ["last", "last", "first", "first", "initial last", "first initial last"],
    "LOC": ["place"] * 6 + ["before stem", "before stem", "stem after", "stem after"],
    "ORG": ["brand company"] * 5 + ["place club"] * 2 + ["brand", "last & last", "office of place", "short"],
    "PROD": ["model version"] * 6 + ["model", "model version version"],
}
AMBIGUOUS_SHARE = 0.08  # of names that are one of the words "any", which fit every type
REPEATED_SHARE = 0.18  # of test names made from training's parts, or a lookup would score exactly zero
FOLLOWED_SHARE = 0.5  # tried; what gets too long is dropped

PARTS = {
    "train": {
        "any": "Jordan Lincoln Ford Chelsea Georgia Sydney Hilton Florence Dallas Wells Brooklyn Kent Bristol Sierra",
        "first": "Anna Marcus Priya Daniel Elif Tomasz Grace Hugo Leila Victor Naomi Samuel Ingrid Rafael Mei Oliver "
        "Fatima George Clara Dmitri Aisha Patrick Sofia Henrik Yuki Martin Rosa Peter Nadia Colin May Will Mark",
        "last": "Keller Okafor Lindqvist Moreau Sharma Novak Whitfield Tanaka Delgado Hoffman Brennan Petrov "
        "Castellano Ibrahim Larsen Dupont Hargreaves Kowalski Nakamura Fischer Osborne Vasquez Romano Sinclair Yilmaz "
        "Bergstrom Coleman Haddad",
        "initial": "A. B. D. H. J. M. P. T.",
        "place": "Lisbon Oslo Nairobi Vienna Hamburg Kyoto Brazil Norway Chicago Manila Warsaw Kenya Dublin Toronto "
        "Seville Prague Vietnam Glasgow Lima Helsinki Croatia Montreal Antwerp Boston Turkey China",
        "before": "Port Lake North Mount San Fort New",
        "stem": "Ellery Marlow Tamsin Carrick Halden Bexley Corran Ashdale Varena Dunmore",
        "after": "Valley Bay Street Airport County Bridge",
        "brand": "Northgate Vantor Bluepeak Meridian Solvane Kestrel Ardent Calder Primewell Oakline Apple Zenora",
        "company": "Group Bank Motors Airlines Inc. Holdings Media Software Corporation",
        "club": "United Rovers City FC University Chronicle",
        "office": "Bank Ministry University",
        "short": "NTRC BKL WQO IFDA MRG",
        "model": "Halo Zephyr Pixelon Cirrus Tempo Nimbus Raptor Lumo Aerolite Cobalt Rose Drift",
        "version": "Pro Mini 2 X3 900 Lite 4.1 Sport B70 15 XL Junior 2000 One",
    },
    "validation": {
        "any": "Jordan Lincoln Preston Carolina Charlotte Morgan Warwick Adelaide Denver Aurora",
        "first": "Beatrice Kofi Lukas Amara Simon Helga Diego Tessa Arjun Nora Felix Irina Bill",
        "last": "Abbott Chowdhury Engel Farrell Grigoryan Hayashi Lombardi Mensah Nielsen Salazar Underwood Weiss",
        "initial": "C. F. L. R.",
        "place": "Budapest Ghana Leeds Osaka Denmark Marseille Cairo Ottawa Bolivia Rotterdam Tallinn Perth",
        "before": "East Old Glen Castle",
        "stem": "Merrin Thornby Ravel Aldora Kinloch Sutterby",
        "after": "Park Road Beach Station",
        "brand": "Harrowgate Optima Fenwick Lunara Trident Polaris",
        "company": "Pharma Logistics Studios Bancorp Telecom PLC",
        "club": "Town Hawks Times Hospital",
        "office": "Council School",
        "short": "OPRA JTC GHV",
        "model": "Swift Novabook Stellar Pebble Torrent Breeze",
        "version": "3 Prime GT 250 Elite",
    },
    "test": {
        "any": "Austin Washington Mercedes Victoria Phoenix Madison Orlando Bentley Hudson Houston Windsor Lancaster "
        "Sienna",
        "first": "Hannah Pablo Ewa Jerome Kavita Stefan Miriam Theo Zainab Luca Brigitte Owen Chiara Desmond Sana Erik "
        "Paula Kenji Maureen Tariq Violet Anders Joan Mateo Hope Frank Amber",
        "last": "Adeyemi Bianchi Carlisle Drummond Eriksen Fontaine Gallagher Holloway Jansen Kapoor Leclerc Murakami "
        "Oduya Pritchard Quintero Rosenthal Schreiber Thorne Varga Wexler Zielinski McAllister Stone Marsh",
        "initial": "E. G. K. N. S. V.",
        "place": "Madrid Stockholm Ecuador Munich Bangkok Portugal Belfast Zagreb Melbourne Tunisia Krakow Naples "
        "Seoul Cardiff Iceland Geneva Lagos Vancouver Chile Bergen Java",
        "before": "Cape Saint South Upper West Little",
        "stem": "Wendover Orrin Lorne Pellworth Arista Maldon Quarry Brackley Tervane",
        "after": "Hills Harbour Square Island Falls Avenue",
        "brand": "Crestwell Bryden Quillon Summit Tarrow Everline Novacore Stanmore Helix Shell Target",
        "company": "Partners Insurance Foods Energy Ltd Labs Capital Railways Technologies",
        "club": "Wanderers Tigers Athletic Orchestra College Gazette",
        "office": "Institute Department Museum",
        "short": "ERPA KDW TLS UNVO",
        "model": "Vireo Quantex Solstice Orbit Glide Sprint Velora Falcon Magma Tundra Whisper",
        "version": "Max Ultra 7 S40 Plus Air Duo 365",
    },
}

# Patterns end with a line or with " / "; [a|b] is a choice, a type in capitals is a slot.
PATTERNS = {
    "train": """
Frankly , the [kitchen|hall|garden] was [tiny|cold|dark] and the view was of a stone [bridge|wall] .
In the [morning|evening] I ran along the lake , then met a [friend|cousin] for [tea|lunch] .
Nothing in the [report|letter|survey] explains why the [bridge|airport|street] was closed .
A north wind cleared the valley and the summer [light|heat] came back by [noon|evening] .
Put the [salt|eggs|butter] in a bowl and stir until the [sauce|cake] is [smooth|ready] . / Midfielder PER Signs For ORG
Please find the [minutes|slides|figures] of the [last|first|second] meeting attached .
She may bring a rose and will mark the [tests|papers] on [Monday|Friday|Sunday] . / ORG To Cut [900|2,000] Jobs In LOC
The [team|committee] meets again on [Monday|Tuesday|Friday] at [nine|ten|noon] . / ORG Unveils PROD , Cheaper Than PROD
Police in LOC are looking for PER , who was last seen on [Friday|Saturday] . / PER Wins Again As ORG Slump In LOC
The hotel was [clean|noisy|cheap] and the [staff|food|pool] made up for it . / Mayor of LOC Accuses ORG Of Fraud
We had [turkey|apple] pie and will not grant the [bank|group] another day . / Regards , PER , Head of Sales , ORG , LOC
Could you tell me when the [parcel|order|invoice] will [arrive|be ready] ? / ORG workers and PER marched through LOC .
The new PROD has a [brighter|larger] screen , but PROD is still faster . / Thieves took a PROD and some cash from PER .
The ORG PROD was recalled after drivers in LOC reported faulty brakes . / Final , [men|women] : PER LOC 6-4 6-2 PER LOC
We spent [four|nine] days in LOC and then took the night train to LOC . / Her husband works for ORG and hates the job .
We replaced the PROD with a PROD and the office has been quiet since . / [1|2|3] . PER LOC ORG [41.2|39.7|44.0] seconds
My PROD stopped charging [two|six] weeks after I bought it from ORG . / Prime Minister PER visits LOC next [week|month]
The bill for the china plates came to [40|60|85|90] [dollars|euros] . / When PROD hangs , unplug it and wait a minute .
Hope is a fine thing , but a good [pilot|doctor] needs a [plan|map] . / Javelin : PER LOC [81.20|79.96] , PER LOC 78.41
ORG fired PER for [selling|sharing] secrets to its competitor ORG . / thanks PER , can you forward this to PER at ORG ?
Speaking in LOC , Doctor PER warned that the virus was spreading . / The price of ORG stock fell while PROD sales grew .
The orchestra played a piece that PER wrote while living in LOC . / LOC Storm Leaves Thousands Without Power , Says PER
Has anyone here updated the PROD without losing their settings ? / I love working for ORG , but it never pays on time .
Owners of the ORG PROD complain about rust and squeaking doors . / The price of apple juice rose again in [may|march] .
Welcome to LOC ! Your guide PER will meet you at gate [4|9|17] . / Customers of ORG in LOC and LOC were without power .
PER told reporters in LOC that the talks had [failed|stalled] . / Dear PER , your flight from LOC to LOC is confirmed .
Hi PER , please send the contract to ORG before [noon|Friday] . / PER joined ORG in [1998|2011] after studying in LOC .
LOC is lovely in spring , but LOC is cheaper and less crowded . / According to ORG , sales fell and profits were flat .
The engineer drove a PROD from LOC to the headquarters of ORG . / The latest version of PROD deletes files by mistake .
Captain PER praised the young players after the draw with ORG . / Sales of PROD and PROD doubled before the holidays .
President PER and Professor PER opened the new library in LOC . / His PROD overheated twice , so ORG sent him a PROD .
ORG striker PER will miss the trip to LOC with a knee injury . / PER scored twice before [he|she] was replaced by PER .
Nobody here had heard of PROD before it crashed every laptop . / Nobody here had heard of PER before she was hired .
PROD runs for [ten|twelve] hours and weighs less than a kilo . / ORG , ORG and PER declined to comment on the case .
PER sold her PROD on the internet for [half|twice] the price . / Former goalkeeper PER now coaches children at ORG .
ORG said on [Tuesday|Friday] it will close its plant in LOC . / Analysts at ORG expect PROD to outsell PROD this year .
I returned the PROD because the battery died within an hour . / We talked about ORG because its workers are on strike .
A court in LOC fined ORG for misleading buyers of its PROD . / Shares of ORG rose [3|5|12] percent after PER resigned .
[Drivers|Users|Owners] of PROD say it saves time and money . / ORG beat ORG [2-1|3-0] in LOC to stay top of the table .
PER , who leads ORG , arrived in LOC on [Monday|Thursday] . / We talked about PROD because its price has just dropped .
ORG agreed to buy ORG for [400 million|2 billion] dollars . / According to PER , nobody was hurt and the fire is out .
We talked about LOC because its harbour has just reopened . / Her husband bought PER a ring before they moved to LOC .
Her husband comes from LOC , where his parents still live . / Her husband bought a PROD although the old one worked .
Suppliers of ORG and its partner ORG wait for their money . / I switched from PROD to PROD and have not looked back .
Trust in ORG has collapsed since PER lied about its debts . / The striker hopes to stay at ORG , said his agent PER .
PER and PER will join us for lunch once they land in LOC . / PER arrived late and apologised to everybody in the room .
ORG reported a loss and named PER as its chief executive . / With PROD I can draw on the bus and print at home .
I deleted PROD because it kept sending me adverts . / He parked the PROD behind the ORG building in LOC .
Is there a way to connect PROD to my old printer ? / ORG hired PER from ORG to run its office in LOC .
Install PROD first , then restart and open PROD . / Nobody here had heard of ORG before it sued us .
PROD arrived late and the box was already open . / I love PROD , but its keyboard is far too loud .
Yesterday PER of ORG showed us the PROD in LOC . / When ORG pays late , its suppliers get nervous .
Open PROD , click on the menu and choose print . / The screen of my PROD cracked when I sat on it .
ORG staff in LOC were told to stop using PROD . / I love PER , but he never answers my letters .
I love LOC , but its summers are far too hot . / When PER laughs , everybody laughs with her .
Which is better for students , PROD or PROD ? / For sale : PROD , two years old , hardly used
Rumours say ORG will replace PROD with PROD . / Review : PROD Is Fast , But PROD Costs Less
Parts for the PROD are made by ORG in LOC . / PER tested PROD and PROD for our magazine .
""",
    "validation": """
They hope the [old|new] road will reopen by [spring|autumn|winter] . / I asked PER to order a PROD for the new office .
Our PROD broke down outside LOC and a man named PER fixed it . / Most customers of ORG still use the old PROD .
The [park|station] will be closed for the [whole|first] week . / Reporters asked PER why ORG had left LOC .
The ORG board met in LOC and thanked PER for [her|his] work . / Nothing beats a weekend in LOC with PER .
The mayor of LOC opened a branch of ORG . / PER flew home to LOC after the funeral . / ORG Sues ORG Over PROD Design
PER LOC beat PER LOC in straight sets .
""",
    "test": """
Beneath the frank smile , she kept her [summit|orbit|quarry] plans and her [hope|target] to herself .
Nobody [answered|picked up] when I rang the [clinic|surgery|bakery] about my [appointment|cake] .
Polish the [stone|silver|table] , then let it dry in the marsh [wind|air] for [an hour|a day] .
Every [summit|orbit] needs a [patient|careful|frank] [pilot|guide] and a [little|lot of] luck .
The shell of the [egg|nut] broke in the [summer|stone] [bowl|kitchen] this [morning|evening] .
Unemployment is at its [lowest|highest] [level|rate] since the [crisis|war|reform] ended . / PER Quits ORG Amid Pay Row
Speaking from LOC , PER rejected claims that ORG had hidden the losses . / With PROD you can edit photos on the train .
The [minister|ambassador] , PER , left for LOC shortly before midnight . / Ferry Sinks Off LOC ; PER Among Survivors
ORG came from behind to draw with ORG , thanks to a late header by PER .
Coach PER blamed the pitch in LOC after ORG lost [four|five] in a row .
Regulators let ORG merge with ORG on condition that it sells PROD . / My neighbour sold his PROD and got a newer one .
Residents of LOC woke to find that the river had burst its banks . / Whenever ORG hires , hundreds of graduates apply .
Rental firms such as ORG have swapped the PROD for the ORG PROD . / Is PROD Worth The Money ? PER Compares It With PROD
Investors dumped ORG stock when its rival ORG cut fares to LOC . / My neighbour was fired by ORG without any notice .
Can PER or PER book the rooms in LOC for our guests from ORG ? / Few people trust ORG since it lost their savings .
Defender PER has signed a [two-year|three-year] deal with ORG . / Downloading PROD took ages , so I went back to PROD .
Hello PER , I am stuck in LOC and cannot reach anybody at ORG . / Pole vault : PER LOC [5.61|5.70] , PER LOC 5.55
My daughter dropped her PROD in the bath and it still works . / My neighbour moved to LOC because rents there are low .
Whenever PER calls , the whole family wants to talk to him . / My neighbour married PER after a very short courtship .
A spokeswoman for ORG confirmed that PER had been suspended . / Whenever PROD freezes , simply hold the power button .
Its founder , PER , ran ORG from a garage in LOC for years . / From LOC we hiked to LOC , where the only inn was shut .
Does the PROD come with a spare cable , or must I buy one ? / Many thanks for the visit ; PER sends her love from LOC .
The ship called at LOC , LOC and LOC before heading north . / An earthquake shook LOC and was felt as far away as LOC .
Winters in LOC are mild , whereas LOC freezes for months . / Whenever I visit LOC , my cousins meet me at the station .
ORG PROD owners in LOC are entitled to a free repair . / Few people trust PER since he lied under oath .
Historians believe PER never set foot in LOC .
""",
}


def make_name(rng, kind, split):
    """The words of a new entity of type `kind`."""
    repeated = split == "test" and rng.random() < REPEATED_SHARE
    parts = PARTS["train" if repeated else split]
    form = "any" if rng.random() < AMBIGUOUS_SHARE else pick(rng, FORMS[kind])
    return [pick(rng, parts[word].split()) if word in parts else word for word in form.split()]


def make_sentence(rng, pattern, split):
    """Tokens and IOB2 tags of one pattern, its choices made and its slots filled."""
    chosen = re.sub(r"\[([^]]*)\]", lambda match: pick(rng, match[1].split("|")), pattern)
    tokens, tags = [], []
    for word in chosen.split():
        name = make_name(rng, word, split) if word in FORMS else None
        tokens += name or [word]
        tags += [f"B-{word}"] + [f"I-{word}"] * (len(name) - 1) if name else ["O"]
    return tokens, tags


def read_patterns(split):
    """The patterns of one split; half of the validation split's are training's."""
    own = re.split("\n| / ", PATTERNS[split].strip())
    return own + read_patterns("train")[3::9] if split == "validation" else own


def make_text(rng, patterns, turn, split):
    """Tokens and tags of pattern number `turn`, at times followed by another one, as in running text."""
    tokens, tags = make_sentence(rng, patterns[turn % len(patterns)], split)
    if tokens[-1] in ".?" and rng.random() < FOLLOWED_SHARE:
        more_tokens, more_tags = make_sentence(rng, pick(rng, patterns), split)
        tokens, tags = tokens + more_tokens, tags + more_tags
    style = rng.random()  # e-mails without capitals, shouted headlines
    if style < 0.16:
        tokens = [token.lower() if style < 0.12 else token.upper() for token in tokens]
    return tokens, tags


def make_split(rng, split, seen):
    """The columns of one split, its patterns in turn; `seen` holds the sentences of all splits, in lower case."""
    patterns, turn = read_patterns(split), 0
    columns = {"tokens": [], "tags": []}
    while len(columns["tokens"]) < SIZES[split]:
        tokens, tags = make_text(rng, patterns, turn, split)
        turn += 1
        text = " ".join(tokens).lower()
        if text in seen or not SHORTEST <= len(tokens) <= LONGEST:
            continue
        seen.add(text)
        columns["tokens"].append(tokens)
        columns["tags"].append(tags)
    return columns


def generate():
    """The columns `tokens` and `tags` (IOB2) of the three splits, the same on every call."""
    rng, seen = random.Random(13), set()
    return {split: make_split(rng, split, seen) for split in SIZES}
