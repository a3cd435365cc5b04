"""One command, one finished experiment: `python run.py task=ner model=bert-base-cased`. See `python run.py --help`."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from stages import attempts, commits, divergence, files, folder, identity, lock, lost, pruned, signals
from stages.clock import Clock
from stages.command_line import clear_errors, complete, with_trial
from stages.composing import composed_once, is_plain
from stages.config import build_task, read_config, register_open_nodes
from stages.garbage import lasting
from stages.hardware import launched
from stages.help import answer
from stages.launching import is_child, start_processes
from stages.repeat import repeat, repeats
from stages.request import uses_run
from stages.reuse import use_run
from stages.terminal import is_main, say, stage
from stages.trackers import is_unsent
from stages.typos import arrange
from sweeps.named import spelled_out
from sweeps.pruners import judge_of
from sweeps.trial import frozen

register_open_nodes()


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg):
    """What Hydra calls with a composed configuration; a trial of a sweep carries out what was frozen instead."""
    words = OmegaConf.to_container(HydraConfig.get().overrides.task, resolve=False)  # what was typed, as it was typed
    with clear_errors():
        given = frozen(cfg.launcher.trial) if cfg.launcher.trial else (read_config(cfg, words), words)
        return run_experiment(*given)


def run_experiment(config, words):
    """From a checked configuration to scores, predictions, a model and a report. Torch is not needed before `train`."""
    clock = Clock()
    task, place = build_task(config), identity.place_of(config)
    if folder.is_finished(place) and not config["rerun"]:
        attempts.tidy(place)
        say("This experiment is finished, these are its scores. rerun=true trains it again and keeps this run.")
        tell_trackers(config, place)
        return show_scores(task, place)
    divergence.check(place, config)
    if launched() is None:
        lock.check(place)
    start_processes(config, [sys.argv[0], *with_trial(words, config["launcher"]["trial"])])
    grace, listening = config["guard"]["grace_seconds"], signals.listening
    with lock.held(place) as release, listening(grace, release, is_child()), lost.explained(), pruned.said():
        carry_out(config, words, task, place, clock)
    return show_scores(task, place) if folder.is_finished(place) else place


def carry_out(config, words, task, place, clock):
    """From a checked configuration to a finished folder; in each of the run's processes."""
    names = f"{task.name} on {config['data']['name']} with {config['model']['name']}"
    stage("experiment", f"{names}, method {config['method']['name']}, seed {config['seed']}")

    with lasting():
        from stages.data import load_data
        from stages.extra_metrics import load_metrics
        from stages.hub import locate_model

    clock.lap("start")
    given = commits.pinned(config, place)
    data, chosen = load_data(given, task), given["model"]
    clock.lap("data")
    weights, commit = locate_model(str(chosen["path"]), chosen["revision"], chosen["trust_remote_code"])
    extra = load_metrics(config["metrics"]["extra"], task, data)
    if is_main():
        identity.note_changes(config, place)
        attempts.start(place, config)
        commits.keep(place, data.source, commit)

    with lasting():
        from stages.page.document import write_page
        from stages.scratch.draft import start_from
        from stages.tracking import send_results, tracked

    with (
        tracked(config, place) as trackers,
        start_from(config, task, data, weights) as weights,
        divergence.marked(place),
        pruned.marked(place, config["launcher"]["trial"]),
    ):
        learned = train(config, task, data, weights, place, trackers, clock)
        if is_main():
            source = {**data.source, "digest": folder.data_digest(data.splits)}
            model = {"path": config["model"]["path"], "revision": commit, "weights": folder.folder_digest(weights)}
            model |= folder.earlier_run(weights)
            cost = leave(config, data, place, extra, *learned)
            clock.lap("report")
            origin = folder.provenance(words, clock, source, model, cost, learned[0].stopped)
            files.write_json(place / folder.PROVENANCE, origin)
            write_page(place)
            attempts.finish(place)
            send_results(trackers, config, place)


def train(config, task, data, weights, place, trackers, clock):
    """Tokenizer, model, features, a look at the data, training, scores; -> what `leave` writes."""
    with lasting():
        from stages import features, findings, hardware, model, processor, report, training
        from stages.guard import Guard
        from stages.pace import Pace
        from stages.progress import Progress
        from stages.pruning import Pruning
        from stages.status import Status
        from stages.tracking import Curves

    clock.lap("start")
    tokenizer = processor.load_processor(weights, task)
    task, learned = model.fit_task(task, weights, tokenizer), task.learned_config(data.splits["train"])
    network = model.build_model(config, task, data.labels, weights, tokenizer, learned)
    model.limit_length(network, tokenizer, config["model"]["max_length"])
    clock.lap("model")
    splits = features.encode(data.splits, data.labels, task, tokenizer)
    found = data.findings + findings.find(data.splits, task) + findings.find_long(splits, task)
    report.show_findings(found, place)
    clock.lap("data")
    trained, size = model.count_parameters(network)
    stage("model", f"{config['model']['name']}, {size / 1e6:.1f} M parameters, {trained / 1e6:.1f} M trained")

    hardware.hint_at_precision(config)
    tuner = training.build_tuner(config, task, data.labels, network, tokenizer, splits, place)
    rows = {split: len(encoded.rows) for split, encoded in splits.items()}
    scored = sum(rows.values()) - rows["train"]
    if tuner.asks_answers and tuner.args.eval_strategy != "no":  # an evaluation of validation is kept
        scored -= rows["validation"]
    pace = Pace(len(tuner.batches), len(tuner.train_dataset), rows["validation"], scored)
    for callback in (
        pace,
        Progress(task, place, pace),
        Curves(trackers),
        Guard(tuner, config["guard"], clock.started, pace),
        *([Status(task, Path(trial), pace)] if (trial := config["launcher"]["trial"]) else []),
        *([Pruning(*judge)] if (judge := judge_of(config)) else []),
    ):
        tuner.add_callback(callback)
    clock.lap("model")
    seconds = training.train(tuner)
    clock.lap("training")
    clock.give("training", {phase: pace.spent[phase] for phase in ("evaluation", "saving")})
    tuner.work.end(pace.spent["training"], tuner.accelerator)
    results = {split: tuner.score(split) for split in splits if split != "train"}
    tuner.gather_model()
    clock.lap("evaluation")
    return tuner, tokenizer, results, seconds


def leave(config, data, place, extra, tuner, tokenizer, results, seconds):
    """Write what a run leaves in its folder; -> what its training cost."""
    from stages import cost, finished, model, report

    task = tuner.task
    finished.write_tuned(place, task, tuner.untuned)
    scores = {s: extra.added_to(of_split, guesses, data.splits[s]) for s, (of_split, guesses) in results.items()}
    baseline = report.score_baseline(task, tuner.splits, list(scores)[-1], extra, tokenizer)
    for split, (_, guesses) in results.items():
        rows = report.prediction_rows(task, data.splits[split], guesses)
        files.write_lines(place / "predictions" / f"{split}.jsonl", rows)
    batch, logits = tuner.first_batch()
    model.save_model(tuner.bare_model(), tokenizer, place / "model")
    model.check_saved(tuner.task, place, batch, logits)
    report.write_card(place, config, task, data.labels, scores, data.source, extra.names)
    report.write_scores(place, scores, baseline, seconds, extra.names, tuner.stopped)
    return cost.measure(tuner, batch)


def tell_trackers(config, place):
    """What a finished run still has for trackers: what it was killed on the way to send, unless another process is
    sending it; its scores for the agent of a W&B sweep, which waits for them."""
    if is_unsent(config["tracking"], place):
        from stages.tracking import send_rest

        with suppress(lock.Running), lock.held(place):
            send_rest(config, place)
    elif os.environ.get("WANDB_SWEEP_ID"):
        from stages.tracking import send_finished

        send_finished(config, place)


def show_scores(task, place):
    """Print the final table; -> the run's folder."""
    from stages.report import show_results

    if is_main():
        show_results(place, task)
    return place


if __name__ == "__main__":
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises instead of printing, so that its errors can be explained
    with signals.silent_end(), clear_errors():
        sys.argv[1:] = spelled_out(arrange(sys.argv[1:]))
        answer(sys.argv[1:])
        if repeats(sys.argv[1:]):
            repeat(sys.argv[1:], run_experiment)
        elif uses_run(sys.argv[1:]):
            use_run(sys.argv[1:])
        else:
            sys.argv[1:] = complete(sys.argv[1:])
            main(composed_once(sys.argv[1:]) if is_plain(sys.argv[1:]) else None)
