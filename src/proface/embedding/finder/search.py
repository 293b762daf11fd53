"""Search one grid of 8 for protected regions: rectangles of much evidence that decode.

All in blocks of 8 on that grid; boxes are top, left, bottom, right, the last two exclusive.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from proface.embedding.block_transform import SIDE
from proface.embedding.finder.evidence import (
    block_evidence,
    clearest,
    detail_evidence,
    low_bands,
)
from proface.embedding.finder.grid import LEAST, Grid, Hit, hide, starts
from proface.embedding.finder.rectangles import (
    Box,
    best_rectangle,
    components,
    halves,
    near,
    overlap,
    padded,
)
from proface.embedding.layer_tables import MERGES
from proface.embedding.layers import Layer

Floats = npt.NDArray[np.float32]

LOUDEST = 10.0  # nats of one block: beyond, one block would outvote its neighbours
MAP_FAILURES = {"detail": 80, "base": 40}  # ... in one map at one level
LEAST_EVIDENCE = {"detail": 120.0, "base": 100.0}  # nats in a rectangle that is worth a check
# What a block must show, in turn: nats, and of the base layer, whose evidence is weak and biased,
# parts of the way from what is usual in a picture to its strongest area.
LEVELS = {"detail": (0.0, 1.0, 2.0, 3.5), "base": (0.55, 0.4)}
MORE_LEVELS = (-0.3, 0.5)  # of a detail layer in a grid that has regions: of textured ones
WINDOW = 7  # blocks of an area that shows the journey
SURE = 5.0  # nats that a block shows nowhere but in regions, as a rule
SMOOTHING = {"detail": 3, "base1": 7, "base2": 5}  # cells, before areas are told apart
MOST_AREAS = 60  # that are looked at in one map, at one level
CLOSE = 40  # rectangles around the best one that are checked ...
CLOSE_EVIDENCE = 30.0  # ... as long as they hold no less than this under its evidence, in nats,
CLOSE_SHARE = 0.25  # ... or than this share under it
CLEAR = 600.0  # nats of an area that surely is a region's, about
EXTENSIONS = (4, 8, 12)  # cells by which one edge of such an area may be off
LINES = 4  # places, each way, where two regions may touch
# Nats of a merged block, in the best window, below which a base map shows no region: real ones show
# 2.3 or more, ordinary photos 0.2 at most.
LEAST_MERGED = 0.5


@dataclass(frozen=True)
class _Map:
    """Evidence of merged blocks, clipped, that start at a block of 8, down and across."""

    cells: Floats
    layer: str
    merge: int
    start: tuple[int, int]

    def hide(self, box: Box) -> None:
        """Takes a region, in blocks of 8, out of the map."""
        hide(self.cells, box, self.start, self.merge, -LOUDEST)

    def block(self, axis: int, cell: int) -> int:
        return self.start[axis] + cell * self.merge


def look_at_detail(grid: Grid, split: bool = False) -> None:
    """Adds the regions that the detail layer shows; `split`: at once those that touch as well."""
    _look(grid, _detail(grid), "detail", 1, (0, 0), split)


def look_closely(grid: Grid) -> None:
    """Adds regions that the detail layer shows in part: in texture, or up to a black edge.

    For a grid that probably is the right one: in others it takes time in vain.
    """
    for level in MORE_LEVELS:
        map_ = _unfound(grid, _detail(grid), "detail", 1, (0, 0))
        np.subtract(map_.cells, level, out=map_.cells)
        most = grid.effort.failures + MAP_FAILURES["detail"]
        _look_at_level(grid, map_, False, most, closely=True)


def _detail(grid: Grid) -> Floats:
    if grid.detail is None:
        maps = detail_evidence(grid.bands, grid.tools.tables)
        grid.detail = clearest(maps, WINDOW, LOUDEST)
    return grid.detail


def look_at_base(grid: Grid, merges: tuple[int, ...] = MERGES) -> None:
    """Adds the regions that the base layer shows."""
    for merge in reversed(merges):
        for start in starts(merge, grid.parity):
            maps = block_evidence(grid.bands, grid.tools.tables.layers[f"base{merge}"], start)
            cells = clearest(maps, WINDOW, LOUDEST)
            if merge == 1 or _most_evidence(cells) > LEAST_MERGED:
                _look(grid, cells, "base", merge, start, False)


def sharpest_offset(luma: Floats, grid: Grid) -> tuple[int, int]:
    """The grid's offset, or one a pixel away where the surest region's checks hold better.

    Of a smooth region the base layer decodes a pixel off as well.
    """
    hit = max(grid.found, key=lambda one: one.score)
    top, left, bottom, right = hit.box
    height, width = (bottom - top) * SIDE, (right - left) * SIDE
    best, chosen = -np.inf, grid.offset
    for down, across in itertools.product((0, -1, 1), repeat=2):
        y, x = grid.offset[0] + top * SIDE + down, grid.offset[1] + left * SIDE + across
        part = np.ascontiguousarray(luma[max(y, 0) : y + height, max(x, 0) : x + width])
        if part.shape == (height, width):
            bands = [low_bands(part)]
            sure = grid.tools.lattice.parity_deviation(bands, "base", height, width)
            if sure > best:
                best = sure
                chosen = (grid.offset[0] + down) % SIDE, (grid.offset[1] + across) % SIDE
    return chosen


def _look(
    grid: Grid, cells: Floats, layer: str, merge: int, start: tuple[int, int], split: bool
) -> None:
    """Adds the regions that a map shows; regions that touch come last: they cost most tries."""
    if not cells.size:  # a picture smaller than a block
        return
    surely = layer == "detail" and _most_evidence(cells) > SURE
    for last in (False, True):
        if last and (layer == "base" or not (split or surely or grid.found)):
            return
        for level in LEVELS[layer]:
            map_ = _unfound(grid, cells, layer, merge, start)
            cut = level
            if layer == "base":
                smooth = cv2.blur(map_.cells, (WINDOW, WINDOW))
                usual = float(np.percentile(smooth, 30))
                cut = usual + level * (float(smooth.max()) - usual)
            np.subtract(map_.cells, cut, out=map_.cells)
            _look_at_level(grid, map_, last, grid.effort.failures + MAP_FAILURES[layer])


def _unfound(grid: Grid, cells: Floats, layer: str, merge: int, start: tuple[int, int]) -> _Map:
    """A copy of the evidence without the regions that were found."""
    map_ = _Map(cells.copy(), layer, merge, start)
    for hit in grid.found:
        map_.hide(hit.box)
    return map_


def _most_evidence(cells: Floats) -> float:
    """Nats of a block, in the window that shows most."""
    return float(cv2.blur(cells, (WINDOW, WINDOW)).max()) if cells.size else 0.0


def _look_at_level(
    grid: Grid, map_: _Map, split: bool, most: int, *, closely: bool = False
) -> None:
    """Adds regions until areas run out, or failures reach `most`."""
    smoothing = SMOOTHING.get(map_.layer if map_.layer == "detail" else f"base{map_.merge}", 3)
    weight = LEAST_EVIDENCE[map_.layer]
    high, wide = map_.cells.shape
    areas = components(map_.cells, (0, 0, high, wide), smoothing, weight) if min(high, wide) else []
    for _ in range(MOST_AREAS):
        if not areas or grid.effort.failures >= most or not grid.effort.left():
            return
        area = areas.pop(0)
        rectangle = best_rectangle(map_.cells, padded(area, map_.cells.shape, 1))
        found = _try(grid, map_, rectangle)
        if closely and not found:
            for other in _larger(map_, rectangle, area):
                found = found or _try(grid, map_, other)
        if split and not found:
            for half in halves(map_.cells, rectangle, _lines(grid, map_, rectangle)):
                found = found or _try(grid, map_, half, True)
        if found:
            map_.hide(found)
            areas = components(map_.cells, area, smoothing, weight) + areas


def _larger(map_: _Map, rectangle: Box, area: Box) -> list[Box]:
    """Rectangles that a region may be whose black or white edge shows nothing, or the opposite."""
    top, left, bottom, right = rectangle
    if float(map_.cells[top:bottom, left:right].sum()) < CLEAR:
        return []
    moved = [area]
    for more, k in itertools.product(EXTENSIONS, range(4)):
        edges = list(rectangle)
        edges[k] = (
            max(0, edges[k] - more) if k < 2 else min(map_.cells.shape[k % 2], edges[k] + more)
        )
        moved.append((edges[0], edges[1], edges[2], edges[3]))
    return moved


def _try(grid: Grid, map_: _Map, rectangle: Box, exact: bool = False) -> Box | None:
    """The region, in blocks of 8, at a rectangle of the map, or next to it unless `exact`."""
    reach = 0 if exact else 1 if map_.merge > 1 else 2
    least, tried = LEAST_EVIDENCE[map_.layer], 0
    for score, cells in near(map_.cells, rectangle, reach):
        if score < least or tried == CLOSE:
            break
        boxes = _in_blocks(grid, map_, cells)
        if not boxes:
            continue
        if not tried:
            least = max(least, score - max(CLOSE_EVIDENCE, CLOSE_SHARE * score))
        box, tried = boxes[0], tried + 1
        if box in grid.seen or any(overlap(box, hit.box) for hit in grid.found):
            continue
        if not grid.effort.left():
            break
        grid.seen.add(box)
        content = _confirm(grid, box)
        if content is not None:
            grid.parity = (box[0] % 2, box[1] % 2)
            grid.found.append(Hit(box, score, content))
            return box
        grid.effort.failures += 1
    return None


def _in_blocks(grid: Grid, map_: _Map, cells: Box) -> list[Box]:
    return grid.regions(map_.start, map_.merge, cells, any_merge=map_.merge == 1)


def _lines(grid: Grid, map_: _Map, box: Box) -> list[tuple[int, int]]:
    """Lines through a rectangle along which the picture changes most: (axis, place in the map)."""
    found: list[tuple[int, int]] = []
    for axis in (0, 1):
        first, last = (map_.block(axis, box[axis + k]) for k in (0, 2))
        across = slice(*(map_.block(1 - axis, box[1 - axis + k]) * SIDE for k in (0, 2)))
        along = slice(first * SIDE, last * SIDE)
        part = grid.luma[along, across] if axis == 0 else grid.luma[across, along].T
        jump = np.abs(np.diff(part, axis=0)).mean(axis=1)
        lines: list[tuple[float, int]] = []
        for line in range(box[axis] + 1, box[axis + 2]):
            block = map_.block(axis, line)
            if min(block - first, last - block) < LEAST:
                continue
            if grid.parity is None or block % 2 == grid.parity[axis]:
                at = (block - first) * SIDE - 1
                lines.append((float(jump[at] - (jump[at - 1] + jump[at + 1]) / 2), line))
        found += [(axis, line) for _, line in sorted(lines, reverse=True)[:LINES]]
    return found


def _confirm(grid: Grid, box: Box) -> Layer | None:
    """The layer that confirms a region of this size, if it decodes."""
    top, left, bottom, right = box
    height, width = (bottom - top) * SIDE, (right - left) * SIDE
    layer = grid.tools.layer_of(height, width)
    if layer is None or (layer == "detail" and grid.bands.shape[0] < SIDE):
        return None
    bands = [np.ascontiguousarray(grid.bands[:, :, top:bottom, left:right])]
    for content in grid.tools.lattice.credible_layers(bands, layer, height, width):
        if content.intact:
            return content
        grid.effort.decodings += 1
    return None
