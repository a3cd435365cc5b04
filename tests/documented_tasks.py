"""The files that docs/tasks.md names, made of the tasks' own samples."""

import csv
import json

from tasks.samples import (
    image_classification,
    masked_lm,
    multi_label,
    pos,
    question_answering,
    sentence_pair,
    translation,
)


def furnish_tasks(place):
    for split, name in (("train", "train"), ("validation", "dev"), ("test", "test")):
        write_conllu(place / f"{name}.conllu", split)
        write_snips(place / name)
    for split, name in (("train", "train"), ("validation", "dev")):
        write_squad(place / f"{name}-v2.0.json", split)
    write_table(place / "pairs.tsv", sentence_pair, {"text": "sentence1", "pair": "sentence2", "label": "label"}, "\t")
    med = {"text": "sentence1", "pair": "sentence2", "label": "gold_label"}
    write_table(place / "MED.tsv", sentence_pair, med, "\t")
    write_table(place / "translations.tsv", translation, {"source": "en", "target": "zh"}, "\t")
    write_table(place / "emotions.csv", multi_label, {"text": "text", "label": "label"}, ",")
    (place / "domain.txt").write_text("\n".join(masked_lm.generate()["train"]["text"][:60]), encoding="utf-8")
    write_images(place / "photos")
    for name in ("TRAIN_FILE.TXT", "TEST_FILE_FULL.TXT"):
        write_semeval(place / name)


def write_conllu(path, split):
    made = pos.generate()[split]
    lines = []
    for words, tags in zip(made["tokens"][:40], made["tags"][:40], strict=True):
        lines += [f"{i}\t{w}\t_\t{t}\t{t}\t_\t_\t_\t_\t_" for i, (w, t) in enumerate(zip(words, tags, strict=True), 1)]
        lines.append("")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_snips(folder):
    """Two intents in a file each, queries in pieces."""
    folder.mkdir()
    for intent, verb, slot in (
        ("PlayMusic", "play ", "track"),
        ("BookRestaurant", "book a table at ", "restaurant_name"),
    ):
        queries = [{"data": [{"text": verb}, {"text": f"{folder.name} {i}", "entity": slot}]} for i in range(20)]
        (folder / f"{intent}.json").write_text(json.dumps({intent: queries}), encoding="utf-8")


def write_semeval(path):
    lines = []
    for i in range(30):
        label = ("Other", "Cause-Effect(e1,e2)", "Cause-Effect(e2,e1)")[i % 3]
        lines += [f'{i}\t"The <e1>fire {i}</e1> came from the <e2>wire {path.stem} {i}</e2>."', label, "Comment:", ""]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")


def write_squad(path, split):
    made = question_answering.generate()[split]
    rows = zip(made["question"][:30], made["context"][:30], made["answers"][:30], strict=True)
    paragraphs = [
        {"context": context, "qas": [{"id": f"{split}{i}", "question": question, "answers": _places(answers)}]}
        for i, (question, context, answers) in enumerate(rows)
    ]
    path.write_text(
        json.dumps({"version": "v2.0", "data": [{"title": f"{i}", "paragraphs": paragraphs[i::10]} for i in range(10)]})
    )


def _places(answers):
    both = zip(answers["text"], answers["answer_start"], strict=True)
    return [{"text": text, "answer_start": start} for text, start in both]


def write_table(path, sample, names, separator):
    made = sample.generate()["train"]
    rows = list(zip(*(made[column][:40] for column in names), strict=True))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        writer.writerow(names.values())
        writer.writerows([",".join(v) if isinstance(v, list) else v for v in row] for row in rows)


def write_images(folder):
    import numpy as np
    from PIL import Image

    made = image_classification.generate()["train"]
    for i, (image, label) in enumerate(zip(made["image"][:60], made["label"][:60], strict=True)):
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.array(image, dtype="uint8")).save(folder / label / f"{i}.png")
