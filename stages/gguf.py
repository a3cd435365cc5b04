"""GGUF files, the weights as llama.cpp reads them, made ordinary model folders: once, in the user's cache."""

import os
import shutil
from contextlib import redirect_stderr
from hashlib import file_digest
from io import StringIO
from pathlib import Path

from stages.folder import safe_name, user_cache
from stages.terminal import stage

ENDING = ".gguf"
FORM = 1  # raised when a conversion would come out differently, so that folders made before are not used


def unpack(file: Path) -> Path:
    """The folder with config, tokenizer, chat template and weights (16 bits) that a GGUF file holds.

    Its name carries the file's digest. It is written beside and renamed when it is whole, so that it can be used by
    several processes at once, and one that dies leaves nothing. Raises ValueError for a file that cannot be read.
    """
    with open(file, "rb") as content:
        digest = file_digest(content, "sha256").hexdigest()
    place = user_cache() / f"{safe_name(file.stem)}-{digest[:16]}-{FORM}"
    if place.is_dir():
        return place
    stage("model", f"unpacking {file.name}, once, to {place}")
    temporary = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        _convert(file, temporary)
        temporary.rename(place)
    except OSError:
        if not place.is_dir():  # else another process was faster
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return place


def _convert(file, folder):
    """Save what transformers reads from the file, as a model that is not quantized."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    where, unpacked = {"gguf_file": file.name, "trust_remote_code": False}, GgufConfig(dequantize=True)
    try:
        with redirect_stderr(StringIO()):  # bars that nothing turns off
            tokenizer = AutoTokenizer.from_pretrained(str(file.parent), **where)
            model = AutoModelForCausalLM.from_pretrained(
                str(file.parent), dtype=torch.float32, quantization_config=unpacked, **where
            )
    except Exception as error:  # a damaged file fails in many ways
        raise ValueError(f"model.path={file}: it cannot be read as a GGUF file: {error}") from error
    model.hf_quantizer = None  # or save_pretrained refuses; the weights are plain numbers now
    for name in ("quantization_config", "_name_or_path"):
        if hasattr(model.config, name):
            delattr(model.config, name)
    tokenizer.model_max_length = model.config.max_position_embeddings
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
