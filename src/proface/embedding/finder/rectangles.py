"""Rectangles in a map of evidence: where it adds up to most, and what lies near.

All in units of the map's cells; a rectangle is top, left, bottom, right, the last two exclusive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]

MOST_SIDE = 96  # cells of a map in which every rectangle is looked at


def components(map_: Floats, within: Box, smoothing: int, weight: float) -> list[Box]:
    """Bounds of connected areas with at least `weight` of positive evidence, strongest first."""
    part = map_[within[0] : within[2], within[1] : within[3]]
    smooth = cv2.blur(part, (smoothing, smoothing), borderType=cv2.BORDER_REPLICATE)
    positive = (smooth > 0).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(positive, connectivity=4)
    weights = np.bincount(labels.ravel(), np.maximum(part, 0).ravel(), minlength=count)
    found: list[Box] = []
    for n in np.argsort(-weights, kind="stable"):
        if n and weights[n] >= weight:
            left, top, wide, high = (int(value) for value in stats[n][:4])
            top, left = top + within[0], left + within[1]
            found.append((top, left, top + high, left + wide))
    return found


def padded(box: Box, shape: tuple[int, ...], margin: int) -> Box:
    """The box grown by a margin, within the map."""
    top, left, bottom, right = box
    return (
        max(0, top - margin),
        max(0, left - margin),
        min(shape[0], bottom + margin),
        min(shape[1], right + margin),
    )


def overlap(a: Box, b: Box) -> bool:
    """Whether two rectangles share a cell."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def best_rectangle(map_: Floats, within: Box) -> Box:
    """The rectangle with the largest sum inside `within`; in large areas, about."""
    part = map_[within[0] : within[2], within[1] : within[3]]
    shrink = max(1, -(-max(part.shape) // MOST_SIDE))
    if shrink > 1:
        size = (-(-part.shape[1] // shrink), -(-part.shape[0] // shrink))
        more = (size[1] * shrink - part.shape[0], size[0] * shrink - part.shape[1])
        even = np.pad(part, ((0, more[0]), (0, more[1])))
        small = np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), np.float32)
        box = _largest_sum(small)
        whole = (within[0], within[1]) * 2
        top, left, bottom, right = (edge * shrink + whole[k] for k, edge in enumerate(box))
        return _settled(
            map_, (top, left, min(bottom, within[2]), min(right, within[3])), within, shrink
        )
    top, left, bottom, right = _largest_sum(part)
    return (top + within[0], left + within[1], bottom + within[0], right + within[1])


def _settled(map_: Floats, box: Box, within: Box, reach: int) -> Box:
    """The box with each edge moved, one after the other, to where it holds the most."""
    edges = list(box)
    for k in (0, 1, 2, 3, 0, 1, 2, 3):
        low, high = edges[k] - reach, edges[k] + reach
        low, high = max(low, within[k % 2]), min(high, within[k % 2 + 2])
        best, place = -np.inf, edges[k]
        for edge in range(low, high + 1):
            edges[k] = edge
            total = float(map_[edges[0] : edges[2], edges[1] : edges[3]].sum())
            if total > best:
                best, place = total, edge
        edges[k] = place
    return (edges[0], edges[1], edges[2], edges[3])


def _largest_sum(map_: Floats) -> Box:
    part = map_.astype(np.float64)
    below = np.concatenate([np.zeros((1, part.shape[1])), part.cumsum(axis=0)])
    best, box = -np.inf, (0, 0, 1, 1)
    for top in range(part.shape[0]):
        columns = below[top + 1 :] - below[top]  # a row for each bottom
        sums = np.concatenate([np.zeros((len(columns), 1)), columns.cumsum(axis=1)], axis=1)
        least = np.minimum.accumulate(sums, axis=1)
        gain = sums[:, 1:] - least[:, :-1]
        row, right = divmod(int(gain.argmax()), gain.shape[1])
        if gain[row, right] > best:
            best = float(gain[row, right])
            box = (top, int(sums[row, : right + 1].argmin()), top + row + 1, right + 1)
    return box


def running_sums(map_: Floats) -> npt.NDArray[np.float64]:
    """The sum of all cells above and left of each corner, one row and column more than the map."""
    total = np.zeros((map_.shape[0] + 1, map_.shape[1] + 1))
    total[1:, 1:] = map_.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    return total


def sum_in(sums: npt.NDArray[np.float64], box: Box) -> float:
    """The sum of a rectangle, from `running_sums`."""
    top, left, bottom, right = box
    return float(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])


def near(map_: Floats, box: Box, reach: int) -> Iterator[tuple[float, Box]]:
    """Rectangles with edges within `reach` of the box's, and their sums, largest first."""
    return by_sum(
        running_sums(map_),
        [
            np.arange(max(0, edge - reach), min(map_.shape[k % 2], edge + reach) + 1)
            for k, edge in enumerate(box)
        ],
    )


def by_sum(
    sums: npt.NDArray[np.float64], edges: Sequence[npt.NDArray[np.signedinteger]]
) -> Iterator[tuple[float, Box]]:
    """The sums, from `running_sums`, and rectangles of all of these edges, largest first."""
    top, left, bottom, right = np.ix_(*edges)
    total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    flat = np.where((top < bottom) & (left < right), total, -np.inf).ravel()
    last = flat.size - 1  # of equal ones, those further down and to the right come first
    for place in last - np.argsort(-flat[::-1], kind="stable"):
        if flat[place] == -np.inf:
            return
        each = np.unravel_index(int(place), total.shape)
        one = tuple(int(line[at]) for line, at in zip(edges, each, strict=True))
        yield float(flat[place]), (one[0], one[1], one[2], one[3])


def best_interval(sums: Floats) -> tuple[int, int]:
    """The interval, its end exclusive, with the largest sum."""
    total = np.concatenate([[0.0], np.cumsum(sums, dtype=np.float64)])
    least = np.minimum.accumulate(total)
    end = int((total[1:] - least[:-1]).argmax()) + 1
    return int(total[:end].argmin()), end


def halves(map_: Floats, box: Box, lines: Iterable[tuple[int, int]]) -> list[Box]:
    """What may be a rectangle of its own on either side of lines (axis, place) through the box."""
    found: list[Box] = []
    for axis, line in lines:
        for low, high in ((box[axis], line), (line, box[axis + 2])):
            if axis == 1:
                start, end = best_interval(map_[:, low:high].sum(axis=1))
                found.append((start, low, end, high))
            else:
                start, end = best_interval(map_[low:high].sum(axis=0))
                found.append((low, start, high, end))
    return list(dict.fromkeys(found))
