"""docs/new_task.md, followed to the letter: the task written there trains outside the repository."""

import json
import re
import shlex

from conftest import PROJECT
from run_files import predicted

PAGE = (PROJECT / "docs" / "new_task.md").read_text(encoding="utf-8")


def test_the_task_of_the_page_trains(tmp_path, tiny_bert, run_command):
    files = re.findall(r"^`(my_[\w./]+)`:\n\n```\w+\n(.*?)^```", PAGE, re.M | re.S)
    assert [name for name, _ in files] == ["my_tasks/spam.py", "my_conf/task/spam.yaml"]
    for name, text in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    mail = [("win a film!", "spam"), ("the city is good", "wanted"), ("a bad river", "wanted"), ("win now", "spam")]
    rows = [f"{message} {i},{kind}" for i, (message, kind) in enumerate(mail * 10)]
    (tmp_path / "mail.csv").write_text("\n".join(["message,kind", *rows]), encoding="utf-8")

    (command,) = re.findall(r"^    PYTHONPATH=\. python run\.py (.*spam.*)$", PAGE, re.M)
    quick = (f"model.path={tiny_bert}", "training.max_steps=60", "optimizer.learning_rate=0.01", "tracking=disabled")
    done = run_command(*shlex.split(command), *quick, cwd=tmp_path, PYTHONPATH=".")
    assert done.returncode == 0, done.stderr[-2000:]
    (folder,) = (tmp_path / "runs").glob("spam-files-*")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["test"]["balance"] == 1
    assert metrics["baseline"]["name"] == "messages that shout" and metrics["baseline"]["values"]["balance"] < 1
    predictions = predicted(folder)
    assert all(p["prediction"] == p["gold"] and p["message"] for p in predictions)
