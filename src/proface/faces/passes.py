"""Runs of the detectors on a photo: at several sizes, mirrored, turned, and on enlarged parts.

YuNet, five times as fast as CenterFace, sees the whole photo at full size and at halves of it down
to 320 pixels, for which it finds large faces best; and turned by quarters at 640 pixels, for faces
that lie or stand on their head. CenterFace detects small and covered faces best. It sees the photo
at a quarter of 0.9 megapixels. It then sees large photos at 0.9 megapixels, and enlarged the parts
where faces under 32 pixels are suspected; and small photos at 0.9 megapixels, mirrored too, if such
faces are suspected anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proface.errors import MissingExtraError
from proface.faces import centerface, yunet
from proface.faces.networks import padded_side
from proface.faces.resize import shrunk
from proface.types import Pixels

Candidates = NDArray[np.float32]  # n x 15, see `yunet.candidates`
Detector = Callable[[Pixels, float], Candidates]

# In pixels of a network's input.
TILE = 1024  # side of a tile; a picture of more pixels than that is cut, to bound the memory
OVERLAP = 160
CUT_MARGIN = 4  # a box this close to an inner edge of a tile counts as cut off
MAX_TILED = OVERLAP - 2 * CUT_MARGIN  # larger faces are left to a smaller level
LEAST_LEVEL = 320
TURNED_SIDE = 640
CENTERFACE_PIXELS = 900_000
LARGEST_ZOOM = 3.0
DOUBLE_PIXELS = 500_000  # YuNet sees photos up to this size doubled too

# In pixels of the photo.
SMALL = 32
PART = 256
PART_MARGIN = 32

# Least scores of a network's candidates, and of those that call for a closer look.
CENTERFACE_LEAST, YUNET_LEAST, TURNED_LEAST = 0.1, 0.2, 0.7
FAINT, SURE = {"centerface": 0.1, "yunet": 0.2}, {"centerface": 0.2, "yunet": 0.35}


class Pass(NamedTuple):
    """The candidates of one run over the photo, in pixels of the photo."""

    network: str  # "centerface", "yunet", or "turned": YuNet on the turned photo
    found: Candidates


def passes(pixels: Pixels) -> list[Pass]:
    """All runs over a photo; without CenterFace, if that is not installed.

    Raises:
        ModelError: a network's file is missing or altered.
    """
    made = yunet_passes(pixels)
    try:
        return [*made, *_centerface(pixels, made)]
    except MissingExtraError:
        return made


def yunet_passes(pixels: Pixels) -> list[Pass]:
    """The runs of YuNet alone."""
    return [*_yunet(pixels), *_turned(pixels)]


def _yunet(pixels: Pixels) -> Iterator[Pass]:
    height, width = pixels.shape[:2]
    if height * width <= DOUBLE_PIXELS:
        yield Pass("yunet", _scan(yunet.candidates, pixels, 2, YUNET_LEAST))
    scale = 1.0
    while True:
        yield Pass("yunet", _scan(yunet.candidates, pixels, scale, YUNET_LEAST))
        scale /= 2
        if max(height, width) * scale < LEAST_LEVEL:
            return


def _turned(pixels: Pixels) -> Iterator[Pass]:
    factor = max(1.0, max(pixels.shape[:2]) / TURNED_SIDE)
    small = shrunk(pixels, factor)
    height, width = small.shape[:2]
    back = np.array([pixels.shape[1] / width, pixels.shape[0] / height], np.float32)
    for quarters in (1, 2, 3):
        turned = np.ascontiguousarray(np.rot90(small, quarters), np.uint8)
        found = yunet.candidates(turned, TURNED_LEAST)
        yield Pass("turned", _scaled(_turned_back(found, quarters, width, height), back))


def _turned_back(found: Candidates, quarters: int, width: int, height: int) -> Candidates:
    """Boxes and landmarks before `np.rot90` turned a picture of width x height by quarters."""
    corners = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:4], found[:, 4:14]], 1)
    points = corners.reshape(-1, 7, 2)
    for turn in range(quarters, 0, -1):  # the last turn is undone first
        before = width if turn % 2 else height  # width of the picture that this turn took
        points = np.stack([before - points[..., 1], points[..., 0]], -1)
    low, high = points[:, :2].min(1), points[:, :2].max(1)
    marks = points[:, 2:].reshape(-1, 10)
    return np.concatenate([low, high - low, marks, found[:, 14:]], 1).astype(np.float32)


def _centerface(pixels: Pixels, before: list[Pass]) -> Iterator[Pass]:
    height, width = pixels.shape[:2]
    scale = min(LARGEST_ZOOM, math.sqrt(CENTERFACE_PIXELS / (height * width)))
    half = _centerface_at(pixels, scale / 2)
    yield half
    if scale < 1:
        full = _centerface_at(pixels, scale)
        yield full
        yield Pass("centerface", _closer(pixels, _suspects([*before, half, full], SURE)))
    elif len(_suspects([*before, half], FAINT)):
        yield _centerface_at(pixels, scale)
        mirrored = _centerface_at(np.ascontiguousarray(pixels[:, ::-1]), scale)
        yield Pass("centerface", _mirrored_back(mirrored.found, width))
        if scale < 2:
            yield Pass("centerface", _closer(pixels, _suspects([*before, half], SURE)))


def _centerface_at(pixels: Pixels, scale: float) -> Pass:
    return Pass("centerface", _scan(centerface.candidates, pixels, scale, CENTERFACE_LEAST))


def _suspects(made: list[Pass], least: dict[str, float]) -> NDArray[np.float32]:
    """Centres of candidates for small faces, n x 2."""
    centres = [np.empty((0, 2), np.float32)]
    for network, found in made:
        bar = least.get(network, 1.0)
        small = found[(found[:, 2:4].max(axis=1) < SMALL) & (found[:, 14] >= bar)]
        centres.append(small[:, :2] + small[:, 2:4] / 2)
    return np.concatenate(centres)


def _mirrored_back(found: Candidates, width: int) -> Candidates:
    found = found.copy()
    found[:, 0] = width - found[:, 0] - found[:, 2]
    marks = found[:, 4:14].reshape(-1, 5, 2)[:, [1, 0, 2, 4, 3]]  # right and left change places
    marks[..., 0] = width - marks[..., 0]
    found[:, 4:14] = marks.reshape(-1, 10)
    return found


def _closer(pixels: Pixels, suspects: NDArray[np.float32]) -> Candidates:
    """CenterFace on the parts of the photo where small faces are suspected, twice as large."""
    parts = {(int(x), int(y)) for x, y in suspects // PART}
    height, width = pixels.shape[:2]
    kept = [np.empty((0, 15), np.float32)]
    for column, row in sorted(parts):
        left, top = max(0, column * PART - PART_MARGIN), max(0, row * PART - PART_MARGIN)
        right = min(width, (column + 1) * PART + PART_MARGIN)
        bottom = min(height, (row + 1) * PART + PART_MARGIN)
        if right <= left or bottom <= top:
            continue  # a box may extend beyond the photo
        part = pixels[top:bottom, left:right]
        found = _scan(centerface.candidates, part, 2, CENTERFACE_LEAST)
        inner = (left > 0, top > 0, right < width, bottom < height)
        found = found[~_cut(found, part.shape, inner) & (found[:, 2:4].max(axis=1) <= 2 * SMALL)]
        kept.append(_moved(found, left, top))
    return np.concatenate(kept)


def _scan(detector: Detector, pixels: Pixels, scale: float, least: float) -> Candidates:
    """One detector on the photo at a scale, in tiles if that is large."""
    import cv2

    height, width = pixels.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = pixels if scale == 1 else np.asarray(cv2.resize(pixels, size, interpolation=how))
    back = np.array([width / size[0], height / size[1]], np.float32)
    tiled = padded_side(size[0]) * padded_side(size[1]) > TILE * TILE
    rows, columns = (_spans(side) if tiled else [(0, side)] for side in (size[1], size[0]))
    kept = []
    for top, bottom in rows:
        for left, right in columns:
            tile = np.ascontiguousarray(picture[top:bottom, left:right], np.uint8)
            found = detector(tile, least)
            inner = (left > 0, top > 0, right < size[0], bottom < size[1])
            found = found[~_cut(found, tile.shape, inner)]
            if tiled:
                found = found[found[:, 2:4].max(axis=1) <= MAX_TILED]
            kept.append(_moved(found, left, top))
    return _scaled(np.concatenate(kept), back)


def _scaled(found: Candidates, factors: NDArray[np.float32]) -> Candidates:
    found[:, :14] *= np.tile(factors, 7)
    return found


def _moved(found: Candidates, x: int, y: int) -> Candidates:
    found[:, (0, 4, 6, 8, 10, 12)] += x
    found[:, (1, 5, 7, 9, 11, 13)] += y
    return found


def _cut(
    found: Candidates, shape: tuple[int, ...], inner: tuple[bool, bool, bool, bool]
) -> NDArray[np.bool_]:
    """Whether a box touches an inner edge of the tile; another tile contains the whole face."""
    x, y, w, h = found[:, :4].T
    gaps = (x, y, shape[1] - x - w, shape[0] - y - h)
    cut = np.zeros(len(found), bool)
    for gap, is_inner in zip(gaps, inner, strict=True):
        if is_inner:
            cut |= gap < CUT_MARGIN
    return cut


def _spans(length: int) -> list[tuple[int, int]]:
    """Equal spans of at most TILE that cover 0..length, neighbours overlapping by OVERLAP."""
    count = max(1, math.ceil((length - OVERLAP) / (TILE - OVERLAP)))
    side = math.ceil((length + (count - 1) * OVERLAP) / count)
    starts = [i * (length - side) // max(1, count - 1) for i in range(count)]
    return [(start, start + side) for start in starts]
