"""Folders that look like finished runs, for what reads them: no model, made in milliseconds."""

from omegaconf import OmegaConf

from stages.config import build_task
from stages.files import write_json, write_lines, write_text
from stages.page.numbers import scores
from stages.report import prediction_rows

OWN = {
    "text_classification": {"best": "accuracy"},
    "ner": {"best": "f1"},
    "translation": {"best": "bleu", "generation": {"max_new_tokens": 9}},
}


def leave_run(
    folder, examples, answers, seed=1, model="a", rate=1e-4, task="text_classification", more=None, test=None
):
    """Write a run with these test examples (columns) and answers; -> its folder. `test`: metrics beside the scores."""
    own = {**OWN[task], **(more or {})}
    config = {
        "task": {"name": task, **own}, "data": {"name": "files", "source": "files", "test": "x/test.csv"},
        "model": {"name": model, "path": f"hub/{model}"}, "optimizer": {"learning_rate": rate}, "seed": seed,
        "guard": {"max_minutes": None}, "tracking": {"group": f"sweep model={model}"}, "output_root": "runs",
    }  # fmt: skip
    built = build_task(config)
    sure = [{"confidence": [0.9] * len(answer)} if task == "ner" else {} for answer in answers]
    given = [{"prediction": answer, **more} for answer, more in zip(answers, sure, strict=True)]
    rows = list(prediction_rows(built, examples, given))
    values = {**scores(built, rows), "loss": 0.5, **(test or {})}
    write_text(folder / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(config)))
    write_lines(folder / "predictions" / "test.jsonl", rows)
    write_lines(folder / "history.jsonl", [{"step": s, f"eval_{own['best']}": 0.1 * s + 0.01 * seed} for s in (1, 2)])
    write_json(folder / "provenance.json", {"command": ["run.py"], "started": f"2026-01-0{seed % 9 + 1}T00:00:00+0000",
                                            "seconds": 60.0 * seed, "code": "c0de"})  # fmt: skip
    write_json(
        folder / "metrics.json", {"validation": dict(values), "test": values, "tables": {}, "training_seconds": 9}
    )
    return folder
