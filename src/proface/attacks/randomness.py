"""Tests of randomness of a stream of bits, as p-values.

After NIST SP 800-22 rev. 1a (2010), whose sections are named below; a uniform p-value means that
the stream cannot be told from random bits by that test. Bits are arrays of 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import erfc, gammaincc
from scipy.stats import chi2, kstest, norm

Bits = npt.NDArray[np.uint8]

BLOCK = 128
# Of the longest run of ones in 128 bits: up to 4, 5, 6, 7, 8, 9 or more.
LONGEST = np.array([0.1174, 0.2430, 0.2493, 0.1752, 0.1027, 0.1124])
PATTERN = 5  # bits of a pattern


def frequency(bits: Bits) -> float:
    """As many ones as zeros (2.1)."""
    total = abs(2 * float(bits.sum(dtype=np.int64)) - len(bits))
    return float(erfc(total / np.sqrt(2 * len(bits))))


def block_frequency(bits: Bits) -> float:
    """In every block of 128 too (2.2)."""
    parts = _blocks(bits).mean(1)
    return float(gammaincc(len(parts) / 2, 2 * BLOCK * np.square(parts - 0.5).sum()))


def runs(bits: Bits) -> float:
    """As many changes as chance makes (2.3)."""
    part = float(bits.mean())
    if part in (0.0, 1.0):
        return 0.0
    changes = 1 + int((bits[1:] != bits[:-1]).sum())
    expected = 2 * len(bits) * part * (1 - part)
    return float(erfc(abs(changes - expected) / (2 * np.sqrt(2 * len(bits)) * part * (1 - part))))


def longest_run(bits: Bits) -> float:
    """The longest run of ones in each block of 128 (2.4)."""
    blocks = _blocks(bits)
    run = longest = np.zeros(len(blocks), int)
    for column in blocks.T:
        run = (run + 1) * column
        longest = np.maximum(longest, run)
    counts = np.bincount(np.clip(longest, 4, 9) - 4, minlength=6)
    expected = len(blocks) * LONGEST
    return float(gammaincc(2.5, (np.square(counts - expected) / expected).sum() / 2))


def spectral(bits: Bits) -> float:
    """No frequency stands out (2.6)."""
    n = len(bits)
    peaks = np.abs(np.fft.rfft(2.0 * bits - 1))[: n // 2]
    below = float((peaks < np.sqrt(n * np.log(20))).sum())
    return float(erfc(abs(below - 0.95 * n / 2) / np.sqrt(n * 0.95 * 0.05 / 4) / np.sqrt(2)))


def serial(bits: Bits) -> float:
    """All patterns of five bits as often (2.11, the first of its two)."""
    return float(gammaincc(2 ** (PATTERN - 2), (_psi(bits, PATTERN) - _psi(bits, PATTERN - 1)) / 2))


def approximate_entropy(bits: Bits) -> float:
    """What follows four bits cannot be foretold (2.12)."""
    longer, shorter = (_patterns(bits, m) / len(bits) for m in (PATTERN, PATTERN - 1))
    phi = [float((p[p > 0] * np.log(p[p > 0])).sum()) for p in (shorter, longer)]
    statistic = 2 * len(bits) * (np.log(2) - (phi[0] - phi[1]))
    return float(gammaincc(2 ** (PATTERN - 2), statistic / 2))


def cumulative_sums(bits: Bits) -> float:
    """The walk of +-1 stays as near as chance lets it (2.13, forwards)."""
    n = len(bits)
    z = float(np.abs(np.cumsum(2 * bits.astype(np.int64) - 1)).max())
    root = np.sqrt(n)

    def terms(low: float, high: float, upper: int, lower: int) -> float:
        k = np.arange(int(low), int(high) + 1)
        return float(
            (norm.cdf((4 * k + upper) * z / root) - norm.cdf((4 * k + lower) * z / root)).sum()
        )

    first = terms((-n / z + 1) / 4, (n / z - 1) / 4, 1, -1)
    second = terms((-n / z - 3) / 4, (n / z - 1) / 4, 3, 1)
    return min(1.0, max(0.0, 1 - first + second))


def byte_values(bits: Bits) -> float:
    """All 256 values of a byte as often: chi-square."""
    counts = np.bincount(np.packbits(bits), minlength=256)
    expected = counts.sum() / 256
    return float(chi2.sf((np.square(counts - expected) / expected).sum(), 255))


def serial_correlation(bits: Bits) -> float:
    """A byte tells nothing about the next."""
    values = np.packbits(bits).astype(float)
    if not values.std():
        return 0.0
    r = float(np.corrcoef(values[:-1], values[1:])[0, 1])
    return float(2 * norm.sf(abs(r) * np.sqrt(len(values) - 1)))


TESTS: dict[str, Callable[[Bits], float]] = {
    "chi-square of bytes": byte_values,
    "serial correlation": serial_correlation,
    "frequency": frequency,
    "block frequency": block_frequency,
    "runs": runs,
    "longest run": longest_run,
    "spectral": spectral,
    "cumulative sums": cumulative_sums,
    "serial": serial,
    "approximate entropy": approximate_entropy,
}


def p_values(streams: Sequence[Bits]) -> dict[str, float]:
    """For each test one p-value: whether its p-values over all streams are uniform.

    The spectral test's p-values are discrete and only nearly uniform: the part of streams under
    0.01 is judged there, as NIST does (4.2.1), by its normal approximation.
    """
    found = {}
    for name, test in TESTS.items():
        values = np.array([test(bits) for bits in streams])
        if name == "spectral":
            failed = float((values < 0.01).mean())
            found[name] = float(norm.sf((failed - 0.01) / np.sqrt(0.01 * 0.99 / len(values))))
        else:
            found[name] = float(kstest(values, "uniform").pvalue)
    return found


def _blocks(bits: Bits) -> npt.NDArray[np.int64]:
    return bits[: len(bits) // BLOCK * BLOCK].reshape(-1, BLOCK).astype(np.int64)


def _patterns(bits: Bits, size: int) -> npt.NDArray[np.int64]:
    """How often each pattern of `size` bits occurs, going round at the end."""
    wrapped = np.concatenate((bits, bits[: size - 1])).astype(np.int64)
    number = np.zeros(len(bits), np.int64)
    for i in range(size):
        number = 2 * number + wrapped[i : i + len(bits)]
    return np.bincount(number, minlength=2**size)


def _psi(bits: Bits, size: int) -> float:
    counts = _patterns(bits, size)
    return float(2**size / len(bits) * np.square(counts).sum() - len(bits))
