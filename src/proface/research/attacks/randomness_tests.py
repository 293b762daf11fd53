"""Statistical tests of randomness for a stream of bits, as p-values.

Four tests of NIST SP 800-22 rev. 1a (2010), with the sections named below, and two on bytes. SciPy
has no such suite; each of the four finds another departure from randomness (bias, local bias,
period, uneven patterns of neighbours). Bits are uint8 arrays of 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import erfc, gammaincc
from scipy.stats import binomtest, chisquare, kstest, pearsonr

Bits = npt.NDArray[np.uint8]

BLOCK = 128
PATTERN = 5  # bits of a pattern


def to_bits(words: npt.NDArray[np.uint16]) -> Bits:
    """The bits of words, most significant first."""
    return np.unpackbits(words.astype(">u2").view(np.uint8))


def frequency(bits: Bits) -> float:
    """Monobit: as many ones as zeros (2.1)."""
    total = abs(2 * float(bits.sum(dtype=np.int64)) - len(bits))
    return float(erfc(total / np.sqrt(2 * len(bits))))


def block_frequency(bits: Bits) -> float:
    """As many ones as zeros in each block of 128 bits (2.2)."""
    parts = bits[: len(bits) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(1)
    return float(gammaincc(len(parts) / 2, 2 * BLOCK * np.square(parts - 0.5).sum()))


def spectral(bits: Bits) -> float:
    """No peaks in the discrete Fourier transform (2.6)."""
    n = len(bits)
    peaks = np.abs(np.fft.rfft(2.0 * bits - 1))[: n // 2]
    below = float((peaks < np.sqrt(n * np.log(20))).sum())
    return float(erfc(abs(below - 0.95 * n / 2) / np.sqrt(n * 0.95 * 0.05 / 4) / np.sqrt(2)))


def serial(bits: Bits) -> float:
    """All patterns of five bits equally often (2.11, the first of its two statistics)."""
    return float(gammaincc(2 ** (PATTERN - 2), (_psi(bits, PATTERN) - _psi(bits, PATTERN - 1)) / 2))


def byte_values(bits: Bits) -> float:
    """All 256 values of a byte equally often: chi-square."""
    return float(chisquare(np.bincount(np.packbits(bits), minlength=256)).pvalue)


def serial_correlation(bits: Bits) -> float:
    """No correlation of successive bytes."""
    values = np.packbits(bits).astype(float)
    return float(pearsonr(values[:-1], values[1:]).pvalue) if values.std() else 0.0


TESTS: dict[str, Callable[[Bits], float]] = {
    "chi-square of bytes": byte_values,
    "serial correlation": serial_correlation,
    "frequency": frequency,
    "block frequency": block_frequency,
    "spectral": spectral,
    "serial": serial,
}


def p_values(streams: Sequence[Bits]) -> dict[str, float]:
    """For each test one p-value: are its p-values over all streams uniform?

    By Kolmogorov and Smirnov's test. The spectral test's p-values are discrete and only
    approximately uniform; for it the number of streams below 0.01 is tested (as in NIST's 4.2.1).
    """
    found = {}
    for name, test in TESTS.items():
        values = np.array([test(bits) for bits in streams])
        if name == "spectral":
            failed = int((values < 0.01).sum())
            found[name] = float(binomtest(failed, len(values), 0.01, "greater").pvalue)
        else:
            found[name] = float(kstest(values, "uniform").pvalue)
    return found


def _psi(bits: Bits, size: int) -> float:
    """NIST's psi-square: how uneven the counts of all patterns of `size` bits are, cyclically."""
    wrapped = np.concatenate((bits, bits[: size - 1])).astype(np.int64)
    number = np.zeros(len(bits), np.int64)
    for i in range(size):
        number = 2 * number + wrapped[i : i + len(bits)]
    counts = np.bincount(number, minlength=2**size)
    return float(2**size / len(bits) * np.square(counts).sum() - len(bits))
