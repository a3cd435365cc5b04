"""Intents with slots in the field's own formats, Snips and xSID: what is read, and whole runs on such files."""

import json

import pytest
from run_files import predicted

from stages.prediction import load_model
from stages.readers import read_table

SNIPS = {"PlayMusic": [{"data": [{"text": "play "}, {"text": "Café 🙂", "entity": "song"}, {"text": " by "},
                                 {"text": "周杰伦", "entity": "artist"}]}, {"data": [{"text": "play"}]}]}  # fmt: skip
XSID = """# text = 今天会下雨吗。
# intent = weather/find
1	今天	weather/find	B-datetime
2	会	weather/find	O
3	下雨	weather/find	B-weather/attribute
4	吗。	weather/find	O

# id = 2
# intent = alarm/set_alarm
1	wake	alarm/set_alarm	O
2	me	alarm/set_alarm	O

"""


def test_snips_files_are_text_with_spans_and_intents(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(SNIPS), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps({"GetWeather": [{"data": [{"text": "rain?"}]}]}), encoding="utf-8")
    table = read_table(str(tmp_path))
    assert table.columns == {
        "text": ["play Café 🙂 by 周杰伦", "play", "rain?"],
        "spans": [[[5, 11, "song"], [15, 18, "artist"]], [], []],
        "intent": ["PlayMusic", "PlayMusic", "GetWeather"],
    }
    (tmp_path / "a.json").write_text(json.dumps({"PlayMusic": [*SNIPS["PlayMusic"], {"data": [{"entity": "x"}]}]}))
    with pytest.raises(ValueError, match=r"a.json, object 3: key 'text' is missing"):
        read_table(str(tmp_path / "a.json"))


def test_a_run_on_snips_files(run_here, tiny_bert, tmp_path):
    more = {"PlayMusic": SNIPS["PlayMusic"] * 4, "GetWeather": [{"data": [{"text": "rain " * 90}]}] * 4}
    (tmp_path / "all.json").write_text(json.dumps(more), encoding="utf-8")
    words = [f"data.{split}={tmp_path}/all.json" for split in ("train", "validation", "test")]
    folder = run_here(
        "task=joint_intent_slots", "data=files", f"model.path={tiny_bert}", "training.max_steps=2", *words
    )
    rows = predicted(folder)
    assert [row["text"] for row in rows[:2]] == ["play Café 🙂 by 周杰伦", "play"] and len(rows) == 12
    assert rows[0]["gold"] == {"intent": "PlayMusic", "slots": [
        {"start": 5, "end": 11, "label": "song", "text": "Café 🙂"},
        {"start": 15, "end": 18, "label": "artist", "text": "周杰伦"},
    ]}  # fmt: skip
    for row in rows:
        assert row["prediction"]["intent"] in more
        assert len(row["confidence"]) == 1 + len(row["prediction"]["slots"])
    answers = load_model(folder).predict({"text": [*(row["text"] for row in rows), " "]})
    assert [answer["prediction"] for answer in answers[:-1]] == [row["prediction"] for row in rows]
    assert answers[-1] == {"prediction": None, "confidence": None}
    labels = json.loads((folder / "model" / "config.json").read_text())["id2label"].values()
    assert {"intent:GetWeather", "intent:PlayMusic", "O", "B-song"} <= set(labels)
    assert (folder / "report.html").is_file()


def test_a_run_on_xsid_files_with_an_adapter(run_here, tiny_bert, tmp_path):
    (tmp_path / "zh.conll").write_text(XSID * 6, encoding="utf-8")
    words = [f"data.{split}={tmp_path}/zh.conll" for split in ("train", "validation", "test")]
    words += ["data.columns.tokens=1", "data.columns.intent=2", "method=lora", "training.max_steps=2"]
    folder = run_here("task=joint_intent_slots", "data=files", f"model.path={tiny_bert}", *words)
    rows = predicted(folder)
    assert rows[0]["tokens"] == ["今天", "会", "下雨", "吗。"] and "intent" not in rows[0]
    assert rows[0]["gold"] == {"intent": "weather/find", "slots": ["B-datetime", "O", "B-weather/attribute", "O"]}
    assert (folder / "adapter").is_dir()
    answers = load_model(folder).predict({"tokens": [row["tokens"] for row in rows]})
    assert [answer["prediction"] for answer in answers] == [row["prediction"] for row in rows]
