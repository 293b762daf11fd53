"""Search a picture brought back to its original scale for regions, by their base layer alone.

Where a map of `phases` adds up to most is a region, about: after scaling, evidence is weak, and an
edge may be some blocks off. Parity checks then tell the exact rectangle among all near ones: of a
wrong one they hold by chance. A check costs about a millisecond, and three for a new size.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from proface.embedding.block_transform import SIDE
from proface.embedding.dct_lattice import Layer
from proface.embedding.finder.evidence import low_bands
from proface.embedding.finder.grid import Effort, Grid, Hit, Tools, make_grid, starts
from proface.embedding.finder.phases import PhaseMap, phase_map
from proface.embedding.finder.rectangles import (
    Box,
    best_rectangle,
    components,
    overlap,
    padded,
    running_sums,
    sum_in,
)
from proface.embedding.resample import SHARPNESS, enlarged, enlarged_part
from proface.types import Place

Floats = npt.NDArray[np.float32]

LEAST_SCALE = {1: 0.55, 2: 0.38, 3: 0.3, 4: 0.24, 6: 0.2}  # at which a merge is worth a look
SMOOTHING = 5  # merged blocks, before areas are told apart
LEAST_EVIDENCE = 25.0  # nats of an area that is looked at
MOST_AREAS = 24  # in one map
REACH = (2, 6)  # merged blocks by which edges are moved, in turn ...
CLOSE = (40, 400)  # ... for at most so many rectangles of the most evidence
CREDIBLE = 4.5  # standard deviations of parity checks from chance, from which on to decode


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
        self._maps = [
            phase_map(self.grid.bands, tools.lattice.tables[f"base{merge}"], start, scale)
            for merge, least in LEAST_SCALE.items()
            if scale >= least
            for start in starts(merge)
        ]

    def look(self, far: bool = False) -> bool:
        """Add regions that the maps show; `far`: even where their edges are unsure."""
        for map_ in self._maps:
            _look(self.grid, map_, self._small, REACH[far], CLOSE[far])
        return bool(self.grid.found)


def areas(map_: PhaseMap) -> list[Box]:
    """Areas of evidence, the strongest first."""
    whole = (0, 0, *map_.cells.shape)
    if not map_.cells.size:
        return []
    return components(map_.cells, whole, SMOOTHING, LEAST_EVIDENCE)[:MOST_AREAS]


def _look(grid: Grid, map_: PhaseMap, small: Floats, reach: int, most: int) -> None:
    for hit in grid.found:
        map_.hide(hit.box)
    for area in areas(map_):
        if not grid.effort.left():
            return
        grid.effort.areas += 1
        rectangle = best_rectangle(map_.cells, padded(area, map_.cells.shape, 1))
        sums = running_sums(map_.cells)
        if sum_in(sums, rectangle) < LEAST_EVIDENCE:
            continue
        for cells in itertools.islice(_near(grid, map_, sums, rectangle, reach), most):
            if not grid.effort.left():
                return
            found = _confirm(grid, map_, cells, sum_in(sums, cells), small)
            if found is not None:
                grid.found.append(found)
                map_.hide(found.box)
                break


def _near(
    grid: Grid, map_: PhaseMap, sums: npt.NDArray[np.float64], box: Box, reach: int
) -> Iterator[Box]:
    """Rectangles that can be regions, with edges within reach of a box's, most evidence first."""
    edges = []
    for k, edge in enumerate(box):
        limit = map_.cells.shape[k % 2]
        line = np.arange(max(0, edge - reach), min(limit, edge + reach) + 1)
        if k < 2:  # regions begin on the grid of 16
            line = line[(map_.start[k] + line * map_.merge) % 2 == 0]
        edges.append(line)
    top, left, bottom, right = np.ix_(*edges)
    total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    for place in np.argsort(-total, axis=None):
        each = np.unravel_index(int(place), total.shape)
        one = tuple(int(line[at]) for line, at in zip(edges, each, strict=True))
        yield one[0], one[1], one[2], one[3]


def _confirm(grid: Grid, map_: PhaseMap, cells: Box, score: float, small: Floats) -> Hit | None:
    """The region at a rectangle of a map, if its checks hold and it decodes."""
    boxes: list[Box] = []
    if cells[2] > cells[0] and cells[3] > cells[1]:
        boxes = grid.regions(map_.start, map_.merge, cells, any_merge=False)
    if not boxes or boxes[0] in grid.seen or any(overlap(boxes[0], h.box) for h in grid.found):
        return None
    box = boxes[0]
    grid.seen.add(box)
    grid.effort.checks += 1
    height, width = (box[2] - box[0]) * SIDE, (box[3] - box[1]) * SIDE
    soft = map_.soft[:, cells[0] : cells[2], cells[1] : cells[3]]
    if grid.tools.lattice.agreement(soft, "base", height, width) < CREDIBLE:
        return None
    if grid.tools.layer_of(height, width) != "base":
        return None
    content = _decoded(grid, box, small)
    return None if content is None else Hit(box, score, content)


def _decoded(grid: Grid, box: Box, small: Floats) -> Layer | None:
    """A region's base layer, read from the picture at its best sharpness."""
    top, left, bottom, right = (edge * SIDE for edge in box)
    down, across = (was / now for was, now in zip(small.shape, grid.shape, strict=True))
    shape = (bottom - top, right - left)
    place = Place(left * across, top * down, shape[1] * across, shape[0] * down)
    for sharpness in SHARPNESS:
        bands = [low_bands(enlarged_part(small, place, shape, sharpness))]
        content = grid.tools.lattice.read_layer(bands, "base", *shape)
        if content.intact:
            return content
        grid.effort.decodings += 1
    return None
