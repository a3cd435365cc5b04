"""The configuration of a plain command, composed once: Hydra's own main composes it twice, to look for its mode."""

from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import open_dict

from stages.choices import CONF


def is_plain(words):
    """Whether a command only gives choices and values: no flags, no keys of Hydra's own."""
    return not any(word.startswith("-") or word.lstrip("+~").startswith("hydra") for word in words)


def composed_once(words):
    """What Hydra's main hands over for a plain command; raises what that raises. `HydraConfig` is set as well."""
    with initialize_config_dir(str(CONF), version_base="1.3", job_name="run"):
        cfg = compose("config", list(words), return_hydra_config=True)
    with open_dict(cfg.hydra.runtime):
        cfg.hydra.runtime.output_dir = str(Path.cwd())
    HydraConfig.instance().set_config(cfg)
    with open_dict(cfg):
        del cfg["hydra"]
    return cfg
