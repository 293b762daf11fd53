"""Telling right words from noise: never wrongly against the owner, next to never for a guesser."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.data import astronaut

from proface.codec.codebook import Codebook
from proface.codec.mixed_radix import WORDS
from proface.codec.transform import grid
from proface.models.cards import find_model
from tests.codec.words import encode, read

SIZES = [(96, 272), (64, 64), (48, 34), (17, 31), (16, 16), (8, 8), (5, 7), (2, 2)]
CONTENTS = ["photo", "black", "white", "noise", "stripes"]


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return Codebook.from_bytes(find_model("padded-obfuscated").read("codebook"))


def picture(contents: str, height: int, width: int) -> np.ndarray:
    x = np.zeros((height, width, 3), np.uint8)
    if contents == "photo":
        return np.ascontiguousarray(astronaut()[:height, 100 : 100 + width])
    if contents == "noise":
        return np.random.default_rng(0).integers(0, 256, x.shape, np.uint8)
    if contents == "stripes":
        x[:, ::2] = (255, 0, 255)
    return x if contents != "white" else x + np.uint8(255)


def noise(height: int, width: int, seed: int) -> np.ndarray:
    shape = (*grid(height, width), WORDS)
    return np.random.default_rng(seed).integers(0, 1 << 16, shape, np.uint16)


@pytest.mark.parametrize("contents", CONTENTS)
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_right_words_are_never_taken_for_noise(
    codebook: Codebook, contents: str, height: int, width: int
) -> None:
    x = picture(contents, height, width)
    decoder = read(codebook, encode(codebook, x), height, width)
    for found in decoder.log_ratios():
        np.testing.assert_array_equal(found.observed, found.maximum)
    assert decoder.accepted_cells().all()


@pytest.mark.parametrize(("height", "width"), SIZES[:5])
def test_noise_is_not_taken_for_a_picture(codebook: Codebook, height: int, width: int) -> None:
    for seed in range(100):
        assert not read(codebook, noise(height, width, seed), height, width).accepted_cells().any()


def test_a_few_pixels_are_mostly_told_too(codebook: Codebook) -> None:
    """36 words have a slack of some ten bits, and no more."""
    shown = sum(read(codebook, noise(8, 8, n), 8, 8).accepted_cells().any() for n in range(500))
    assert shown <= 5


def test_evidence_is_a_likelihood_ratio(codebook: Codebook) -> None:
    """Its mean under uniform words is at most 1: what bounds how often noise passes.

    A region of two words: in one of more words, hardly any noise has evidence above nothing.
    """
    ratios = [
        np.exp(read(codebook, noise(2, 2, seed), 2, 2).log_ratios()[0].observed[0])
        for seed in range(2000)
    ]
    assert np.mean(ratios) < 1 + 3 * np.std(ratios) / np.sqrt(len(ratios))


def test_a_damaged_word_does_not_hide_its_group(codebook: Codebook) -> None:
    x = picture("photo", 64, 64)
    words = encode(codebook, x)
    for cell, word in ((0, 40), (3, 60), (9, 50)):
        words.reshape(-1, WORDS)[cell, word] ^= 0xFFFF
    assert read(codebook, words, 64, 64).accepted_cells().mean() > 0.5


def test_wrong_words_are_found_within_a_group(codebook: Codebook) -> None:
    """Cells before them in their group are shown; theirs, and what they make unreadable, is not."""
    x = picture("photo", 128, 128)
    words, other = encode(codebook, x), noise(128, 128, 3)
    order = read(codebook, words, 128, 128)._groups.order
    late = order[len(order) // 2 :]
    words.reshape(-1, WORDS)[late] = other.reshape(-1, WORDS)[late]
    shown = read(codebook, words, 128, 128).accepted_cells().ravel()
    assert 0.1 < shown.mean() < 0.9
    restored = encode(codebook, x).reshape(-1, WORDS)
    right = read(codebook, restored.reshape(words.shape), 128, 128).decode(slice(8), slice(8))
    found = read(codebook, words, 128, 128).decode(slice(8), slice(8))
    same = (right[0] == found[0]).all(2).ravel()
    assert same[shown].mean() > 0.9


def test_each_group_is_judged_by_itself(codebook: Codebook) -> None:
    x = picture("photo", 256, 272)
    words, other = encode(codebook, x), noise(256, 272, 3)
    groups = read(codebook, words, 256, 272)._groups
    first = (groups.group_of_cells() == 0).reshape(grid(256, 272))
    assert 0 < first.sum() < first.size
    words[first] = other[first]
    np.testing.assert_array_equal(read(codebook, words, 256, 272).accepted_cells(), ~first)
