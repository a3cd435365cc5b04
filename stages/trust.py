"""Code that a model brings: never run, unless `model.trust_remote_code=true` asks for it, and then it is said."""

import json
import shutil
import sys
from pathlib import Path

from stages.terminal import warn

# The files that may name classes of the model's own code, and the key of the class that stands in for them.
PLACES = {
    "config.json": "model_type",
    "tokenizer_config.json": "tokenizer_class",
    "preprocessor_config.json": "image_processor_type",
}
_trusted: set[Path] = set()  # the folders whose code this process was told to run


def check_code(folder, path, trusted):
    """Raise ValueError for a model that cannot be loaded without code of its own; where that was asked for, say what
    it means and let it."""
    named = {name: classes for file, key in PLACES.items() for name, classes in _own_classes(Path(folder) / file, key)}
    if not named:
        return
    code = ", ".join(sorted({str(name).rpartition(".")[0] + ".py" for name in named.values()}))
    if not trusted:
        raise ValueError(
            f"model.path={path} cannot be loaded without code of its own ({code}), which was not run. Choose another "
            f"model, or read that code in {folder} and add model.trust_remote_code=true: it runs with all your rights."
        )
    warn(f"model.trust_remote_code=true: {code} of {path} runs on this machine, with all your rights.")
    _trusted.add(Path(folder).resolve())


def loading(folder):
    """What `from_pretrained` is told of the code in a folder. Without an answer it would ask on the terminal."""
    return {"trust_remote_code": Path(folder).resolve() in _trusted}


def own_class(config, folder, auto_class):
    """The class that a trusted folder's own code has for a kind of head; None where there is none."""
    from transformers.dynamic_module_utils import get_class_from_dynamic_module

    named = (getattr(config, "auto_map", None) or {}).get(auto_class)
    return get_class_from_dynamic_module(named, str(folder)) if named and loading(folder)["trust_remote_code"] else None


def keep_code(model, folder):
    """Copy the code that a model was made of beside its saved weights, which cannot be read without it."""
    made = [c for c in type(model).__mro__ if c.__module__.startswith("transformers_modules.")]
    if not made:
        return
    for file in Path(sys.modules[made[0].__module__].__file__).parent.glob("*.py"):
        if file.name != "__init__.py":
            shutil.copyfile(file, Path(folder) / file.name)
    _trusted.add(Path(folder).resolve())


def _own_classes(file, key):
    """(what for, class) of the model's own code in one of its files, where transformers has nothing for it."""
    try:
        content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except ValueError:
        return []  # no JSON: whoever reads it next says so
    classes = content.get("auto_map") if isinstance(content, dict) else None
    if not classes or _is_known(key, content.get(key)):
        return []
    named = classes.items() if isinstance(classes, dict) else [("AutoTokenizer", classes)]
    return [(name, one[0] if isinstance(one, list) else one) for name, one in named]


def _is_known(key, name):
    """Whether transformers has it, so that a model's own code is not needed for it."""
    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    return name in CONFIG_MAPPING_NAMES if key == "model_type" else hasattr(transformers, str(name))
