"""Whether words are a face's or noise: what the obfuscated mode shows a wrong key by.

Under a wrong pad every word of a group is uniform. The right words are not, whatever the picture:
the digits in a word have radices whose product R is below 65,536, so that the word is below R; and
the words that a group's contents do not fill are zero. So each word is evidence. With a word in
doubt counted as noise with probability 1/16 (DOUBT), the logarithm of its likelihood ratio is

    log((1 - DOUBT) 65536 / R + DOUBT)   for a word below R  (R = 1 where a word must be zero)
    log(DOUBT)                           for any other

and a group is plausible if it has at least half of the evidence that right words always give; if
that is little (under ENOUGH), as much as they give up to that.

What that promises: right words are never taken for noise, since they give all of it. Uniform ones
reach t with a probability of at most e^-t, as the mean of a likelihood ratio under uniform words is
1 (Markov's inequality). `python -m proface.evaluation.wrong_keys` has figures.

The tables of a codebook are all that this needs: nothing is stored for it, and no picture is more
open to guesses by it. Whoever tries passwords could always look at the words.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from proface.latents.codebook import Codebook, Integers, Words
from proface.latents.sharing import Groups
from proface.latents.words import WORD_RANGE

Evidence = npt.NDArray[np.float64]

DOUBT = 1 / 16  # that a word is noise although its group is a face's: a damaged one
ENOUGH = 20.0  # evidence: noise reaches it once in 485 million times
CHUNK = 2048  # cells looked at together, so that memory does not grow with the region


def evidence(
    codebook: Codebook, groups: Groups, stream: Words, positions: Integers, modes: Integers
) -> tuple[Evidence, Evidence]:
    """How much each group's words speak for a picture, and how much right words would.

    Args:
        codebook, groups: of the region.
        stream: all its words.
        positions, modes: of its cells, in raster order, as `Groups.read_sizes` finds them.

    Returns:
        Logarithms of likelihood ratios, one for each group. The first is minus infinity where the
        contents are longer than the group, as right ones never are.
    """
    count = len(groups.ends)
    group_of = groups.group_of_cells()
    ends = groups.ends[group_of]
    ranges = np.ones(len(stream), np.int32)  # a word that no content fills is zero
    for start in range(0, len(modes), CHUNK):
        cells = slice(start, start + CHUNK)
        limits = codebook.ranges[modes[cells]]
        places = positions[cells][:, None] + np.arange(limits.shape[1])
        kept = np.arange(limits.shape[1]) < codebook.sizes[modes[cells]][:, None]
        kept &= places < ends[cells][:, None]
        ranges[places[kept]] = limits[kept]
    expected = np.log((1 - DOUBT) * WORD_RANGE / ranges + DOUBT)
    found = np.where(stream < ranges, expected, np.log(DOUBT))
    of_word = np.repeat(np.arange(count), groups.ends - groups.starts)
    reached, most = (
        np.asarray(np.bincount(of_word, part, count), np.float64) for part in (found, expected)
    )
    too_long = np.bincount(group_of, positions + codebook.sizes[modes] > ends, count) > 0
    reached[too_long] = -np.inf
    return reached, most


def needed(most: Evidence) -> Evidence:
    """The evidence that makes groups plausible, from what right words would give."""
    return np.minimum(most, np.maximum(most / 2, ENOUGH))
