"""Draws faces and regions into a copy of the photo, numbered, for a person to review."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from proface.geometry import Box, Face

FACE_COLOUR = (255, 255, 255)
REGION_COLOUR = (255, 196, 0)
DARK = (20, 20, 20)


def draw(
    pixels: NDArray[np.uint8], faces: Sequence[Face], regions: Sequence[Box]
) -> NDArray[np.uint8]:
    """A copy of the photo with thin white outlines of the faces and thick yellow ones of regions.

    Both are numbered from 1 in the order given: faces "1", as `--skip` counts them, regions "R1".
    The two may differ, as a region may hold several faces. Lines and numbers grow with the photo.

    Args:
        pixels: uint8 H x W x 3, RGB.
    """
    canvas = np.ascontiguousarray(pixels).copy()
    line = max(1, round(min(pixels.shape[:2]) / 300))
    for face in faces:
        _outline(canvas, face.box, FACE_COLOUR, line)
    for box in regions:
        _outline(canvas, box, REGION_COLOUR, 2 * line)
    for number, box in enumerate(regions, start=1):
        _label(canvas, box, f"R{number}", REGION_COLOUR, 2 * line)
    for number, face in enumerate(faces, start=1):
        _label(canvas, face.box, str(number), FACE_COLOUR, 2 * line)
    return canvas


def _outline(
    canvas: NDArray[np.uint8], box: Box, colour: tuple[int, int, int], thickness: int
) -> None:
    """A line inside the box, between two dark ones, so that it shows on any background."""
    import cv2

    half = thickness // 2
    first = (box.x + half, box.y + half)
    last = (max(box.x + box.w - 1 - half, first[0]), max(box.y + box.h - 1 - half, first[1]))
    cv2.rectangle(canvas, first, last, DARK, thickness + 2)
    cv2.rectangle(canvas, first, last, colour, thickness)


def _label(
    canvas: NDArray[np.uint8], box: Box, text: str, colour: tuple[int, int, int], line: int
) -> None:
    """A number on a filled tag, at the box's upper left corner and wholly inside the photo."""
    import cv2

    height, width = canvas.shape[:2]
    font, weight = cv2.FONT_HERSHEY_SIMPLEX, max(1, line // 2)
    # As large as a third of the region allows, but readable on the photo seen as a whole.
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
