"""Part-of-speech tags on synthetic sentences: made from patterns and word lists, and their sense is made up too.

The splits share no noun, verb, adjective, adverb or name, the test split has its own patterns, and many words are of
several classes ("they answer the help", "they help the answer"), so a word alone does not tell its tag.
"""

import random
import re

from tasks.samples.chance import pick

SIZES = {"train": 800, "validation": 200, "test": 300}
REPEATED_SHARE = 0.3  # of test words taken from training's lists, or a look-up would find grammar words only

# A slot is a class and a form: of `flex` words (a noun, a verb) n, ns, v, vs, vd, vg; J adjective, R adverb, P name.
WORDS = {
    "train": {
        "flex": "walk treat paint answer visit help report guard plant watch talk print load test order pack turn rest "
        "laugh sail farm join post rent trust pick reward climb doubt roast",
        "noun": "river teacher engine garden window doctor letter village kitchen lion basket student bottle market "
        "painter ticket island farmer bridge candle",
        "J": "green quiet heavy clever ancient modern wooden gentle sudden tiny famous lonely bright bitter empty",
        "R": "slowly often badly quickly always gladly rarely calmly soon proudly",
        "P": "Anna Lisbon Marcus Oslo Kenya Tanaka Priya Vienna Elif Boston",
    },
    "validation": {
        "flex": "call lift hunt comment cook attack design cover",
        "noun": "mountain lawyer camera pencil tiger museum",
        "J": "silent narrow polite frozen golden",
        "R": "loudly seldom kindly early",
        "P": "Hugo Dublin Naomi Prague",
    },
    "test": {
        "flex": "jump attempt start claim end comfort need return record shout search travel sort repair murmur",
        "noun": "forest nurse wagon hammer castle singer rabbit planet blanket sailor pocket tunnel",
        "J": "purple clumsy distant hollow wealthy rural fragile muddy cheerful steep",
        "R": "softly never hardly eagerly twice almost",
        "P": "Ingrid Cairo Rafael Peru Yuki Madrid Omar",
    },
}
SLOTS = {"n": "NOUN", "ns": "NOUN", "N": "NOUN", "Ns": "NOUN", "v": "VERB", "vs": "VERB", "vd": "VERB", "vg": "VERB",
         "J": "ADJ", "R": "ADV", "P": "PROPN"}  # fmt: skip
ENDINGS = {"ns": "s", "Ns": "s", "vs": "s", "vd": "ed", "vg": "ing"}
GRAMMAR = {
    "DET": "the a this that every no some these", "ADP": "in on under with from at of for near without",
    "PRON": "they we she he it you I them everyone", "AUX": "is are was were will can must may did has had been",
    "CCONJ": "and or but", "SCONJ": "because while when although", "PART": "to not", "PUNCT": ". , ? !",
    "NUM": "two three seven forty 12 1998",
}  # fmt: skip
TAGS = {word: tag for tag, words in GRAMMAR.items() for word in words.split()}
# Words in <> are slots; a word that is of two classes has its tag behind it.
PATTERNS = {
    "train": """
the <J> <N> <vd> the <N> . / they <v> a <J> <n> every <N> . / <P> and <P> <vd> in the <N> . / the <ns> of <P> are <J> .
she <R> <vs> the <n> of the <N> . / we will <v> the <Ns> and <v> the <n> . / is the <n> for the <N> <J> ?
the <n> was <J> but the <Ns> <vd> <R> . / <P> must not <v> the <J> <Ns> . / can you <v> this <N> for <P> ?
no <N> <vs> without a <n> . / they <vd> to <v> the <n> . / the <N> is <vg> near <P> . / every <n> has a <J> <N> .
when the <N> <vs> , we <v> <R> .
although it was <J> , he <vd> the <n> . / the <vg> <N> <vd> them <R> .
two <Ns> <v> under the <N> . / <R> , the <n> <vs> .
I <v> because the <J> <ns> are <vg> . / <P> had <vd> three <Ns> in 1998 . / this <n> of <Ns> was for <P> .
the <N> with the <n> did not <v> . / some <ns> and <Ns> <v> near the <N> . / they were <R> <J> .
""",
    "test": """
although <P> <vd> , the <n> of the <N> was <J> . / a <J> <n> from <P> <vs> the <Ns> . / did everyone <v> the <n> ?
the <Ns> that-PRON <v> in <P> are <R> <J> . / it is a <N> to-PART <v> , not a <n> . / he may <v> seven <J> <ns> .
must they <v> while the <N> is <vg> the <n> ? / forty <ns> <vd> the <N> , and <P> <vd> <R> . / <vg> the <n> is <J> .
no <n> on this <J> <N> has been <vd> . / <P> <R> <vs> for a <n> without <Ns> ! / the <n> and the <n> <v> them .
""",
}  # fmt: skip


def fill(rng, slot, split):
    """A word of a slot's class in its form."""
    words = WORDS["train" if split == "test" and rng.random() < REPEATED_SHARE else split]
    kind = "flex" if slot[0] in "nv" else "noun" if slot[0] == "N" else slot
    return pick(rng, words[kind].split()) + ENDINGS.get(slot, "")


def make_sentence(rng, pattern, split):
    """Words and tags of one pattern; the first word gets a capital."""
    tokens, tags = [], []
    for part in pattern.split():
        slot = re.fullmatch(r"<(\w+)>", part)
        word, _, given = part.partition("-")
        tokens.append(fill(rng, slot[1], split) if slot else word)
        tags.append(SLOTS[slot[1]] if slot else given or TAGS[word])
    return [tokens[0][0].upper() + tokens[0][1:], *tokens[1:]], tags


def make_split(rng, split, seen):
    """The columns of one split, its patterns in turn; `seen` holds the sentences of all splits."""
    columns, turn = {"tokens": [], "tags": []}, 0
    patterns = re.split("\n| / ", PATTERNS["test" if split == "test" else "train"].strip())
    while len(columns["tokens"]) < SIZES[split]:
        tokens, tags = make_sentence(rng, patterns[turn % len(patterns)], split)
        turn += 1
        if " ".join(tokens) not in seen:
            seen.add(" ".join(tokens))
            columns["tokens"].append(tokens)
            columns["tags"].append(tags)
    return columns


def generate():
    """The columns `tokens` and `tags` of the three splits, the same on every call."""
    rng, seen = random.Random(19), set()
    return {split: make_split(rng, split, seen) for split in SIZES}
