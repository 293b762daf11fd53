"""Files of each container with everything in them that such a container may hold."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

from proface.media.ancillary.png import chunk
from tests.media.jpeg.test_metadata import VIDEO, several, with_segments

COMMENT = b"who is in it: Ann"


def picture(mode: str = "RGB", size: tuple[int, int] = (96, 80)) -> Image.Image:
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size).convert(mode)


def encoded(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    file = io.BytesIO()
    (image or picture()).save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def jpeg() -> bytes:
    from proface.media.jpeg.segments import packed

    return with_segments(
        packed(0xE4, b"whatever"),
        packed(0xED, b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x08IPTC"),
        packed(0xFE, COMMENT),
        behind=VIDEO,
        photo=several(encoded("JPEG")),
    )


def png() -> bytes:
    data = encoded("PNG")
    at, end = data.index(b"IDAT") - 4, data.index(b"IEND") - 4
    before = [
        chunk(b"bKGD", struct.pack(">HHH", 0, 10, 20)),
        chunk(b"sBIT", b"\x08\x08\x08"),
        chunk(b"tEXt", b"Author\0Ann"),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(COMMENT)),
        chunk(b"iTXt", b"Title\0\0\0\0\0At the sea"),
        chunk(b"caBX", b"content credentials"),
        chunk(b"prVt", b"somebody's private chunk"),
    ]
    after = chunk(b"tIME", b"\x07\xe8\x05\x06\x07\x08\x09") + chunk(b"tEXt", b"Late\0words")
    return data[:at] + b"".join(before) + data[at:end] + after + data[end:] + b"tail"


def webp() -> bytes:
    data = encoded("WEBP", lossless=True)
    body = data[12:] + b"priv" + (5).to_bytes(4, "little") + b"12345\0"
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body + b"tail"


def gif() -> bytes:
    data = encoded("GIF", picture("P"))
    extensions = b"!\xfe" + bytes((len(COMMENT),)) + COMMENT + b"\0"
    extensions += b"!\xff\x0bPRIVATE 1.0\x03abc\0"
    at = data.index(b",", 13 + 768)
    return data[:at] + extensions + data[at:] + b"tail"


def tiff(order: str = "<", *, page: int | None = None) -> bytes:
    """A picture of 8 x 8 with private tags, IPTC and a sub-IFD; `page`: subtype of a second one."""
    number = {"<": "little", ">": "big"}[order]
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    pixels = bytes(range(192))
    strip = len(out)
    out += pixels

    def directory(entries: list[tuple[int, int, int, bytes]]) -> int:
        rows = b""
        for tag, kind, count, value in sorted(entries):
            if len(value) > 4:
                place = struct.pack(order + "I", len(out))
                out.extend(value + bytes(len(value) % 2))
            else:
                place = value.ljust(4, b"\0")
            rows += struct.pack(order + "HHI", tag, kind, count) + place
        at = len(out)
        out.extend(len(entries).to_bytes(2, number) + rows + bytes(4))  # type: ignore[arg-type]
        return at

    def short(*values: int) -> bytes:
        return struct.pack(order + "H" * len(values), *values)

    def long(*values: int) -> bytes:
        return struct.pack(order + "I" * len(values), *values)

    main = [
        (256, 3, 1, short(8)),
        (257, 3, 1, short(8)),
        (258, 3, 3, short(8, 8, 8)),
        (259, 3, 1, short(1)),
        (262, 3, 1, short(2)),
        (273, 4, 1, long(strip)),
        (277, 3, 1, short(3)),
        (278, 3, 1, short(8)),
        (279, 4, 1, long(192)),
    ]
    sub = directory([*main, (254, 4, 1, long(1))])
    second = directory([*main, (254, 4, 1, long(page))]) if page is not None else 0
    first = directory(
        [
            *main,
            (270, 2, 4, b"Ann\0"),
            (330, 4, 1, long(sub)),
            (33723, 7, 9, b"\x1c\x02\x05\0\x04IPTC"),
            (65100, 3, 3, short(1, 2, 300)),
            (65101, 5, 1, long(1, 3)),
            (65102, 12, 1, struct.pack(order + "d", 2.5)),
        ]
    )
    out[4:8] = struct.pack(order + "I", first)
    if second:
        count = int.from_bytes(out[first : first + 2], number)  # type: ignore[arg-type]
        at = first + 2 + 12 * count
        out[at : at + 4] = struct.pack(order + "I", second)
    return bytes(out)
