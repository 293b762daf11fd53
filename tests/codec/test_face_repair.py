"""Repair of decoded faces: better pictures, of any size, in tiles as in one piece."""

from __future__ import annotations

import numpy as np
import pytest

from proface.codec import face_coder, face_repair
from proface.inference.engine import Engine, make_engine
from proface.models.cards import find_shipped
from proface.models.robust import Robust
from proface.models.store import load_flow
from tests.codec.test_face_coder import decibels, face


@pytest.fixture(scope="module")
def engine() -> Engine:
    return make_engine(find_shipped("robust").read("repair"))


@pytest.mark.parametrize(("side", "length"), [(256, 140), (256, 1664), (384, 3500), (144, 350)])
def test_a_repaired_face_is_nearer_to_the_original(side: int, length: int) -> None:
    """On a photo that no weights saw, in as many bytes as regions of such sizes have."""
    flow, original = load_flow("robust"), face(side, side)
    assert isinstance(flow, Robust)
    stream = face_coder.encode(original, length)
    draft, repaired = face_coder.decode(stream, side, side), flow.picture(stream, side, side)
    assert decibels(original, repaired) > decibels(original, draft) + 0.1


def test_sizes_that_the_network_does_not_take(engine: Engine) -> None:
    for height, width in ((97, 130), (16, 51)):
        original = face(height, width)
        stream = face_coder.encode(original, 400)
        decoded = face_coder.decode(stream, height, width)
        assert face_repair.repair(engine, decoded, stream).shape == original.shape


def test_a_large_face_is_repaired_in_tiles_as_in_one_piece(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    height, width = 300, 420
    stream = face_coder.encode(face(height, width), 2500)
    decoded = face_coder.decode(stream, height, width)
    whole = face_repair.repair(engine, decoded, stream)
    monkeypatch.setattr(face_repair, "TILE", 128)
    tiled = face_repair.repair(engine, decoded, stream)
    # Sums of another order: rounding may differ by a level.
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def test_a_single_colour_stays_as_it_is(engine: Engine) -> None:
    stream = bytes([0, 200, 30, 90]).ljust(face_coder.MIN_LENGTH, b"\0")
    decoded = face_coder.decode(stream, 64, 64)
    assert (decoded == (200, 30, 90)).all()
    assert (face_repair.repair(engine, decoded, stream) == decoded).all()


def test_any_pixels_end_in_pixels(engine: Engine) -> None:
    """A forged stream may show anything."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    stream = bytes([255]) + bytes(200)
    repaired = face_repair.repair(engine, noise, stream)
    assert (repaired.shape, repaired.dtype) == (noise.shape, np.uint8)
