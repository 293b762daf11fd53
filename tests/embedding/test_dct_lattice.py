"""The robust embedding: its transform, its code, and what its layers survive."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn
from skimage.data import astronaut

import proface
from proface.embedding.block_transform import from_bands, to_bands
from proface.embedding.cover import MARGINS, soften, with_margin
from proface.embedding.dct_lattice import DctLattice
from proface.embedding.error_correction import make_code
from proface.embedding.layer_tables import parse_shaped_table, parse_tables
from proface.errors import ModelError
from proface.models.cards import find_shipped


@pytest.fixture(scope="module")
def lattice() -> DctLattice:
    card = find_shipped("robust")
    return DctLattice(parse_tables(card.read("tables")), parse_shaped_table(card.read("shaped")))


def cover(side: int, look: str = "blur:25") -> np.ndarray:
    face = Image.fromarray(astronaut()[0:260, 90:350]).resize((side, side), 1)
    return soften(proface.obfuscate(np.asarray(face), look))


def saved(pixels: np.ndarray, kind: str, **how: object) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **how)
    return np.asarray(Image.open(file).convert("RGB"))


def words_for(lattice: DctLattice, height: int, width: int, seed: int = 3) -> np.ndarray:
    count = int(lattice.capacity(height, width).max())
    return np.random.default_rng(seed).integers(0, 1 << 16, (2, count), np.uint16)


def test_bands_are_the_orthonormal_dct() -> None:
    plane = np.random.default_rng(0).normal(0, 50, (64, 96)).astype(np.float32)
    bands = to_bands(plane)
    known = dctn(plane.reshape(8, 8, 12, 8).transpose(0, 2, 1, 3), axes=(2, 3), norm="ortho")
    np.testing.assert_allclose(bands, known.transpose(2, 3, 0, 1), atol=1e-3)
    np.testing.assert_allclose(from_bands(bands), plane, atol=1e-3)


@pytest.mark.parametrize(("length", "rate"), [(640, 0.5), (5000, 0.5), (30000, 0.75)])
def test_code_words_come_back_from_noise(length: int, rate: float) -> None:
    rng = np.random.default_rng(1)
    code = make_code(length, rate)
    bits = rng.integers(0, 2, code.size, dtype=np.uint8)
    noisy = (1 - 2.0 * code.encode(bits)) + rng.normal(0, 0.5, code.length)
    found = code.decode((2 * noisy / 0.25).astype(np.float32))
    assert found.intact
    assert found.changed > 0
    np.testing.assert_array_equal(found.bits, bits)


def test_noise_is_no_code_word() -> None:
    rng = np.random.default_rng(2)
    code = make_code(2000, 0.6)
    for _ in range(20):
        assert not code.decode(rng.normal(0, 4, code.length).astype(np.float32)).intact
    zeros = code.decode(np.full(code.length, 5, np.float32))
    assert not zeros.intact  # the word of zeros fails the CRC


def test_the_code_is_affine_so_that_uniform_bits_stay_uniform() -> None:
    rng = np.random.default_rng(3)
    code = make_code(3000, 0.5)
    a, b, c = (rng.integers(0, 2, code.size, dtype=np.uint8) for _ in range(3))
    together = code.encode(a) ^ code.encode(b) ^ code.encode(c)
    np.testing.assert_array_equal(together, code.encode(a ^ b ^ c))


@pytest.mark.parametrize("look", ["blur:25", "pixelate:32", "mask"])
@pytest.mark.parametrize("side", [96, 256, 400])
def test_both_layers_survive_jpeg(lattice: DctLattice, side: int, look: str) -> None:
    words = words_for(lattice, side, side)
    protected = lattice.embed(cover(side, look), words)
    for how in (
        {"quality": 95},
        {"quality": 75},
        {"quality": 70, "subsampling": 0},
        {"quality": 85, "progressive": True},
    ):
        for layer, wanted in zip(lattice.read(saved(protected, "JPEG", **how)), words, strict=True):
            assert layer.intact, (how, layer)
            np.testing.assert_array_equal(layer.words, wanted[: len(layer.words)])


def test_the_base_layer_survives_half_size_and_webp(lattice: DctLattice) -> None:
    words = words_for(lattice, 512, 512)
    protected = lattice.embed(cover(512), words)
    small = np.asarray(Image.fromarray(protected).resize((256, 256), Image.Resampling.LANCZOS))
    large = Image.fromarray(saved(small, "JPEG", quality=80)).resize((512, 512), 1)
    for received in (np.asarray(large), saved(protected, "WEBP", quality=80)):
        base, detail = lattice.read(received)
        assert base.intact
        assert not detail.intact
        np.testing.assert_array_equal(base.words, words[0, : len(base.words)])


def test_layers_stay_apart(lattice: DctLattice) -> None:
    one, other = words_for(lattice, 256, 256, 4), words_for(lattice, 256, 256, 5)
    mixed = lattice.embed(cover(256), np.stack([one[0], other[1]]))
    base, detail = lattice.read(mixed)
    np.testing.assert_array_equal(base.words, one[0, : len(base.words)])
    np.testing.assert_array_equal(detail.words, other[1, : len(detail.words)])


def test_an_ordinary_picture_holds_nothing(lattice: DctLattice) -> None:
    photo = np.ascontiguousarray(astronaut()[:256, :256])
    for picture in (photo, saved(photo, "JPEG", quality=75)):
        assert not any(layer.intact for layer in lattice.read(picture))


@pytest.mark.parametrize("margin", MARGINS)
def test_levels_keep_a_margin(margin: int) -> None:
    levels = with_margin(np.arange(256, dtype=np.uint8).reshape(1, -1, 1).repeat(3, 2), margin)
    assert levels.min() == margin
    assert levels.max() == 255 - margin
    assert (np.diff(levels[0, :, 0].astype(int)) >= 0).all()


def test_a_margin_that_does_not_help_is_not_taken(lattice: DctLattice) -> None:
    """Texture makes errors with any margin, yet the words come back: the cover keeps its levels."""
    textured = np.ascontiguousarray(astronaut()[384:, :128])
    words = words_for(lattice, 128, 128)
    protected = lattice.embed(textured, words)
    for layer, own in zip(lattice.read(saved(protected, "JPEG", quality=70)), words, strict=True):
        assert layer.intact
        np.testing.assert_array_equal(layer.words, own[: len(layer.words)])
    change, other = (
        np.mean((protected.astype(float) - with_margin(textured, margin)) ** 2)
        for margin in (MARGINS[0], MARGINS[-1])
    )
    assert change < other


@pytest.mark.parametrize("qualities", [(70,), (85, 75)])
def test_no_texture_is_too_strong(lattice: DctLattice, qualities: tuple[int, ...]) -> None:
    """It is smoothed as far as the words need it."""
    noise = np.random.default_rng(7).normal(128, 80, (256, 256, 3))
    words = words_for(lattice, 256, 256)
    picture = lattice.embed(np.clip(noise, 0, 255).astype(np.uint8), words)
    for quality in qualities:
        picture = saved(picture, "JPEG", quality=quality)
    for layer, own in zip(lattice.read(picture), words, strict=True):
        assert layer.intact
        np.testing.assert_array_equal(layer.words, own[: len(layer.words)])


def test_small_mosaics_keep_their_edges(lattice: DctLattice) -> None:
    mosaic = proface.obfuscate(astronaut()[0:256, 90:346], "pixelate:32")
    assert soften(mosaic) is mosaic
    large = np.asarray(Image.fromarray(mosaic).resize((512, 512), 0))
    assert (soften(large) != large).any()
    protected = lattice.embed(mosaic, words_for(lattice, 256, 256))
    assert 10 * np.log10(255**2 / np.mean((protected.astype(float) - mosaic) ** 2)) > 36


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no tables", b"\x00" * 100])
def test_damaged_tables_are_named(data: bytes) -> None:
    with pytest.raises(ModelError, match="tables are damaged"):
        parse_tables(data)
