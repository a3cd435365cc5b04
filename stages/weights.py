"""Weights that are numbers and nothing else: safetensors. Pickled ones, which may hold a program, are converted once:
`python -m stages.weights HUB_ID_OR_FOLDER [REVISION]`"""

import os
import shutil
import sys

from stages.folder import folder_digest, safe_name, user_cache

SAFE = ("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors")
PICKLED = ("pytorch_model.bin", "pytorch_model-*-of-*.bin")


def safe_folder(folder, path, revision=None):
    """The folder itself, or its conversion where it has pickled weights only; ValueError where there is none yet, and
    for an adapter, which names another model to load."""
    if (folder / "adapter_config.json").is_file():
        raise ValueError(
            f"model.path={path} holds an adapter. Merge it into its base model and give that one's folder."
        )
    if _has(folder, SAFE) or not _has(folder, PICKLED):
        return folder
    converted = _place(folder)
    if converted.is_dir():
        return converted
    words = " ".join([str(path), *([revision] if revision else [])])
    raise ValueError(
        f"model.path={path} has its weights as a pickle only (pytorch_model.bin), which can hold a program, so it is "
        f"not read. Convert it once, with torch's reader that takes numbers alone: python -m stages.weights {words}"
    )


def convert(folder):
    """Write the weights of a folder as safetensors, with its other files, to the user's cache; -> that folder.
    `weights_only` refuses whatever is no tensor, so that nothing of the pickle is run."""
    import torch
    from safetensors.torch import save_file

    place = _place(folder)
    temporary = place.with_name(f".{place.name}.{os.getpid()}")
    temporary.mkdir(parents=True)
    try:
        weights = {}
        for file in sorted(file for name in PICKLED for file in folder.glob(name)):
            weights |= torch.load(file, map_location="cpu", weights_only=True)
        tensors = {name: value.clone().contiguous() for name, value in weights.items() if torch.is_tensor(value)}
        save_file(tensors, temporary / "model.safetensors", metadata={"format": "pt"})
        for file in folder.iterdir():
            if file.is_file() and file.suffix != ".bin" and not file.name.endswith(".index.json"):
                shutil.copyfile(file, temporary / file.name)
        temporary.replace(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return place


def _has(folder, names):
    return any(next(folder.glob(name), None) for name in names)


def _place(folder):
    return user_cache() / "safetensors" / f"{safe_name(folder.resolve().name)}-{folder_digest(folder)}"


def main(words):
    """The command: find, convert, say where."""
    from pickle import UnpicklingError

    from stages.command_line import clear_errors
    from stages.hub import find_model
    from stages.terminal import fail, say

    with clear_errors():
        if not 1 <= len(words) <= 2:
            fail("one model is converted at a time: python -m stages.weights HUB_ID_OR_FOLDER [REVISION]")
        folder, _ = find_model(*words)
        if _has(folder, SAFE) or not _has(folder, PICKLED):
            fail(f"{words[0]} has no pickled weights to convert.")
        try:
            say(f"converted to {convert(folder)}. model.path={words[0]} works from now on.")
        except (UnpicklingError, RuntimeError, EOFError) as error:
            fail(f"{words[0]}: its weights hold more than numbers, or are damaged. {str(error).splitlines()[0]}")


if __name__ == "__main__":
    main(sys.argv[1:])
