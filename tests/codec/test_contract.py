"""The contract of codecs: as many words as there are, whatever the picture; any words decode."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from skimage.data import astronaut

from proface.codec.base import Codec
from proface.codec.cell_codec import CellCodec
from proface.codec.codebook import Codebook
from proface.embedding.lattice import Lattice
from proface.inference.engine import make_engine
from proface.models.cards import find_model
from proface.pipeline.quality import psnr


def cells() -> Codec:
    card = find_model("padded")
    codebook = Codebook.from_bytes(card.read("codebook"))
    return CellCodec(codebook, make_engine(card.read("network")))


# A new codec is one line here: how it is made, how many words it gets, and the dB it must reach.
CODECS: dict[str, tuple[Callable[[], Codec], Callable[[int, int], np.ndarray], float]] = {
    "cells": (cells, Lattice().capacity, 38)
}
SIZES = [(128, 128), (100, 60), (34, 50)]


@pytest.fixture(scope="module", params=sorted(CODECS))
def case(request: pytest.FixtureRequest) -> tuple[Codec, Callable[[int, int], np.ndarray], float]:
    make, capacity, least = CODECS[request.param]
    return make(), capacity, least


def photo(height: int, width: int) -> np.ndarray:
    return np.ascontiguousarray(astronaut()[:height, 100 : 100 + width])


def look(x: np.ndarray) -> np.ndarray:
    return np.full_like(x, 128)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_photo_comes_back(case, height: int, width: int) -> None:
    codec, room, least = case
    x, capacity = photo(height, width), room(height, width)
    back = codec.decode(codec.encode(x, capacity), capacity, look(x))
    assert psnr(x, back) > least


def test_how_many_words_does_not_depend_on_the_picture(case) -> None:
    codec, room, _least = case
    capacity = room(64, 80)
    noise = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    for x in (photo(64, 80), np.zeros_like(noise), noise):
        words = codec.encode(x, capacity)
        assert words.dtype == np.uint16
        assert words.shape[:-1] == capacity.shape
        assert not words[np.arange(words.shape[-1]) >= capacity[..., None]].any()


@pytest.mark.parametrize("conceal", [False, True])
def test_any_words_decode(case, conceal: bool) -> None:
    codec, room, _least = case
    capacity, x = room(50, 34), photo(50, 34)
    shape = codec.encode(x, capacity).shape
    words = np.random.default_rng(0).integers(0, 1 << 16, shape, np.uint16)
    back = codec.decode(words, capacity, look(x), conceal=conceal)
    assert back.shape == x.shape
    assert back.dtype == np.uint8
    if conceal:  # noise is not shown
        np.testing.assert_array_equal(back, look(x))


def test_right_words_are_shown_also_where_noise_is_concealed(case) -> None:
    codec, room, _least = case
    capacity, x = room(64, 64), photo(64, 64)
    words = codec.encode(x, capacity)
    np.testing.assert_array_equal(
        codec.decode(words, capacity, look(x), conceal=True), codec.decode(words, capacity, look(x))
    )
