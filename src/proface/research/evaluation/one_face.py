"""One face, changed: portraits turned, mirrored, darkened, barred and cut, with the face's box."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from proface.types import Box, Face, Pixels

STEP = 15  # degrees
GROUPS = ("upright", "turned", "mirrored", "half dark", "eyes barred", "mouth barred", "half out")
Rectangle = tuple[float, float, float, float]  # x, y, w, h


def changes(pixels: Pixels, face: Face) -> Iterator[tuple[str, str, Pixels, Rectangle]]:
    """The changed portraits: group, name, pixels, and where the visible part of the face is.

    Args:
        pixels: uint8 H x W x 3, a portrait.
        face: its face, as detected in the unchanged portrait.
    """
    box = face.box
    whole: Rectangle = (box.x, box.y, box.w, box.h)
    yield "upright", "upright", pixels, whole
    for angle in range(STEP, 360, STEP):
        yield "turned", f"{angle}°", *_turned(pixels, box, angle)
    width = pixels.shape[1]
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    yield "mirrored", "mirrored", mirrored, (width - box.x - box.w, box.y, box.w, box.h)
    middle = box.x + box.w // 2
    for side, part in (("left", slice(0, middle)), ("right", slice(middle, None))):
        dark = pixels.copy()
        dark[:, part] = dark[:, part] // 7
        yield "half dark", f"{side} half dark", dark, whole
    marks = np.array(face.landmarks)
    yield "eyes barred", "eyes barred", _barred(pixels, box, marks[:2]), whole
    yield "mouth barred", "mouth barred", _barred(pixels, box, marks[3:]), whole
    across = box.y + box.h // 2
    yield "half out", "left half", pixels[:, :middle], (box.x, box.y, box.w // 2, box.h)
    yield "half out", "right half", pixels[:, middle:], (0, box.y, box.x + box.w - middle, box.h)
    yield "half out", "upper half", pixels[:across], (box.x, box.y, box.w, box.h // 2)
    yield "half out", "lower half", pixels[across:], (box.x, 0, box.w, box.y + box.h - across)


def _turned(pixels: Pixels, box: Box, angle: int) -> tuple[Pixels, Rectangle]:
    """The portrait turned around the face, and the upright box around the turned oval in `box`."""
    import cv2

    height, width = pixels.shape[:2]
    centre = box.x + box.w / 2, box.y + box.h / 2
    matrix = cv2.getRotationMatrix2D(centre, angle, 1)
    turned = cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    w, h = float(np.hypot(box.w * cos, box.h * sin)), float(np.hypot(box.w * sin, box.h * cos))
    return np.asarray(turned), (centre[0] - w / 2, centre[1] - h / 2, w, h)


def _barred(pixels: Pixels, box: Box, marks: NDArray[np.float64]) -> Pixels:
    """A black bar over landmarks, a quarter of the face high and a tenth wider than it."""
    y, half = float(marks[:, 1].mean()), box.h / 8
    barred = pixels.copy()
    rows = slice(max(0, round(y - half)), round(y + half))
    barred[rows, max(0, round(box.x - 0.1 * box.w)) : round(box.x + 1.1 * box.w)] = 0
    return barred
