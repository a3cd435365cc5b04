"""`torchrun sharding_on_cpu.py WORD...` types `run.py WORD...` where FSDP really splits a model over CPU processes.

Accelerate knows FSDP on accelerators only; torch itself splits over gloo as well. So accelerate is told that its
processes are GPUs, and given the CPU as their device. Everything after that is what runs on GPUs. With DeepSpeed
installed and DS_ACCELERATOR=cpu, hardware=deepspeed runs so too. STOP_AT=3 interrupts at step 3.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def pretend():
    """Accelerate's processes look like those of several GPUs, and ours see as many."""
    import torch
    from accelerate.state import DistributedType, PartialState

    from stages import launching

    launching._visible_gpus = lambda: int(os.environ["WORLD_SIZE"])
    PartialState._prepare_backend = lambda *_: ("gloo", DistributedType.MULTI_GPU)
    PartialState.set_device = lambda self: setattr(self, "device", torch.device("cpu"))


def interrupt(step):
    """Training ends at a step, as after Ctrl-C."""
    from stages.progress import Progress

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == step:
            raise KeyboardInterrupt

    Progress.on_step_end = on_step_end


def main(words):
    from hydra import compose, initialize_config_dir

    import run
    from stages.command_line import clear_errors
    from stages.config import read_config

    with initialize_config_dir(str(Path(run.__file__).parent / "conf"), version_base="1.3"):
        config = read_config(compose("config", words), words)
    with clear_errors():
        run.run_experiment(config, words)


if __name__ == "__main__":
    pretend()
    if "STOP_AT" in os.environ:
        interrupt(int(os.environ["STOP_AT"]))
    main(sys.argv[1:])
