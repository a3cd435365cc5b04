"""Text classification on synthetic messages: what a made-up customer wants from a made-up online shop.

Six intents. The test split shares neither wordings nor closing remarks with the other two, and many messages mention
something that belongs to another intent ("I don't want a refund, just tell me where it is"), so that counting words
goes only part of the way.
"""

import random
import re

from tasks.samples.chance import pick

SIZES = {"train": 800, "validation": 200, "test": 300}
SHORTEST, LONGEST = 5, 40  # words
SHARES = {"delivery": 25, "refund": 20, "payment": 17, "account": 14, "product": 14, "feedback": 10}  # percent
OPENING_SHARE, CLOSING_SHARE, TYPO_SHARE, LOWER_SHARE = 0.35, 0.4, 0.2, 0.25

# Wordings end with a line or with " / "; [a|b] is a choice, a word in {braces} one of WORDS.
MESSAGES = {
    "train": {
        "delivery": """
where is my {item} ? it was supposed to [arrive|be here] {when} / can you tell me when the {item} will be delivered ?
my order has not [arrived|turned up] yet and it is [two|four|ten] days late
the tracking page has said 'in transit' since {when} and nothing [moves|happens]
the courier left my parcel [in the rain|with a stranger] and now it is gone
is it possible to change the delivery address of my order ?
the driver marked the parcel as delivered but I never [got|received] it
do you ship to [Norway|Portugal|the islands] and how long does shipping take ?
I do not want a refund , I only want to know where the {item} is
I paid for express shipping with my card {when} and the box is still in your warehouse
the money left my account {when} but nothing was sent to me so far
""",
        "refund": """
I want to return the {item} and get my money back / the {item} arrived broken , please refund me
how do I send the {item} back ? it [does not fit|is too small] / can I exchange the {item} for a [bigger|smaller] one ?
you promised a refund {when} and I am still waiting for it / please cancel my order and return the [money|amount] to me
the {item} was delivered on time but it is [faulty|the wrong colour] and I want a refund
I returned the {item} {when} , has my return been processed ? / what is your return policy for [opened|used] items ?
I no longer want the {item} , where is the return label ? / you sent me the wrong size , please exchange it
can I bring a present back to the shop ?
""",
        "payment": """
my card was declined although there is enough money on it / I was charged twice for the same {item}
why does my invoice show a different [price|amount] than the checkout ? / may I pay for the {item} in monthly rates ?
can I pay for the {item} by [bank transfer|instalments|cash] ? / the discount code does not work at the checkout
please send me an invoice for the {item} I bought {when} / I logged in fine but my credit card is rejected every time
the payment page [freezes|shows an error] whenever I enter my card number
there is an unknown charge from your shop on my bank statement
the delivery was free according to the advert , yet you charged me a shipping fee
""",
        "account": """
I forgot my password and the reset e-mail never [comes|arrives] / I cannot log in to my account since {when}
how do I change the e-mail address of my account ? / please delete my account and all my data
somebody [hacked|logged into] my account {when} / my account is locked after too many attempts
the app logs me out every time I open it / how can I turn off the newsletter in my profile ?
my orders are not shown in my profile any more , I can not even see the delivery status
the login code you sent does not work , so I can not pay for my basket
""",
        "product": """
does the {item} come in [black|green|a larger size] ? / is the {item} [waterproof|suitable for children|made of wood] ?
how do I [clean|assemble|charge] the {item} ? / what is the difference between the old and the new {item} ?
when will the {item} be back in stock ? / how long does the battery of the {item} last ?
does the {item} work with [my phone|a European plug] ? / which {item} do you recommend for a [beginner|small room] ?
before I pay : what are the measurements of the {item} ?
the {item} arrived today , thanks , but how do I switch it on ?
""",
        "feedback": """
thank you , your support team was [wonderful|so helpful] {when} / great shop , I will tell all my friends about you
I am very [unhappy|disappointed] with how rude your employee was on the phone / your new website is ugly and confusing
I waited an hour on the hotline , that is terrible service / I just wanted to say that I love your shop
the woman who handled my refund was kind and quick , please thank her / five stars from me , everything was perfect
your delivery people are always friendly , well done
I suggest you open a shop in our town , people here would love it
""",
    },
    "validation": {
        "delivery": """
has the {item} been shipped yet ? I expected it {when} / my parcel went to the old address , can it be redirected ?
the postman says there is no parcel for me , who has my {item} ?
""",
        "refund": """
this {item} is not what I ordered , I would like my money back
three weeks since I sent the {item} back and no money yet
""",
        "payment": """
the total at the checkout is wrong , the {item} costs less than that
do you accept [gift cards|cheques] for a {item} ?
""",
        "account": """
my password is not accepted any more / how do I add a second user to my profile ?
I want to close my account , I never ordered anyway
""",
        "product": """
is the {item} heavy , and can it be used outdoors ? / is there a manual for the {item} in [English|Spanish] ?
""",
        "feedback": """
what a friendly team you have , thanks for the help {when} / I have never been treated so badly by a shop
your packaging uses far too much plastic
""",
    },
    "test": {
        "delivery": """
still no sign of the {item} , and the birthday is tomorrow / nobody rang the bell , yet the van drove off with my stuff
the {item} I bought seems to be lost somewhere on the way to me
any idea how many more days until the parcel with the {item} reaches me ?
could the courier drop the parcel at my neighbour's instead ?
it got stuck at customs {when} and no one tells me what to do
half of the parcel is missing , will the rest be delivered separately ?
keep the money , I don't need a refund - I need the {item} at my door by Saturday
my statement shows that the {item} is paid , but the shipment hasn't left your depot
""",
        "refund": """
the {item} stopped working after [one day|two weeks] , I expect a full refund
I changed my mind about the {item} , how can I give it back ? / sent the {item} back ages ago and haven't seen my money
it has a crack down the middle , so take it back please / wrong {item} in the box - please swap it for the right one
would you reimburse me for the return if I already removed the packaging ?
call the whole purchase off and give me back what I spent
the courier was quick , but the {item} is useless ; I'm sending it back
bought the {item} as a gift , she hates it . may I hand it in for store credit ?
""",
        "payment": """
you took the sum off my card twice / my Visa keeps getting turned down even though the bank says all is well
the voucher from your advert is refused at the checkout / who debited 49 euros from me {when} ? I never bought anything
is it possible to split the cost of the {item} over several months ?
I need a proper invoice with VAT for the {item} , for my employer
PayPal says the transaction for the {item} failed , do I still owe you something ?
why was I billed for shipping when orders above 50 are supposed to be free ?
you billed me more for the {item} than the listed price
""",
        "account": """
the app won't let me log in , it claims that I do not exist / erase my profile and everything you have stored about me
I don't recognise the devices shown under my login , was I hacked ? / what must I do to get a new password ?
I got married , how do I update my surname in my account ? / the confirmation link to register has expired
two-factor codes go to my old phone number , so I am shut out
I want to check my returns but the site keeps asking me to sign in again
please unsubscribe me from those e-mails , I can't find the setting
""",
        "product": """
will the {item} survive a bit of rain ? / how tall is the {item} exactly , and how long is its cable ?
are spare parts for the {item} sold separately ? / can you tell me if the {item} is vegan or has leather in it ?
I can't figure out how to put the {item} together , are there instructions ?
would the {item} be too loud for a bedroom at night ? / my {item} came this morning ; which cable do I plug in first ?
I might buy the {item} next payday - does it come with a warranty and a case ?
""",
        "feedback": """
hats off to the lady at your helpdesk , she saved my week / honestly the worst customer service I have come across
just a quick note to praise you , shopping here is a joy / your chat bot drives me mad , get some real people
the man on the phone laughed at me and hung up / it would be nice if your website had a dark theme
my refund problem was solved by Ms Lind in minutes , give her a raise
""",
    },
}
WORDS = {
    "train": {
        "item": "lamp|jacket|wallet|coffee machine|tent|backpack|blender|office chair|watch|printer|bicycle helmet",
        "when": "yesterday|last week|on Monday|two weeks ago|on Friday|three days ago",
        "opening": "Hi ,|Hello ,|Good morning ,|Hello team ,|Dear team ,|Quick question :",
        "closing": "Please help !|Thanks in advance .|Order number 48213 .|Kind regards , Ann|Please answer soon .|"
        "Thank you !",
    },
    "validation": {
        "item": "kettle|scarf|keyboard|camping stove|vacuum cleaner|mirror",
        "when": "on Sunday|a month ago|this week",
        "opening": "Hey ,|Good evening ,|Dear shop ,",
        "closing": "Best , Jo|Order 77120 .|Please let me know .",
    },
    "test": {
        "item": "toaster|drone|rug|raincoat|microphone|bookshelf|e-reader|skateboard|air fryer|suitcase|monitor",
        "when": "the day before yesterday|in March|earlier this month|ages ago|on the 4th|at the weekend",
        "opening": "Hey there ,|Excuse me ,|To whom it may concern :|Sorry to bother you ,|So ,|Hiya ,",
        "closing": "Cheers , Tom|Any help is welcome .|Ref 90-311 .|Waiting for your reply .|Sent from my phone|"
        "Have a nice day",
    },
}


def misspell(rng, text):
    """The text with two neighbouring letters of one longer word swapped."""
    words = text.split(" ")
    spots = [spot for spot, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if spots:
        spot = pick(rng, spots)
        word, cut = words[spot], 1 + int(rng.random() * (len(words[spot]) - 3))
        words[spot] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    return " ".join(words)


def make_text(rng, wording, words):
    """One message: the wording with its choices made, at times with a greeting, a closing, a typo, no capitals."""
    text = re.sub(r"\[([^]]*)\]", lambda match: pick(rng, match[1].split("|")), wording)
    text = re.sub(r"\{(\w+)\}", lambda match: pick(rng, words[match[1]].split("|")), text)
    opening = pick(rng, words["opening"].split("|")) + " " if rng.random() < OPENING_SHARE else ""
    closing = " " + pick(rng, words["closing"].split("|")) if rng.random() < CLOSING_SHARE else ""
    text = opening + text + ("" if text[-1] in ".?!" else ".") + closing
    text = re.sub(r" ([.,:;?!])", r"\1", text)
    text = re.sub(r"(^|[.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)
    text = misspell(rng, text) if rng.random() < TYPO_SHARE else text
    return text.lower() if rng.random() < LOWER_SHARE else text


def make_label(rng, wordings, words, count, seen):
    """`count` new messages of one label, its wordings in turn; `seen` holds the messages so far, in lower case."""
    texts, turn = [], 0
    while len(texts) < count:
        text = make_text(rng, wordings[turn % len(wordings)], words)
        turn += 1
        if text.lower() not in seen and SHORTEST <= len(text.split()) <= LONGEST:
            seen.add(text.lower())
            texts.append(text)
    return texts


def read_wordings(split, label):
    """The wordings of one label; half of the validation split's are training's."""
    own = re.split("\n| / ", MESSAGES[split][label].strip())
    return own + read_wordings("train", label)[:3] if split == "validation" else own


def make_split(rng, split, seen):
    """The columns of one split, in random order."""
    rows = []
    for label, share in SHARES.items():
        wordings = read_wordings(split, label)
        texts = make_label(rng, wordings, WORDS[split], SIZES[split] * share // 100, seen)
        rows += [(rng.random(), text, label) for text in texts]
    rows.sort()
    return {"text": [text for _, text, _ in rows], "label": [label for _, _, label in rows]}


def generate():
    """The columns `text` and `label` of the three splits, the same on every call."""
    rng, seen = random.Random(17), set()
    return {split: make_split(rng, split, seen) for split in SIZES}
