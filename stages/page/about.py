"""Sections on where the scores come from: the head of the page, data findings, time, configuration, provenance."""

import shlex

from omegaconf import OmegaConf

from stages.page import charts
from stages.page.choices import differences
from stages.page.markup import data, details, element, join, note, number, table
from stages.page.results import best_score, chosen_step, gain

SIGNS = {"note": "·", "warning": "▲", "error": "✕"}
PACKAGES = (
    "torch",
    "transformers",
    "accelerate",
    "datasets",
    "tokenizers",
    "peft",
    "hydra-core",
    "scikit-learn",
    "numpy",
)


def title(left):
    config = left.config
    return f"{config['data']['name']} with {config['model']['name']}"


def header(left):
    """What was run, when, and the one number it was run for."""
    config, origin = left.config, left.provenance
    name, reached, floor = best_score(left)
    task = left.task.name.split(".")[-1].replace("_", " ")
    seed, method = config.get("seed"), config.get("method", {}).get("name")
    facts = [
        origin.get("started", "")[:16].replace("T", " "),
        f"method {method}",
        f"seed {seed}",
        left.folder.resolve().name,
    ]
    step = chosen_step(left)
    notes = [f"baseline {number(floor)}, {gain(reached, floor)}"] if floor is not None else []
    notes += [f"checkpoint of step {step}"] if step is not None else []
    headline = [
        element("strong", number(reached)),
        element("span", f"{name} on {left.split}"),
        element("span", "; ".join(notes), class_="quiet"),
    ]
    command = shlex.join(["python", *origin["command"]]) if origin.get("command") else None
    return element(
        "header",
        element("p", f"Tunesmith report: {task}", class_="eyebrow"),
        element("h1", data(title(left), 200)),
        element("p", *(element("span", fact) for fact in facts if fact), class_="facts"),
        element("p", *headline, class_="headline"),
        element("pre", element("code", command), class_="wrap") if command else "",
    )


def findings(left):
    """What the look at the data found, the gravest first."""
    if not left.findings:
        return note("Nothing was found.")
    order = list(SIGNS)[::-1]
    ranked = sorted(left.findings, key=lambda f: order.index(f["level"]) if f["level"] in order else len(order))
    rows = [[_level(f["level"]), f["split"], data(f["what"]), data(f.get("advice", ""))] for f in ranked]
    columns = ["level", "split", "finding", "advice"]
    wide = 4 if any(f.get("advice") for f in ranked) else 3
    return table("Seen before training.", columns[:wide], [row[:wide] for row in rows], class_="prose")


def _level(level):
    return element("span", f"{SIGNS.get(level, '·')} {level}", class_=f"level {level}")


def phases(left):
    """Seconds by phase."""
    seconds = left.provenance.get("phases")
    if not seconds:
        return None
    total = sum(seconds.values()) or 1
    rows = [
        [name, charts.share_bars(f"{took / total:.0%} of all", [took / total]), number(took, 1), f"{took / total:.0%}"]
        for name, took in seconds.items()
    ]
    caption = f"{number(total, 1)} s in all."
    return join([table(caption, ["phase", "share", "seconds#", "%#"], rows, class_="classes"), _cost(left)])


def _cost(left):
    """What training took, by name."""
    known = {
        name.replace("_", " "): value for name, value in left.provenance.get("cost", {}).items() if value is not None
    }
    caption = "Training steps alone; utilisation: model FLOPs of real tokens over the measured peak of matrix products."
    return table(caption, ["cost", "value#"], [[k, number(v, 3)] for k, v in known.items()]) if known else ""


def configuration(left):
    """What differs from the defaults, and the whole configuration."""
    changed = differences(left.config)
    whole = details(
        "The whole configuration", element("pre", element("code", OmegaConf.to_yaml(OmegaConf.create(left.config))))
    )
    if not changed:
        return join([note("All values are the defaults of the chosen task, data, model and method."), whole])
    rows = [[key, data(default, 200), data(value, 200)] for key, default, value in changed]
    caption = "Against the defaults of the chosen task, data, model and method."
    return join([table(caption, ["key", "default", "this run"], rows, class_="prose"), whole])


def provenance(left):
    """Code, data, model, packages and machine, as far as they were recorded."""
    origin = left.provenance
    if not origin:
        return None
    git, machine, packages = (origin.get(key) or {} for key in ("git", "machine", "packages"))
    dirty = " with changes that are not committed (the diff is in provenance.json)" if git.get("diff") else ""
    rows = {
        "commit": f"{git['commit']}{dirty}" if git.get("commit") else None,
        "code": origin.get("code"),
        "data": _lines(origin.get("data")),
        "model": _lines(origin.get("model")),
        "packages": ", ".join(f"{name} {packages[name]}" for name in PACKAGES if name in packages),
        "machine": _lines(machine),
        "seconds": number(origin.get("seconds"), 1),
    }
    return table("All of it: provenance.json.", ["what", "value"], [[k, v] for k, v in rows.items() if v], "prose")


def _lines(tree):
    """A tree, one line per branch."""
    kept = {key: value for key, value in (tree or {}).items() if value not in (None, [], {})}
    return join(join([f"{key}: ", data(_flat(value)), element("br")]) for key, value in kept.items())


def _flat(value):
    """A tree as one line: `a: 1, b: 2`."""
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{k}: {_flat(v)}" for k, v in value.items() if v not in (None, [], {}))
