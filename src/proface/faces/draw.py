"""Draws numbered faces and regions into a copy of the photo, for review."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from proface.types import Box, Face

FACE_COLOUR = (255, 255, 255)
REGION_COLOUR = (255, 196, 0)
DARK = (20, 20, 20)


def draw(
    pixels: NDArray[np.uint8],
    faces: Sequence[Face],
    regions: Sequence[Box],
    possible: Sequence[Face] = (),
) -> NDArray[np.uint8]:
    """A copy of the photo with thin white outlines of the faces and thick yellow ones of regions.

    Possible faces, which are not hidden, are dashed in white.

    Both are numbered from 1 in the order given: faces "1", as in option `skip`, regions "R1". The
    numbers may differ, as a region may contain several faces. Lines and numbers scale with the
    photo.

    Args:
        pixels: uint8 H x W x 3, RGB.
    """
    canvas = np.ascontiguousarray(pixels).copy()
    line = max(1, round(min(pixels.shape[:2]) / 300))
    for face in faces:
        _outline(canvas, face.box, FACE_COLOUR, line)
    for box in regions:
        _outline(canvas, box, REGION_COLOUR, 2 * line)
    for face in possible:
        _dashes(canvas, face.box, line)
    for number, box in enumerate(regions, start=1):
        _label(canvas, box, f"R{number}", REGION_COLOUR, 2 * line)
    for number, face in enumerate(faces, start=1):
        _label(canvas, face.box, str(number), FACE_COLOUR, 2 * line)
    return canvas


def _outline(
    canvas: NDArray[np.uint8], box: Box, colour: tuple[int, int, int], thickness: int
) -> None:
    """A line inside the box between two dark ones, visible on any background."""
    import cv2

    half = thickness // 2
    first = (box.x + half, box.y + half)
    last = (max(box.x + box.w - 1 - half, first[0]), max(box.y + box.h - 1 - half, first[1]))
    cv2.rectangle(canvas, first, last, DARK, thickness + 2)
    cv2.rectangle(canvas, first, last, colour, thickness)


def _dashes(canvas: NDArray[np.uint8], box: Box, line: int) -> None:
    """An outline of white and dark dashes, at least three on each side."""
    import cv2

    for x, y, across in (
        (box.x, box.y, True),
        (box.x, box.y + box.h - 1, True),
        (box.x, box.y, False),
        (box.x + box.w - 1, box.y, False),
    ):
        length = box.w if across else box.h
        dash = max(1, min(6 * line, length // 6))
        for start in range(0, length, dash):
            colour = FACE_COLOUR if (start // dash) % 2 == 0 else DARK
            end = min(start + dash, length) - 1
            first, last = (
                ((x + start, y), (x + end, y)) if across else ((x, y + start), (x, y + end))
            )
            cv2.line(canvas, first, last, colour, line)


def _label(
    canvas: NDArray[np.uint8], box: Box, text: str, colour: tuple[int, int, int], line: int
) -> None:
    """A number on a filled tag at the box's upper left corner, entirely inside the photo."""
    import cv2

    height, width = canvas.shape[:2]
    font, weight = cv2.FONT_HERSHEY_SIMPLEX, max(1, line // 2)
    # A third of the box's height, within limits that stay readable on the whole photo.
    tall = float(np.clip(box.h / 3, 11, max(14.0, min(width, height) / 25)))
    scale = tall / 22  # the font's digits are 22 px tall at scale 1
    (text_width, text_height), _ = cv2.getTextSize(text, font, scale, weight)
    pad = max(2, round(tall / 4))
    tag_width, tag_height = text_width + 2 * pad, text_height + 2 * pad
    x = max(0, min(box.x, width - tag_width))
    y = max(0, min(box.y, height - tag_height))
    cv2.rectangle(canvas, (x, y), (x + tag_width - 1, y + tag_height - 1), colour, -1)
    place = (x + pad, y + pad + text_height)
    cv2.putText(canvas, text, place, font, scale, DARK, weight, cv2.LINE_AA)
