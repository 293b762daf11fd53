"""Likelihood-ratio test: do the words encode a picture, or are they noise from a wrong key?

The obfuscated mode shows the cells that pass. Under a wrong pad every word of a group is uniform.
Correct words are not, whatever the picture: the digits in a word have radices whose product R is
below 65,536, so the word is below R; and words that a group's contents do not fill are zero. If a
correct word may be corrupted with probability 1/16 (ERROR_PROBABILITY, e), its log-likelihood ratio
against noise is

    log((1 - e) 65536 / R + e)   for a word below R  (R = 1 where a word must be zero)
    log(e)                       for any other

A sum of ratios is accepted from half of the maximum, which correct words always reach, but not from
less than SUFFICIENT, unless the maximum itself is less. A cell is shown if its own words are
accepted and, in addition, either their ratio reaches SUFFICIENT or its group is accepted: wrong
words spoil few cells besides their own.

Correct words always pass, since they reach the maximum. Uniform words reach t with a probability of
at most e^-t, as the mean of a likelihood ratio under uniform words is 1 (Markov's inequality).
Measured: `python -m proface.research.evaluation.wrong_keys`.

The test needs only the codebook's tables. Nothing is stored for it, and it gives an attacker who
tries passwords nothing that the words themselves do not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from proface.codec.base import Integers, Words
from proface.codec.bit_allocation import Groups
from proface.codec.codebook import Codebook
from proface.codec.mixed_radix import WORD_RANGE

ERROR_PROBABILITY = 1 / 16  # of a word of a correct group being corrupted
SUFFICIENT = 20.0  # log-likelihood ratio; noise reaches it with probability e^-20, 1 in 485 million
CHUNK = 2048  # cells processed together, to bound memory


Floats = npt.NDArray[np.float64]


class LogRatios(NamedTuple):
    """Log-likelihood ratios of groups or of cells, picture against noise.

    Attributes:
        observed: of their words; minus infinity for a cell whose content extends beyond its group,
            as a correct one never does.
        maximum: of correct words.
    """

    observed: Floats
    maximum: Floats

    @property
    def threshold(self) -> Floats:
        """The least ratio that is accepted."""
        return np.minimum(self.maximum, np.maximum(self.maximum / 2, SUFFICIENT))

    @property
    def accepted(self) -> npt.NDArray[np.bool_]:
        """Whether the words pass for a picture's."""
        return self.observed >= self.threshold


def log_ratios(
    codebook: Codebook, groups: Groups, stream: Words, positions: Integers, modes: Integers
) -> tuple[LogRatios, LogRatios]:
    """Ratios of groups, unfilled words included, and of cells, in raster order.

    Args:
        codebook, groups: of the region.
        stream: all its words.
        positions, modes: of its cells, in raster order, from `Groups.read_modes`.
    """
    group_of = groups.group_of_cells()
    ends = groups.ends[group_of]
    ranges = np.ones(len(stream), np.int32)  # a word that no content fills is zero
    cell_of = np.full(len(stream), len(modes), np.int32)  # and belongs to no cell
    for start in range(0, len(modes), CHUNK):
        cells = slice(start, start + CHUNK)
        limits = codebook.ranges[modes[cells]]
        places = positions[cells][:, None] + np.arange(limits.shape[1])
        inside = np.arange(limits.shape[1]) < codebook.sizes[modes[cells]][:, None]
        inside &= places < ends[cells][:, None]
        ranges[places[inside]] = limits[inside]
        cell_of[places[inside]] = start + np.nonzero(inside)[0]
    maximum = np.log((1 - ERROR_PROBABILITY) * WORD_RANGE / ranges + ERROR_PROBABILITY)
    observed = np.where(stream < ranges, maximum, np.log(ERROR_PROBABILITY))
    group_of_word = np.repeat(np.arange(len(groups.ends)), groups.ends - groups.starts)

    def summed(owner: npt.NDArray[np.integer], n: int) -> LogRatios:
        sums = (np.bincount(owner, part, n)[:n] for part in (observed, maximum))
        return LogRatios(*(np.asarray(part, np.float64) for part in sums))

    of_cells = summed(cell_of, len(modes))
    of_cells.observed[positions + codebook.sizes[modes] > ends] = -np.inf
    return summed(group_of_word, len(groups.ends)), of_cells
