"""At which size a picture was before it was scaled: candidates, and which shows regions."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from proface.embedding.block_transform import SIDE
from proface.embedding.finder.evidence import low_bands
from proface.embedding.finder.grid import starts
from proface.embedding.finder.phases import phase_map
from proface.embedding.finder.scaled import LEAST_SCALE
from proface.embedding.layer_tables import LayerTable, Tables
from proface.embedding.resample import enlarged

Floats = npt.NDArray[np.float32]
Size = tuple[int, int]

# Long sides of pictures from usual cameras and phones.
LONG_SIDES = (
    *(4032, 4000, 4080, 4608, 4624, 5184, 5472, 6000, 6240, 8000, 8160, 5712),
    *(3264, 3840, 3968, 2592),
)
# Phones with 12 megapixels are so many that their sizes are tried unless others are clearer by
# PRIOR nats.
USUAL, PRIOR, USUAL_ZOOM = (4032, 4000, 4080), 60.0, 2.6
RATIOS = (4 / 3, 3 / 2, 16 / 9, 1.0)
MOST_ZOOM = 4.2  # the base layer does not outlive more
LEAST_ZOOM = 1.1
WINDOWS = (12, 20)  # merged blocks: regions whose blocks are merged have about 20 at least
JPEG_GRID = 0.1  # a block about as large as the picture's own JPEG's: all coefficients on a lattice
# Of each merge that tells: the most evidence, in nats, that pictures without regions show at scales
# from these on, which differs as the profiles of `phases` do.
ORDINARY = {
    2: ((0.38, 95.0), (0.47, 25.0)),
    3: ((0.3, 130.0), (0.47, -90.0)),
    4: ((0.24, 660.0), (0.315, 205.0), (0.37, 145.0), (0.47, -200.0)),
    6: ((0.2, 560.0), (0.315, 400.0), (0.365, 110.0), (0.47, -400.0)),
}


def candidate_sizes(came: tuple[int, ...]) -> list[Size]:
    """Heights and widths that the original may have had."""
    long, short = max(came), min(came)
    sizes: list[Size] = []
    for side in LONG_SIDES:
        zoom = side / long
        if not LEAST_ZOOM <= zoom <= MOST_ZOOM:
            continue
        # The short side as it came was rounded; a usual ratio that fits is likelier than not.
        exact = {round(side / ratio) for ratio in RATIOS}
        exact = {other for other in exact if abs(other / zoom - short) < 1} or {round(short * zoom)}
        for other in sorted(exact):
            sizes.append((other, side) if came[1] >= came[0] else (side, other))
    return sizes


def usual_sizes(came: tuple[int, ...]) -> list[Size]:
    """Those that are the likeliest by far; none for a picture that has a camera's size itself."""
    if max(came) in LONG_SIDES:
        return []
    return [size for size in candidate_sizes(came) if max(size) in USUAL]


def rank_sizes(luma: Floats, tables: Tables, sizes: list[Size]) -> list[tuple[Size, float]]:
    """The sizes at which the picture shows protected blocks, the clearest first.

    And by how many nats each shows more than ordinary pictures do.
    """
    long = max(luma.shape)
    usual = {size for size in sizes if max(size) in USUAL and max(size) < USUAL_ZOOM * long}
    clarity = [(size, _clarity(luma, tables, size)) for size in sizes]
    return sorted(clarity, key=lambda one: -one[1] - (PRIOR if one[0] in usual else 0))


def _clarity(luma: Floats, tables: Tables, size: Size) -> float:
    """How much more evidence a window shows, in nats, than any does in ordinary pictures.

    At half the size, as low bands need no more.
    """
    bands = 2 * low_bands(enlarged(luma, (size[0] // 2, size[1] // 2)), SIDE // 2)
    scale, best = luma.shape[0] / size[0], -np.inf
    for merge, levels in ORDINARY.items():
        alike = merge > 2 and abs(scale * merge - 1) < JPEG_GRID
        if scale < max(LEAST_SCALE[merge], levels[0][0]) or alike:
            continue
        ordinary = [level for least, level in levels if scale >= least][-1]
        best = max(best, _standing_out(bands, tables[f"base{merge}"], scale) - ordinary)
    return float(best)


def _standing_out(bands: Floats, table: LayerTable, scale: float) -> float:
    """The most evidence in any window, less what it shows where blocks start elsewhere.

    A region shows at one start only, a surface at all.
    """
    places = starts(table.merge)
    if len(places) == 1:
        places = [*places, (1, 1)]  # where no region is
    maps = [phase_map(bands, table, start, scale).cells for start in places]
    high, wide = (min(map_.shape[axis] for map_ in maps) for axis in (0, 1))
    maps = [map_[:high, :wide] for map_ in maps]
    total, best = np.sum(maps, axis=0), -np.inf
    for window in WINDOWS:
        if min(high, wide) < window:
            continue
        for map_ in maps:
            own, others = (
                cv2.blur(one, (window, window)) for one in (map_, (total - map_) / (len(maps) - 1))
            )
            best = max(best, float((own - np.maximum(others, 0)).max()) * window**2)
    return best
