"""How data sets look on the Hub, as their cards there say: for those of conf/data that hold more than a text, or its
words, with labels (tests/test_conf_headers.py has these). An entry is two or three real-looking examples."""

from dataclasses import dataclass

from datasets import Features


@dataclass(frozen=True)
class Upload:
    """`task`: with which the data set is read. `splits`: those of the upload. `rows`: the examples of each of them.
    `features`: where the types in parquet do not tell (class labels, images). `subset`: its name where there are many.
    `words`: further words of the command."""

    task: str
    splits: str
    rows: list[dict]
    features: Features | None = None
    subset: str | None = None
    words: tuple[str, ...] = ()


UPLOADS: dict[str, Upload] = {}
