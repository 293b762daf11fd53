"""One grid of blocks over a picture, what regions on it are recognised by, and the effort spent."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from proface.embedding.block_transform import GRID, SIDE, Floats, to_bands
from proface.embedding.dct_lattice import LEAST_SIDE, DctLattice
from proface.embedding.equaliser import Equalisers
from proface.embedding.error_correction import Bits
from proface.embedding.finder.evidence import FinderTables, low_bands
from proface.embedding.finder.rectangles import Box
from proface.embedding.layer_tables import merges_of
from proface.embedding.layers import Layer

LEAST = LEAST_SIDE // SIDE  # blocks of a region's side
MOST_FAILURES = 800  # boxes without a region that are checked in one picture, 0.004 s each
MOST_AREAS = 500  # of evidence in a scaled picture, 0.01 s each
MOST_CHECKS = 4000  # rectangles of a scaled picture that are checked, 0.001 s each
MOST_DECODINGS = 40  # in one picture, beyond those that succeed, 0.2 s each


@dataclass
class Effort:
    """What was spent on one picture in vain."""

    failures: int = 0
    areas: int = 0
    checks: int = 0
    decodings: int = 0

    @classmethod
    def brief(cls) -> Effort:
        """A quarter of it."""
        most = MOST_FAILURES, MOST_AREAS, MOST_CHECKS, MOST_DECODINGS
        return cls(*(number * 3 // 4 for number in most))

    def left(self) -> bool:
        """Whether more may be spent."""
        return (
            self.failures < MOST_FAILURES
            and self.areas < MOST_AREAS
            and self.checks < MOST_CHECKS
            and self.decodings < MOST_DECODINGS
        )


@dataclass(frozen=True)
class Hit:
    """A region that decodes.

    Attributes:
        box: without the blocks at its right and lower edge that merged blocks leave over.
        score: nats of evidence in it.
        content: the layer that was decoded.
    """

    box: Box
    score: float
    content: Layer


@dataclass(frozen=True)
class Tools:
    """What regions are recognised by.

    Attributes:
        lattice: reads them.
        tables: the evidence.
        layer_of: the layer that confirms a region of a height and width: "base" or "detail"; None
            where no region has this size.
        equalisers: for the base layer of scaled pictures.
        alike: of a region's layer and another region's left and top edge, in pixels: the first bits
            of the other's layer, if both are of one protection, as `Code.decode` takes them.
    """

    lattice: DctLattice
    tables: FinderTables
    layer_of: Callable[[int, int], str | None]
    equalisers: Equalisers
    alike: Callable[[Layer, int, int], Bits] | None = None


@dataclass
class Grid:
    """One grid of blocks of 8 over a picture, and what was found there.

    `parity` says which blocks, down and across, lie on the grid of 16; None as long as unknown.
    """

    tools: Tools
    luma: Floats
    shape: tuple[int, int]  # of the whole picture
    offset: tuple[int, int]
    bands: Floats
    parity: tuple[int, int] | None
    effort: Effort
    found: list[Hit] = field(default_factory=list)
    seen: set[Box] = field(default_factory=set)
    detail: Floats | None = None  # evidence

    def allowed(self, box: Box) -> bool:
        """Whether a box can be a region."""
        top, left, bottom, right = box
        high, wide = bottom - top, right - left
        if high % 2 or wide % 2 or min(high, wide) < LEAST or min(top, left) < 0:
            return False
        if bottom > self.bands.shape[2] or right > self.bands.shape[3]:
            return False
        return self.parity is None or (top % 2, left % 2) == self.parity

    def regions(
        self, start: tuple[int, int], merge: int, cells: Box, *, any_merge: bool
    ) -> list[Box]:
        """Boxes in blocks of 8 that a rectangle of merged blocks stands for: its rim is unused.

        any_merge: also those whose base layer merges other blocks.
        """
        top, left, bottom, right = (start[k % 2] + cells[k] * merge for k in range(4))
        if self.parity is not None and (top % 2, left % 2) != self.parity:
            return []
        found = []
        for down in range((bottom - top) % 2, merge, 2):
            for across in range((right - left) % 2, merge, 2):
                box = (top, left, bottom + down, right + across)
                high, wide = (box[2] - top) * SIDE, (box[3] - left) * SIDE
                if self.allowed(box) and (any_merge or merge_of(high, wide) == merge):
                    found.append(box)
        return found

    def first_regions(
        self, start: tuple[int, int], merge: int, many: list[Box]
    ) -> Iterator[tuple[int, Box]]:
        """The first of `regions` of many rectangles, and which one's it is."""
        edges = np.array(many, np.int64).reshape(-1, 4, 1, 1) * merge
        top, left, bottom, right = (edges[:, k] + start[k % 2] for k in range(4))
        more = np.arange(merge)
        high, wide = bottom - top + more[:, None], right - left + more  # rectangles x rims
        fits = (high % 2 == 0) & (wide % 2 == 0) & (np.minimum(high, wide) >= LEAST)
        fits &= (top + high <= self.bands.shape[2]) & (left + wide <= self.bands.shape[3])
        if self.parity is not None:
            fits &= (top % 2 == self.parity[0]) & (left % 2 == self.parity[1])
        table = merges_by_area(1 << (self.bands.shape[2] * self.bands.shape[3] // 4).bit_length())
        fits &= table[np.where(fits, high * wide // 4, 0)] == merge
        flat = fits.reshape(len(many), -1)
        for n in np.flatnonzero(flat.any(axis=1)).tolist():
            down, across = divmod(int(flat[n].argmax()), merge)
            y, x = int(top[n, 0, 0]), int(left[n, 0, 0])
            yield n, (y, x, int(bottom[n, 0, 0]) + down, int(right[n, 0, 0]) + across)


def merge_of(height: int, width: int) -> int:
    """The merge of a region's base layer, of sides that are multiples of 16; fast."""
    cells = height * width // GRID**2
    return int(merges_by_area(1 << cells.bit_length())[cells])


@functools.lru_cache(maxsize=32)
def merges_by_area(most: int) -> npt.NDArray[np.uint8]:
    """The merge of regions of so many cells of the grid of 16: of each number below `most`."""
    return merges_of(np.maximum(np.arange(most), 1) * GRID**2)


def starts(merge: int, parity: tuple[int, int] | None = (0, 0)) -> list[tuple[int, int]]:
    """Where merged blocks can start: regions do on the grid of 16, as far as that is known."""
    firsts = (range(12), range(12)) if parity is None else [range(p, 12, 2) for p in parity]
    down, across = (sorted({place % merge for place in first}) for first in firsts)
    return list(itertools.product(down, across))


def hide(cells: Floats, box: Box, start: tuple[int, int], merge: int, value: float) -> None:
    """Take a region, in blocks of 8, out of a map of merged blocks: its cells get a value."""
    top, left = (max(0, (box[k] - start[k]) // merge) for k in (0, 1))
    bottom, right = (max(0, -((start[k] - box[k + 2]) // merge)) for k in (0, 1))
    cells[top:bottom, left:right] = value


def make_grid(
    tools: Tools,
    luma: Floats,
    offset: tuple[int, int],
    same: bool,
    effort: Effort,
    parity: tuple[int, int] | None,
) -> Grid:
    """The grid of 8 at an offset; `same`: not scaled, so that the detail layer may show."""
    part = luma[offset[0] :, offset[1] :]
    high, wide = (side // SIDE * SIDE for side in part.shape)
    part = np.ascontiguousarray(part[:high, :wide])
    shape = (luma.shape[0], luma.shape[1])
    return Grid(
        tools, part, shape, offset, to_bands(part) if same else low_bands(part), parity, effort
    )
