"""Constant-composition distribution matching: uniform bits as patterns with few ones, and back.

A pattern of n bits of which k are 1 is the bits' place in the lexicographic order of all such
patterns (enumerative coding): exact, so that nothing but the number of ones is given up. Long
patterns are split into chunks, whose numbers stay short enough to be computed with.

Source: Schulte and Boecherer, "Constant Composition Distribution Matching", 2016, with the
enumeration of Cover, "Enumerative Source Encoding", 1973.
"""

from __future__ import annotations

import functools
from itertools import pairwise
from math import comb

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]

CHUNK = 1024  # bits of a pattern: shorter ones hold less, longer ones take more time


@functools.lru_cache(maxsize=4096)
def ones_of(length: int, share: float) -> tuple[tuple[int, int], ...]:
    """Length and number of ones of each chunk of a pattern with this share of ones."""
    count = -(-length // CHUNK)
    edges = [length * n // count for n in range(count + 1)] if count else [0]
    return tuple(
        (after - before, round(share * (after - before))) for before, after in pairwise(edges)
    )


def matched_size(length: int, share: float) -> int:
    """How many uniform bits a pattern of this length and share of ones holds."""
    return sum(_room(size, ones) for size, ones in ones_of(length, share))


def match(bits: Bits, length: int, share: float) -> Bits:
    """`matched_size` uniform bits -> a pattern of `length` bits, about `share` of them 1."""
    parts, at = [], 0
    for size, ones in ones_of(length, share):
        room = _room(size, ones)
        parts.append(_pattern(_number(bits[at : at + room]), size, ones))
        at += room
    return np.concatenate(parts) if parts else np.zeros(0, np.uint8)


def unmatch(pattern: Bits, share: float) -> Bits | None:
    """The bits of a pattern; None if `match` makes no such pattern."""
    parts, at = [], 0
    for size, ones in ones_of(len(pattern), share):
        part, room = pattern[at : at + size], _room(size, ones)
        at += size
        rank = _rank(part) if int(part.sum()) == ones else -1
        if rank < 0 or rank >> room:
            return None
        text = np.frombuffer(rank.to_bytes(-(-room // 8), "big"), np.uint8)
        parts.append(np.unpackbits(text)[-room:] if room else np.zeros(0, np.uint8))
    return np.concatenate(parts) if parts else np.zeros(0, np.uint8)


@functools.lru_cache(maxsize=4096)
def _room(size: int, ones: int) -> int:
    """The whole bits in the number of patterns."""
    return comb(size, ones).bit_length() - 1


def _number(bits: Bits) -> int:
    padded = np.concatenate([np.zeros(-len(bits) % 8, np.uint8), bits])
    return int.from_bytes(np.packbits(padded).tobytes(), "big")


def _pattern(rank: int, size: int, ones: int) -> Bits:
    """The pattern of this rank among those of its length and number of ones."""
    pattern = np.zeros(size, np.uint8)
    patterns = comb(size, ones)  # of what is left
    for place in range(size):
        if ones == 0:
            break
        left = size - place
        zero = patterns * (left - ones) // left  # of them begin with 0
        if rank < zero:
            patterns = zero
        else:
            pattern[place] = 1
            rank, patterns, ones = rank - zero, patterns - zero, ones - 1
    return pattern


def _rank(pattern: Bits) -> int:
    size, ones, rank = len(pattern), int(pattern.sum()), 0
    patterns = comb(size, ones)
    for place, bit in enumerate(pattern.tolist()):
        if ones == 0:
            break
        left = size - place
        zero = patterns * (left - ones) // left
        if bit:
            rank, patterns, ones = rank + zero, patterns - zero, ones - 1
        else:
            patterns = zero
    return rank
