"""How well two faces are told to be one person's: the figures of LFW's protocol.

Huang et al., "Labeled Faces in the Wild", UMass Amherst 07-49, 2007: accuracy is the mean over the
folds, and what is decided in a fold is decided by a threshold that the other folds chose. TAR at
FAR x is the share of pairs of one person that are accepted under the threshold that lets at most x
of the pairs of two people pass, again chosen on the other folds. With one fold alone the threshold
is chosen on that fold, which flatters; the report says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FARS = (0.1, 0.01, 0.001)


@dataclass(frozen=True)
class Scores:
    """Pairs of faces.

    Attributes:
        cosines: n, of the two embeddings.
        same: n, whether they are one person's.
        folds: n, numbers of the folds.
    """

    cosines: Floats
    same: Flags
    folds: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Curve:
    """A receiver operating characteristic: the rates at falling thresholds, from 0 to 1."""

    far: Floats
    tar: Floats


def verification(scores: Scores) -> dict[str, float]:
    """Accuracy with its spread over the folds, TAR at each of FARS, AUC and EER; all in 0..1."""
    folds = np.unique(scores.folds)
    accuracies, rates = [], []
    for fold in folds:
        test = scores.folds == fold
        train = ~test if len(folds) > 1 else test
        threshold = best_threshold(scores.cosines[train], scores.same[train])
        decided = scores.cosines[test] >= threshold
        accuracies.append(float(np.mean(decided == scores.same[test])))
        strangers = scores.cosines[train & ~scores.same]
        people = scores.cosines[test & scores.same]
        limits = [far_threshold(strangers, far) for far in FARS]
        rates.append([float(np.mean(people >= limit)) for limit in limits])
    curve = roc(scores)
    found = {
        "accuracy": float(np.mean(accuracies)),
        "accuracy_std": float(np.std(accuracies)),
        "auc": area(curve),
        "eer": equal_error(curve),
    }
    tars = np.mean(rates, axis=0)
    return found | {f"tar_at_{far:g}": float(tar) for far, tar in zip(FARS, tars, strict=True)}


def best_threshold(cosines: Floats, same: Flags) -> float:
    """The threshold with the most right decisions; of several, the middle one of the first run.

    A pair is accepted from the threshold on. It lies half-way between two neighbouring cosines, or
    beyond the last one.
    """
    order = np.argsort(cosines)
    values, is_same = cosines[order], same[order]
    # With i pairs refused: the strangers among them, and the people among the others, are right.
    right = np.concatenate(([0], np.cumsum(~is_same))) + np.concatenate(
        (np.cumsum(is_same[::-1])[::-1], [0])
    )
    edges = np.concatenate(
        ([values[0] - 1e-6], (values[1:] + values[:-1]) / 2, [values[-1] + 1e-6])
    )
    # Between two equal cosines there is no threshold.
    possible = np.concatenate(([True], values[1:] > values[:-1], [True]))
    return float(edges[int(np.argmax(np.where(possible, right, -1)))])


def far_threshold(strangers: Floats, far: float) -> float:
    """The least threshold that accepts at most this share of the pairs of two people."""
    allowed = int(np.floor(far * len(strangers)))
    ranked = np.sort(strangers)[::-1]
    if allowed >= len(ranked):
        return float("-inf")
    return float(np.nextafter(ranked[allowed], np.inf))


def roc(scores: Scores) -> Curve:
    """All pairs together."""
    order = np.argsort(-scores.cosines)
    same = scores.same[order]
    last = np.append(np.diff(scores.cosines[order]) != 0, True)  # of equal cosines, all or none
    tar = np.cumsum(same)[last] / max(1, same.sum())
    far = np.cumsum(~same)[last] / max(1, (~same).sum())
    return Curve(np.concatenate(([0.0], far)), np.concatenate(([0.0], tar)))


def area(curve: Curve) -> float:
    """The area under the curve: how likely one person's pair is above two people's."""
    widths = np.diff(curve.far)
    return float(np.sum(widths * (curve.tar[1:] + curve.tar[:-1]) / 2))


def equal_error(curve: Curve) -> float:
    """The rate at which as many strangers are accepted as people refused."""
    gap = curve.far - (1 - curve.tar)  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    if gap[after] == 0 or after == 0:
        return float(curve.far[after])
    part = -gap[after - 1] / (gap[after] - gap[after - 1])
    return float(curve.far[after - 1] + part * (curve.far[after] - curve.far[after - 1]))
