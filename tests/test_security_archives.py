"""Archives are not unpacked blindly: none of several files at all, packed data only as far as data go."""

import gzip
import io
import lzma
import tarfile
import zipfile
from bz2 import compress as bzip2

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from stages import archives
from stages.readers import read_table

CSV = b"text,label\na,b\nc,d\n"


def zipped(**files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(name):
    file, member = io.BytesIO(), tarfile.TarInfo(name)
    member.size = len(CSV)
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(member, io.BytesIO(CSV))
    return file.getvalue()


ARCHIVES = {
    "zip": zipped(**{"../../a.csv": CSV}),
    "tar": tarred("../../a.csv"),
    "bzip2": bzip2(CSV),
    "xz": lzma.compress(CSV),
    "zstd": b"\x28\xb5\x2f\xfd\x04\x00" + CSV,
    "rar": b"Rar!\x1a\x07\x01\x00",
    "sevenzip": b"7z\xbc\xaf\x27\x1c\x00\x04",
}
REFUSED = "is an archive .*archives are not unpacked here"


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_is_not_unpacked_whatever_its_name(tmp_path, kind):
    for name in ("x.csv", "x.jsonl", "x.json", "x.conll", "x.txt", "x.yml"):
        (tmp_path / name).write_bytes(ARCHIVES[kind])
        with pytest.raises(ValueError, match=rf"{name} {REFUSED}"):
            read_table(str(tmp_path / name))
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(ARCHIVES[kind]))
    with pytest.raises(ValueError, match=REFUSED):
        read_table(str(tmp_path / "x.csv.gz"))
    assert sorted(path.name for path in tmp_path.parent.glob("*.csv")) == []


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.tgz", "x.csv.bz2", "x.csv.xz", "x.csv.zst", "x.7z"])
def test_an_archive_is_known_by_its_ending(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match=REFUSED):
        read_table(str(tmp_path / name))


@pytest.fixture
def small(monkeypatch):
    """Limits that a test reaches at once."""
    monkeypatch.setattr(archives, "ALWAYS", 2**20)


def parquet_of_equal_rows():
    file, column = io.BytesIO(), pyarrow.array(["a"] * 10**6).dictionary_encode()
    pyarrow.parquet.write_table(pyarrow.table({"text": column, "label": column}), file)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


BOMBS = {
    "line.csv.gz": lambda: gzip.compress(b"\0" * 2**24),
    "rows.jsonl.gz": lambda: gzip.compress(b'{"text": "a"}\n' * 2**20),
    "rows.parquet": parquet_of_equal_rows,
    "arrays.npz": lambda: npz(image=np.zeros((2**12, 2**12), "uint8")),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_fills_the_memory_is_refused(tmp_path, small, name):
    (tmp_path / name).write_bytes(BOMBS[name]())
    assert (tmp_path / name).stat().st_size < 2**16
    with pytest.raises(ValueError, match=rf"{name} has \S+ bytes and unpacks to more than .*made to fill the memory"):
        read_table(str(tmp_path / name))


def test_an_array_that_says_it_is_huge(tmp_path):
    """The header of an array alone would have the memory taken."""
    header, file = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("image.npy", header.getvalue())
    (tmp_path / "x.npz").write_bytes(file.getvalue())
    with pytest.raises(ValueError, match=r"x\.npz is not a readable"):
        read_table(str(tmp_path / "x.npz"))


def test_data_that_pack_well_are_read(tmp_path, small):
    rows = b"text,label\n" + b"".join(b"the text number %d,good\n" % i for i in range(60_000))
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(rows))
    assert len(rows) > archives.ALWAYS and len(read_table(str(tmp_path / "x.csv.gz")).columns["text"]) == 60_000


def test_archives_of_hub_data_are_not_unpacked(tmp_path, small):
    """`datasets` knows an archive by its content and would unpack it into the cache."""
    (tmp_path / "data").mkdir()
    good, file = tmp_path / "data" / "good.csv.gz", tmp_path / "data" / "train.csv"
    good.write_bytes(gzip.compress(CSV))
    file.write_bytes(CSV)
    archives.check_packed(tmp_path, "a/b")
    packed = [*ARCHIVES.values(), *(gzip.compress(content) for content in ARCHIVES.values())]
    for content in packed:
        file.write_bytes(content)
        with pytest.raises(ValueError, match=rf"data.path=a/b: data/train.csv {REFUSED}"):
            archives.check_packed(tmp_path, "a/b")
    for content, said in ((BOMBS["line.csv.gz"](), "fill the memory"), (gzip.compress(CSV)[:-9], "no whole gzip")):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=said):
            archives.check_packed(tmp_path, "a/b")


def test_hub_data_are_looked_at_before_they_are_loaded(tmp_path, monkeypatch, compose_config):
    from stages import data, hub
    from stages.config import build_task

    (tmp_path / "train.csv").write_bytes(ARCHIVES["zip"])
    monkeypatch.setattr(hub, "locate_data", lambda *_: (tmp_path, "0"))
    monkeypatch.setattr(data, "_load", lambda *_: pytest.fail("it was loaded"))
    config = compose_config("task=text_classification", "data=hub", "data.path=a/b", "data.train=train")
    with pytest.raises(ValueError, match=REFUSED):
        data.load_data(config, build_task(config))


def test_rows_without_values_are_no_rows(tmp_path):
    """A few hundred bytes that promise a billion rows, each of them nothing."""
    (tmp_path / "x.npz").write_bytes(npz(image=np.zeros((2**30, 0), "uint8"), label=np.zeros((2**30, 0), "uint8")))
    with pytest.raises(ValueError, match=r"x\.npz: image has rows without any value \(shape \(1073741824, 0\)\)"):
        read_table(str(tmp_path / "x.npz"))
