"""The base layer of scaled pictures: which looks and kernels it is read after, and what helps."""

from __future__ import annotations

import functools
import io

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, coffee

import proface
from proface.embedding.block_transform import to_luma
from proface.embedding.cover import soften
from proface.embedding.dct_lattice import DctLattice
from proface.embedding.equaliser import Equalisers, parse_equalisers
from proface.embedding.error_correction import UNKNOWN, make_code
from proface.embedding.layer_tables import parse_shaped_table, parse_tables
from proface.embedding.scaled_reading import read_scaled
from proface.errors import ModelError
from proface.models.cards import find_shipped
from proface.types import Box, Pixels, Place

SIDE, BOX = 1008, Box(288, 208, 416, 448)
RESAMPLING = Image.Resampling


@pytest.fixture(scope="module")
def lattice() -> DctLattice:
    card = find_shipped("robust")
    return DctLattice(parse_tables(card.read("tables")), parse_shaped_table(card.read("shaped")))


@pytest.fixture(scope="module")
def equalisers() -> Equalisers:
    return parse_equalisers(find_shipped("robust").read("scaled"))


def resized(picture: Pixels, size: tuple[int, int], how: Image.Resampling) -> Pixels:
    return np.asarray(Image.fromarray(picture).resize(size, how))


def words_of(lattice: DctLattice) -> np.ndarray:
    count = int(lattice.capacity(BOX.h, BOX.w).max())
    return np.random.default_rng(5).integers(0, 1 << 16, (2, count), np.uint16)


@functools.cache
def protected(lattice: DctLattice, look: str) -> Pixels:
    """A picture with a region of BOX under a look."""
    picture = resized(coffee(), (SIDE, SIDE), RESAMPLING.LANCZOS).copy()
    part = astronaut()[0:280, 250:510] if look == "another" else astronaut()[0:280, 90:350]
    cover = resized(part, (BOX.w, BOX.h), RESAMPLING.LANCZOS)
    if look != "another":
        cover = proface.obfuscate(cover, look)
    if look.startswith("pixelate"):
        cover = soften(cover)
    picture[BOX.slices] = lattice.embed(cover, words_of(lattice))
    return picture


def sent(picture: Pixels, side: int, quality: int, how: Image.Resampling) -> tuple[Pixels, Place]:
    """The picture scaled and saved, and where BOX is in it."""
    file = io.BytesIO()
    Image.fromarray(resized(picture, (side, side), how)).save(file, "JPEG", quality=quality)
    scale = side / SIDE
    place = Place(BOX.x * scale, BOX.y * scale, BOX.w * scale, BOX.h * scale)
    return np.asarray(Image.open(file)), place


@pytest.mark.parametrize("how", [RESAMPLING.LANCZOS, RESAMPLING.BICUBIC])
@pytest.mark.parametrize("look", ["blur:25", "pixelate:32", "mask", "another"])
def test_small_regions_are_read_after_a_service_that_scales_to_2048(
    lattice: DctLattice, equalisers: Equalisers, look: str, how: Image.Resampling
) -> None:
    small, place = sent(protected(lattice, look), 512, 75, how)  # 2048 of 4032 pixels
    layer = read_scaled(lattice, equalisers, to_luma(small), place, (BOX.h, BOX.w))
    assert layer.intact
    np.testing.assert_array_equal(layer.words, words_of(lattice)[0, : len(layer.words)])


def test_what_is_known_before_lets_damaged_words_come_back(
    lattice: DctLattice, equalisers: Equalisers
) -> None:
    small, place = sent(protected(lattice, "another"), 432, 75, RESAMPLING.LANCZOS)
    luma, shape = to_luma(small), (BOX.h, BOX.w)
    assert not read_scaled(lattice, equalisers, luma, place, shape).intact
    count = int(lattice.capacity(*shape)[0])
    words = words_of(lattice)[0, :count]
    known = np.unpackbits(words.astype(">u2").view(np.uint8))
    known[::3] = UNKNOWN
    assert read_scaled(lattice, equalisers, luma, place, shape, [known]).intact
    wrong = np.where(known == UNKNOWN, UNKNOWN, 1 - known).astype(np.uint8)
    assert not read_scaled(lattice, equalisers, luma, place, shape, [wrong]).intact
    # A wrong guess does no harm where the words can be read without one.
    small, place = sent(protected(lattice, "another"), 512, 75, RESAMPLING.LANCZOS)
    layer = read_scaled(lattice, equalisers, to_luma(small), place, shape, [wrong])
    np.testing.assert_array_equal(layer.words, words)


def test_known_bits_carry_a_code_word_through_more_noise() -> None:
    rng = np.random.default_rng(1)
    code = make_code(8000, 0.5)
    bits = rng.integers(0, 2, code.size, dtype=np.uint8)
    # Such noise lets 0.47 bits through, less than the rate.
    noisy = (1 - 2.0 * code.encode(bits)) + rng.normal(0, 1.03, code.length)
    ratios = (2 * noisy / 1.03**2).astype(np.float32)
    assert not code.decode(ratios).intact
    known = bits.copy()
    known[2 * code.size // 3 :] = UNKNOWN
    assert code.needed(known) < 0.26 < 0.47 < code.needed()
    found = code.decode(ratios, known=known)
    assert found.intact
    np.testing.assert_array_equal(found.bits, bits)


def test_damaged_equalisers_are_told() -> None:
    with pytest.raises(ModelError):
        parse_equalisers(b"PK\x03\x04 no archive")
