"""What evaluation kept of each batch, put together once: the Trainer's way copies all of it again with each batch."""

import numpy as np

from tasks.contract import IGNORED


def joined(batches):
    """One array, or tuple of arrays, of all rows, from those of each batch; padded to the widest with IGNORED, truths
    with False. Its type holds the numbers of all batches."""
    if isinstance(batches[0], tuple | list):
        return tuple(joined(parts) for parts in zip(*batches, strict=True))
    shape = np.max([array.shape[1:] for array in batches], axis=0).astype(int)
    kind = np.result_type(*{array.dtype for array in batches})
    kind = np.dtype(np.int64) if kind.kind == "u" else kind
    whole = np.full((sum(map(len, batches)), *shape), False if kind.kind == "b" else IGNORED, kind)
    start = 0
    for array in batches:
        whole[(slice(start, start + len(array)), *map(slice, array.shape[1:]))] = array
        start += len(array)
    return whole
