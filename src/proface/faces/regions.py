"""Regions to hide: face boxes expanded, aligned and merged until none overlap."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from proface.errors import UsageError
from proface.types import Box, Face

# The detector's box ends at the forehead: hair needs half as much again above as at the sides.
ABOVE_FACTOR = 1.5


@dataclass(frozen=True)
class Grid:
    """Where the edges of regions may lie, for flows whose blocks must agree with a JPEG's.

    step: between grid lines, in pixels.
    origin: x and y of the first grid line, 0 to step - 1. A photo's edge is a line too.
    least: sides of a region, at least, where the photo is large enough.
    """

    step: int = 16
    origin: tuple[int, int] = (0, 0)
    least: int = 96


def regions_for(
    faces: Sequence[Box],
    size: tuple[int, int],
    *,
    expand: float = 0.35,
    align: int = 16,
    grid: Grid | None = None,
) -> list[Box]:
    """The regions to hide for these faces, sorted from top to bottom, then from left to right.

    Every face box is expanded, clipped to the photo, rounded up to the alignment, and merged with
    the regions that it overlaps, until none overlap. Each region lies inside the photo and covers
    its faces completely.

    Args:
        faces: face boxes; parts outside the photo are ignored.
        size: width and height of the photo.
        expand: part of a box's width added left and right, and of its height added below, and
            half as much again above; 0 or more.
        align: widths and heights are multiples of this, except where a region spans the whole
            width or height of the photo.
        grid: where edges must lie, instead of `align`.

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
    fit: Callable[[Box], Box] = partial(_aligned, size=size, align=align)
    if grid is not None:
        fit = partial(_on_grid, size=size, grid=grid)
    regions: list[Box] = []
    for face in sorted(faces):
        grown = clipped(_expanded(face, expand), size)
        if grown is not None:
            _insert(regions, fit(grown), fit)
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
    above = math.ceil(face.h * expand * ABOVE_FACTOR)
    return Box(face.x - side, face.y - above, face.w + 2 * side, face.h + above + below)


def clipped(box: Box, size: tuple[int, int]) -> Box | None:
    """The part of a box inside a photo of this width and height; None if there is none."""
    x, y = max(0, box.x), max(0, box.y)
    right, bottom = min(size[0], box.x + box.w), min(size[1], box.y + box.h)
    return Box(x, y, right - x, bottom - y) if right > x and bottom > y else None


def _aligned(box: Box, size: tuple[int, int], align: int) -> Box:
    x, w = _aligned_side(box.x, box.w, size[0], align)
    y, h = _aligned_side(box.y, box.h, size[1], align)
    return Box(x, y, w, h)


def _aligned_side(start: int, length: int, limit: int, align: int) -> tuple[int, int]:
    """Extends a span of 0..limit on both sides to a multiple of `align`, shifted to stay inside."""
    grown = -(-length // align) * align
    if grown >= limit:
        return 0, limit
    return min(max(0, start - (grown - length) // 2), limit - grown), grown


def _on_grid(box: Box, size: tuple[int, int], grid: Grid) -> Box:
    x, w = _side_on_grid(box.x, box.w, size[0], grid.step, grid.origin[0], grid.least)
    y, h = _side_on_grid(box.y, box.h, size[1], grid.step, grid.origin[1], grid.least)
    return Box(x, y, w, h)


def _side_on_grid(
    start: int, length: int, limit: int, step: int, origin: int, least: int
) -> tuple[int, int]:
    """Extends a span of 0..limit to grid lines, and to at least `least` on alternate sides."""
    first = (start - origin) // step
    last = -(-(start + length - origin) // step)
    ahead = False
    while (last - first) * step < least and (
        origin + first * step > 0 or origin + last * step < limit
    ):
        room_before, room_after = origin + first * step > 0, origin + last * step < limit
        if room_after and (ahead or not room_before):
            last += 1
        else:
            first -= 1
        ahead = not ahead
    begin, end = max(0, origin + first * step), min(limit, origin + last * step)
    return begin, end - begin


def _insert(regions: list[Box], new: Box, fit: Callable[[Box], Box]) -> None:
    """Adds `new` to disjoint regions; repeats, as a union may overlap further ones."""
    while True:
        touched = [box for box in regions if box.overlaps(new)]
        if not touched:
            regions.append(new)
            return
        for box in touched:
            regions.remove(box)
            new = new.union(box)
        new = fit(new)


def faces_inside(faces: Iterable[Face], box: Box) -> list[Face]:
    """The faces that overlap a box, in its coordinates."""
    return [
        Face(
            Box(face.box.x - box.x, face.box.y - box.y, face.box.w, face.box.h),
            face.score,
            tuple((x - box.x, y - box.y) for x, y in face.landmarks),
        )
        for face in faces
        if face.box.overlaps(box)
    ]
