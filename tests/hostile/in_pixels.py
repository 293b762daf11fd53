"""Pictures without a header whose regions describe themselves, falsely: see `make_hostile`.

They are made by the real embedding, as anybody can who has this program.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from proface.container.header import Header
from proface.container.pixel_description import SIZE, PixelDescription
from proface.keys import KdfParameters, Key, derive, keystream, wrap_file_key
from proface.models.robust import Robust
from proface.models.store import load_flow
from proface.types import Box, Region
from tests.hostile.headers import FILE_KEY, SECRET, signed
from tests.hostile.headers import carrying as with_header
from tests.hostile.pieces import Files, noise

WIDTH, HEIGHT = 416, 352
BOX = Box(96, 80, 192, 192)


def robust() -> Robust:
    flow = load_flow("robust")
    assert isinstance(flow, Robust)
    return flow


def honest(box: Box = BOX, **fields: Any) -> PixelDescription:
    """What a region says of itself; `SECRET` opens it."""
    stanza = wrap_file_key(FILE_KEY, Key("file", SECRET), KdfParameters(bytes(16)))
    plain = PixelDescription(
        model=bytes.fromhex(robust().digest)[:4],
        file=b"file",
        count=1,
        n=1,
        x=box.x,
        y=box.y,
        w=box.w,
        h=box.h,
        size=(WIDTH, HEIGHT),
        photo_mode="RGB",
        keys=1,
        stanza=stanza,
    )
    return replace(plain, **fields)


def carrying(
    public: bytes, *, pad: bool = True, stream: bytes = b"", picture: np.ndarray | None = None,
    box: Box = BOX,
) -> np.ndarray:  # fmt: skip
    """A picture with a region that says `public` and, under the right pad, holds `stream`."""
    flow = robust()
    if picture is None:
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
        picture = np.stack([90 + x // 8, 120 + y // 8, 160 - x // 9], 2).astype(np.uint8)
    coarse, full = (
        stream.ljust(length, b"\0")[:length] for length in flow.stream_bytes(box.h, box.w)
    )
    key = derive(FILE_KEY, "face", model=flow.digest, face=1, height=box.h, width=box.w)
    words = keystream(key if pad else SECRET, flow.words(box.h, box.w))
    cover = picture[box.slices].copy()
    picture[box.slices] = flow.hide_streams((coarse, full), cover, words, public)
    return picture


def png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def patched(at: int, new: bytes) -> bytes:
    data = honest().to_bytes()
    return data[:at] + new + data[at + len(new) :]


def password(memory: int, iterations: int, lanes: int) -> bytes:
    """As if it opened with a password: flags, binary logarithm of the memory, and the rest."""
    return patched(1, b"\0")[:26] + bytes((memory, iterations, lanes)) + patched(1, b"\0")[29:]


def in_pixels() -> Files:
    for name, data in {
        "version_2": patched(0, b"\x02"),
        "flags": patched(1, b"\xff"),
        "model": patched(2, b"else"),
        "number_0": patched(12, b"\0\0"),
        "number_over": patched(10, struct.pack(">HH", 2, 3)),
        "outside": patched(14, struct.pack(">HH", WIDTH - 8, 0)),
        "width_0": patched(18, b"\0\0"),
        "huge": patched(14, struct.pack(">6H", 0, 0, 65535, 65535, 65535, 65535)),
        "large": patched(14, struct.pack(">6H", 0, 0, 4096, 4096, 65535, 65535)),
        "keys_0": patched(29, b"\0"),
        "zeros": bytes(SIZE),
        "ones": b"\xff" * SIZE,
        "garbage": noise(SIZE),
        "kdf_over": password(19, 1, 1),
        "kdf_absurd": password(30, 255, 255),
        "kdf_beyond": password(255, 255, 255),
        "kdf_0": password(0, 0, 0),
    }.items():
        yield f"pixels_{name}.png", png(carrying(data)), 1
    # As dear as a reader accepts: for a key file, it is the wrong kind of key, and costs nothing.
    yield "pixels_kdf_limit.png", png(carrying(password(18, 4, 8))), 12
    # A key that is right, copied from another photo.
    good = honest().to_bytes()
    yield "pixels_copied.png", png(carrying(good, pad=False)), 13
    yield "pixels_count.png", png(carrying(patched(10, b"\xff" * 4))), 13
    yield "pixels_larger.png", png(carrying(patched(18, struct.pack(">HH", 250, 250)))), 13
    # By somebody who has the key: the checksums fit, the streams are none.
    yield "pixels_stream.png", png(carrying(good, stream=b"\xff" + noise(300))), 13
    file = io.BytesIO()
    Image.fromarray(carrying(good, pad=False)).save(file, "JPEG", quality=92)
    yield "pixels_copied_jpeg.jpg", file.getvalue(), 13
    yield "pixels_many.png", png(crowd()), 13


def sized() -> Files:
    """Headers by somebody who has the key, of the robust flow, whose sizes would take memory."""
    flow = robust()
    for name, (width, height), box, shown in (
        ("robust_long", (4112, 64), Box(0, 0, 4112, 64), (4112, 64)),
        ("robust_small", (64, 80), Box(0, 0, 48, 80), (64, 80)),
        ("robust_scaled", (13_000, 13_000), Box(0, 0, 13_000, 13_000), (1700, 1700)),
        ("robust_scaled_away", (8192, 8192), Box(0, 0, 4096, 4096), (512, 512)),
        ("robust_scaled_up", (64, 64), Box(0, 0, 64, 64), (2000, 2000)),
    ):
        pixels = np.full((shown[1], shown[0], 3), 77, np.uint8)
        region = Region(1, box.x, box.y, box.w, box.h, "blur:9", "ab" * 32)
        plain = Header(
            model_name=flow.name,
            model_sha256=flow.digest,
            mode=flow.mode,
            size=(width, height),
            regions=(region,),
            rest_sha256="ab" * 32,
        )
        yield f"authentic_{name}.png", with_header(signed(plain).to_bytes(), pixels), 13


def crowd() -> np.ndarray:
    """Many regions, each of a protection of its own with a key of its own."""
    picture = np.full((640, 640, 3), 128, np.uint8)
    for number in range(15):
        box = Box(32 + number % 3 * 192, number // 3 * 128, 128, 96)
        words = honest(box, size=(640, 640), file=zlib.crc32(bytes([number])).to_bytes(4, "big"))
        carrying(words.to_bytes(), pad=False, picture=picture, box=box)
    return picture
