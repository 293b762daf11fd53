"""Boxes, faces and regions, in pixels of the upright photo."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # H x W x 3, RGB

# For models and looks. No slash, space or non-ASCII letter, so that it cannot be a path.
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+,-]{0,63}")


@dataclass(frozen=True, order=True)
class Box:
    """A rectangle: left and top edge, width and height, in whole pixels."""

    x: int
    y: int
    w: int
    h: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the box, for indexing an H x W array."""
        return slice(self.y, self.y + self.h), slice(self.x, self.x + self.w)

    def overlaps(self, other: Box) -> bool:
        """Whether the two share at least one pixel."""
        return (
            self.x < other.x + other.w
            and other.x < self.x + self.w
            and self.y < other.y + other.h
            and other.y < self.y + self.h
        )

    def union(self, other: Box) -> Box:
        """The smallest box that contains both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.w, other.x + other.w)
        bottom = max(self.y + self.h, other.y + other.h)
        return Box(x, y, right - x, bottom - y)


@dataclass(frozen=True)
class Place:
    """Where a region lies in a picture that was scaled or cropped, in pixels; not always whole."""

    x: float
    y: float
    w: float
    h: float

    @property
    def is_whole(self) -> bool:
        """Whether all four are whole numbers."""
        return all(value == int(value) for value in (self.x, self.y, self.w, self.h))

    def rounded(self) -> Box:
        """The nearest box of whole pixels."""
        x, y = round(self.x), round(self.y)
        return Box(x, y, round(self.x + self.w) - x, round(self.y + self.h) - y)


@dataclass(frozen=True)
class Face:
    """One detected face: its tight box, the detector's score in 0..1, and five landmarks.

    Landmarks are (x, y) in pixels, in YuNet's order: right eye, left eye, nose tip, right and left
    corner of the mouth (the person's right and left). Empty for a face given by hand.
    """

    box: Box
    score: float = 1.0
    landmarks: tuple[tuple[float, float], ...] = field(default=())


@dataclass(frozen=True)
class Region:
    """One protected region: its number (from 1), place, look and digest.

    sha256: hex digest of the region's protected pixels, uint8 RGB, row by row
    (`container.digests.region_digest`).
    """

    n: int
    x: int
    y: int
    w: int
    h: int
    look: str
    sha256: str

    @property
    def box(self) -> Box:
        """The region's place."""
        return Box(self.x, self.y, self.w, self.h)

    def describe(self) -> dict[str, Any]:
        """Number, place and look as JSON types."""
        return {"n": self.n, **vars(self.box), "look": self.look}
