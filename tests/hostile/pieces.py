"""Pieces that hostile files are built of: chunks, tags, boxes, and their lengths, true or not."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"
Files = Iterator[tuple[str, bytes, int]]


def chunk(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    size = struct.pack(">I", len(data) if length is None else length)
    return size + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def ihdr(width: int, height: int, depth: int = 8, colour: int = 2, rest: bytes = bytes(3)) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBB", width, height, depth, colour) + rest)


def rows(width: int, height: int, channels: int = 3) -> bytes:
    return zlib.compress(bytes(height * (1 + width * channels)), 9)


IDAT = chunk(b"IDAT", rows(8, 8))
IEND = chunk(b"IEND", b"")
GOOD = PNG + ihdr(8, 8) + IDAT + IEND


@functools.cache
def bomb(megabytes: int = 64) -> bytes:
    """Zeros that deflate to a thousandth."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


def bomb_idat() -> bytes:
    return chunk(b"IDAT", bomb(137))


def animation(frames: int) -> bytes:
    control = struct.pack(">IIIIIHHBB", 0, 8, 8, 0, 0, 1, 10, 0, 0)
    return chunk(b"acTL", struct.pack(">II", frames, 0)) + chunk(b"fcTL", control)


def frame_2() -> bytes:
    control = struct.pack(">IIIIIHHBB", 1, 8, 8, 0, 0, 1, 10, 0, 0)
    return chunk(b"fcTL", control) + chunk(b"fdAT", struct.pack(">I", 2) + rows(8, 8))


def noise(length: int, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).bytes(length)


def saved(format: str, mode: str = "RGB", size: tuple[int, int] = (16, 12), **how: Any) -> bytes:
    file = io.BytesIO()
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    colours = np.stack([x * 9 % 256, y * 17 % 256, x * y % 256], 2).astype(np.uint8)
    Image.fromarray(colours).convert(mode).save(file, format, **how)
    return file.getvalue()


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def ifd(*entries: tuple[int, int, int, int], after: int = 0, more: bytes = b"") -> bytes:
    """A little-endian TIFF of one directory, and what stands behind it."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    return head + body + struct.pack("<I", after) + more


def grey(width: int = 8, height: int = 8, **tags: tuple[int, int, int]) -> bytes:
    """A grey TIFF, with tags changed: name_NUMBER=(type, count, value)."""
    wanted = {
        256: (4, 1, width),
        257: (4, 1, height),
        258: (3, 1, 8),
        259: (3, 1, 1),
        262: (3, 1, 1),
        273: (4, 1, 200),
        277: (3, 1, 1),
        278: (4, 1, height),
        279: (4, 1, min(width * height, 2**32 - 1)),
    }
    wanted |= {int(name.split("_")[1]): value for name, value in tags.items()}
    data = ifd(*((tag, *value) for tag, value in wanted.items()))
    return data.ljust(200, b"\0") + bytes(min(width * height, 4096))


def riff(*parts: tuple[bytes, bytes], length: int | None = None) -> bytes:
    body = b"WEBP"
    for kind, data in parts:
        body += kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body) if length is None else length) + body


def vp8x(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", bytes([flags, 0, 0, 0]) + sides


def vp8l(width: int, height: int, data: bytes = b"") -> tuple[bytes, bytes]:
    bits = (width - 1) | (height - 1) << 14
    return b"VP8L", b"\x2f" + struct.pack("<I", bits) + data
