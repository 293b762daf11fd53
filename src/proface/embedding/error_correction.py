"""A quasi-cyclic irregular repeat-accumulate (IRA) LDPC code with a soft decoder in numpy.

A codeword is its information bits, of which the last 32 are a CRC-32 of the others, then its
parity bits. The parity-check matrix consists of Z x Z blocks, each zero or a cyclically shifted
identity; on the parity side a single accumulator runs through all checks. The code is affine, so
uniform bits stay uniform over its words. Everything follows from (length, rate): the same on every
machine.
"""

from __future__ import annotations

import functools
import itertools
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

COLUMNS = 64  # of blocks: the rate is a multiple of 1/64
CHECK = 32  # bits of the CRC
MOST_ROUNDS = 60
LOUDEST = np.float32(60.0)  # of a ratio, so that sums of them stay exact enough
UNKNOWN = 2  # an information bit that is not known before
# Of sizes and of their transforms: beyond, floats do not tell the hyperbolic tangent from 0 or 1.
SMALLEST, LARGEST = np.float32(1e-6), np.float32(16.0)


@dataclass(frozen=True)
class Decoded:
    """What `Code.decode` found.

    Attributes:
        bits: the information bits without their CRC, 0 or 1.
        intact: every parity check and the CRC hold.
        changed: the share of the received word's bits (hard decisions) that the decoder changed:
            the channel's raw error rate if `intact`, a rough lower bound otherwise. 0 to 1.
        unsatisfied: the share of parity checks that do not hold. 0 where `intact`.
    """

    bits: Bits
    intact: bool
    changed: float
    unsatisfied: float


class Code:
    """The code of one length and rate; `make_code` shares instances.

    Attributes:
        length: bits of a codeword, a multiple of COLUMNS and at most what was asked for.
        size: information bits that the caller has to itself: without the CRC.
    """

    def __init__(self, length: int, rows: int) -> None:
        """A code of `rows` of 64 rows of parity blocks: its rate is 1 - rows / 64."""
        self._z = length // COLUMNS
        if not (8 <= rows < COLUMNS and self._z >= 2):
            raise ValueError(f"no code of {length} bits with {rows} of {COLUMNS} rows")
        self._rows, self._data = rows, COLUMNS - rows
        self.length = self._z * COLUMNS
        self.size = self._data * self._z - CHECK
        if self.size <= 0:
            raise ValueError(
                f"a code of {length} bits at rate {1 - rows / COLUMNS:.2f} is too short"
            )
        entries = _place_entries(self._data, rows, self._z)
        # Of each row of blocks: positions in the codeword, degree x Z; the accumulator's two last.
        self._layers = [self._positions(row, entries[row]) for row in range(rows)]

    def _positions(self, row: int, entries: list[tuple[int, int]]) -> npt.NDArray[np.int32]:
        lane = np.arange(self._z)
        of = [column * self._z + (lane + shift) % self._z for column, shift in entries]
        parity = self._data * self._z
        # Check `lane` of row 0 continues the accumulator from the last row of the lane before.
        before = lane - 1 if row == 0 else lane
        of.append(parity + ((row - 1) % self._rows) * self._z + before % self._z)
        of.append(parity + row * self._z + lane)
        return np.array(of, np.int32)

    def encode(self, bits: Bits) -> Bits:
        """The codeword, `length` bits, of `size` information bits (each 0 or 1)."""
        if bits.shape != (self.size,):
            raise ValueError(f"{self.size} bits expected, not {bits.shape}")
        word = np.zeros(self.length, np.uint8)
        word[: self.size] = bits
        word[self.size : self._data * self._z] = _crc(bits)
        sums = np.stack([word[of[:-2]].sum(axis=0) for of in self._layers])  # rows x Z
        parity = np.cumsum(sums.T.ravel(), dtype=np.int64) & 1  # through the rows, lane by lane
        word[self._data * self._z :] = parity.reshape(self._z, self._rows).T.ravel()
        return word

    def decode(
        self,
        ratios: Floats,
        rounds: int = MOST_ROUNDS,
        known: Bits | None = None,
        patience: int = MOST_ROUNDS,
    ) -> Decoded:
        """Layered sum-product.

        Args:
            ratios: log-likelihood ratios of the codeword's bits, ln P(0)/P(1), `length` of them.
            rounds: how often, at most, every check is visited.
            known: the first information bits, where they are known before: 0, 1 or UNKNOWN.
            patience: rounds without progress after which it gives up. Codes of a low rate may
                still succeed then; long ones of a high rate never do.
        """
        received = ratios[: self.length].astype(np.float32)
        total = np.clip(received, -LOUDEST, LOUDEST)
        if known is not None:
            sure = np.flatnonzero(known != UNKNOWN)
            total[sure] = np.where(known[sure] == 1, -LOUDEST, LOUDEST)
        messages = [np.zeros(of.shape, np.float32) for of in self._layers]
        unsatisfied = self._unsatisfied(total)
        history = [unsatisfied]
        for n in range(rounds):
            if unsatisfied == 0 or (n >= patience and unsatisfied >= history[n - patience]):
                break
            for row, of in enumerate(self._layers):
                self._update(total, messages[row], of, row)
            unsatisfied = self._unsatisfied(total)
            history.append(unsatisfied)
        hard = (total < 0).astype(np.uint8)
        bits = hard[: self.size]
        told = hard[self.size : self._data * self._z]
        intact = unsatisfied == 0 and bool((told == _crc(bits)).all())
        changed = float(np.mean(hard != (received < 0)))
        return Decoded(bits, intact, changed, unsatisfied / (self._rows * self._z))

    def needed(self, known: Bits | None = None) -> float:
        """How much information, in bits, each sent bit must let through: the code's rate at first.

        Of what is `known` before, as `decode` takes it, nothing needs to be sent.
        """
        sure = 0 if known is None else int((known != UNKNOWN).sum())
        return (self.size - sure) / (self.length - sure)

    def agreement(self, soft: Floats) -> float:
        """How well parity checks hold in a received word, in standard deviations from chance.

        Args:
            soft: `length` values from -1 (a sure 1) to 1 (a sure 0).
        """
        total = energy = 0.0
        for first, of in self._alike:
            bits = soft[of]
            if first:
                bits[-2, 0] = 1  # the accumulator's start is known
            size = np.abs(bits)
            weight = size.min(axis=0)
            odd = np.logical_xor.reduce(np.signbit(bits), axis=0)
            total += float(np.copysign(weight, 0.5 - odd).sum())
            energy += float(weight @ weight)
        return float(total / np.sqrt(energy + 1e-9))

    @functools.cached_property
    def _alike(self) -> list[tuple[bool, npt.NDArray[np.int32]]]:
        """Positions of the checks of equal degree, side by side; True with the first check."""
        degrees = {len(of): None for of in self._layers}
        return [
            (
                len(self._layers[0]) == degree,
                np.concatenate([of for of in self._layers if len(of) == degree], axis=1),
            )
            for degree in degrees
        ]

    def _update(self, total: Floats, old: Floats, of: npt.NDArray[np.int32], row: int) -> None:
        """One layer: every lane's check answers each of its bits from what the others say."""
        asked = total[of] - old
        if row == 0:
            asked[-2, 0] = LOUDEST  # the accumulator starts from a zero that is not sent
        doubt = _doubt(np.abs(asked))
        negative = asked < 0
        odd = np.logical_xor.reduce(negative, axis=0)
        new = _doubt(doubt.sum(axis=0) - doubt)
        np.negative(new, out=new, where=negative ^ odd)
        asked += new
        if row == 0:  # keeps the last parity bit of the last lane free of the start
            asked[-2, 0] = total[of[-2, 0]]
            new[-2, 0] = 0
        total[of] = asked  # no position occurs twice in a layer
        old[:] = new

    def _unsatisfied(self, total: Floats) -> int:
        hard = total < 0
        count = 0
        for row, of in enumerate(self._layers):
            values = hard[of]
            if row == 0:
                values[-2, 0] = False
            count += int(np.logical_xor.reduce(values, axis=0).sum())
        return count


def _doubt(size: Floats) -> Floats:
    """-ln tanh(x / 2), which is its own inverse."""
    return -np.log(np.tanh(np.clip(size, SMALLEST, LARGEST) / 2))


def _crc(bits: Bits) -> Bits:
    value = zlib.crc32(np.packbits(bits).tobytes())
    return np.unpackbits(np.frombuffer(value.to_bytes(4, "big"), np.uint8))


def _degrees(data: int, rows: int) -> list[int]:
    """How many checks each column of information bits takes part in: most three, some many."""
    high = min(rows, 12 if rows >= 24 else 8)
    many = round(data * (0.22 if rows < 24 else 0.25))
    return [high] * many + [3] * (data - many)


def _place_entries(data: int, rows: int, z: int) -> list[list[tuple[int, int]]]:
    """Column and shift of every nonzero block, by row: even rows, few cycles of length four."""
    used: list[dict[int, int]] = [{} for _ in range(rows)]  # of each row: column -> shift
    before: list[int] = []  # rows that hold a block of this column already
    last = -1
    for row, column, drawn in _places(data, rows):
        before, last = (before if column == last else []), column
        shifts = [number % z for number in drawn]
        cycles = _cycles(used, row, column, before, z)
        used[row][column] = min(shifts, key=lambda shift: cycles.get(shift, 0))
        before.append(row)
    return [list(entries.items()) for entries in used]


@functools.lru_cache(maxsize=64)
def _places(data: int, rows: int) -> list[tuple[int, int, list[int]]]:
    """Row and column of every block, and the numbers from which its shift is chosen."""
    degrees = _degrees(data, rows)
    # Random numbers that no release of numpy changes: the raw output of PCG64.
    source = np.random.PCG64(data * 1000 + rows)
    numbers = iter(source.random_raw(rows * data + 8 * sum(degrees)).tolist())
    load = [0] * rows
    found = []
    for column, degree in enumerate(degrees):
        order = sorted(range(rows), key=lambda row: (load[row], next(numbers) % (1 << 20)))
        for row in order[:degree]:
            load[row] += 1
            found.append((row, column, list(itertools.islice(numbers, 8))))
    return found


def _cycles(
    used: list[dict[int, int]], row: int, column: int, before: list[int], z: int
) -> dict[int, int]:
    """How many cycles of length four a block would close with those placed before, by its shift."""
    here = used[row]
    found: dict[int, int] = {}
    for other in before:
        there = used[other]
        own = there[column]
        for c, shift in here.items():
            if c in there:
                turn = (shift - there[c] + own) % z
                found[turn] = found.get(turn, 0) + 1
        if abs(other - row) == 1:  # neighbouring rows share a parity column, with equal lanes
            found[own] = found.get(own, 0) + 1
    return found


@functools.lru_cache(maxsize=64)
def make_code(length: int, rate: float) -> Code:
    """The code of at most `length` bits whose rate is the multiple of 1/64 at or below `rate`."""
    return Code(length, _rows(rate))


def code_size(length: int, rate: float) -> int:
    """The `size` of `make_code`, without the work."""
    return max(0, (COLUMNS - _rows(rate)) * (length // COLUMNS) - CHECK)


def _rows(rate: float) -> int:
    return COLUMNS - int(rate * COLUMNS + 1e-9)


def interleave(length: int) -> npt.NDArray[np.int64]:
    """A fixed permutation of `length` places: neighbours in the picture part in the code."""
    return np.argsort(np.random.PCG64(length).random_raw(length), kind="stable")
