"""From face boxes to the regions that are hidden: generous, aligned, and never overlapping."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from proface.errors import UsageError
from proface.geometry import Box

# A detector's box ends at the forehead: hair needs half as much again above as at the sides.
ABOVE = 1.5


def regions_for(
    faces: Sequence[Box], size: tuple[int, int], *, expand: float = 0.35, align: int = 16
) -> list[Box]:
    """The regions to hide for these faces, sorted from top to bottom, then from left to right.

    Every face box is expanded, clipped to the photo, rounded up to the alignment, and merged with
    the regions that it overlaps, until none overlap. Each region lies inside the photo and covers
    its faces wholly.

    Args:
        faces: face boxes; what lies outside the photo is ignored.
        size: width and height of the photo.
        expand: part of a box's width added left and right, and of its height added below, and
            half as much again above; 0 or more.
        align: widths and heights are multiples of this, except where a region spans the whole
            width or height of the photo.

    Raises:
        UsageError: a size, `expand` or `align` out of range.
    """
    width, height = size
    if width < 1 or height < 1:
        raise UsageError(f"a photo of {width}x{height} has no regions")
    if not 0 <= expand <= 10:
        raise UsageError(f"expand {expand}: give a number from 0 to 10, such as 0.35")
    if align < 1:
        raise UsageError(f"align {align}: give a whole number of pixels, 1 or more")
    regions: list[Box] = []
    for face in sorted(faces):
        grown = _clipped(_expanded(face, expand), size)
        if grown is not None:
            _insert(regions, _aligned(grown, size, align), size, align)
    return sorted(regions, key=lambda box: (box.y, box.x))


def parse_region(text: str) -> Box:
    """A region given by hand as "x,y,w,h", in pixels of the upright photo.

    Raises:
        UsageError: not four whole numbers, or no positive width and height.
    """
    match = re.fullmatch(r"\s*(\d{1,7})\s*,\s*(\d{1,7})\s*,\s*(\d{1,7})\s*,\s*(\d{1,7})\s*", text)
    if match is None:
        raise UsageError(f"region {text!r}: give x,y,w,h in whole pixels, such as 120,80,64,64")
    x, y, w, h = (int(number) for number in match.groups())
    if w < 1 or h < 1:
        raise UsageError(f"region {text!r}: width and height must be at least 1")
    return Box(x, y, w, h)


def _expanded(face: Box, expand: float) -> Box:
    side, below = math.ceil(face.w * expand), math.ceil(face.h * expand)
    above = math.ceil(face.h * expand * ABOVE)
    return Box(face.x - side, face.y - above, face.w + 2 * side, face.h + above + below)


def _clipped(box: Box, size: tuple[int, int]) -> Box | None:
    x, y = max(0, box.x), max(0, box.y)
    right, bottom = min(size[0], box.x + box.w), min(size[1], box.y + box.h)
    return Box(x, y, right - x, bottom - y) if right > x and bottom > y else None


def _aligned(box: Box, size: tuple[int, int], align: int) -> Box:
    x, w = _aligned_side(box.x, box.w, size[0], align)
    y, h = _aligned_side(box.y, box.h, size[1], align)
    return Box(x, y, w, h)


def _aligned_side(start: int, length: int, limit: int, align: int) -> tuple[int, int]:
    """Grows 0 <= start, start + length <= limit to a multiple, on both sides, shifted inside."""
    grown = -(-length // align) * align
    if grown >= limit:
        return 0, limit
    return min(max(0, start - (grown - length) // 2), limit - grown), grown


def _insert(regions: list[Box], new: Box, size: tuple[int, int], align: int) -> None:
    """Adds `new` to disjoint regions; a union may reach further ones, so look again after each."""
    while True:
        touched = [box for box in regions if box.overlaps(new)]
        if not touched:
            regions.append(new)
            return
        for box in touched:
            regions.remove(box)
            new = new.union(box)
        new = _aligned(new, size, align)
