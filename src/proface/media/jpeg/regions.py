"""Regions of a `Jpeg`: replacing their pixels, and their coefficients as bytes and back."""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from dataclasses import replace
from math import lcm

import numpy as np
from numpy.typing import NDArray

from proface.errors import DamagedFileError
from proface.media.jpeg.frame import ZIGZAG, Frame
from proface.media.jpeg.jpeg import Jpeg
from proface.types import Box, Pixels

_GRID = 16
_ESCAPE = 255  # this value and larger ones follow in 4 bytes each
# Of zlib, bz2 and LZMA, by block and by band, this is the smallest. Matches are mostly runs of
# zeros: a shallow search for long ones gives 1 % fewer bytes than preset 9e in a third of the time.
_FILTERS = [
    {
        "id": lzma.FILTER_LZMA2,
        "preset": 6,
        "dict_size": 4 << 20,
        "lc": 4,
        "lp": 0,
        "pb": 0,
        "mf": lzma.MF_BT2,
        "nice_len": 273,
        "depth": 4,
    }
]


def grid(jpeg: Jpeg) -> tuple[int, int]:
    """The grid of regions, across and down in pixels: whole MCUs, and whole cells of 16 pixels."""
    return frame_grid(jpeg.frame)


def frame_grid(frame: Frame) -> tuple[int, int]:
    """As `grid`, of a JPEG of which only the frame was read."""
    across, down = frame.mcu
    return lcm(across, _GRID), lcm(down, _GRID)


def aligned(jpeg: Jpeg, box: Box) -> Box:
    """The smallest box on the grid that contains `box`.

    It ends at the picture's right or lower edge where the next line of the grid is beyond it.
    """
    return jpeg.coefficients.aligned(box, _GRID)


def is_on_grid(jpeg: Jpeg, box: Box) -> bool:
    """Whether the box is inside the picture, and on its grid or at its right or lower edge."""
    inside = box.x >= 0 and box.y >= 0 and box.w > 0 and box.h > 0
    return inside and aligned(jpeg, box) == box


def replace_regions(jpeg: Jpeg, regions: Sequence[tuple[Box, Pixels]]) -> Jpeg:
    """Replace the pixels of regions, as exactly as the quantisation tables allow.

    Only coefficients of blocks in the boxes change. pixels: h x w x 3, RGB, stored orientation; of
    a grey JPEG only their luma is used (`in_colour` gives it chroma).

    Raises ValueError for a box that is not whole MCUs, or pixels of another size.
    """
    changed = jpeg.coefficients.copy()
    for box, pixels in regions:
        changed.paste(pixels, box)
    return replace(jpeg, coefficients=changed)


def region_coefficients(jpeg: Jpeg, box: Box) -> bytes:
    """Serialise a region's quantised coefficients losslessly (docs/FORMAT.md).

    Takes about as many bytes as the region has in the file. Raises ValueError for a box that is
    not whole MCUs.
    """
    plain: list[bytes] = []
    large: list[bytes] = []
    for blocks in jpeg.coefficients.blocks(box):
        for place in ZIGZAG:
            values = _unsigned(_differences(blocks) if place == 0 else blocks[..., place])
            plain.append(np.minimum(values, _ESCAPE).astype(np.uint8).tobytes())
            large.append((values[values >= _ESCAPE] - _ESCAPE).astype("<u4").tobytes())
    return lzma.compress(b"".join(plain + large), lzma.FORMAT_RAW, filters=_FILTERS)


def with_region_coefficients(jpeg: Jpeg, box: Box, data: bytes) -> Jpeg:
    """Put back the coefficients that `region_coefficients` gave for the same box.

    Takes memory for the box only, whatever the bytes are. Raises DamagedFileError if they are
    anything else than coefficients for a region of this size and sampling; ValueError for a box
    that is not whole MCUs.
    """
    changed = jpeg.coefficients.copy()
    new = [np.empty_like(blocks) for blocks in changed.blocks(box)]
    count = sum(blocks.size for blocks in new)
    plain = _decompressed(data, count)
    if plain is None:
        raise DamagedFileError(
            f"{jpeg.source}: the sealed coefficients are damaged, or another region's. "
            "Use another copy of the file."
        )
    at, large_at = 0, count
    for blocks in new:
        shape = blocks.shape[:2]
        for place in ZIGZAG:
            values = np.frombuffer(plain, np.uint8, blocks[..., 0].size, at).astype(np.uint32)
            at += values.size
            large = np.flatnonzero(values == _ESCAPE)
            values[large] += np.frombuffer(plain, "<u4", large.size, large_at)
            large_at += 4 * large.size
            signed = _signed(values.reshape(shape))
            blocks[..., place] = _sums(signed) if place == 0 else signed
    changed.replace(box, new)
    return replace(jpeg, coefficients=changed)


def _differences(blocks: NDArray[np.int16]) -> NDArray[np.int32]:
    """DC less that of the block on the left, at the left edge of the one above."""
    dc = blocks[..., 0].astype(np.int32)
    out = dc.copy()
    out[:, 1:] -= dc[:, :-1]
    out[1:, 0] -= dc[:-1, 0]
    return out


def _sums(differences: NDArray[np.int32]) -> NDArray[np.int32]:
    """The reverse; numbers beyond the type wrap."""
    out = differences.copy()
    out[:, 0] = np.cumsum(out[:, 0])
    return np.cumsum(out, axis=1, dtype=np.int32)


def _unsigned(values: NDArray[np.signedinteger]) -> NDArray[np.uint32]:
    """0, -1, 1, -2, 2 to 0, 1, 2, 3, 4."""
    wide = values.astype(np.int32)
    return np.asarray((wide << 1) ^ (wide >> 31)).astype(np.uint32)


def _signed(values: NDArray[np.uint32]) -> NDArray[np.int32]:
    """The reverse."""
    return (values >> 1).astype(np.int32) ^ -(values & 1).astype(np.int32)


def _decompressed(data: bytes, count: int) -> bytes | None:
    """`count` bytes, and 4 for each that is an escape; None unless they are there, and no more."""
    decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_FILTERS)
    try:
        plain = decoder.decompress(data, max_length=5 * count + 1)
    except (lzma.LZMAError, EOFError):
        return None
    large = plain[:count].count(_ESCAPE)
    complete = decoder.eof and not decoder.unused_data
    return plain if complete and len(plain) == count + 4 * large else None
