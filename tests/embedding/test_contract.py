"""The contract of embeddings: words come back, and the picture depends on cover and words alone."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from proface.embedding.base import Embedding
from proface.embedding.dct_lattice import DctLattice
from proface.embedding.lattice import Lattice
from proface.embedding.layer_tables import parse_shaped_table, parse_tables
from proface.models.cards import find_shipped


def dct_lattice() -> DctLattice:
    card = find_shipped("robust")
    return DctLattice(parse_tables(card.read("tables")), parse_shaped_table(card.read("shaped")))


# A new embedding is one line here.
EMBEDDINGS = {"lattice": Lattice, "dct": dct_lattice}
SIZES = [(256, 256), (250, 34), (17, 31), (2, 2), (97, 130)]


@pytest.fixture(params=sorted(EMBEDDINGS))
def embedding(request: pytest.FixtureRequest) -> Embedding:
    return EMBEDDINGS[request.param]()


def cover(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def uniform(embedding: Embedding, height: int, width: int, seed: int = 1) -> np.ndarray:
    capacity = embedding.capacity(height, width)
    shape = (*capacity.shape, int(capacity.max(initial=0)) + 3)  # a few that are not carried
    return np.random.default_rng(seed).integers(0, 1 << 16, shape, np.uint16)


def carried(embedding: Embedding, words: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.arange(words.shape[-1]) < embedding.capacity(height, width)[..., None]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_what_is_carried_comes_back_and_the_rest_is_zero(
    embedding: Embedding, height: int, width: int
) -> None:
    words = uniform(embedding, height, width)
    protected = embedding.embed(cover(height, width), words)
    assert protected.shape == (height, width, 3)
    assert protected.dtype == np.uint8
    wanted = np.where(carried(embedding, words, height, width), words, 0)
    found = embedding.extract(protected)
    common = min(found.shape[-1], wanted.shape[-1])
    np.testing.assert_array_equal(found[..., :common], wanted[..., :common])
    assert not found[..., common:].any()
    assert not wanted[..., common:].any()


def test_it_is_a_function_of_cover_and_words_alone(embedding: Embedding) -> None:
    assert list(inspect.signature(embedding.embed).parameters) == ["cover", "words"]
    words = uniform(embedding, 64, 64)
    first = embedding.embed(cover(64, 64), words)
    uncarried = np.where(carried(embedding, words, 64, 64), words, ~words)
    np.testing.assert_array_equal(embedding.embed(cover(64, 64), uncarried), first)


def test_capacity_follows_from_the_size(embedding: Embedding) -> None:
    assert list(inspect.signature(embedding.capacity).parameters) == ["height", "width"]
    smaller, larger = (embedding.capacity(side, side).sum() for side in (64, 256))
    assert 0 < smaller < larger


def test_the_picture_stays_near_the_cover(embedding: Embedding) -> None:
    grey = np.full((256, 256, 3), 128, np.uint8)
    protected = embedding.embed(grey, uniform(embedding, 256, 256))
    assert np.square(protected.astype(int) - 128).mean() < 255**2 / 10 ** (36 / 10)  # 36 dB


def test_arguments_are_not_changed(embedding: Embedding) -> None:
    picture, words = cover(64, 64), uniform(embedding, 64, 64)
    before = picture.copy(), words.copy()
    embedding.extract(embedding.embed(picture, words))
    np.testing.assert_array_equal(picture, before[0])
    np.testing.assert_array_equal(words, before[1])
