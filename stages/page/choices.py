"""The configuration of a run beside the defaults it would have had."""

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from stages.command_line import CONF

GROUPS = ("task", "data", "model", "method")
ELSEWHERE = ("output_root", "rerun", "tracking")  # they say where, not what
FILLED = ("task.best",)  # its null stands for the score that the data is published with


def differences(config):
    """[(key, default, value)] where a configuration differs from the defaults of the options it names."""
    defaults, given = _flat(_defaults(config)), _flat(config)
    keys = [key for key in {**given, **defaults} if key.split(".")[0] not in ELSEWHERE]
    keys = [key for key in keys if defaults.get(key, "") != given.get(key, "")]
    keys = [key for key in keys if key not in FILLED or defaults.get(key) is not None]
    return [(key, *(_shown(side.get(key, "not set")) for side in (defaults, given))) for key in sorted(keys)]


def _defaults(config):
    """What Hydra composes from the named options alone. A data set that was given a name of its own counts as its
    source (hub, files); an option that is not the project's as the default one."""
    named = [(group, config[group].get(key)) for group in GROUPS for key in ("source", "name")]
    words = {g: f"{g}={name}" for g, name in named if name and (CONF / g / f"{name}.yaml").is_file()}.values()
    if GlobalHydra.instance().is_initialized():
        return OmegaConf.to_container(compose("config", [*words]), resolve=True)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return OmegaConf.to_container(compose("config", [*words]), resolve=True)


def _flat(tree, prefix=""):
    """{"a": {"b": 1}} -> {"a.b": 1}; an empty dict holds nothing."""
    flat = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _shown(value):
    return "null" if value is None else "to be given" if value == "???" else str(value)
