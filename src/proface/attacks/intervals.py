"""How sure a figure is: intervals of 95 %."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Z = 1.959964  # of the normal distribution, two sides
DRAWS = 2000


class Interval(NamedTuple):
    """A figure and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(hits: int, trials: int) -> Interval:
    """Wilson's interval of a part, 0..1; without trials nothing is known.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 1927.
    """
    if not trials:
        return Interval(float("nan"), 0.0, 1.0)
    part, square = hits / trials, Z * Z
    middle = (part + square / (2 * trials)) / (1 + square / trials)
    half = Z / (1 + square / trials)
    half *= float(np.sqrt(part * (1 - part) / trials + square / (4 * trials * trials)))
    return Interval(part, max(0.0, middle - half), min(1.0, middle + half))


def bootstrap(values: npt.ArrayLike, seed: int = 0) -> Interval:
    """The mean, with the percentile interval of the means of resampled values."""
    known = np.asarray(values, float)
    generator = np.random.default_rng(seed)
    means = known[generator.integers(len(known), size=(DRAWS, len(known)))].mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(known.mean()), float(low), float(high))
