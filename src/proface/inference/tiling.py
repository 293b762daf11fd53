"""Tiled inference on large pictures: tiles with a halo, and 8-bit output."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Span = tuple[int, int]  # from, to


def tiles(
    height: int, width: int, *, tile: int, halo: int
) -> Iterator[tuple[tuple[Span, Span], tuple[Span, Span]]]:
    """Tiles that cover an area, each as (rows, columns) with its halo, and without.

    Args:
        height, width: of the area, in the same unit as the others.
        tile: side of a square tile.
        halo: context around a tile, at least the network's receptive field beyond a pixel, so that
            tiles have the same result as the whole.
    """
    for y in range(0, height, tile):
        for x in range(0, width, tile):
            bottom, right = min(y + tile, height), min(x + tile, width)
            with_halo = (
                (max(y - halo, 0), min(bottom + halo, height)),
                (max(x - halo, 0), min(right + halo, width)),
            )
            yield with_halo, ((y, bottom), (x, right))


def run_tiled(
    run: Callable[[slice, slice], npt.NDArray[np.uint8]],
    height: int,
    width: int,
    *,
    tile: int,
    halo: int,
) -> npt.NDArray[np.uint8]:
    """A picture H x W x 3, made tile by tile; see `tiles`.

    run: rows and columns of a tile with its halo -> its pixels.
    """
    made = np.empty((height, width, 3), np.uint8)
    for ((top, bottom), (left, right)), ((y0, y1), (x0, x1)) in tiles(
        height, width, tile=tile, halo=halo
    ):
        found = run(slice(top, bottom), slice(left, right))
        made[y0:y1, x0:x1] = found[y0 - top : y1 - top, x0 - left : x1 - left]
    return made


def to_pixels(levels: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """A network's output 1 x 3 x H x W in 0..255 -> H x W x 3, rounded and clipped to 8 bits."""
    rounded: npt.NDArray[np.uint8] = np.clip(np.rint(levels[0]), 0, 255).astype(np.uint8)
    return rounded.transpose(1, 2, 0)
