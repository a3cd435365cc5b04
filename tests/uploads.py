"""How data sets look on the Hub, as their cards there say: for those of conf/data that hold more than a text, or its
words, with labels (tests/test_conf_headers.py has these). An entry is two or three real-looking examples."""

from dataclasses import dataclass
from io import BytesIO

import PIL.Image
from datasets import ClassLabel, Features, Image, List, Value


@dataclass(frozen=True)
class Upload:
    """`task`: with which the data set is read. `splits`: those of the upload. `rows`: the examples of each of them.
    `features`: where the types in parquet do not tell (class labels, images). `subset`: its name where there are many.
    `words`: further words of the command."""

    task: str
    splits: str
    rows: list[dict]
    features: Features | None = None
    subset: str | None = None
    words: tuple[str, ...] = ()


ALL = "train validation test"


def tagged(column, names, rows, **more):
    """Features and rows of an upload of words with one column of tags, numbered in the order of `names`."""
    features = Features({"tokens": List(Value("string")), column: List(ClassLabel(names=names))})
    numbered = [{"tokens": listed(text), column: [names.index(tag) for tag in tags]} for text, tags in rows]
    return {"rows": numbered, "features": features, **more}


def listed(text):
    return text.split()


UPOS = listed("NOUN PUNCT ADP NUM SYM SCONJ ADJ PART DET CCONJ PROPN PRON X _ ADV INTJ VERB AUX")
PENN = listed(
    "\" '' # $ ( ) , . : `` CC CD DT EX FW IN JJ JJR JJS LS MD NN NNP NNPS NNS NN|SYM PDT POS PRP PRP$ RB RBR RBS RP "
    "SYM TO UH VB VBD VBG VBN VBP VBZ WDT WP WP$ WRB"
)
KINDS = listed("ADJP ADVP CONJP INTJ LST NP PP PRT SBAR UCP VP")
CHUNKS = ["O", *(f"{letter}-{kind}" for kind in KINDS for letter in "BI")]
IMAGES, THINGS = "image_classification", listed("airplane automobile bird")
CHUNKED = [("He reckons the deficit", ["B-NP", "B-VP", "B-NP", "I-NP"]), ("Yes .", ["B-INTJ", "O"])]
ENDINGS = ["looks inside.", "eats the sky.", "flies home.", "sings to it."]

RELATIONS = listed("Cause-Effect Component-Whole Content-Container Entity-Destination Entity-Origin Instrument-Agency")
RELATIONS += listed("Member-Collection Message-Topic Product-Producer")
RELATIONS = [*(f"{name}({way})" for name in RELATIONS for way in ("e1,e2", "e2,e1")), "Other"]


def asked(*answers, lacking=False, title=True):
    """Questions on four articles in SQuAD's columns."""
    starts = [CONTEXT.index(text) for text in answers]
    rows = [
        {"id": f"q{i}", "title": f"t{i}", "context": f"{CONTEXT} {i}", "question": "Who?", "answers":
         {"text": list(answers), "answer_start": starts} if i or not lacking else {"text": [], "answer_start": []}}
        for i in range(4)
    ]  # fmt: skip
    return rows if title else [{name: value for name, value in row.items() if name != "title"} for row in rows]


CONTEXT = "Anna Berg lives in Riga. 范廷颂是主教。"
TEXT_LINES = [{"text": text} for text in ("", " = Robert Boulter = \n", "", " He is an actor . \n")]


def talk(*texts):
    return [{"content": text, "role": ("user", "assistant")[i % 2]} for i, text in enumerate(texts)]


def pictured(column, label, names, **more):
    """Features and rows of an upload of images, as bytes, with numbered labels: eight of them, all different."""
    features = Features({column: Image(), **more, label: ClassLabel(names=names)})
    rows = [
        {column: {"bytes": grey(i), "path": None}, **dict.fromkeys(more, "x"), label: i % len(names)} for i in range(8)
    ]
    return {"rows": rows, "features": features}


def grey(value):
    file = BytesIO()
    PIL.Image.new("L", (4, 4), value).save(file, "PNG")
    return file.getvalue()


UPLOADS: dict[str, Upload] = {
    "ud_english_ewt": Upload(
        "pos", ALL, subset="en_ewt",
        **tagged("upos", UPOS, [("don't do n't go", ["_", "AUX", "PART", "VERB"]), ("Nice .", ["ADJ", "PUNCT"])]),
    ),
    "conll2000": Upload("pos", "train test", **tagged("chunk_tags", CHUNKS, CHUNKED), words=("task.chunks=true",)),
    "conll2003_pos": Upload("pos", ALL, **tagged("pos_tags", PENN, [("He runs .", ["PRP", "VBZ", "."])])),
    "wikitext2": Upload("causal_lm", ALL, TEXT_LINES, subset="wikitext-2-raw-v1"),
    "tiny_shakespeare": Upload("masked_lm", ALL, [{"text": "First Citizen:\nSpeak.\n\nAll:\nSpeak, speak."}]),
    "dolly15k": Upload(
        "dialogue", "train",
        [{"instruction": f"Why {i}?", "context": "a text" * (i % 2), "response": f"It is {i}.", "category": "open_qa"}
         for i in range(9)],
    ),
    "alpaca_cleaned": Upload(
        "dialogue", "train", [{"output": f"It is {i}.", "input": "", "instruction": f"Say {i}."} for i in range(9)]
    ),
    "ultrachat": Upload(
        "dialogue", "train_sft test_sft train_gen test_gen",
        [{"prompt": f"Hi {i}", "prompt_id": "f0", "messages": talk(f"Hi {i}", "Hello", "And?", "Bye")}
         for i in range(9)],
    ),
    "no_robots": Upload(
        "dialogue", "train test",
        [{"prompt": f"Hi {i}", "prompt_id": "f0", "messages": talk(f"Hi {i}", "Hello"), "category": "Chat"}
         for i in range(9)],
    ),
    "glue/stsb": Upload(
        "regression", ALL, subset="stsb",
        rows=[{"sentence1": "A plane is taking off.", "sentence2": f"{who} is taking off.", "label": score, "idx": i}
              for i, (who, score) in enumerate((("An air plane", 5.0), ("A man", 0.5), ("A bird", 1.25)))],
    ),
    "swag": Upload(
        "multiple_choice", ALL, subset="regular",
        rows=[{"sent1": f"{who} opens a box.", "sent2": "She", **{f"ending{i}": end for i, end in enumerate(ENDINGS)},
               "label": label} for label, who in enumerate(("Ann", "Mia", "Eve", "Liz"))],
        features=Features({**dict.fromkeys(("sent1", "sent2", *(f"ending{i}" for i in range(4))), Value("string")),
                           "label": ClassLabel(names=["0", "1", "2", "3"])}),
    ),
    "hellaswag": Upload(
        "multiple_choice", ALL,
        rows=[{"ctx": f"{who} opens a box. She", "endings": ENDINGS, "label": str(label)}
              for label, who in enumerate(("Ann", "Mia", "Eve", "Liz"))],
    ),
    "commonsense_qa": Upload(
        "multiple_choice", ALL,
        rows=[{"question": f"Where is the {thing}?", "answerKey": key,
               "choices": {"label": list("ABCDE"), "text": ["river", "house", "desert", "sea", "box"]}}
              for thing, key in (("boat", "D"), ("bed", "B"), ("sand", "C"))],
    ),
    "race": Upload(
        "multiple_choice", ALL, subset="all",
        rows=[{"article": f"Text {key}. " * 9, "question": "The writer thinks _ .", "options": ENDINGS, "answer": key}
              for key in "DABC"],
    ),
    "c3": Upload(
        "multiple_choice", ALL, subset="c3",
        rows=[{"id": i, "context": ["男 你好", "女 再见"], "question": f"他们在哪儿{i}",
               "choice": ["家里", "学校", "医院"], "answer": text} for i, text in enumerate(("学校", "家里"))],
    ),
    "wikiqa": Upload(
        "ranking", ALL,
        rows=[{"question_id": q, "question": f"how are glacier caves formed {q}", "answer": text, "label": label}
              for q in ("Q1", "Q2", "Q3") for text, label in (("A cave in ice .", 0), (f"By water {q} .", 1))],
        features=Features({**dict.fromkeys(("question_id", "question", "answer"), Value("string")),
                           "label": ClassLabel(names=["0", "1"])}),
    ),
    "ms_marco": Upload(
        "ranking", ALL, subset="v1.1",
        rows=[{"query": f"what is rba {i}", "answers": ["a bank"],
               "passages": {"is_selected": [0, 1], "passage_text": ["Costs .", "A bank ."], "url": ["a", "b"]}}
              for i in range(3)],
    ),
    "conll2003_chunks": Upload("pos", ALL, **tagged("chunk_tags", CHUNKS, CHUNKED), words=("task.chunks=true",)),
    "snips_joint": Upload("joint_intent_slots", "train test", [
        {"input": "add a song to my list", "intent": "AddToPlaylist", "slots": "O O B-music_item O B-playlist_owner O"},
        {"input": "rain in Oslo", "intent": "GetWeather", "slots": "B-condition_description O B-city"},
    ]),
    "cnn_dailymail": Upload(
        "summarization", ALL, [{"article": "LONDON. A cat sat.", "highlights": "A cat sat .\nIn London .", "id": "1"}],
        subset="3.0.0",
    ),
    "xsum": Upload("summarization", ALL, [{"document": "A cat sat.\nIt ran.", "summary": "A cat ran.", "id": "1"}]),
    "dialogsum": Upload(
        "summarization", ALL,
        [{"id": "train_0", "dialogue": "#Person1#: Hi.\n#Person2#: Bye.", "summary": "They part.", "topic": "parting"}],
    ),
    "scitldr": Upload(
        "summarization", ALL, subset="Abstract",
        rows=[{"source": ["We do.", "It is."], "source_labels": [0, 1], "paper_id": "", "target": ["We do.", "It."]}],
    ),
    "xlsum_zh": Upload(
        "summarization", ALL, subset="chinese_simplified",
        rows=[{"id": "1", "url": "", "title": "河", "summary": "我们看河。", "text": "我们去北京。我们看河。"}],
    ),
    "wmt16_de_en": Upload(
        "translation", ALL, [{"translation": {"de": "Ja.", "en": "Yes."}}], subset="de-en",
        words=("task.source_language=de", "task.target_language=en"),
    ),
    "opus100_en_zh": Upload("translation", ALL, [{"translation": {"en": "Yes.", "zh": "是。"}}], subset="en-zh"),
    "iwslt2017_en_zh": Upload(
        "translation", ALL, [{"translation": {"en": "Yes.", "zh": "是。"}}], subset="iwslt2017-en-zh"
    ),
    "squad": Upload("question_answering", "train validation", asked("Anna Berg")),
    "squad_v2": Upload("question_answering", "train validation", asked("Anna Berg", "Anna", lacking=True)),
    "cmrc2018": Upload("question_answering", ALL, asked("范廷颂", title=False), words=("task.scoring=cmrc",)),
    "xquad": Upload("question_answering", "validation", asked("Anna Berg", title=False), subset="xquad.en"),
    "semeval2010_task8": Upload(
        "relation_extraction", "train test",
        [{"sentence": f"The <e1>man</e1> in <e2>Riga</e2> {i}.", "relation": i} for i in range(19)],
        Features({"sentence": Value("string"), "relation": ClassLabel(names=RELATIONS)}),
    ),
    "cifar10": Upload(IMAGES, "train test", subset="plain_text", **pictured("img", "label", THINGS)),
    "cifar100": Upload(IMAGES, "train test", subset="cifar100", **pictured("img", "fine_label", THINGS)),
    "mnist": Upload(IMAGES, "train test", subset="mnist", **pictured("image", "label", listed("0 1 2"))),
    "beans": Upload(IMAGES, ALL, **pictured("image", "labels", THINGS, image_file_path=Value("string"))),
    "food101": Upload(IMAGES, "train validation", **pictured("image", "label", THINGS)),
}  # fmt: skip
