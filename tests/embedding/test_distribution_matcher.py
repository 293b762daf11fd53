"""Uniform bits as patterns with few ones: exact, and nearly as short as entropy allows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from proface.embedding.distribution_matcher import match, matched_size, ones_of, unmatch


def entropy(share: float) -> float:
    return float(-share * np.log2(share) - (1 - share) * np.log2(1 - share))


@pytest.mark.parametrize("share", [0.04, 0.11, 0.28, 0.5])
@pytest.mark.parametrize("length", [1024, 5000, 18432])
def test_bits_come_back_from_their_pattern(length: int, share: float) -> None:
    bits = np.random.default_rng(length).integers(0, 2, matched_size(length, share), np.uint8)
    pattern = match(bits, length, share)

    assert len(pattern) == length
    assert pattern.sum() == sum(ones for _, ones in ones_of(length, share))
    assert pattern.mean() == pytest.approx(share, abs=1 / 512)
    np.testing.assert_array_equal(unmatch(pattern, share), bits)
    assert matched_size(length, share) > 0.97 * entropy(pattern.mean()) * length


def test_all_patterns_of_some_bits_differ() -> None:
    length, share = 9, 0.34
    room = matched_size(length, share)
    every = [
        match(np.array(bits, np.uint8), length, share)
        for bits in itertools.product((0, 1), repeat=room)
    ]
    assert len({pattern.tobytes() for pattern in every}) == 2**room
    assert {int(pattern.sum()) for pattern in every} == {3}


def test_what_is_no_pattern_is_told() -> None:
    length, share = 9, 0.34
    assert unmatch(np.zeros(length, np.uint8), share) is None  # another number of ones
    last = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0], np.uint8)  # rank 83 of 84, beyond six bits
    assert unmatch(last, share) is None


@pytest.mark.parametrize("length", [0, 1, 5])
def test_short_patterns_hold_little(length: int) -> None:
    room = matched_size(length, 0.1)
    assert room == 0
    pattern = match(np.zeros(room, np.uint8), length, 0.1)
    assert len(pattern) == length
    np.testing.assert_array_equal(unmatch(pattern, 0.1), np.zeros(0, np.uint8))
