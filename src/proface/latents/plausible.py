"""Whether words are a face's or noise: what the obfuscated mode shows a wrong key by.

Under a wrong pad every word of a group is uniform. The right words are not, whatever the picture:
the digits in a word have radices whose product R is below 65,536, so that the word is below R; and
the words that a group's contents do not fill are zero. So each word is evidence. With a word in
doubt counted as noise with probability 1/16 (DOUBT), the logarithm of its likelihood ratio is

    log((1 - DOUBT) 65536 / R + DOUBT)   for a word below R  (R = 1 where a word must be zero)
    log(DOUBT)                           for any other

and words are plausible if they have at least half of the evidence that right words always give; if
that is little (under ENOUGH), as much as they give up to that. A cell is shown if its own words are
plausible, and either they alone have ENOUGH or its group's are plausible too: so wrong words spoil
few cells besides their own.

What that promises: right words are never taken for noise, since they give all of it. Uniform ones
reach t with a probability of at most e^-t, as the mean of a likelihood ratio under uniform words is
1 (Markov's inequality). `python -m proface.evaluation.wrong_keys` has figures.

The tables of a codebook are all that this needs: nothing is stored for it, and no picture is more
open to guesses by it. Whoever tries passwords could always look at the words.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from proface.latents.codebook import Codebook, Integers, Words
from proface.latents.sharing import Groups
from proface.latents.words import WORD_RANGE

DOUBT = 1 / 16  # that a word is noise although its group is a face's: a damaged one
ENOUGH = 20.0  # evidence: noise reaches it once in 485 million times
CHUNK = 2048  # cells looked at together, so that memory does not grow with the region


Floats = npt.NDArray[np.float64]


class Evidence(NamedTuple):
    """For groups or for cells, logarithms of likelihood ratios.

    Attributes:
        reached: how much their words speak for a picture; minus infinity for a cell whose content
            is longer than its group has words left, as right ones never are.
        most: how much right words would.
    """

    reached: Floats
    most: Floats

    @property
    def needed(self) -> Floats:
        """What makes words plausible."""
        return np.minimum(self.most, np.maximum(self.most / 2, ENOUGH))

    @property
    def plausible(self) -> npt.NDArray[np.bool_]:
        """Whether they are."""
        return self.reached >= self.needed


def weigh(
    codebook: Codebook, groups: Groups, stream: Words, positions: Integers, modes: Integers
) -> tuple[Evidence, Evidence]:
    """The evidence of groups, with the words that nothing fills, and of cells, in raster order.

    Args:
        codebook, groups: of the region.
        stream: all its words.
        positions, modes: of its cells, in raster order, as `Groups.read_sizes` finds them.
    """
    group_of = groups.group_of_cells()
    ends = groups.ends[group_of]
    ranges = np.ones(len(stream), np.int32)  # a word that no content fills is zero
    cell_of = np.full(len(stream), len(modes), np.int32)  # and is of no cell
    for start in range(0, len(modes), CHUNK):
        cells = slice(start, start + CHUNK)
        limits = codebook.ranges[modes[cells]]
        places = positions[cells][:, None] + np.arange(limits.shape[1])
        kept = np.arange(limits.shape[1]) < codebook.sizes[modes[cells]][:, None]
        kept &= places < ends[cells][:, None]
        ranges[places[kept]] = limits[kept]
        cell_of[places[kept]] = start + np.nonzero(kept)[0]
    expected = np.log((1 - DOUBT) * WORD_RANGE / ranges + DOUBT)
    found = np.where(stream < ranges, expected, np.log(DOUBT))
    group_of_word = np.repeat(np.arange(len(groups.ends)), groups.ends - groups.starts)
    of_groups = _summed(found, expected, group_of_word, len(groups.ends))
    of_cells = _summed(found, expected, cell_of, len(modes) + 1)
    too_long = positions + codebook.sizes[modes] > ends
    of_cells.reached[:-1][too_long] = -np.inf
    return of_groups, Evidence(of_cells.reached[:-1], of_cells.most[:-1])


def _summed(found: Floats, expected: Floats, owner: npt.NDArray[np.integer], n: int) -> Evidence:
    sums = (np.bincount(owner, part, n) for part in (found, expected))
    return Evidence(*(np.asarray(part, np.float64) for part in sums))
