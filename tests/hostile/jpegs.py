"""Hostile and damaged JPEGs: a name, how to make each, and the error that `read_jpeg` raises."""

from __future__ import annotations

from collections.abc import Callable

from proface.errors import ImageError, UnsupportedImageError
from proface.media.jpeg.segments import packed
from tests.hostile.pieces import Files
from tests.media.jpeg.pieces import encoded, picture

Case = tuple[str, Callable[[], bytes], type[ImageError]]


def plain() -> bytes:
    return encoded(picture(203, 117))


def progressive() -> bytes:
    return encoded(picture(203, 117), progressive=True)


def patched(data: bytes, mark: bytes, shift: int, new: bytes) -> bytes:
    """With bytes replaced behind the first place where `mark` stands."""
    at = data.index(mark) + shift
    return data[:at] + new + data[at + len(new) :]


def with_size(width: int, height: int) -> bytes:
    return patched(plain(), b"\xff\xc0", 5, height.to_bytes(2, "big") + width.to_bytes(2, "big"))


def with_frame(marker: int, precision: int = 8) -> bytes:
    return patched(patched(plain(), b"\xff\xc0", 4, bytes((precision,))), b"\xff\xc0", 1,
                   bytes((marker,)))  # fmt: skip


def behind_soi(extra: bytes) -> bytes:
    return b"\xff\xd8" + extra + plain()[2:]


def before_scan(extra: bytes, data: bytes | None = None) -> bytes:
    data = plain() if data is None else data
    at = data.index(b"\xff\xda")
    return data[:at] + extra + data[at:]


def many_scans(count: int) -> bytes:
    data = progressive()
    first = data.index(b"\xff\xda")
    second = data.index(b"\xff\xc4", first)
    return data[:second] + data[first:second] * count + b"\xff\xd9"


def frame_segment(data: bytes) -> bytes:
    at = data.index(b"\xff\xc0")
    return data[at : at + 19]


def damaged_pixels() -> bytes:
    data = bytearray(plain())
    start = data.index(b"\xff\xda") + 14
    data[start + 200 : start + 900] = b"\x55" * 700
    return bytes(data)


def deep_zeros() -> bytes:
    """A plane of 14000 x 14000 out of a hundred kilobytes of zeros: 2 MB could hold one."""
    data = with_size(14000, 14000)
    start = data.index(b"\xff\xda") + 14
    return data[:start] + bytes(100_000) + b"\xff\xd9"


def _end_of_first_scan() -> bytes:
    data = progressive()
    at = data.index(b"\xff\xc4", data.index(b"\xff\xda"))
    frame = patched(frame_segment(plain()), b"\xff\xc0", 1, b"\xc2")
    return data[:at] + frame + data[at:]


HOSTILE: list[Case] = [
    ("empty", lambda: b"", UnsupportedImageError),
    ("text", lambda: b"hello, world" * 9, UnsupportedImageError),
    ("start only", lambda: b"\xff\xd8\xff", ImageError),
    ("start and end", lambda: b"\xff\xd8\xff\xd9", ImageError),
    ("cut in the tables", lambda: plain()[:100], ImageError),
    ("cut before the pixels", lambda: plain()[: plain().index(b"\xff\xda")], ImageError),
    ("cut in the pixels", lambda: plain()[:3000], ImageError),
    ("cut in the pixels, with an end", lambda: plain()[:3000] + b"\xff\xd9", ImageError),
    ("cut in a later pass", lambda: progressive()[:5000] + b"\xff\xd9", ImageError),
    ("no pixels", lambda: with_size(0, 0), ImageError),
    ("no height", lambda: with_size(203, 0), ImageError),
    ("65535 x 65535", lambda: with_size(65535, 65535), ImageError),
    ("65500 x 3000", lambda: with_size(65500, 3000), ImageError),
    ("14000 x 14000 of nothing", lambda: with_size(14000, 14000), ImageError),
    ("14000 x 14000 of zeros", deep_zeros, ImageError),
    ("2000 passes", lambda: many_scans(2000), ImageError),
    ("65 passes", lambda: many_scans(65), ImageError),
    ("a pass twice", lambda: many_scans(2), ImageError),
    ("length 0", lambda: behind_soi(b"\xff\xe5\x00\x00"), ImageError),
    ("length 1", lambda: behind_soi(b"\xff\xe5\x00\x01"), ImageError),
    ("length beyond the end", lambda: plain() [:-2] + b"\xff\xe5\xff\xff", ImageError),
    ("30000 segments", lambda: behind_soi(b"\xff\xe5\x00\x02" * 30_000), ImageError),
    ("filling", lambda: behind_soi(b"\xff" * 2_000_000), ImageError),
    ("zeros between", lambda: behind_soi(bytes(2_000_000)), UnsupportedImageError),
    ("wrong Huffman table", lambda: patched(plain(), b"\xff\xc4", 5, b"\xff" * 16), ImageError),
    ("empty Huffman table", lambda: patched(plain(), b"\xff\xc4", 5, bytes(16)), ImageError),
    ("Huffman slot 9", lambda: patched(plain(), b"\xff\xda", 6, b"\x99"), ImageError),
    ("step 0", lambda: patched(plain(), b"\xff\xdb", 5, b"\x00"), ImageError),
    ("table of 3 bytes", lambda: before_scan(packed(0xDB, b"\x00\x01\x02")), ImageError),
    ("table missing", lambda: patched(plain(), b"\xff\xc0", 12, b"\x03"), ImageError),
    ("table changes on the way", lambda: _table_changes(), ImageError),
    ("size twice", lambda: before_scan(frame_segment(plain())), ImageError),
    ("size changes on the way", _end_of_first_scan, ImageError),
    ("pixels before the size", lambda: _without_frame(), ImageError),
    ("sampling 0", lambda: patched(plain(), b"\xff\xc0", 11, b"\x00"), ImageError),
    ("sampling 15", lambda: patched(plain(), b"\xff\xc0", 11, b"\xff"), ImageError),
    ("sampling 4 x 4 each", lambda: patched(plain(), b"\xff\xc0", 11, b"\x44\x00\x02\x44\x01\x03"
                                            b"\x44\x01"), ImageError),
    ("planes of one number", lambda: patched(plain(), b"\xff\xc0", 13, b"\x01"), ImageError),
    ("2 planes", lambda: patched(plain(), b"\xff\xc0", 9, b"\x02"), ImageError),
    ("scan of a strange plane", lambda: patched(plain(), b"\xff\xda", 5, b"\x09"), ImageError),
    ("restart of 3 bytes", lambda: before_scan(packed(0xDD, b"abc")), ImageError),
    ("wrong restart interval", lambda: before_scan(packed(0xDD, b"\x00\x02")), ImageError),
    ("damaged pixels", damaged_pixels, ImageError),
    ("JPEG inside a JPEG", lambda: before_scan(b"\xff\xd8"), ImageError),
    ("height behind", lambda: before_scan(packed(0xDC, b"\x00\x75")), UnsupportedImageError),
    ("CMYK", lambda: _cmyk(), UnsupportedImageError),
    ("12 bits", lambda: with_frame(0xC1, 12), UnsupportedImageError),
    ("lossless", lambda: with_frame(0xC3), UnsupportedImageError),
    ("hierarchical", lambda: with_frame(0xC5), UnsupportedImageError),
    ("arithmetic", lambda: with_frame(0xC9), UnsupportedImageError),
    ("arithmetic progressive", lambda: with_frame(0xCA), UnsupportedImageError),
    ("arithmetic table", lambda: before_scan(packed(0xCC, b"\x00\x10")), UnsupportedImageError),
]  # fmt: skip


def _cmyk() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("CMYK", (40, 30), (9, 99, 0, 0)).save(out, "JPEG")
    return out.getvalue()


def _table_changes() -> bytes:
    data = progressive()
    at = data.index(b"\xff\xc4", data.index(b"\xff\xda"))
    return data[:at] + packed(0xDB, b"\x00" + b"\x33" * 64) + data[at:]


def _without_frame() -> bytes:
    data = plain()
    at = data.index(b"\xff\xc0")
    return data[:at] + data[at + 19 :]


def coded_jpegs() -> Files:
    """For `recover`, which finds no header in them, whether or not it can read the picture."""
    for name, make, _ in HOSTILE:
        plain_name = "".join(c if c.isalnum() else "_" for c in name)
        yield f"jpeg_coded_{plain_name}.jpg", make(), 1
