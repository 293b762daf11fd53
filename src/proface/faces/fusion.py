"""Fusion: one face from the candidates of several detectors and sizes.

Weighted box fusion (Solovyev, Wang, Gabruseva: "Weighted boxes fusion", 2021): candidates that
overlap are one face, whose box is their mean, weighted by score. Its score is a logistic regression
on the logits of the two best scores of each detector: that one detector sees a face at two sizes
says more than one high score; and on the contrast of its box (`contrast`). The weights were fitted
on the even photos of a set of crowds, by boxes drawn by hand (docs/DETECTION.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from proface.faces.contrast import by_contrast
from proface.faces.passes import Candidates, Pass
from proface.types import Pixels

SAME_FACE = 0.5  # intersection over union of the candidates of one face
OVERLAP = 0.4  # of two faces, of which the better one is kept
CONTAINED = 0.85  # a box of which this part lies in a better one is a part of that face

# Logit of the best score of a detector, of its second best; where it saw nothing; the constant. The
# constants are such that the default threshold, 0.5, finds 94 % of the boxed faces of the crowds:
# most of what else lies there is faces that nobody boxed (docs/DETECTION.md). Those of YuNet alone
# and of turned photos are lower.
CENTERFACE = (1.42, 0.79, -3.0)
WITH_YUNET = (0.10, 0.07, -2.5)
BOTH = 3.43
YUNET = (0.38, 0.77, -2.5)
YUNET_ALONE = 0.85  # CenterFace is not installed
YUNET_AGAINST = -0.4  # CenterFace saw the photo and does not agree
LESS_SURE = 1.0  # a second run would have scored less
TURNED, TURNED_CONSTANT = 1.15, -1.2


def fuse(passes: Sequence[Pass], pixels: Pixels) -> NDArray[np.float64]:
    """The faces of a photo, best first: n x 15, as `yunet.candidates`, with fused scores.

    Args:
        passes: the runs over one photo.
        pixels: uint8 H x W x 3, the photo.
    """
    thinned = [_thinned(p.found) for p in passes]
    found = np.concatenate([np.empty((0, 15)), *thinned])
    run = np.repeat(np.arange(len(passes)), [len(rows) for rows in thinned])
    names = np.array([p.network for p in passes])
    both = "centerface" in names
    # CenterFace's scores are lower for the same certainty.
    weight = found[:, 14] * np.where(names[run] == "centerface", 1.6, 1.0)
    # Ties are broken by position, so that the result does not depend on the order of tiles.
    order = np.lexsort((found[:, 0], found[:, 1], -weight))
    found, run, weight = found[order], run[order], weight[order]
    free = np.ones(len(found), bool)
    faces = []
    for i in range(len(found)):
        if free[i]:
            same = free & (_shared(found[i], found)[0] >= SAME_FACE)
            same[i] = True
            free &= ~same
            faces.append(_face(found[same], run[same], weight[same], names, both=both))
    found = _distinct(np.array(faces).reshape(-1, 15))
    found[:, 14] = _sigmoid(_logit(found[:, 14]) + by_contrast(pixels, found))
    return found[np.argsort(-found[:, 14], kind="stable")]


def _face(
    found: NDArray[np.float64],
    run: NDArray[np.intp],
    weight: NDArray[np.float64],
    names: NDArray[np.str_],
    *,
    both: bool,
) -> NDArray[np.float64]:
    """One face from its candidates, the best first, of which each run counts with its best."""
    _runs, first = np.unique(run, return_index=True)
    network, scores = names[run[first]], found[first, 14]
    # A turned picture's landmarks are of another order of magnitude in error: never mixed in.
    upright = network != "turned"
    used = first[upright] if upright.any() else first
    share = weight[used] ** 2
    face = (found[used] * share[:, None]).sum(0) / share.sum()
    turned = scores[network == "turned"]
    logits = [_best_two(scores[network == "yunet"], YUNET)]
    logits[0] += YUNET_AGAINST if both else YUNET_ALONE
    if both:
        once = np.count_nonzero(names == "centerface") == 1
        value = _best_two(scores[network == "centerface"], CENTERFACE, once=once)
        logits.append(value + _best_two(scores[network == "yunet"], WITH_YUNET) + BOTH)
    if len(turned):
        logits.append(TURNED * float(_logit(turned.max())) + TURNED_CONSTANT)
    face[14] = _sigmoid(np.array(max(logits)))
    return np.asarray(face)


def _best_two(
    scores: NDArray[np.float64], weights: tuple[float, float, float], *, once: bool = False
) -> float:
    """The weighted logits of a detector's two best scores; `once` if it ran only once."""
    first, second, absent = weights
    best = [*np.sort(_logit(scores))[::-1], absent, absent]
    if once and len(scores):
        best[1] = best[0] - LESS_SURE
    return float(first * best[0] + second * best[1])


def _logit(score: NDArray[np.float64]) -> NDArray[np.float64]:
    score = np.clip(score, 1e-3, 0.999)
    return np.asarray(np.log(score / (1 - score)))


def _sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _distinct(faces: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drops a face that overlaps a better one, or most of which lies in a better one.

    A large box around a better small one is kept, since dropping it could leave a face visible.
    """

    def is_same(union: NDArray[np.float64], contained: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray((union >= OVERLAP) | (contained >= CONTAINED))

    return _best(faces, is_same)


def _thinned(found: Candidates) -> NDArray[np.float64]:
    """The best candidates of a run, one of those that overlap by half."""
    return _best(found.astype(np.float64), lambda union, _contained: union >= 0.5)


def _best(
    rows: NDArray[np.float64],
    is_same: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]],
) -> NDArray[np.float64]:
    """Greedy non-maximum suppression, best score first; `is_same` is given what `_shared` is."""
    rest = rows[np.lexsort((rows[:, 0], rows[:, 1], -rows[:, 14]))]
    kept = []
    while len(rest):
        kept.append(rest[0])
        drop = is_same(*_shared(rest[0], rest))
        drop[0] = True
        rest = rest[~drop]
    return np.array(kept).reshape(-1, 15)


def _shared(
    box: NDArray[np.float64], others: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Intersection over union with each of `others`, and the part of each that lies in `box`."""
    left, top = np.maximum(box[0], others[:, 0]), np.maximum(box[1], others[:, 1])
    right = np.minimum(box[0] + box[2], others[:, 0] + others[:, 2])
    bottom = np.minimum(box[1] + box[3], others[:, 1] + others[:, 3])
    shared = np.maximum(right - left, 0) * np.maximum(bottom - top, 0)
    area = others[:, 2] * others[:, 3]
    return shared / np.maximum(area + box[2] * box[3] - shared, 1e-9), shared / np.maximum(
        area, 1e-9
    )
