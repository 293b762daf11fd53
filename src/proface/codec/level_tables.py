"""The quantiser's nearest level, and its error, by table lookup.

For each radix there is a table of TABLE_STEPS entries per scale, from -TABLE_RANGE to TABLE_RANGE
scales: the level nearest to the middle of the step, and its squared error there. So the level is
the nearest to within half a step. At the finest levels, eight steps apart, this adds 2 % to the
squared error, at those of ordinary coefficients nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from proface.codec.base import Floats, Integers
from proface.errors import ModelError

TABLE_RANGE = 16
TABLE_STEPS = 512
ENTRIES = 2 * TABLE_RANGE * TABLE_STEPS  # of one radix


class LevelTables:
    """The tables of all radices.

    Args:
        levels: for each radix its sorted levels, in units of the scale.

    Raises:
        ModelError: levels are too close together or out of range.
    """

    def __init__(self, levels: Sequence[Floats]) -> None:
        middles = ((np.arange(ENTRIES) + 0.5) / TABLE_STEPS - TABLE_RANGE).astype(np.float32)
        self._levels = np.concatenate(levels)
        self._nearest = np.empty((len(levels), ENTRIES), np.int16)
        self._errors = np.empty((len(levels), ENTRIES), np.float32)
        first = 0
        for table, error, some in zip(self._nearest, self._errors, levels, strict=True):
            halfway = (some[1:] + some[:-1]) / 2
            inside = np.abs(halfway).max(initial=0) < TABLE_RANGE - 1 / TABLE_STEPS
            if not inside or np.diff(halfway).min(initial=1) <= 1 / TABLE_STEPS:
                raise ModelError(
                    "The model's codebook has levels too close together or out of range. "
                    "Reinstall proface."
                )
            table[:] = np.searchsorted(halfway, middles)
            error[:] = np.square(some[table] - middles)
            table += first
            first += len(some)

    def nearest(self, normalised: Floats, radix: npt.NDArray[np.uint8]) -> Integers:
        """Index into all levels, one after another, of the level nearest to each coefficient.

        Args:
            normalised: n x 768, in units of the scale.
            radix: of each, index into the radices.
        """
        return self._nearest.ravel().take(_places(normalised, radix)).astype(np.int64)

    def errors(self, normalised: Floats, radix: npt.NDArray[np.uint8]) -> Floats:
        """The squared error of each coefficient at its nearest level, in squared scales."""
        if np.abs(normalised).max(initial=0) < TABLE_RANGE:
            return np.asarray(self._errors.ravel().take(_places(normalised, radix)))
        error = self._levels.take(self.nearest(normalised, radix)) - normalised
        return np.asarray(np.square(error))


def _places(normalised: Floats, radix: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """Index into the tables."""
    step = normalised * TABLE_STEPS
    step += ENTRIES // 2
    np.clip(step, 0, ENTRIES - 1, out=step)
    places = step.astype(np.int32)  # rounds down, as none is negative
    places += radix.astype(np.int32) * ENTRIES
    return places
