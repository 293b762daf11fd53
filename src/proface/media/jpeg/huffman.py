"""Huffman tables of the shortest total length, and bits packed by them (T.81, annexes C, F, K)."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from proface.errors import OutputError

# A token is a symbol with its table, 256 * table + symbol, and the bits that follow it. Tables 0
# to 3 are for DC, 4 to 7 for AC, 8 is for one bit without a symbol; RESTART is a marker.
AC, RAW, RESTART = 4 * 256, 8 * 256, 9 * 256
_LONGEST = 16


@dataclass
class Tokens:
    """What is coded, in order: `index` names the symbol, `extra` has the bits that follow."""

    index: NDArray[np.uint16]
    extra: NDArray[np.uint16]


def _extra_bits() -> NDArray[np.uint8]:
    """How many bits follow each token."""
    symbol = np.arange(256)
    run, size = symbol >> 4, symbol & 15
    dc = np.minimum(symbol, 16)
    ac = np.where(size == 0, np.where(run < 15, run, 0), size)
    counts = [*[dc] * 4, *[ac] * 4, np.ones(256), np.zeros(1)]
    return np.concatenate(counts).astype(np.uint8)


EXTRA_BITS = _extra_bits()


@dataclass(frozen=True)
class Table:
    """How many codes of each length from 1 to 16 there are, and the symbols in their order."""

    counts: tuple[int, ...]
    symbols: bytes

    def to_bytes(self) -> bytes:
        """As in a DHT segment, behind the byte that names the table."""
        return bytes(self.counts) + self.symbols


def best_table(frequencies: Sequence[int]) -> Table:
    """The table of least total length for 256 frequencies, with no code longer than 16 bits.

    As T.81, K.2: the code of ones only stays free.
    """
    depths = _depths([*frequencies, 1])
    counts = np.bincount(depths, minlength=max(_LONGEST, max(depths)) + 1)
    for length in range(len(counts) - 1, _LONGEST, -1):
        while counts[length]:  # two leaves move: one up to their parent, one under a shorter code
            shorter = length - 2
            while not counts[shorter]:
                shorter -= 1
            counts[length] -= 2
            counts[length - 1] += 1
            counts[shorter + 1] += 2
            counts[shorter] -= 1
    counts[0] = 0
    counts[int(np.flatnonzero(counts)[-1])] -= 1  # the code of ones
    order = sorted((depth, s) for s, depth in enumerate(depths[:256]) if depth)
    return Table(tuple(int(n) for n in counts[1 : _LONGEST + 1]), bytes(s for _, s in order))


def _depths(frequencies: Sequence[int]) -> list[int]:
    depths = [0] * len(frequencies)
    # Of equal ones the last symbol goes deepest, as the free code has to.
    heap = [(count, -s, [s]) for s, count in enumerate(frequencies) if count]
    heapq.heapify(heap)
    if len(heap) == 1:
        depths[heap[0][2][0]] = 1
    while len(heap) > 1:
        one, other = heapq.heappop(heap), heapq.heappop(heap)
        for s in (members := one[2] + other[2]):
            depths[s] += 1
        heapq.heappush(heap, (one[0] + other[0], min(one[1], other[1]), members))
    return depths


@dataclass
class Packer:
    """Turns tokens into the bytes of a scan: code, extra bits, FF 00 for FF, restart markers."""

    tables: dict[int, Table]
    parts: list[bytes] = field(default_factory=list)
    _carry: int = 0
    _carried: int = 0

    def __post_init__(self) -> None:
        self._codes = np.zeros(RESTART + 1, np.uint64)
        self._lengths = np.zeros(RESTART + 1, np.uint8)
        for number, table in self.tables.items():
            code = at = 0
            for length, count in enumerate(table.counts, 1):
                for symbol in table.symbols[at : at + count]:
                    self._codes[256 * number + symbol] = code
                    self._lengths[256 * number + symbol] = length
                    code += 1
                at += count
                code <<= 1
        self._lengths += EXTRA_BITS

    def add(self, tokens: Tokens) -> None:
        """Pack what comes next."""
        lengths = self._lengths[tokens.index].astype(np.int64)
        values = self._codes[tokens.index] << EXTRA_BITS[tokens.index].astype(np.uint64)
        values |= tokens.extra
        if self._carried:
            lengths = np.concatenate([[self._carried], lengths])
            values = np.concatenate([np.array([self._carry], np.uint64), values])
        restarts = np.flatnonzero(tokens.index == RESTART) + (1 if self._carried else 0)
        if restarts.size:
            sums = np.concatenate([[0], np.cumsum(lengths)])
            inside = np.diff(sums[np.concatenate([[0], restarts])])
            padding = -inside % 8
            lengths[restarts] = 16 + padding
            ones = (np.uint64(1) << padding.astype(np.uint64)) - np.uint64(1)
            values[restarts] += (ones << np.uint64(16)) | np.uint64(0xFFD0)
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if ends.size else 0
        packed = _packed(values, lengths, ends)
        whole = total // 8
        self._carried = total - 8 * whole
        self._carry = int(packed[whole]) >> 8 - self._carried if self._carried else 0
        self._append(packed[:whole], ends[restarts] // 8 - 2)

    def finish(self) -> bytes:
        """All bytes of the scan, the last one filled up with ones."""
        if self._carried:
            rest = 8 - self._carried
            self._append(np.array([self._carry << rest | (1 << rest) - 1], np.uint8))
            self._carried = 0
        return b"".join(self.parts)

    def _append(self, data: NDArray[np.uint8], markers: NDArray[np.int64] | None = None) -> None:
        full = np.flatnonzero(data == 0xFF)
        if markers is not None and markers.size:
            full = full[~np.isin(full, markers)]
        self.parts.append(np.insert(data, full + 1, 0).tobytes())


def _packed(
    values: NDArray[np.uint64], lengths: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Values of up to 32 bits set one behind the other, and some zeros."""
    starts = ends - lengths
    total = int(ends[-1]) if ends.size else 0
    words = np.zeros((total >> 5) + 3, np.uint64)
    if ends.size:
        word = starts >> 5
        wide = values << (64 - (starts & 31) - lengths).astype(np.uint64)
        heads = np.flatnonzero(np.concatenate([[True], word[1:] != word[:-1]]))
        places = word[heads]
        words[places] += np.add.reduceat(wide >> np.uint64(32), heads)
        words[places + 1] += np.add.reduceat(wide & np.uint64(0xFFFFFFFF), heads)
    return words.astype(">u4").view(np.uint8)


def checked_size(sizes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The sizes of coefficients; OutputError if one is larger than a JPEG can code."""
    if sizes.size and int(sizes.max()) > 15:
        raise OutputError("A coefficient is larger than a JPEG can hold: the picture is damaged.")
    return sizes
