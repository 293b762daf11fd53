"""Digests of a `Jpeg`'s coefficients: whether it was touched, whatever decoder shows it."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from proface.media.jpeg.jpeg import Jpeg
from proface.types import Box

_COLOURS = {"grey": 0, "ycbcr": 1, "rgb": 2}
_BAND = 64  # rows of blocks at once


def coefficients_digest(jpeg: Jpeg, boxes: Sequence[Box]) -> str:
    """Hash everything outside the boxes: hex SHA-256 (docs/FORMAT.md).

    Covers size, colour, sampling, quantisation tables, and all coefficients, with 0 inside the
    boxes. Not covered, since lossless programs may change it: passes, Huffman tables, restart
    intervals, metadata. Raises ValueError for a box that is not whole MCUs.
    """
    places = [jpeg.coefficients.places(box) for box in boxes]
    frame = jpeg.frame
    digest = hashlib.sha256(
        struct.pack("<BIIB", _COLOURS[frame.colour], *jpeg.size, len(frame.components))
    )
    for n, plane in enumerate(jpeg.coefficients.planes):
        digest.update(_component(jpeg, n))
        for top in range(0, len(plane), _BAND):  # saves a copy of the whole plane
            band = plane[top : top + _BAND].copy()
            for place in places:
                rows, columns = place[n]
                band[max(rows.start - top, 0) : max(rows.stop - top, 0), columns] = 0
            digest.update(_bytes(band))
    return digest.hexdigest()


def region_digest(jpeg: Jpeg, box: Box) -> str:
    """Hash a region: hex SHA-256 of sampling, quantisation tables and coefficients in the box.

    The same wherever the region is. Raises ValueError for a box that is not whole MCUs.
    """
    digest = hashlib.sha256()
    for n, blocks in enumerate(jpeg.coefficients.blocks(box)):
        digest.update(_component(jpeg, n))
        digest.update(struct.pack("<II", *blocks.shape[:2]))
        digest.update(_bytes(blocks))
    return digest.hexdigest()


def _component(jpeg: Jpeg, n: int) -> bytes:
    """How many pixels a sample spans, across and down; 64 quantisation steps, by rows."""
    frame, part = jpeg.frame, jpeg.frame.components[n]
    span = struct.pack("<BB", frame.h // part.h, frame.v // part.v)
    return span + jpeg.coefficients.steps(n).astype("<u2").tobytes()


def _bytes(blocks: NDArray[np.int16]) -> bytes:
    return np.ascontiguousarray(blocks, "<i2").tobytes()
