"""Merges the many sightings of one face, over cells, tiles and scales, into one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAME = 0.35  # intersection over union from which two boxes show the same face
INSIDE = 0.7  # part of a box that may lie in a better one's: beyond, it is a part of that face


def merged(candidates: NDArray[np.float32]) -> NDArray[np.float32]:
    """Greedy non-maximum suppression: the best-scoring box of every group, best first.

    A box is dropped if a better one has an intersection over union of 0.35 or more with it, or
    holds 0.7 of its area: a mouth that looked like a face of its own. A large box around a
    better small one stays, since dropping it could uncover a face.

    Args:
        candidates: float32 n x 15: x, y, w, h, ten landmark coordinates, score.
    """
    # Ties are broken by position, so that the result does not depend on the order of tiles.
    order = np.lexsort((candidates[:, 0], candidates[:, 1], -candidates[:, 14]))
    rest = candidates[order]
    kept = []
    while len(rest):
        best = rest[0]
        kept.append(best)
        shared = _shared(best, rest)
        area = rest[:, 2] * rest[:, 3]
        union = area + best[2] * best[3] - shared
        drop = (shared >= SAME * union) | (shared >= INSIDE * area)
        drop[0] = True
        rest = rest[~drop]
    return np.array(kept, np.float32).reshape(-1, 15)


def _shared(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """The area that `box` shares with each of `others`."""
    left, top = np.maximum(box[0], others[:, 0]), np.maximum(box[1], others[:, 1])
    right = np.minimum(box[0] + box[2], others[:, 0] + others[:, 2])
    bottom = np.minimum(box[1] + box[3], others[:, 1] + others[:, 3])
    return np.asarray(np.maximum(right - left, 0) * np.maximum(bottom - top, 0), np.float32)
