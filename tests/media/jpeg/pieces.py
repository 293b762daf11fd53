"""JPEGs of every kind, made here."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from proface.media.jpeg import dct
from proface.media.jpeg.encode import write_jpeg
from proface.media.jpeg.frame import Component, Frame, Scan

Pixels = NDArray[np.uint8]


def picture(width: int, height: int, seed: int = 0) -> Pixels:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [127 + 100 * np.sin(x / 37 + y / 91), 127 + 90 * np.cos(y / 23 + seed), 40 + x % 170]
    return np.clip(np.stack(waves, -1) + rng.normal(0, 6, (height, width, 3)), 0, 255).astype("u1")


def encoded(pixels: Pixels, *, grey: bool = False, **options: Any) -> bytes:
    image = Image.fromarray(pixels)
    out = io.BytesIO()
    if "qtables" not in options:  # with both, Pillow scales the tables
        options = {"quality": 90, **options}
    (image.convert("L") if grey else image).save(out, "JPEG", **options)
    return out.getvalue()


def decoded(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def sampled(
    pixels: Pixels,
    factors: tuple[tuple[int, int], ...],
    *,
    marker: int = 0xC0,
    scans: tuple[Scan, ...] = (Scan((0, 1, 2)),),
    numbers: bytes = b"\x01\x02\x03",
    wide: bool = False,
) -> bytes:
    """With sampling factors that Pillow does not write."""
    height, width = pixels.shape[:2]
    most = max(h for h, _ in factors), max(v for _, v in factors)
    rows, columns = -(-height // (8 * most[1])), -(-width // (8 * most[0]))
    full = dct.to_ycbcr(dct.filled(pixels, rows * 8 * most[1], columns * 8 * most[0]))
    table = np.full(64, 300 if wide else 9, np.uint16)
    table[0] = 4
    components, planes = [], []
    for place, (h, v) in enumerate(factors):
        plane = dct.shrunk(full[..., place], most[0] // h, most[1] // v)
        part = Component(
            numbers[place],
            h,
            v,
            0,
            -(-height * v // (8 * most[1])),
            -(-width * h // (8 * most[0])),
        )
        blocks = dct.quantised(dct.transformed(plane), table)
        components.append(part)
        planes.append(np.ascontiguousarray(blocks[: part.rows, : part.columns]))
    frame = Frame(
        marker,
        width,
        height,
        tuple(components),
        {0: table},
        frozenset({0} if wide else ()),
        scans,
        jfif=None,
    )
    return write_jpeg(frame, planes)


SEPARATE = tuple(Scan((at,), dc_tables=(min(at, 1),), ac_tables=(min(at, 1),)) for at in range(3))
GREY = picture(203, 117, 1)


def kinds() -> dict[str, bytes]:
    odd = picture(203, 117)
    return {
        "baseline 4:2:0": encoded(odd),
        "baseline 4:2:2": encoded(odd, subsampling="4:2:2"),
        "baseline 4:4:4": encoded(odd, subsampling="4:4:4"),
        "optimised": encoded(odd, optimize=True),
        "progressive 4:2:0": encoded(odd, progressive=True),
        "progressive 4:2:2": encoded(odd, progressive=True, subsampling="4:2:2"),
        "progressive 4:4:4": encoded(odd, progressive=True, subsampling="4:4:4", quality=100),
        "progressive coarse": encoded(odd, progressive=True, quality=5),
        "grey": encoded(odd, grey=True),
        "grey progressive": encoded(odd, grey=True, progressive=True),
        "restart each MCU": encoded(odd, restart_marker_blocks=1),
        "restart 5 MCUs": encoded(odd, restart_marker_blocks=5),
        "restart rows": encoded(odd, restart_marker_rows=1),
        "restart progressive": encoded(odd, progressive=True, restart_marker_blocks=3),
        "restart grey": encoded(odd, grey=True, restart_marker_blocks=7),
        "4:4:0": sampled(odd, ((1, 2), (1, 1), (1, 1))),
        "4:1:1": sampled(odd, ((4, 1), (1, 1), (1, 1))),
        "4:1:0": sampled(odd, ((4, 2), (1, 1), (1, 1))),
        "4:4:0 progressive": sampled(odd, ((1, 2), (1, 1), (1, 1)), marker=0xC2),
        "chroma not shrunk alike": sampled(odd, ((2, 2), (2, 1), (1, 2))),
        "extended, wide tables": sampled(odd, ((2, 2), (1, 1), (1, 1)), marker=0xC1, wide=True),
        "planes apart": sampled(odd, ((2, 2), (1, 1), (1, 1)), scans=SEPARATE),
        "RGB by number": sampled(odd, ((1, 1), (1, 1), (1, 1)), numbers=b"RGB"),
        "RGB by Adobe": encoded(odd, keep_rgb=True),
        "one pixel": encoded(odd[:1, :1]),
        "one column": encoded(odd[:, :1]),
        "own tables": encoded(odd, qtables=[[7] * 64, [23] * 64]),
        "finest": encoded(odd, quality=100, subsampling="4:4:4"),
        "flat": encoded(np.full((300, 500, 3), 90, np.uint8), progressive=True),
    }
