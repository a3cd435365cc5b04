"""How a full disk is recognised, whichever library met it. No torch here."""

import errno

SAID = ("No space left on device", "os error 28", "PytorchStreamWriter failed", "Disk quota exceeded")


def is_full(error: BaseException) -> bool:
    """Whether an error, or one that it came from, says that the disk has no room."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or any(words in str(error) for words in SAID):
            return True
        error = error.__cause__ or error.__context__
    return False
