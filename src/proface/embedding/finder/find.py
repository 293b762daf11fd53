"""Finds protected regions in a picture without metadata: exact rectangles, each confirmed.

A map of evidence (`evidence`) says where to try; a codeword whose parity checks and CRC-32
hold says what is a region (`search`): nothing else is ever reported. The grid of 16 pixels may
be shifted by a crop, and the picture may have been scaled as a whole: the base layer then still
shows its regions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from proface.embedding.block_transform import SIDE, TO_YCC
from proface.embedding.finder.grid import Effort, Grid, Tools, make_grid
from proface.embedding.finder.offsets import likely_offsets
from proface.embedding.finder.scaled import ScaledSearch
from proface.embedding.finder.scales import candidate_sizes, rank_sizes, usual_sizes
from proface.embedding.finder.search import (
    look_at_base,
    look_at_detail,
    look_closely,
    sharpest_offset,
)
from proface.embedding.layers import Layer
from proface.types import Pixels

Floats = npt.NDArray[np.float32]

OFFSETS = 3  # of the grid that are tried
SIZES = 6  # of the original that are tried


@dataclass(frozen=True)
class Found:
    """A protected region.

    Attributes:
        left, top, width, height: in pixels of the picture at its original scale. Width and height
            may be larger in truth: a base layer of larger blocks does not use the last pixels.
        scale: of the picture as it came, relative to that: across and down, which rounding to whole
            pixels makes differ.
        content: the layer that was decoded, intact.
    """

    left: int
    top: int
    width: int
    height: int
    scale: tuple[float, float]
    content: Layer


def find_regions(
    picture: Pixels,
    tools: Tools,
    original_size: tuple[int, int] | None = None,
    *,
    brief: bool = False,
) -> list[Found]:
    """The protected regions of a picture, from the top left to the bottom right.

    Args:
        picture: H x W x 3, as it came.
        tools: of the model.
        original_size: height and width when it was protected. None: unknown, so its own size is
            tried and then what fits usual cameras.
        brief: leave out crops, and all but usual sizes that show a region clearly.
    """
    luma = np.asarray(cv2.transform(picture.astype(np.float32), TO_YCC[:1]), np.float32)
    came = (luma.shape[0], luma.shape[1])
    if min(came) < SIDE:  # smaller than one block
        return []
    new_effort = Effort.brief if brief else Effort
    if original_size in (None, came):
        found = _same_scale(tools, luma, new_effort(), brief=brief)
        if found or original_size == came:
            return found
    if original_size is not None:
        search = ScaledSearch(tools, luma, original_size, new_effort())
        search.look()
        if search.look(far=True):
            return _report(search.grid, _scale(came, original_size))
        # It may have been cropped, not scaled.
        return _same_scale(tools, luma, new_effort(), brief=brief)
    effort = new_effort()
    sizes = usual_sizes(came) if brief else candidate_sizes(came)
    ranked = rank_sizes(luma, tools.lattice.tables, sizes)[:SIZES]
    for size, clarity in ranked:
        if brief and clarity <= 0:
            continue
        search = ScaledSearch(tools, luma, size, effort)
        if search.look() or (clarity > 0 and search.look(far=True)):
            search.grid.effort = Effort()
            search.look(far=True)
            return _report(search.grid, _scale(came, size))
    return []


def _same_scale(tools: Tools, luma: Floats, effort: Effort, *, brief: bool) -> list[Found]:
    """Regions of a picture that was not scaled, but perhaps cropped."""
    grids = []
    offsets = _offsets(tools, luma)
    for offset, parity in itertools.islice(offsets, 1) if brief else offsets:
        grids.append(make_grid(tools, luma, offset, True, effort, parity))
        look_at_detail(grids[-1])
        if grids[-1].found:
            break
    else:  # two regions that touch and nothing else, or what shows in the base layer alone
        if not brief:
            grids[0].effort = Effort()
            look_closely(grids[0])
        for grid in grids if brief else (*grids[:2], grids[-1]):
            if not grid.found:
                look_at_detail(grid, split=True)
            if not grid.found:
                look_at_base(grid)
            if grid.found:
                grids.append(grid)
                break
    grid = grids[-1]
    if grid.found and (grid.offset != (0, 0) or grid.parity != (0, 0)):
        # What the last JPEG's grid blurred is worth more tries.
        grid.effort = Effort()
        offset = sharpest_offset(luma, grid)
        if offset != grid.offset:
            grid = make_grid(tools, luma, offset, True, grid.effort, None)
        look_at_detail(grid)
        look_at_base(grid, (1, 2))
    if grid.found:
        grid.effort = Effort()
        look_closely(grid)
    return _report(grid, (1.0, 1.0))


def _scale(came: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    """Across and down, of heights and widths."""
    return came[1] / size[1], came[0] / size[0]


def _offsets(
    tools: Tools, luma: Floats
) -> Iterator[tuple[tuple[int, int], tuple[int, int] | None]]:
    """Offsets of the grid of 8 that are tried, and which of its blocks lie on the grid of 16."""
    yield (0, 0), (0, 0)
    for offset in likely_offsets(luma, tools.tables, OFFSETS):  # not before it is asked for
        yield offset, None
    yield (0, 0), None  # cropped by whole blocks of 8


def _report(grid: Grid, scale: tuple[float, float]) -> list[Found]:
    """What was found, in pixels of the picture at its original scale."""
    down, across = grid.offset
    found = [
        Found(
            across + left * SIDE,
            down + top * SIDE,
            (right - left) * SIDE,
            (bottom - top) * SIDE,
            scale,
            hit.content,
        )
        for hit in grid.found
        for top, left, bottom, right in [hit.box]
    ]
    return sorted(found, key=lambda one: (one.top, one.left))
