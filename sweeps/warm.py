"""Imported once by the server that all trials of a sweep are forked from: what each of them would import again, and the
project's code as it is now, so that a file edited later changes no trial that waits. Nothing here touches a GPU."""

import importlib
import pkgutil
from contextlib import suppress

import run  # noqa: F401  the experiment, as the sweep's processes import it
import stages
import tasks
from stages.folder import code_digest
from stages.garbage import lasting

LIBRARIES = (
    "torch", "transformers.trainer", "transformers.models.auto.modeling_auto", "datasets", "accelerate", "wandb",
    "safetensors.torch", "sklearn.metrics",
)  # fmt: skip

with lasting():
    for library in LIBRARIES:
        importlib.import_module(library)
    for package in (stages, tasks):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                with suppress(ImportError):  # a tracker that is not installed
                    importlib.import_module(module.name)
code_digest()
