"""A grid: words with several values, in Hydra's own syntax -> the words of each trial."""

from itertools import product

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ValueType

CONTINUOUS = "an interval has no end of values: sweeper=tpe searches in it, a list of values makes a grid."


def grid(words: list[str], pairs=(), loader=None) -> list[list[str]]:
    """Every combination of the values of `words`, the last word's values change fastest; of keys in one of `pairs` the
    first value goes with the first, the second with the second. `loader`: Hydra's, which knows what a glob finds."""
    axes, pairs = axes_of(words, loader), [pairs] if pairs and isinstance(pairs[0], str) else pairs
    for keys in pairs:
        axes = _joined(axes, keys)
    return [[word for part in combination for word in part] for combination in product(*axes.values())]


def axes_of(words, loader=None) -> dict[str, list[tuple[str, ...]]]:
    """Key -> the words that each of its values makes; a key that is given twice has the values given last."""
    axes = {}
    for override in OverridesParser.create(config_loader=loader).parse_overrides(words):
        key = override.get_key_element()
        if not override.is_sweep_override():
            axes[override.key_or_group] = [(override.input_line,)]
        elif override.is_discrete_sweep():
            axes[override.key_or_group] = [(f"{key}={value}",) for value in override.sweep_string_iterator()]
        elif override.value_type == ValueType.INTERVAL_SWEEP:
            raise ValueError(f"{override.input_line}: {CONTINUOUS}")
    return axes


def _joined(axes, keys):
    """The axes with those of `keys` made one, where the first of them was."""
    unknown = next((key for key in keys if key not in axes), None)
    if unknown:
        raise ValueError(f"sweeper.pairs names {unknown}, which is not given. Add {unknown}=a,b to the command.")
    counts = {key: len(axes[key]) for key in keys}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{key} has {count}" for key, count in counts.items())
        raise ValueError(f"sweeper.pairs={list(keys)}: {told} values. Give as many of each.")
    together = [sum(words, ()) for words in zip(*(axes[key] for key in keys), strict=True)]
    return {
        key: together if key == keys[0] else words for key, words in axes.items() if key == keys[0] or key not in keys
    }
