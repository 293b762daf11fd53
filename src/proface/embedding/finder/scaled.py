"""Search a picture brought back to its original scale for regions, by their base layer alone.

Where a map of `phases` adds up to most is a region, about: after scaling, evidence is weak, and an
edge may be some blocks off. Parity checks then tell the exact rectangle among all near ones: of a
wrong one they hold by chance. A check costs about a millisecond, and three for a new size. What one
region says of the file helps to decode the others.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from proface.embedding.block_transform import SIDE
from proface.embedding.error_correction import Bits
from proface.embedding.finder.grid import Effort, Grid, Hit, Tools, make_grid, starts
from proface.embedding.finder.phases import PhaseMap, phase_map
from proface.embedding.finder.rectangles import (
    Box,
    best_rectangle,
    by_sum,
    components,
    overlap,
    padded,
    running_sums,
    sum_in,
)
from proface.embedding.resample import enlarged
from proface.embedding.scaled_reading import read_scaled
from proface.types import Place

Floats = npt.NDArray[np.float32]

LEAST_SCALE = {1: 0.55, 2: 0.38, 3: 0.3, 4: 0.24, 6: 0.2}  # at which a merge is worth a look
SMOOTHING = 5  # merged blocks, before areas are told apart
LEAST_EVIDENCE = 60.0  # nats of an area that is looked at: regions that can be read show 150
# Times the evidence of the same place in maps that start elsewhere: regions show 3.9 or more,
# surfaces mostly 1.3 at most. Fewer other starts tell too little.
LEAST_RATIO, LEAST_STARTS = 1.5, 3
MOST_AREAS = 24  # in one map
REACH = (2, 6)  # merged blocks by which edges are moved, in turn ...
CLOSE = (40, 400)  # ... for at most so many rectangles of the most evidence
MOST_FILES = 2  # protections whose descriptions are tried as another region's
DECODINGS = 3  # that a region which is not read counts for
# Standard deviations of parity checks from chance, from which on to decode, and times the root of
# the codeword's length: of regions that can be read 0.07 or more, elsewhere 0.05 at most.
CREDIBLE, CREDIBLE_SHARE = 4.5, 0.05


class ScaledSearch:
    """The search of a picture at one scale.

    Attributes:
        grid: of the picture at the original's scale; with what was found.
    """

    def __init__(self, tools: Tools, small: Floats, size: tuple[int, int], effort: Effort) -> None:
        """Prepare it.

        Args:
            tools: of the model.
            small: luma of the picture as it came.
            size: height and width of the original.
            effort: what may be spent.
        """
        self.grid = make_grid(tools, enlarged(small, size), (0, 0), False, effort, (0, 0))
        self._small, scale = small, small.shape[1] / size[1]
        self._unread: dict[Box, float] = {}  # regions, probably, that did not decode
        self._maps = [
            phase_map(self.grid.bands, tools.lattice.tables[f"base{merge}"], start, scale)
            for merge, least in LEAST_SCALE.items()
            if scale >= least
            for start in starts(merge)
        ]

    def look(self, far: bool = False) -> bool:
        """Add regions that the maps show; `far`: even where their edges are unsure."""
        before = len(self.grid.found)
        for map_ in self._maps:
            self._look(map_, REACH[far], CLOSE[far])
        if len(self.grid.found) > before:
            self._read_others()
        return bool(self.grid.found)

    def _read_others(self) -> None:
        """Try again what did not decode, now that one region tells what the others say."""
        for box, score in self._unread.items():
            if not self.grid.effort.left():
                return
            if not any(overlap(box, hit.box) for hit in self.grid.found):
                self._read(box, score)

    def _look(self, map_: PhaseMap, reach: int, most: int) -> None:
        grid = self.grid
        for hit in grid.found:
            map_.hide(hit.box)
        for area in areas(map_):
            if not grid.effort.left():
                return
            grid.effort.areas += 1
            rectangle = best_rectangle(map_.cells, padded(area, map_.cells.shape, 1))
            sums = running_sums(map_.cells)
            evidence = sum_in(sums, rectangle)
            if evidence < LEAST_EVIDENCE or evidence < LEAST_RATIO * self._usual(map_, rectangle):
                continue
            for score, cells, box in _near(grid, map_, sums, rectangle, reach, most):
                if not grid.effort.left():
                    return
                if _credible(grid, map_, cells, box) and self._read(box, score):
                    map_.hide(box)
                    break

    def _usual(self, map_: PhaseMap, rectangle: Box) -> float:
        """The evidence of a rectangle in maps whose merged blocks start elsewhere; 0 if few."""
        top, left, bottom, right = rectangle
        others = [
            float(one.cells[top:bottom, left:right].sum())
            for one in self._maps
            if one.merge == map_.merge and one.start != map_.start
        ]
        return float(np.mean(others)) if len(others) >= LEAST_STARTS else 0.0

    def _read(self, box: Box, score: float) -> bool:
        """Add the region, if it decodes."""
        grid, (top, left, bottom, right) = self.grid, box
        down, across = (
            was * SIDE / now for was, now in zip(self._small.shape, grid.shape, strict=True)
        )
        height, width = bottom - top, right - left
        place = Place(left * across, top * down, width * across, height * down)
        known: dict[bytes, Bits] = {}
        if grid.tools.alike is not None:
            for hit in grid.found:
                bits = grid.tools.alike(hit.content, left * SIDE, top * SIDE)
                known[bits.tobytes()] = bits
        content = read_scaled(
            grid.tools.lattice,
            grid.tools.equalisers,
            self._small,
            place,
            (height * SIDE, width * SIDE),
            list(known.values())[:MOST_FILES],
        )
        if content.intact:
            grid.found.append(Hit(box, score, content))
        else:
            self._unread[box] = score
            grid.effort.decodings += DECODINGS
        return content.intact


def areas(map_: PhaseMap) -> list[Box]:
    """Areas of evidence, the strongest first."""
    whole = (0, 0, *map_.cells.shape)
    if not map_.cells.size:
        return []
    return components(map_.cells, whole, SMOOTHING, LEAST_EVIDENCE)[:MOST_AREAS]


def _near(
    grid: Grid,
    map_: PhaseMap,
    sums: npt.NDArray[np.float64],
    box: Box,
    reach: int,
    most: int,
) -> Iterator[tuple[float, Box, Box]]:
    """Rectangles that can be regions, with edges within reach of a box's, most evidence first.

    Of the `most` that hold most: their evidence, in cells of the map, and in blocks of 8.
    """
    edges = []
    for k, edge in enumerate(box):
        limit = map_.cells.shape[k % 2]
        line = np.arange(max(0, edge - reach), min(limit, edge + reach) + 1)
        if k < 2:  # regions begin on the grid of 16
            line = line[(map_.start[k] + line * map_.merge) % 2 == 0]
        edges.append(line)
    close = list(itertools.islice(by_sum(sums, edges), most))
    for n, region in grid.first_regions(map_.start, map_.merge, [cells for _, cells in close]):
        yield (*close[n], region)


def _credible(grid: Grid, map_: PhaseMap, cells: Box, box: Box) -> bool:
    """Whether a region was not tried yet and its checks hold."""
    if box in grid.seen or any(overlap(box, hit.box) for hit in grid.found):
        return False
    grid.seen.add(box)
    grid.effort.checks += 1
    height, width = (box[2] - box[0]) * SIDE, (box[3] - box[1]) * SIDE
    soft = map_.soft[:, cells[0] : cells[2], cells[1] : cells[3]]
    lattice = grid.tools.lattice
    sure = lattice.agreement(soft, "base", height, width)
    if sure < CREDIBLE:
        return False
    if sure < CREDIBLE_SHARE * lattice.plan("base", height, width).code.length ** 0.5:
        return False
    return grid.tools.layer_of(height, width) == "base"
