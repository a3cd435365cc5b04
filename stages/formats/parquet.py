"""Parquet: typed columns, read a thousand rows at a time; the number of a row is its position, from 1."""

from collections import Counter
from collections.abc import Iterator

from stages.archives import check_size
from stages.formats.lines import Problems, Row

AT_ONCE = 1000
ROW = 200  # bytes that each row takes here at least: a file can hold a thousand million equal ones in a few


def read_parquet(path: str, bad: Problems) -> Iterator[Row]:
    """`bad` stays empty: a Parquet file is right or unreadable, which is a ValueError."""
    import pyarrow
    import pyarrow.parquet

    try:
        # ParquetFile and not read_table, which adds a column for each folder named like year=2020.
        file = pyarrow.parquet.ParquetFile(path)
        _check_names(path, file.schema_arrow.names)
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        check_size(path, sum(group.total_byte_size + group.num_rows * ROW for group in groups))
        number = unpacked = 0
        for batch in file.iter_batches(batch_size=AT_ONCE):
            unpacked += batch.nbytes + batch.num_rows * ROW
            check_size(path, unpacked)
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} is not a readable Parquet file ({error}). Replace it or change data.format."
        ) from error


def _check_names(path: str, names: list[str]) -> None:
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise ValueError(f"{path} has more than one column {', '.join(map(repr, repeated))}. Rename them.")
