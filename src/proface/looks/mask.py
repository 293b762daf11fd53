"""A sticker over each face: drawn by the code, or the user's own PNG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from proface.errors import UsageError
from proface.looks.look import Look, LookKind, scale_of
from proface.looks.pixelate import UNDER_BLOCK, mosaic
from proface.looks.png_sticker import draw_png, read_png
from proface.looks.shapes import EXPONENT, Frame, Layer, cover, outline, paint
from proface.looks.stickers import STICKERS
from proface.types import Box, Face, Pixels

# Half axes of a sticker relative to the face box's: chin, hairline and ears lie beyond the box.
BEYOND = (1.5, 1.34)


def _parse(text: str) -> Look:
    if text in STICKERS:
        return Look("mask", text)
    if not text.lower().endswith(".png"):
        raise UsageError(f"look mask:{text}: choose from {', '.join(STICKERS)}, or a PNG's path")
    try:
        data = Path(text).expanduser().read_bytes()
        read_png(data)
    except OSError as error:
        raise UsageError(f"{text}: the sticker cannot be read ({error.strerror})") from None
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
    # Transparent parts of the PNG, such as all around a pair of glasses, would show the face: so
    # the face is pixelated before the PNG is composited over it.
    hidden = mosaic(out, UNDER_BLOCK * scale_of(out)).astype(np.float32)
    for frame in frames:
        paint(
            out,
            frame,
            lambda grid: [Layer(hidden[grid.rows, grid.columns], cover(outline(grid), grid.unit))],
        )
    for frame in frames:
        draw_png(out, frame, read_png(data))


def _frame(face: Face) -> Frame:
    """The sticker's frame: tilted with the face, and large enough to contain its whole box."""
    box, angle = face.box, _tilt(face)
    a, b = max(1.0, BEYOND[0] * box.w / 2), max(1.0, BEYOND[1] * box.h / 2)
    cos, sin = math.cos(angle), math.sin(angle)
    # A rotated outline may miss corners of the upright box: then it grows until it contains them.
    corners = ((box.w / 2, box.h / 2), (box.w / 2, -box.h / 2))
    turned = (((x * cos + y * sin) / a, (y * cos - x * sin) / b) for x, y in corners)
    reach = max((abs(u) ** EXPONENT + abs(v) ** EXPONENT) ** (1 / EXPONENT) for u, v in turned)
    grow = max(1.0, reach + 1.5 / min(a, b))
    return Frame(box.x + box.w / 2, box.y + box.h / 2, a * grow, b * grow, angle)


def _tilt(face: Face) -> float:
    """The face's clockwise roll in radians, from the line between eyes and mouth; 0 if unknown.

    That line stays long in profile too, where the eyes nearly coincide.
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
    leaks="Hair, build and surroundings stay visible. Transparent parts of your PNG are pixelated.",
    parse=_parse,
    apply=_apply,
)
