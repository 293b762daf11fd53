"""95 % confidence intervals, by SciPy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

RESAMPLES = 2000


class Interval(NamedTuple):
    """A value and the bounds of its 95 % confidence interval."""

    value: float
    low: float
    high: float


def wilson(hits: int, trials: int) -> Interval:
    """Wilson's score interval of a proportion, 0..1; without trials (nan, 0, 1)."""
    if not trials:
        return Interval(float("nan"), 0.0, 1.0)
    interval = stats.binomtest(hits, trials).proportion_ci(method="wilson")
    return Interval(hits / trials, float(interval.low), float(interval.high))


def bootstrap(values: npt.ArrayLike) -> Interval:
    """The mean and its percentile bootstrap interval; of a single value that value."""
    sample = np.asarray(values, float)
    mean = float(sample.mean())
    if len(sample) < 2:
        return Interval(mean, mean, mean)
    interval = stats.bootstrap(
        (sample,), np.mean, n_resamples=RESAMPLES, method="percentile", random_state=0
    ).confidence_interval
    return Interval(mean, float(interval.low), float(interval.high))
