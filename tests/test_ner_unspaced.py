"""Chinese and Japanese, written without spaces: characters in CoNLL columns, and raw text with offsets, end to end."""

import json

import pytest
from run_files import predicted

from stages.prediction import load_model
from tasks.words.char_spans import words_of

CHARACTERS = "王 B-PER\n小 I-PER\n明 I-PER\n在 O\n北 B-LOC\n京 I-LOC\n。 O\n\n\u200b O\n𠮷 B-LOC\n々 I-LOC\n3 O\n\n"
TEXTS = {
    "王小明2008年在北京见了Anna。": [[0, 3, "PER"], [9, 11, "LOC"], [13, 17, "PER"]],
    "佐々木さんは𠮷野家でﾗｰﾒﾝを食べた🙂": [[0, 3, "PER"], [6, 9, "ORG"], [10, 14, "FOOD"]],
    "東京都" + "と大阪" * 40: [[0, 3, "LOC"], [121, 123, "LOC"]],
}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("佐々木さん", ["佐", "々", "木", "さ", "ん"]),
        ("々Abe", ["々", "Abe"]),
        ("二\u300724年", ["二", "\u3007", "24", "年"]),
        ("ﾄﾖﾀとNHK", ["ﾄ", "ﾖ", "ﾀ", "と", "NHK"]),
        ("𠮷野家。", ["𠮷", "野", "家", "。"]),
        ("서울에서 3시", ["서울에서", "3시"]),  # Korean has spaces
    ],
)
def test_words_of_text_without_spaces(text, words):
    assert [text[start:end] for start, end in words_of(text)] == words


def test_a_run_on_one_character_per_line(run_here, tiny_bert, tmp_path):
    (tmp_path / "zh.conll").write_text(CHARACTERS * 5, encoding="utf-8")
    words = [f"data.{split}={tmp_path}/zh.conll" for split in ("train", "validation", "test")]
    folder = run_here("task=ner", "data=files", f"model.path={tiny_bert}", "training.max_steps=2", *words)
    rows = predicted(folder)
    assert ["".join(row["tokens"]) for row in rows] == ["王小明在北京。", "\u200b𠮷々3"] * 5
    assert all(len(row["prediction"]) == len(row["tokens"]) == len(row["confidence"]) for row in rows)
    tables = json.loads((folder / "metrics.json").read_text())["tables"]["test"]
    assert {row["type"] for row in tables["entities by type"]} >= {"LOC", "PER"}
    assert tables["entities by type, strict"]


def test_a_run_on_raw_text_with_offsets(run_here, tiny_bert, tmp_path):
    """The third text is longer than the model reads: read in windows. A missed character would move all offsets."""
    rows = [{"text": text, "spans": spans} for text, spans in TEXTS.items()]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows * 4)
    (tmp_path / "data.jsonl").write_text(lines, encoding="utf-8")
    words = [f"data.{split}={tmp_path}/data.jsonl" for split in ("train", "validation", "test")]
    folder = run_here("task=ner", "data=files", f"model.path={tiny_bert}", "training.max_steps=2", *words)
    left = predicted(folder)
    assert [row["text"] for row in left] == [*TEXTS] * 4
    assert [[[s["start"], s["end"], s["label"]] for s in row["gold"]] for row in left] == [*TEXTS.values()] * 4
    assert [span["text"] for span in left[0]["gold"]] == ["王小明", "北京", "Anna"]
    assert all(s["text"] == row["text"][s["start"] : s["end"]] for row in left for s in row["prediction"])
    findings = json.loads((folder / "findings.json").read_text())
    assert not [finding for finding in findings if "inside a word" in finding["what"]]
    assert json.loads((folder / "metrics.json").read_text())["baseline"]["values"]["recall"] == 1.0
    answers = load_model(folder).predict({"text": list(TEXTS)})
    assert [answer["prediction"] for answer in answers] == [row["prediction"] for row in left[:3]]
