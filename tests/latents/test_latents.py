"""The integer half: transform, words, carrier. What goes in comes out, and z alone decides p."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proface.errors import ModelError
from proface.latents import (
    CELL,
    COEFFICIENTS,
    WORDS,
    Codebook,
    analyse,
    couple,
    grid,
    hide_words,
    seek_words,
    synthesise,
    uncouple,
    words_per_cell,
)
from proface.latents.words import place_digits
from proface.runtime.models import find_model

SIZES = [(16, 16), (256, 256), (250, 250), (34, 50), (17, 31), (2, 2), (48, 16)]


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return Codebook.from_bytes(find_model("padded").read("codebook"))


def image(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def random_words(height: int, width: int, seed: int = 1) -> np.ndarray:
    shape = (*grid(height, width), WORDS)
    return np.random.default_rng(seed).integers(0, 1 << 16, shape, np.uint16)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_transform_inverts_at_any_size(codebook: Codebook, height: int, width: int) -> None:
    x = image(height, width)
    coefficients = analyse(x, codebook.colour)
    assert coefficients.shape == (*grid(height, width), COEFFICIENTS)
    back = synthesise(coefficients, codebook.colour, height, width)
    np.testing.assert_allclose(back, x, atol=1e-3)


def test_transform_is_orthonormal(codebook: Codebook) -> None:
    x = image(64, 64)
    energy = np.square(x.astype(np.float64) - 128).sum()
    assert np.square(analyse(x, codebook.colour)).sum() == pytest.approx(energy, rel=1e-5)


@given(st.integers(2, 9), st.integers(0, 1 << 30))
@settings(deadline=None)
def test_coupling_is_invertible(width: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    cover = generator.integers(0, 256, 500)
    secret = generator.integers(0, width, 500)
    protected, lost = couple(cover, secret, width)
    assert protected.min() >= 0
    assert protected.max() <= 255
    back = uncouple(protected, lost, width)
    np.testing.assert_array_equal(back, (cover, secret))
    # Recovery knows nothing of the lost half, and loses nothing of the secret by it.
    np.testing.assert_array_equal(uncouple(protected, generator.permutation(lost), width)[1], secret)
    inside = (cover >= width) & (cover <= 255 - width)
    assert np.abs(lost[inside]).max() <= width // 2


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_words_come_back_from_any_size(height: int, width: int) -> None:
    words, cover = random_words(height, width), image(height, width)
    found = seek_words(hide_words(cover, words))
    for row, top in enumerate(range(0, height, CELL)):
        carried = words_per_cell(min(CELL, height - top), width)
        assert carried >= 2
        np.testing.assert_array_equal(found[row, :, :carried], words[row, :, :carried])
        assert not found[row, :, carried:].any()


def test_whole_cells_carry_all_words_at_the_finest_width() -> None:
    cover = np.full((64, 48, 3), 100, np.uint8)
    protected = hide_words(cover, random_words(64, 48)).astype(int)
    assert words_per_cell(16, 48) == WORDS
    assert set(np.unique(protected - 100)) == {-1, 0, 1}


@pytest.mark.parametrize("level", [0, 255])
def test_saturated_covers_carry_too(level: int) -> None:
    words = random_words(32, 32)
    cover = np.full((32, 32, 3), level, np.uint8)
    np.testing.assert_array_equal(seek_words(hide_words(cover, words)), words)


def test_protected_pixels_are_as_random_as_the_words() -> None:
    cover = np.full((256, 256, 3), 128, np.uint8)
    offsets = hide_words(cover, random_words(256, 256)).astype(int) - 128
    counts = np.bincount(offsets.ravel() + 1, minlength=3) / offsets.size
    np.testing.assert_allclose(counts, 1 / 3, atol=0.01)  # 2^19 of 3^12: not quite thirds


def test_codebook_survives_its_file(codebook: Codebook) -> None:
    again = Codebook.from_bytes(codebook.to_bytes())
    cells = analyse(image(64, 64), codebook.colour).reshape(-1, COEFFICIENTS)
    np.testing.assert_array_equal(again.encode(cells), codebook.encode(cells))
    with pytest.raises(ModelError):
        Codebook.from_bytes(b"PK\x03\x04 not an archive")


def test_encoding_loses_little_and_decodes_to_the_levels_it_chose(codebook: Codebook) -> None:
    y, x = np.mgrid[0:64, 0:64]
    smooth = np.stack([x * 3, y * 2 + 40, 200 - x - y], 2).astype(np.uint8)
    cells = analyse(smooth, codebook.colour).reshape(-1, COEFFICIENTS)
    words = codebook.encode(cells)
    decoded, noise = codebook.decode(words)
    assert np.square(decoded - cells).mean() < 1  # under one level: 48 dB
    assert noise.shape == (16, 3)
    # What was decoded is on the levels, so that encoding it again changes (almost) nothing.
    again, _ = codebook.decode(codebook.encode(decoded))
    assert np.square(again - decoded).mean() < 0.1


def test_any_words_decode(codebook: Codebook) -> None:
    words = random_words(32, 32).reshape(-1, WORDS)
    decoded, _ = codebook.decode(words)
    assert np.isfinite(decoded).all()


def test_a_cell_cut_short_keeps_its_coarse_levels(codebook: Codebook) -> None:
    cells = analyse(image(16, 32), codebook.colour).reshape(-1, COEFFICIENTS)
    words = codebook.encode(cells)
    errors = [
        np.square(codebook.decode(words, np.array([n, n]))[0] - cells).mean()
        for n in (2, 20, 50, WORDS)
    ]
    assert errors == sorted(errors, reverse=True)


def test_digits_fit_their_words_and_do_not_overlap(codebook: Codebook) -> None:
    for radices in codebook.radices[::16]:
        word, place = place_digits(radices, codebook.modes)
        used = radices > 1
        assert (word[used] >= 0).all()
        assert (word[~used] == -1).all()
        for n in range(WORDS):
            order = np.argsort(place[word == n])
            places, sizes = place[word == n][order], radices[word == n][order]
            start = codebook.modes if n == 0 else 1
            np.testing.assert_array_equal(places, start * np.cumprod([1, *sizes])[: len(sizes)])
            assert start * np.prod(sizes) <= 1 << 16


def test_a_codebook_that_asks_too_much_is_refused() -> None:
    with pytest.raises(ModelError):
        place_digits(np.full(COEFFICIENTS, 255), 2)
