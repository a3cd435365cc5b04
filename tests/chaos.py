"""`make chaos`: runs are killed at random moments, typed again until they finish, and compared with runs left alone.

Bit for bit: weights, predictions, scores, history, findings; of one task what W&B and TensorBoard got, too, row by row.
Runs are forked from one process that has imported all; `--real` types the commands instead, with `accelerate launch`
for two processes, which takes far longer.
"""

import argparse
import os
import random
import runpy
import shutil
import socket
import sys
import tempfile
import time
import traceback
from collections import Counter, namedtuple
from ctypes import CDLL
from pathlib import Path
from signal import SIGKILL

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process that has threads is not to be forked
PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

from tests import conftest  # noqa: E402  no way out to the Hub or to W&B
from tests.chaos_phases import PHASES, SENDING, Watch  # noqa: E402
from tests.chaos_trackers import kept, stand_in  # noqa: E402
from tests.same_runs import differences  # noqa: E402

TASKS = ("ner", "text_classification", "summarization")
TRACKED = "text_classification"
WORDS = (
    "data.limit=24", "batch_size=8", "hardware=cpu", "training.num_train_epochs=4",
    "training.eval_strategy=steps", "training.save_strategy=steps", "training.eval_steps=2", "training.logging_steps=1",
    "training.early_stopping_patience=4", "optimizer.learning_rate=1e-3", "scheduler=cosine",
)  # fmt: skip
TRIES = 4  # to kill in a phase that may be over too soon
Killed = namedtuple("Killed", "setting wanted phase detail")


def main(arguments):
    """Kill runs of every setting, print where and with what outcome; -> the number of settings that differ."""
    dice, killed, wrong = random.Random(arguments.seed), [], []
    root = Path(tempfile.mkdtemp(prefix="chaos-", dir=arguments.folder))
    models = make_models(root)
    settings = [(task, method, n) for n in (1, 2) for method in ("full", "lora") for task in TASKS]
    settings = [s for s in settings if arguments.only in " ".join(map(str, s))]
    wanted = plan(settings, arguments.kills, dice)
    for setting, phases in zip(settings, wanted, strict=True):
        found, different = torment(setting, phases, models, root, dice, arguments.real)
        killed, wrong = killed + found, wrong + different
        for line in different:
            print(f"  DIFFERENT {line}", flush=True)
    print_table(killed, arguments.seed)
    reached = len(killed) >= sum(map(len, wanted))
    print(f"{len(killed)} kills, {len(settings)} settings, {len(wrong)} differences. Runs: {root}")
    return len(wrong) + (not reached)


def plan(settings, kills, dice):
    """For each setting the phases to kill it in, all of them about as often, in the order in which they come; one more
    for those that are tracked."""
    deck = [PHASES[i % len(PHASES)] for i in range(kills)]
    dice.shuffle(deck)
    dealt = [sorted(deck[i :: len(settings)], key=PHASES.index) for i in range(len(settings))]
    return [hand + [SENDING] * (task == TRACKED) for hand, (task, *_) in zip(dealt, settings, strict=True)]


def make_models(root):
    """Task -> the folder of a tiny model for it."""
    bert, t5 = root / "bert", root / "t5"
    for folder, make in ((bert, conftest.make_tiny_bert), (t5, conftest.make_tiny_t5)):
        folder.mkdir()
        make(folder)
    return {"ner": bert, "text_classification": bert, "summarization": t5}


def torment(setting, phases, models, root, dice, real):
    """One setting: a run left alone, then the same one killed in each of `phases`; -> (kills, differences)."""
    task, method, processes = setting
    place = root / "-".join(map(str, setting))
    words = [f"experiment=quickstart/{task}", f"method={method}", f"model.path={models[task]}", *WORDS]
    words += [f"output_root={place}", f"hardware.num_processes={processes}"]
    words += ["tracking=[wandb,tensorboard]" if task == TRACKED else "tracking=disabled"]
    usual = finish(words, processes, real, place)
    run = found_run(place)
    expected = kept(run)
    run.rename(run.with_name(f"{run.name}.alone"))
    killed, different = [], []
    for phase in phases:
        for tries in range(1, TRIES + 1):
            hit = kill_in(phase, words, processes, real, place, usual.get(phase, 0.0) / tries, dice)
            if hit:
                break
            different += differences(expected, kept(found_run(place)))  # too late: it finished
            shutil.rmtree(found_run(place))
        if hit:
            killed.append(Killed(setting, phase, *hit))
            print(f"  {' '.join(map(str, setting)):<30}killed while {' '.join(hit)}", flush=True)
    finish(words, processes, real, place)
    different += differences(expected, kept(found_run(place)))
    return killed, [f"{setting} {line}" for line in different]


def found_run(place):
    """The folder of the run in `place`, None before it has one."""
    return next((p.parent for p in place.glob("*/config.yaml") if not p.parent.name.endswith(".alone")), None)


def finish(words, processes, real, place):
    """Type the command and wait for its end; -> {phase: the seconds it took each time, on average}."""
    started, watch = start(words, processes, real, place), Watch(lambda: found_run(place))
    while running(started):
        watch.look()
        time.sleep(0.002)
    if any(started.values()):
        raise SystemExit(f"the command failed, see {place}/log: {' '.join(words)}")
    return watch.seconds()


def kill_in(phase, words, processes, real, place, longest, dice):
    """Type the command, kill it in a phase, at most `longest` seconds after it began (step, saving and evaluating: the
    first, second or third time); -> (phase, detail) of the kill, None where the run ended before."""
    started, watch = start(words, processes, real, place), Watch(lambda: found_run(place))
    skip = dice.choice((0, 1, 2)) if phase in ("step", "saving", "evaluating") else 0
    wait, until = longest * dice.random(), None
    while running(started):
        now = time.monotonic()
        if until is None and watch.look() == phase and watch.entered[phase] > skip:
            until = now + wait
        if until is not None and now >= until:
            watch.look()
            stop(started, dice)
            return watch.phase, watch.detail
        time.sleep(0.001)
    if any(started.values()):
        raise SystemExit(f"the command failed, see {place}/log: {' '.join(words)}")
    return None


def start(words, processes, real, place):
    """Start the processes of a run; -> {process id: None, later its exit code}."""
    place.mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if real or processes == 1:
        return {fork(words, {}, place, real): None}
    launched = {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1"}
    launched |= {"MASTER_PORT": port, "ACCELERATE_USE_CPU": "true"}
    return {fork(words, {**launched, "RANK": r, "LOCAL_RANK": r}, place, real): None for r in range(processes)}


def fork(words, environment, place, real):
    """Run the command in a copy of this process, or anew; it dies with this one. -> its process id."""
    sys.stdout.flush()
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        CDLL(None).prctl(1, SIGKILL)  # PR_SET_PDEATHSIG, of Linux
        os.setsid()
        log = os.open(place / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update({name: str(value) for name, value in environment.items()})
        sys.argv = [str(PROJECT / "run.py"), *words]
        if real:
            os.execv(sys.executable, [sys.executable, *sys.argv])
        sys.path[:] = [path for path in sys.path if path != str(PROJECT / "tests")]
        runpy.run_path(sys.argv[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else bool(end.code)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code or 0)


def running(started):
    """Whether a process of a run still runs; notes the exit codes of those that ended. A failed one ends the others."""
    for number in [n for n, code in started.items() if code is None]:
        ended, status = os.waitpid(number, os.WNOHANG)
        if ended:
            started[number] = os.waitstatus_to_exitcode(status)
    if any(started.values()):
        stop(started, random.Random(0))
    return None in started.values()


def stop(started, dice):
    """kill -9, in any order, of a run's processes and of all that they started; W&B's own is spared half the time."""
    import psutil

    alive = [number for number, code in started.items() if code is None]
    victims = [p for number in alive for p in (psutil.Process(number), *psutil.Process(number).children(True))]
    victims = [victim for victim in victims if "wandb" not in victim.name() or dice.random() < 0.5]
    dice.shuffle(victims)
    for victim in victims:
        if victim.is_running():
            victim.kill()
    for number in alive:
        started[number] = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    psutil.wait_procs(victims, timeout=10)


def print_table(killed, seed):
    """Where which setting was killed, and how often in each phase."""
    print(f"\nseed {seed}\n{'setting':<32}killed while")
    for setting in dict.fromkeys(kill.setting for kill in killed):
        where = [f"{kill.phase} {kill.detail}".strip() for kill in killed if kill.setting == setting]
        print(f"{' '.join(map(str, setting)):<32}{', '.join(where)}")
    counts = Counter(kill.phase for kill in killed)
    print("in all  " + ", ".join(f"{phase} {counts[phase]}" for phase in (*PHASES, SENDING)))


def preload():
    """Import once what every run needs."""
    import accelerate  # noqa: F401
    import datasets  # noqa: F401
    import peft  # noqa: F401
    import sklearn.metrics  # noqa: F401
    import torch.utils.tensorboard  # noqa: F401
    import transformers.models.auto.modeling_auto
    import transformers.models.bert.modeling_bert
    import transformers.models.t5.modeling_t5
    import transformers.trainer_seq2seq  # noqa: F401
    import wandb  # noqa: F401


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=36)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="settings whose name contains this, as 'lora 2'")
    parser.add_argument("--folder", help="where the runs go; the system's temporary folder")
    parser.add_argument("--real", action="store_true")
    chosen = parser.parse_args()
    with stand_in() as environment:
        os.environ.update(environment)
        preload()
        raise SystemExit(bool(main(chosen)))
