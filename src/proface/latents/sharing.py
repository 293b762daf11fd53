"""How the cells of a region share its words: a flat cheek lends to hair.

Each cell carries as many words, but need not keep its own. 64 cells from all over the region form a
group; the group's words, one after the other, hold its cells' contents, one after the other, each
as long as its rate. Which cells form a group follows from the region's size, and a cell's rate is
told by its first word: nothing of it stands outside the padded words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint16]

GROUP = 64  # cells
SCATTER = 2654435769  # 2^32 over the golden ratio: multiples of it fall far from each other


@dataclass(frozen=True)
class Groups:
    """The groups of a region of `n` cells, in raster order, with `slots` words each.

    Attributes:
        order: cells, group by group.
        group: of each place in `order`, its group's number.
        ends: for each group, where its words end in the stream; it begins where the last one ends.
        kept: n x most, which of the words of the cells in `order` exist.
    """

    order: Integers
    group: Integers
    ends: Integers
    kept: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, slots: Integers, most: int) -> Groups:
        """Groups of a region whose cell i carries `slots[i]` of at most `most` words."""
        cells = np.arange(len(slots), dtype=np.uint64)
        order = np.argsort(cells * SCATTER & 0xFFFFFFFF, kind="stable")
        count = max(1, len(slots) // GROUP)
        group = np.arange(len(slots)) * count // len(slots)
        ends = np.cumsum(np.bincount(group, slots[order], count)).astype(np.int64)
        return cls(order, group, ends, np.arange(most) < slots[order][:, None])

    @property
    def starts(self) -> Integers:
        """Where the groups begin in the stream."""
        return np.concatenate([[0], self.ends[:-1]]).astype(np.int64)

    def group_of_cells(self) -> Integers:
        """The group of each cell, in raster order."""
        groups = np.empty_like(self.order)
        groups[self.order] = self.group
        return groups

    def to_stream(self, words: Words) -> Words:
        """The cells' words n x most -> one stream, group by group."""
        return words[self.order][self.kept]

    def to_cells(self, stream: Words) -> Words:
        """The inverse of `to_stream`; words that do not exist are zero."""
        ordered = np.zeros(self.kept.shape, np.uint16)
        ordered[self.kept] = stream
        words = np.empty_like(ordered)
        words[self.order] = ordered
        return words

    def share(self, losses: npt.NDArray[np.float32], rates: Integers) -> Integers:
        """The rate of each cell, so that every group's fit and lose least together: n, index.

        Args:
            losses: n x rates, what a cell loses at each rate.
            rates: words at each rate, ascending.
        """
        ordered = losses[self.order].astype(np.float64)
        room = self.ends - self.starts
        low = np.full(len(room), -30.0)  # the price of a word, as a power of two
        high = np.full(len(room), 60.0)

        def choice(price: npt.NDArray[np.float64]) -> Integers:
            cost = ordered + np.exp2(price)[self.group, None] * rates
            return np.asarray(cost.argmin(1))

        for _ in range(40):
            middle = (low + high) / 2
            needed = np.bincount(self.group, rates[choice(middle)], len(room))
            fits = needed <= room
            high, low = np.where(fits, middle, high), np.where(fits, low, middle)
        chosen = self._spend_rest(choice(high), ordered, rates)
        result = np.empty_like(chosen)
        result[self.order] = chosen
        return result

    def _spend_rest(
        self, chosen: Integers, ordered: npt.NDArray[np.float64], rates: Integers
    ) -> Integers:
        """Raise the cell that gains most by it while a group has words left."""
        room = self.ends - self.starts - np.bincount(self.group, rates[chosen], len(self.ends))
        cells = np.arange(len(chosen))
        for _ in range(GROUP):
            higher = np.minimum(chosen + 1, len(rates) - 1)
            cost = rates[higher] - rates[chosen]
            gain = ordered[cells, chosen] - ordered[cells, higher]
            gain[(cost == 0) | (cost > room[self.group])] = 0
            best = np.lexsort((gain, self.group))[np.cumsum(np.bincount(self.group)) - 1]
            best = best[gain[best] > 0]
            if not len(best):
                break
            room[self.group[best]] -= cost[best]
            chosen[best] += 1
        return chosen

    def positions(self, sizes: Integers) -> Integers:
        """Where each cell's content begins in the stream, given the sizes; all in raster order."""
        before = np.cumsum(sizes[self.order]) - sizes[self.order]
        first = np.searchsorted(self.group, np.arange(len(self.ends)))
        ordered = before - before[first][self.group] + self.starts[self.group]
        positions = np.empty_like(ordered)
        positions[self.order] = ordered
        return positions

    def read_sizes(self, stream: Words, sizes: Integers) -> tuple[Integers, Integers]:
        """Walk through every group: positions and modes of the cells, in raster order.

        Args:
            stream: all words.
            sizes: words of each mode. A number that is no mode stands for its remainder.
        """
        stream = np.append(stream, np.uint16(0))
        at = self.starts
        first = np.searchsorted(self.group, np.arange(len(at)))
        members = np.bincount(self.group)
        positions = np.zeros(len(self.order), np.int64)
        modes = np.zeros(len(self.order), np.int64)
        for step in range(members.max()):
            going = np.flatnonzero(members > step)
            here = np.minimum(at[going], len(stream) - 1)
            mode = stream[here].astype(np.int64) % len(sizes)
            cell = self.order[first[going] + step]
            positions[cell], modes[cell] = here, mode
            at[going] += sizes[mode]
        return positions, modes
