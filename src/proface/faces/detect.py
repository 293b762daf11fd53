"""Finds the faces of a photo, from 12 px to thousands of pixels across.

YuNet alone finds faces of about 20 to 600 px. So it sees the photo at several scales, each half the
size of the one before, starting from an enlarged one: nearly every face is seen at two scales or
more. Large scales are cut into overlapping tiles, which bounds the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.faces.merge import merged
from proface.geometry import Box, Face

TILE = 768  # pixels of a tile's side, as the network sees it; larger ones leave the caches
OVERLAP = 128
CUT_MARGIN = 4  # a box this near to an inner edge of a tile is taken for cut
SMALLEST_SCALE = 320  # no scale is made smaller than this
# A face that is larger as the network sees it is left to a smaller scale, which sees it better. It
# fits into the overlap, so one tile always holds it whole.
LARGEST = OVERLAP - 2 * CUT_MARGIN
# Enlarged three times even 10 px faces are found, but gravel too looks like faces: only small
# photos are worth it, only for tiny faces, and they must score higher there.
TRIPLE_UP_TO = 4_000_000
TRIPLE_LARGEST = 72
TRIPLE_EXTRA = 0.15


class Scale(NamedTuple):
    """One scale of the pyramid: what is seen there, and what is believed."""

    picture: NDArray[np.uint8]
    enlarge: int  # tiles of the picture are enlarged by this before the network sees them
    threshold: float
    largest: float  # of a face, as the network sees it


def detect(pixels: NDArray[np.uint8], *, threshold: float = 0.6) -> list[Face]:
    """Every face that YuNet finds, sorted from top to bottom, then from left to right.

    Args:
        pixels: uint8 H x W x 3, RGB, upright.
        threshold: least score of a face, in 0 < threshold < 1. Lower finds more faces, and more
            that are none.

    Returns:
        Faces with tight boxes inside the photo, scores, and five landmarks, which may lie outside
        the photo where it cuts the face.

    Raises:
        UsageError: threshold or array are not as described.
        ModelError: the network's file is missing or altered.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise UsageError(
            f"detect needs uint8 pixels, H x W x 3; this is {pixels.dtype} {pixels.shape}"
        )
    if not 0 < threshold < 1:
        raise UsageError(f"threshold {threshold}: give a number between 0 and 1, such as 0.6")
    found = []
    for scale in _scales(pixels, threshold):
        # A picture may be rounded to whole pixels, so that its two factors differ a little.
        shape = scale.picture.shape
        back = np.array([pixels.shape[1] / shape[1], pixels.shape[0] / shape[0]]) / scale.enlarge
        for candidates in _candidates(scale):
            candidates[:, :14] *= np.tile(back, 7)
            found.append(candidates)
    faces = (_face(row, pixels.shape) for row in merged(np.concatenate(found)))
    return sorted((f for f in faces if f is not None), key=lambda f: (f.box.y, f.box.x, f.box))


def _scales(pixels: NDArray[np.uint8], threshold: float) -> Iterator[Scale]:
    import cv2

    if pixels.shape[0] * pixels.shape[1] <= TRIPLE_UP_TO:
        yield Scale(pixels, 3, min(threshold + TRIPLE_EXTRA, 0.95), TRIPLE_LARGEST)
    yield Scale(pixels, 2, threshold, LARGEST)
    while max(pixels.shape[:2]) >= 2 * SMALLEST_SCALE:
        yield Scale(pixels, 1, threshold, LARGEST)
        height, width = (max(1, round(side / 2)) for side in pixels.shape[:2])
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    yield Scale(pixels, 1, threshold, np.inf)


def _candidates(scale: Scale) -> Iterator[NDArray[np.float32]]:
    """Yields the candidates of every tile, in pixels of the enlarged picture."""
    import cv2

    from proface.faces.yunet import candidates

    picture, enlarge = scale.picture, scale.enlarge
    height, width = picture.shape[:2]
    for top, bottom in _spans(height, TILE // enlarge, OVERLAP // enlarge):
        for left, right in _spans(width, TILE // enlarge, OVERLAP // enlarge):
            tile = picture[top:bottom, left:right]
            if enlarge > 1:
                size = ((right - left) * enlarge, (bottom - top) * enlarge)
                tile = np.asarray(cv2.resize(tile, size, interpolation=cv2.INTER_LINEAR))
            found = candidates(tile, scale.threshold)
            inner = (left > 0, top > 0, right < width, bottom < height)
            found = found[~_cut(found, tile.shape, inner)]
            found = found[found[:, 2:4].max(axis=1) <= scale.largest]
            found[:, (0, 4, 6, 8, 10, 12)] += left * enlarge
            found[:, (1, 5, 7, 9, 11, 13)] += top * enlarge
            yield found


def _cut(
    found: NDArray[np.float32], shape: tuple[int, ...], inner: tuple[bool, bool, bool, bool]
) -> NDArray[np.bool_]:
    """Whether a box touches an edge behind which the photo goes on: another tile sees it whole."""
    x, y, w, h = found[:, :4].T
    gaps = (x, y, shape[1] - x - w, shape[0] - y - h)
    cut = np.zeros(len(found), bool)
    for gap, is_inner in zip(gaps, inner, strict=True):
        if is_inner:
            cut |= gap < CUT_MARGIN
    return cut


def _spans(length: int, tile: int, overlap: int) -> list[tuple[int, int]]:
    """Spans of at most `tile` that cover 0..length, each overlapping the next by `overlap`."""
    if length <= tile:
        return [(0, length)]
    count = -(-(length - overlap) // (tile - overlap))
    # Evenly spread: no narrow last tile, and the overlap only grows.
    starts = [i * (length - tile) // (count - 1) for i in range(count)]
    return [(start, start + tile) for start in starts]


def _face(row: NDArray[np.float32], shape: tuple[int, ...]) -> Face | None:
    """A row of candidates as a face with whole pixels inside the photo, or None outside it."""
    x, y, w, h = (float(value) for value in row[:4])
    left, top = max(0, int(np.floor(x))), max(0, int(np.floor(y)))
    right, bottom = min(shape[1], int(np.ceil(x + w))), min(shape[0], int(np.ceil(y + h)))
    if right <= left or bottom <= top:
        return None
    marks = tuple((float(a), float(b)) for a, b in row[4:14].reshape(5, 2))
    return Face(Box(left, top, right - left, bottom - top), float(row[14]), marks)
