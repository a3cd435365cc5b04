"""Files that are no text, as strategies of hypothesis: images of every kind, arrays, weights; whole and damaged."""

import io
import zipfile

import numpy as np
from fuzzing import damaged
from hypothesis import strategies as st
from PIL import Image

MODES = ["RGB", "RGB", "L", "1", "P", "RGBA", "LA", "CMYK", "I;16", "I", "F", "YCbCr"]
FORMATS = ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM"]
OTHER_FORMATS = ["EPS", "ICO", "TGA", "PDF", "PCX"]  # of which none is read
ENDINGS = ["png", "jpg", "gif", "webp", "tiff", "ppm", "bmp"]
BEGINNINGS = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"RIFF\xff\xff\0\0WEBP",
              b"P6 3 3 255\n", b"P5 99999 99999 65535\n", b"%!PS-Adobe-3.0 EPSF-3.0\n"]  # fmt: skip


@st.composite
def images(draw):
    """(ending, bytes): a picture of some mode and format, moving or turned by its camera, cut, changed; or none."""
    ending = draw(st.sampled_from(ENDINGS))
    if draw(st.sampled_from([False] * 5 + [True])):
        return ending, draw(st.sampled_from([b"", *BEGINNINGS])) + draw(st.binary(max_size=80))
    content = _picture(draw)
    if draw(st.booleans()):
        content = content[: draw(st.integers(0, len(content)))]
    return ending, damaged(content, draw, draw(st.sampled_from([0, 1, 2, 5])))


def _picture(draw):
    size = st.sampled_from([1, 2, 3, 9, 40])
    frames = [_frame(draw, (draw(size), draw(size))) for _ in range(draw(st.sampled_from([1, 1, 1, 3])))]
    exif = Image.Exif()
    exif[0x0112] = draw(st.sampled_from([1, 3, 6, 8, 0, 9, 65535]))
    more = {"save_all": True, "append_images": frames[1:]} if len(frames) > 1 else {}
    for picture in (frames[0], frames[0].convert("RGB")):
        try:
            file = io.BytesIO()
            picture.save(file, draw(st.sampled_from([*FORMATS * 3, *OTHER_FORMATS])), exif=exif, **more)
            return file.getvalue()
        except Exception:  # no such mode in this format, which Pillow says in many ways
            more = {}
    return b""


def _frame(draw, size):
    mode = draw(st.sampled_from(MODES))
    grey = Image.frombytes("L", size, bytes(i * 37 % 256 for i in range(size[0] * size[1])))
    return grey.convert("I").convert(mode) if mode == "I;16" else grey.convert("RGB").convert(mode)


ARRAYS = st.sampled_from([
    np.arange(40, dtype="uint8").reshape(10, 2, 2), np.zeros((10, 2, 2, 3), "uint8"), np.ones((10, 2, 2)) / 3,
    np.full((10, 2, 2), np.nan), np.zeros((10, 0, 2), "uint8"), np.arange(10), np.arange(10) % 2, np.arange(10) / 7,
    np.array(["a", "b"] * 5), np.array([b"a", b"b"] * 5), np.full(10, np.nan), np.array([True, False] * 5),
    np.zeros((10, 1), int), np.arange(10) * 1j, np.array(5), np.zeros(0), np.array(["2020"] * 10, "datetime64[D]"),
    np.zeros(10, [("a", "i4"), ("b", "f8")]), np.array([None] * 10), np.array([2**63] * 10, "uint64"), np.arange(9),
])  # fmt: skip
HEADERS = st.fixed_dictionaries({
    "descr": st.sampled_from(["<f8", "|u1", "|O", "<U9", "<U2147483647", "|V8", "<M8[D]"]),
    "fortran_order": st.booleans(),
    "shape": st.lists(st.sampled_from([0, 1, 10, -1, 10**6, 10**15, 2**62, 2**64]), max_size=3).map(tuple),
})  # fmt: skip


@st.composite
def arrays(draw):
    """The bytes of a .npz archive: columns of any kind, headers that say something else, members that are no arrays."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
        for name in draw(st.sampled_from([["image", "label"]] * 6 + [["image"], [], ["image", "image"], ["../x"]])):
            ending = draw(st.sampled_from([".npy"] * 9 + [".txt"]))
            archive.writestr(f"{name}{ending}", _member(draw))
    return damaged(file.getvalue(), draw, draw(st.sampled_from([0, 0, 1, 3])))


def _member(draw):
    member = io.BytesIO()
    if draw(st.sampled_from([False] * 4 + [True])):
        np.lib.format.write_array_header_1_0(member, draw(HEADERS))
        return member.getvalue() + draw(st.binary(max_size=99))
    np.save(member, draw(ARRAYS), allow_pickle=True)
    return member.getvalue()


@st.composite
def changed_weights(draw, content):
    """The bytes of a weights file, cut or changed near its beginning, where it says what it holds."""
    start, rest = content[:4000], content[4000:]
    cut = draw(st.sampled_from([None, None, None, 0, 4, 24, 100, 1000, 5000]))
    huge = draw(st.sampled_from([b"", b"", b"\xff" * 8, b"\0\0\0\0\0\0\0\x10"]))
    at = draw(st.integers(0, 200))
    start = start[:at] + huge + start[at + len(huge) :]
    return (damaged(start, draw, draw(st.sampled_from([1, 2, 4]))) + rest)[:cut]
