"""The shaped detail layer: what it survives, and that it depends on cover and words alone."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.embedding.block_transform import to_bands, to_planes
from proface.embedding.carriers import NO_POINT
from proface.embedding.cover import soften
from proface.embedding.dct_lattice import DctLattice
from proface.embedding.layer_tables import parse_shaped_table, parse_tables
from proface.embedding.shaped_carriers import CARRIERS
from proface.embedding.shaped_layer import make_shaped_plan, shaped_places, shaped_size
from proface.errors import ModelError
from proface.models.cards import find_shipped
from proface.types import Pixels

SIDE = 256


@pytest.fixture(scope="module")
def lattice() -> DctLattice:
    card = find_shipped("robust")
    return DctLattice(parse_tables(card.read("tables")), parse_shaped_table(card.read("shaped")))


def cover(look: str, side: int = SIDE) -> Pixels:
    face = np.asarray(Image.fromarray(astronaut()[:260, 90:350]).resize((side, side), 1))
    if look == "another":
        return np.asarray(Image.fromarray(astronaut()[200:460, 60:320]).resize((side, side), 1))
    return soften(proface.obfuscate(face, look))


def words_for(lattice: DctLattice, height: int, width: int) -> np.ndarray:
    count = int(lattice.capacity(height, width).max())
    return np.random.default_rng(height).integers(0, 1 << 16, (2, count), np.uint16)


def jpeg(*qualities: int, sampling: int = 2) -> Callable[[Pixels], Pixels]:
    def saved(pixels: Pixels) -> Pixels:
        for quality in qualities:
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=sampling)
            pixels = np.asarray(Image.open(file))
        return pixels

    return saved


def noisy(pixels: Pixels) -> Pixels:
    values = pixels + np.random.default_rng(5).normal(0, 2, pixels.shape)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("look", ["blur:25", "pixelate:32", "mask", "another"])
def test_every_word_survives_what_is_promised(lattice: DctLattice, look: str) -> None:
    words = words_for(lattice, SIDE, SIDE)
    protected = lattice.embed(cover(look), words)
    journeys = [jpeg(q) for q in (95, 80, 75, 70)]
    journeys += [jpeg(70, sampling=0), jpeg(85, 75), noisy, lambda same: same]
    for journey in journeys:
        _, detail = lattice.read(journey(protected))
        assert detail.intact
        np.testing.assert_array_equal(detail.words, words[1, : len(detail.words)])


@pytest.mark.parametrize("look", ["blur:25", "pixelate:32"])
def test_smooth_looks_survive_a_third_generation(lattice: DctLattice, look: str) -> None:
    words = words_for(lattice, SIDE, SIDE)
    _, detail = lattice.read(jpeg(92, 85, 75)(lattice.embed(cover(look), words)))
    assert detail.intact


def test_it_holds_more_than_a_plain_layer_at_less_change(lattice: DctLattice) -> None:
    blurred, words = cover("blur:25"), words_for(lattice, SIDE, SIDE)
    protected = lattice.embed(blurred, words)
    change = np.mean((protected.astype(float) - blurred) ** 2)
    assert lattice.capacity(SIDE, SIDE)[1] > 1.3 * lattice.count("plain", SIDE, SIDE)
    assert 10 * np.log10(255**2 / change) > 37


@pytest.mark.parametrize(
    ("height", "width"), [(64, 64), (96, 80), (112, 144), (256, 256), (400, 272), (640, 640)]
)
def test_words_come_back_from_regions_of_any_shape(
    lattice: DctLattice, height: int, width: int
) -> None:
    words = words_for(lattice, height, width)
    o = np.asarray(Image.fromarray(cover("blur:25")).resize((width, height), 1))
    base, detail = lattice.read(lattice.embed(o, words))
    assert base.intact
    assert detail.intact
    np.testing.assert_array_equal(detail.words, words[1, : len(detail.words)])
    assert len(detail.words) == lattice.capacity(height, width)[1]


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 80), (256, 256), (512, 384)])
def test_sizes_are_those_of_the_format(lattice: DctLattice, height: int, width: int) -> None:
    """Section 12 of docs/FORMAT.md, worked out anew."""
    blocks = (height // 8) * (width // 8)
    places = blocks * len(CARRIERS)
    rate = min(0.8, 0.836 - 5 / math.sqrt(places))
    information = math.floor(64 * rate) * (places // 64) - 32
    ones = bits = 0
    for n, (*_, share) in enumerate(CARRIERS):
        filled = max(0, (n + 1) * blocks - max(n * blocks, places - information))
        chunks = -(-filled // 1024)
        edges = [filled * k // chunks for k in range(chunks + 1)] if chunks else []
        for size in (after - before for before, after in pairwise(edges)):
            many = round(float(np.float32(share)) * size)
            ones += many
            bits += math.floor(math.log2(math.comb(size, many)))
    spread = places - information - 64
    signs = ones + max(0, math.floor(spread / 2 - 3 * math.sqrt(spread)))
    sign_rate = min(0.875, 0.905 - 2.2 / math.sqrt(signs))
    bits += math.floor(64 * sign_rate) * (signs // 64) - 32
    assert lattice.count("shaped", height, width) == bits // 16


def test_ones_are_as_rare_as_the_carrier_says(lattice: DctLattice) -> None:
    table = lattice.shaped
    plan = make_shaped_plan(table, SIDE, SIDE)
    assert plan.size == shaped_size(table, SIDE, SIDE)
    words = np.random.default_rng(1).integers(0, 1 << 16, plan.size // 16, np.uint16)
    size, sign = shaped_places(plan, words)
    for start, stop, share in plan.patterns:
        assert size[start:stop].mean() == pytest.approx(share, abs=0.01)
    signed = sign != NO_POINT
    assert (size[signed] == 1).all()
    assert sign[signed].mean() == pytest.approx(0.5, abs=0.03)


def test_the_picture_differs_in_the_carriers_alone(lattice: DctLattice) -> None:
    """Two words over one cover: the base layer's bands, which they share, stay the same."""
    words = words_for(lattice, SIDE, SIDE)
    others = words.copy()
    others[1] ^= 0xFFFF
    one, other = (
        to_bands(to_planes(lattice.embed(cover("blur:25"), own))[0]) for own in (words, others)
    )
    change = np.abs(one - other).mean(axis=(2, 3))
    carriers = {(int(down), int(across)) for down, across in lattice.shaped.place[:, 1:3]}
    for down in range(8):
        for across in range(8):
            if (down, across) in carriers:
                assert change[down, across] > 1
            else:
                assert change[down, across] < 0.5  # rounding to whole levels


def test_damaged_tables_are_told() -> None:
    with pytest.raises(ModelError, match="Reinstall"):
        parse_shaped_table(b"no such file")
