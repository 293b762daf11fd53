"""A sticker over each face: drawn by the code, or the user's own PNG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from proface.errors import UsageError
from proface.geometry import Box, Face
from proface.obfuscators.look import Look, LookKind, Pixels, scale_of
from proface.obfuscators.pixelate import mosaic
from proface.obfuscators.png_sticker import draw_png, read_png
from proface.obfuscators.shapes import (
    EXPONENT,
    Frame,
    Grid,
    Layer,
    cover,
    outline,
    paint,
)
from proface.obfuscators.stickers import STICKERS

# The half axes of a sticker by those of the face box: chin, hairline, and the ears beyond the box.
BEYOND = (1.5, 1.34)
UNDER_BLOCK = 24  # of the mosaic under a user's PNG, in pixels of a 256 px region


def _parse(text: str) -> Look:
    if text in STICKERS:
        return Look("mask", text)
    if not text.lower().endswith(".png"):
        raise UsageError(f"look mask:{text}: choose from {', '.join(STICKERS)}, or a PNG's path")
    try:
        data = Path(text).expanduser().read_bytes()
    except OSError as error:
        raise UsageError(f"{text}: the sticker cannot be read ({error.strerror})") from None
    try:
        read_png(data)
    except UsageError as error:
        raise UsageError(f"{text}: {error}") from None
    return Look("mask", "custom", data)


def _apply(pixels: Pixels, look: Look, faces: Sequence[Face]) -> Pixels:
    height, width = pixels.shape[:2]
    region = Box(0, 0, width, height)
    frames = [_frame(face) for face in faces if face.box.overlaps(region)]
    if not frames:
        frames = [Frame(width / 2, height / 2, 0.49 * width, 0.49 * height, 0.0)]
    out = pixels.copy()
    if look.sticker is not None:
        _draw_own(out, frames, look.sticker)
        return out
    sticker = STICKERS.get(str(look.strength))
    if sticker is None:
        raise UsageError(f"look {look}: choose from {', '.join(STICKERS)}, or a PNG's path")
    for frame in frames:
        paint(out, frame, sticker)
    return out


def _draw_own(out: Pixels, frames: list[Frame], data: bytes) -> None:
    # Whatever the PNG leaves open, a transparent corner or all around a pair of glasses, would
    # show the face: so the face is pixelated before the PNG goes over it.
    hidden = mosaic(out, max(4, round(UNDER_BLOCK * scale_of(out))))
    for frame in frames:
        paint(out, frame, lambda grid: [_under(grid, hidden)])
    for frame in frames:
        draw_png(out, frame, read_png(data))


def _under(grid: Grid, hidden: Pixels) -> Layer:
    colour = hidden[grid.rows, grid.columns].astype(np.float32)
    return Layer(colour, cover(outline(grid), grid.unit))


def _frame(face: Face) -> Frame:
    """The sticker's place: upright as the face is, and large enough to hold its whole box."""
    box, angle = face.box, _tilt(face)
    a, b = max(1.0, BEYOND[0] * box.w / 2), max(1.0, BEYOND[1] * box.h / 2)
    cos, sin = math.cos(angle), math.sin(angle)
    # A turned outline may miss corners of the upright box: then it grows until it holds them.
    corners = ((box.w / 2, box.h / 2), (box.w / 2, -box.h / 2))
    turned = (((x * cos + y * sin) / a, (y * cos - x * sin) / b) for x, y in corners)
    reach = max((abs(u) ** EXPONENT + abs(v) ** EXPONENT) ** (1 / EXPONENT) for u, v in turned)
    grow = max(1.0, reach + 1.5 / min(a, b))
    return Frame(box.x + box.w / 2, box.y + box.h / 2, a * grow, b * grow, angle)


def _tilt(face: Face) -> float:
    """How far the face is turned clockwise, from the line between eyes and mouth.

    That line stays long in profile too, where the eyes nearly meet.
    """
    if len(face.landmarks) != 5:
        return 0.0
    points = np.array(face.landmarks)
    x, y = points[3:].mean(axis=0) - points[:2].mean(axis=0)
    return math.atan2(-x, y) if math.hypot(x, y) > 1 else 0.0


LOOK = LookKind(
    name="mask",
    summary="A sticker over each face",
    meaning="which sticker, or the path of your own PNG",
    default="smile",
    range=", ".join(STICKERS) + ", or a PNG's path",
    leaks="Hair, build and surroundings stay visible. What your own PNG leaves open is pixelated.",
    parse=_parse,
    apply=_apply,
)
