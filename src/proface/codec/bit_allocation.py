"""Bit allocation: the words of a group of cells, distributed among them by rate and distortion.

Each cell of the cover carries the same number of words, but a cell's content need not take as many.
64 cells scattered over the region form a group; the group's words, concatenated, hold the contents
of its cells, concatenated, each as long as its rate. Which cells form a group follows from the
region's size, and a cell's rate from the first word of its content, so no side information is
stored outside the padded words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from proface.codec.base import Integers, Words

GROUP = 64  # cells
HASH_MULTIPLIER = 2654435769  # 2^32 / golden ratio: Fibonacci hashing scatters consecutive cells


@dataclass(frozen=True)
class Groups:
    """The groups of a region of n cells, in raster order.

    Attributes:
        order: cell numbers, group by group.
        group: group number of each entry of `order`.
        ends: end of each group's words in the stream; a group starts where the previous one ends.
        carried: n x most, which words of the cells in `order` exist.
    """

    order: Integers
    group: Integers
    ends: Integers
    carried: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, capacity: Integers, most: int) -> Groups:
        """Groups of a region whose cell i carries `capacity[i]` of at most `most` words."""
        cells = np.arange(len(capacity), dtype=np.uint64)
        order = np.argsort(cells * HASH_MULTIPLIER & 0xFFFFFFFF, kind="stable")
        count = max(1, len(capacity) // GROUP)
        group = np.arange(len(capacity)) * count // len(capacity)
        ends = np.cumsum(np.bincount(group, capacity[order], count)).astype(np.int64)
        return cls(order, group, ends, np.arange(most) < capacity[order][:, None])

    @property
    def starts(self) -> Integers:
        """Start of each group's words in the stream."""
        return np.concatenate([[0], self.ends[:-1]]).astype(np.int64)

    def _in_raster_order(self, ordered: Integers) -> Integers:
        """Values of the cells in `order` -> the same values in raster order."""
        values = np.empty_like(ordered)
        values[self.order] = ordered
        return values

    def group_of_cells(self) -> Integers:
        """The group of each cell, in raster order."""
        return self._in_raster_order(self.group)

    def to_stream(self, words: Words) -> Words:
        """Words of the cells, n x most -> one stream, group by group."""
        return words[self.order][self.carried]

    def to_cells(self, stream: Words) -> Words:
        """The inverse of `to_stream`; words that do not exist are zero."""
        ordered = np.zeros(self.carried.shape, np.uint16)
        ordered[self.carried] = stream
        words = np.empty_like(ordered)
        words[self.order] = ordered
        return words

    def allocate(self, distortions: npt.NDArray[np.float32], rates: Integers) -> Integers:
        """Choose the rate of each cell to minimise each group's distortion within its words.

        Lagrangian rate-distortion optimisation (Shoham and Gersho, IEEE TASSP 1988): one multiplier
        for each group, found by bisection; words left over go to the best single increments.

        Args:
            distortions: n x rates, squared error of each cell at each rate.
            rates: words at each rate, ascending.

        Returns:
            Index into `rates` for each cell, n, in raster order.
        """
        ordered = distortions[self.order].astype(np.float64)
        budget = self.ends - self.starts
        low = np.full(len(budget), -30.0)  # log2 of the Lagrange multiplier, the cost of a word
        high = np.full(len(budget), 60.0)

        def choice(multiplier: npt.NDArray[np.float64]) -> Integers:
            cost = ordered + np.exp2(multiplier)[self.group, None] * rates
            return np.asarray(cost.argmin(1))

        for _ in range(40):
            middle = (low + high) / 2
            needed = np.bincount(self.group, rates[choice(middle)], len(budget))
            fits = needed <= budget
            high, low = np.where(fits, middle, high), np.where(fits, low, middle)
        return self._in_raster_order(self._spend_remaining(choice(high), ordered, rates))

    def _spend_remaining(
        self, chosen: Integers, ordered: npt.NDArray[np.float64], rates: Integers
    ) -> Integers:
        """While a group has words left, raise the rate of the cell that gains most by it."""
        remaining = self.ends - self.starts - np.bincount(self.group, rates[chosen], len(self.ends))
        cells = np.arange(len(chosen))
        for _ in range(GROUP):
            higher = np.minimum(chosen + 1, len(rates) - 1)
            cost = rates[higher] - rates[chosen]
            gain = ordered[cells, chosen] - ordered[cells, higher]
            gain[(cost == 0) | (cost > remaining[self.group])] = 0
            best = np.lexsort((gain, self.group))[np.cumsum(np.bincount(self.group)) - 1]
            best = best[gain[best] > 0]
            if not len(best):
                break
            remaining[self.group[best]] -= cost[best]
            chosen[best] += 1
        return chosen

    def positions(self, sizes: Integers) -> Integers:
        """Start of each cell's content in the stream, given the sizes; all in raster order."""
        before = np.cumsum(sizes[self.order]) - sizes[self.order]
        first = np.searchsorted(self.group, np.arange(len(self.ends)))
        ordered = before - before[first][self.group] + self.starts[self.group]
        return self._in_raster_order(ordered)

    def read_modes(self, stream: Words, sizes: Integers) -> tuple[Integers, Integers]:
        """Parse every group sequentially: positions and modes of the cells, in raster order.

        Args:
            stream: all words.
            sizes: words of each mode. A first word's mode is its remainder by the number of modes.
        """
        stream = np.append(stream, np.uint16(0))
        at = self.starts
        first = np.searchsorted(self.group, np.arange(len(at)))
        members = np.bincount(self.group)
        positions = np.zeros(len(self.order), np.int64)
        modes = np.zeros(len(self.order), np.int64)
        for step in range(members.max()):
            active = np.flatnonzero(members > step)
            here = np.minimum(at[active], len(stream) - 1)
            mode = stream[here].astype(np.int64) % len(sizes)
            cell = self.order[first[active] + step]
            positions[cell], modes[cell] = here, mode
            at[active] += sizes[mode]
        return positions, modes
