"""The boxes that faces, looks and the header speak of. All are in pixels of the upright photo."""

from __future__ import annotations

from dataclasses import dataclass, field


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
        """The smallest box that holds both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.w, other.x + other.w)
        bottom = max(self.y + self.h, other.y + other.h)
        return Box(x, y, right - x, bottom - y)


@dataclass(frozen=True)
class Face:
    """One detected face: its tight box, the detector's score in 0..1, and five landmarks.

    Landmarks are (x, y) in pixels, in YuNet's order: right eye, left eye, nose tip, right and left
    corner of the mouth, right and left as the person's own. Empty for a face given by hand.
    """

    box: Box
    score: float = 1.0
    landmarks: tuple[tuple[float, float], ...] = field(default=())
