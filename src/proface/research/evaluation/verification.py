"""Face verification by LFW's protocol.

Huang et al., "Labeled Faces in the Wild", UMass Amherst 07-49, 2007: accuracy is the mean over the
folds, each at the threshold that is best on the other folds. TAR at FAR x is the rate of accepted
genuine pairs at the threshold that accepts at most x of the impostor pairs, also chosen on the
other folds. With a single fold the threshold is chosen on that fold, which is optimistic; the
report says so.
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
    """Scored pairs of faces.

    Attributes:
        cosines: n, of the two embeddings.
        same: n, genuine (True) or impostor.
        folds: n, fold numbers.
    """

    cosines: Floats
    same: Flags
    folds: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Curve:
    """An ROC curve: the rates at falling thresholds, from 0 to 1."""

    far: Floats
    tar: Floats


def verification(scores: Scores) -> dict[str, float]:
    """Accuracy and its standard deviation over the folds, TAR at FARS, AUC and EER; all 0..1."""
    folds = np.unique(scores.folds)
    accuracies, rates = [], []
    for fold in folds:
        test = scores.folds == fold
        train = ~test if len(folds) > 1 else test
        threshold = best_threshold(scores.cosines[train], scores.same[train])
        decided = scores.cosines[test] >= threshold
        accuracies.append(float(np.mean(decided == scores.same[test])))
        impostors = scores.cosines[train & ~scores.same]
        genuine = scores.cosines[test & scores.same]
        limits = [far_threshold(impostors, far) for far in FARS]
        rates.append([float(np.mean(genuine >= limit)) for limit in limits])
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
    """The most accurate threshold; of several the first.

    Pairs at or above it are accepted. It lies half-way between neighbouring cosines, or beyond the
    extreme ones.
    """
    order = np.argsort(cosines)
    values, is_same = cosines[order], same[order]
    # With i pairs rejected, right are the impostors among them and the genuine among the others.
    right = np.concatenate(([0], np.cumsum(~is_same))) + np.concatenate(
        (np.cumsum(is_same[::-1])[::-1], [0])
    )
    edges = np.concatenate(
        ([values[0] - 1e-6], (values[1:] + values[:-1]) / 2, [values[-1] + 1e-6])
    )
    # There is no threshold between equal cosines.
    possible = np.concatenate(([True], values[1:] > values[:-1], [True]))
    return float(edges[int(np.argmax(np.where(possible, right, -1)))])


def far_threshold(impostors: Floats, far: float) -> float:
    """The lowest threshold that accepts at most this rate of the impostor pairs."""
    allowed = int(np.floor(far * len(impostors)))
    ranked = np.sort(impostors)[::-1]
    if allowed >= len(ranked):
        return float("-inf")
    return float(np.nextafter(ranked[allowed], np.inf))


def roc(scores: Scores) -> Curve:
    """The ROC curve of all pairs together."""
    order = np.argsort(-scores.cosines)
    same = scores.same[order]
    last = np.append(
        np.diff(scores.cosines[order]) != 0, True
    )  # equal cosines are accepted together
    tar = np.cumsum(same)[last] / max(1, same.sum())
    far = np.cumsum(~same)[last] / max(1, (~same).sum())
    return Curve(np.concatenate(([0.0], far)), np.concatenate(([0.0], tar)))


def area(curve: Curve) -> float:
    """Area under the ROC curve (AUC)."""
    widths = np.diff(curve.far)
    return float(np.sum(widths * (curve.tar[1:] + curve.tar[:-1]) / 2))


def equal_error(curve: Curve) -> float:
    """Equal error rate (EER): false acceptance rate equals false rejection rate."""
    gap = curve.far - (1 - curve.tar)  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    if gap[after] == 0 or after == 0:
        return float(curve.far[after])
    part = -gap[after - 1] / (gap[after] - gap[after - 1])
    return float(curve.far[after - 1] + part * (curve.far[after] - curve.far[after - 1]))
