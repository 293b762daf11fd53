"""The built-in stickers. Each yields its layers, lowest first; that one fills the outline."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from proface.looks.shapes import (
    Colour,
    Floats,
    Grid,
    Layer,
    Sticker,
    arc,
    cover,
    ellipse,
    outline,
    rounded_box,
    star,
)


def _blend(top: Colour, bottom: Colour, v: Floats) -> Floats:
    """Linear gradient from one colour at v = -1 to another at v = 1: H x W x 3."""
    part = np.clip((v[..., None] + 1) / 2, 0, 1)
    start, end = np.array(top, np.float32), np.array(bottom, np.float32)
    return np.asarray(start + (end - start) * part, np.float32)


def _base(grid: Grid, rim: Colour, top: Colour, bottom: Colour) -> Iterator[Layer]:
    """The outline in the rim's colour, and a gradient inside."""
    yield Layer(rim, cover(outline(grid), grid.unit))
    yield Layer(_blend(top, bottom, grid.v), cover(outline(grid, 0.95), grid.unit))


def _disc(grid: Grid) -> Iterator[Layer]:
    yield from _base(grid, (38, 92, 105), (96, 178, 181), (58, 132, 146))


def _smile(grid: Grid) -> Iterator[Layer]:
    yield from _base(grid, (222, 150, 32), (255, 221, 103), (250, 190, 66))
    brown = (92, 58, 18)
    for side in (-1, 1):
        yield Layer(brown, cover(ellipse(grid.u, grid.v, 0.34 * side, -0.24, 0.1, 0.15), grid.unit))
    yield Layer(brown, cover(arc(grid.u, grid.v, -0.08, 0.54, 1.08, 0.05), grid.unit))


def _star(grid: Grid) -> Iterator[Layer]:
    yield from _base(grid, (28, 38, 84), (74, 96, 164), (48, 62, 122))
    yield Layer((232, 165, 38), cover(star(grid.x, grid.y, 0.68, 0.34, 0.07), grid.unit))
    yield Layer((255, 214, 94), cover(star(grid.x, grid.y, 0.64, 0.31, 0.04), grid.unit))


def _visor(grid: Grid) -> Iterator[Layer]:
    yield from _base(grid, (150, 158, 170), (246, 248, 250), (205, 212, 222))
    u, v = grid.u, grid.v
    yield Layer((120, 130, 146), cover(rounded_box(u, v, -0.1, 0.83, 0.47, 0.36), grid.unit))
    glass = cover(rounded_box(u, v, -0.1, 0.77, 0.41, 0.31), grid.unit)
    yield Layer(_blend((70, 92, 128), (18, 26, 44), v * 2), glass)
    shine = cover(ellipse(u + 0.45 * v, v, -0.42, -0.27, 0.24, 0.07), grid.unit)
    yield Layer((214, 226, 240), shine * np.float32(0.75))


STICKERS: dict[str, Sticker] = {
    "smile": _smile,
    "disc": _disc,
    "star": _star,
    "visor": _visor,
}
