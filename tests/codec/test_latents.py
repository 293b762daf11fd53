"""The integer half: transform, words, carrier. What goes in comes out, and z alone decides p."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import astronaut

from proface.codec.bit_allocation import Groups
from proface.codec.codebook import Codebook
from proface.codec.mixed_radix import WORDS, place_digits
from proface.codec.transform import COEFFICIENTS, analyse, grid
from proface.embedding.lattice import embed_digits, strips
from proface.errors import ModelError
from proface.models.cards import find_model
from tests.codec.words import LATTICE, encode, read, synthesise

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
def test_digits_are_the_samples_remainders(width: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    cover = generator.integers(0, 256, 500)
    secret = generator.integers(0, width, 500)
    protected = embed_digits(cover, secret, width)
    assert protected.min() >= 0
    assert protected.max() <= 255
    np.testing.assert_array_equal(protected % width, secret)  # from `protected` alone
    inside = (cover >= width) & (cover <= 255 - width)
    assert np.abs(cover - protected)[inside].max() <= width // 2


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_words_come_back_from_any_size(height: int, width: int) -> None:
    words, cover = random_words(height, width), image(height, width)
    found = LATTICE.extract(LATTICE.embed(cover, words))
    for row, strip in enumerate(strips(height, width)):
        carried = strip.words
        assert carried >= 2
        np.testing.assert_array_equal(found[row, :, :carried], words[row, :, :carried])
        assert not found[row, :, carried:].any()


@pytest.mark.parametrize(
    ("side", "words", "offsets"),
    [(256, 76, {-1, 0, 1}), (128, 96, {-2, -1, 0, 1, 2}), (64, 108, {-2, -1, 0, 1, 2})],
)
def test_smaller_regions_carry_more(side: int, words: int, offsets: set[int]) -> None:
    cover = np.full((side, side, 3), 100, np.uint8)
    protected = LATTICE.embed(cover, random_words(side, side)).astype(int)
    assert {strip.words for strip in strips(side, side)} == {words}
    assert set(np.unique(protected - 100)) == offsets


@pytest.mark.parametrize("level", [0, 255])
def test_saturated_covers_carry_too(level: int) -> None:
    words = random_words(256, 160)
    cover = np.full((256, 160, 3), level, np.uint8)
    carried = LATTICE.extract(LATTICE.embed(cover, words))[..., :76]
    np.testing.assert_array_equal(carried, words[..., :76])


def test_protected_pixels_are_as_random_as_the_words() -> None:
    cover = np.full((256, 256, 3), 128, np.uint8)
    offsets = LATTICE.embed(cover, random_words(256, 256)).astype(int) - 128
    counts = np.bincount(offsets.ravel() + 1, minlength=3) / offsets.size
    np.testing.assert_allclose(counts, 1 / 3, atol=0.01)  # 2^19 of 3^12: not quite thirds


def natural(height: int, width: int) -> np.ndarray:
    """A photo's crop: flat and textured parts."""
    return np.ascontiguousarray(astronaut()[:height, 100 : 100 + width])


def error(x: np.ndarray, codebook: Codebook, words: np.ndarray) -> float:
    """Mean square error of what the words stand for, without the network."""
    height, width, _ = x.shape
    values, _noise = read(codebook, words, height, width).decode(slice(None), slice(None))
    back = synthesise(values, codebook.colour, height, width)
    return float(np.square(back - x).mean())


def test_codebook_survives_its_file(codebook: Codebook) -> None:
    again = Codebook.from_bytes(codebook.to_bytes())
    x = natural(128, 96)
    np.testing.assert_array_equal(encode(again, x), encode(codebook, x))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not an archive", b"\x93NUMPY"])
def test_what_is_no_codebook_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError):
        Codebook.from_bytes(data)


@pytest.mark.parametrize(("height", "width"), [(256, 256), (250, 250), (64, 48), (34, 50)])
def test_an_image_comes_back_nearly_whole(codebook: Codebook, height: int, width: int) -> None:
    x = natural(height, width)
    words = encode(codebook, x)
    assert words.shape == (*grid(height, width), WORDS)
    assert error(x, codebook, words) < 10  # 38 dB


def test_words_that_are_not_carried_are_not_used(codebook: Codebook) -> None:
    words = encode(codebook, natural(34, 50))
    for row, strip in enumerate(strips(34, 50)):
        assert not words[row, :, strip.words :].any()


def test_flat_cells_lend_to_textured_ones(codebook: Codebook) -> None:
    """The texture comes back better beside flat cells than where all cells are as full."""
    texture = np.clip(natural(32, 32).astype(int) * 3 % 256, 0, 255).astype(np.uint8)
    crowded = np.tile(texture, (8, 8, 1))
    lonely = np.full_like(crowded, 128)
    lonely[:32, :32] = texture
    alone = read(codebook, encode(codebook, lonely), 256, 256).decode(slice(2), slice(2))[0]
    among = read(codebook, encode(codebook, crowded), 256, 256).decode(slice(2), slice(2))[0]
    truth = analyse(texture, codebook.colour)
    assert np.square(alone - truth).mean() < 0.5 * np.square(among - truth).mean()


def test_any_words_decode(codebook: Codebook) -> None:
    assert np.isfinite(error(image(250, 250), codebook, random_words(250, 250)))


def test_parts_decode_as_the_whole_does(codebook: Codebook) -> None:
    decoder = read(codebook, encode(codebook, natural(128, 160)), 128, 160)
    whole, noise = decoder.decode(slice(None), slice(None))
    part, part_noise = decoder.decode(slice(2, 5), slice(3, 9))
    np.testing.assert_array_equal(part, whole[2:5, 3:9])
    np.testing.assert_array_equal(part_noise, noise[2:5, 3:9])


def test_digits_fit_their_words_and_do_not_overlap(codebook: Codebook) -> None:
    for mode in range(0, codebook.modes, 37):
        class_, rate = divmod(mode, len(codebook.rates))
        radices, words = codebook.radices[codebook.chosen[class_, rate]], codebook.rates[rate]
        (word,), (place,) = place_digits(radices[None], np.array([words]), codebook.modes)
        used = radices > 1
        assert (place[used] > 0).all()
        assert not place[~used].any()
        for n in range(words):
            here = used & (word == n)
            order = np.argsort(place[here])
            places, sizes = place[here][order], radices[here][order]
            start = codebook.modes if n == 0 else 1
            np.testing.assert_array_equal(places, start * np.cumprod([1, *sizes])[: len(sizes)])
            assert start * np.prod(sizes) <= 1 << 16


def test_a_codebook_that_asks_too_much_is_refused() -> None:
    with pytest.raises(ModelError):
        place_digits(np.full((1, COEFFICIENTS), 255), np.array([WORDS]), 2)


@given(st.integers(1, 60), st.integers(2, 20), st.integers(0, 1 << 30))
@settings(deadline=None, max_examples=50)
def test_sharing_fits_every_group_and_reads_back(cells: int, fewest: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    slots = generator.integers(fewest, WORDS + 1, cells)
    rates = np.array([2, 10, 40, 90, 180])
    losses = np.sort(generator.exponential(100, (cells, 5)), 1)[:, ::-1].astype(np.float32)
    groups = Groups.of(slots, WORDS)
    chosen = groups.allocate(losses, rates)
    assert rates[chosen].sum() <= slots.sum()
    sizes = np.tile(rates, 3)  # three classes
    modes = generator.integers(0, 3, cells) * 5 + chosen
    positions = groups.positions(sizes[modes])
    stream = generator.integers(0, 1 << 16, slots.sum(), np.uint16)
    stream[positions] = modes
    found = groups.read_modes(groups.to_stream(groups.to_cells(stream)), sizes)
    np.testing.assert_array_equal(found[0], positions)
    np.testing.assert_array_equal(found[1], modes)


def test_sharing_gives_words_to_the_cell_that_needs_them() -> None:
    losses = np.ones((16, 3), np.float32)
    losses[5] = 1000, 100, 10
    chosen = Groups.of(np.full(16, 20), WORDS).allocate(losses, np.array([10, 40, 160]))
    assert chosen[5] == 2
    assert chosen.sum() == 2
