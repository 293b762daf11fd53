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
from proface.embedding.layer_tables import Tables
from proface.embedding.resample import enlarged

Floats = npt.NDArray[np.float32]
Size = tuple[int, int]

# Long sides of pictures from usual cameras and phones.
LONG_SIDES = (
    *(4032, 4000, 4080, 4608, 4624, 5184, 5472, 6000, 6240, 8000, 8160, 5712),
    *(3264, 3840, 3968, 2592),
)
# Phones with 12 megapixels are so many that their sizes are tried unless others are far clearer.
USUAL, PRIOR, USUAL_ZOOM = (4032, 4000, 4080), 8, 2.6
RATIOS = (4 / 3, 3 / 2, 16 / 9, 1.0)
MOST_ZOOM = 4.2  # the base layer does not outlive more
LEAST_ZOOM = 1.1
RANKED = (2, 3, 4, 6)  # merges that tell
JPEG_GRID = 0.1
WINDOWS = (12, 20)  # merged blocks: regions whose blocks are merged have about 20 at least


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


def rank_sizes(luma: Floats, tables: Tables, sizes: list[Size]) -> list[Size]:
    """The sizes at which the picture shows protected blocks, the clearest first."""
    long = max(luma.shape)
    usual = {size for size in sizes if max(size) in USUAL and max(size) < USUAL_ZOOM * long}
    clarity = {
        size: _clarity(luma, tables, size) * (PRIOR if size in usual else 1) for size in sizes
    }
    return sorted(sizes, key=lambda size: -clarity[size])


def _clarity(luma: Floats, tables: Tables, size: Size) -> float:
    """The most evidence in any window: at half the size, as low bands need no more."""
    bands = 2 * low_bands(enlarged(luma, (size[0] // 2, size[1] // 2)), SIDE // 2)
    scale, best = luma.shape[0] / size[0], 0.0
    for merge in RANKED:
        # Of a block about as large as some of the picture's own JPEG, all coefficients lie on a
        # lattice. Half the size is too usual to be left out: its smallest blocks do count.
        blocks = scale * merge
        alike = merge > 2 and abs(blocks - round(blocks)) < JPEG_GRID
        if scale < LEAST_SCALE[merge] or alike:
            continue
        for start in starts(merge):
            cells = phase_map(bands, tables[f"base{merge}"], start, scale).cells
            for window in WINDOWS:
                if min(cells.shape) >= window:
                    most = float(cv2.blur(cells, (window, window)).max()) * window**2
                    best = max(best, most)
    return best
