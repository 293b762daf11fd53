"""The contract of flows, for every shipped model: forward, then inverse, gives the original."""

from __future__ import annotations

import numpy as np
import pytest

import proface
from proface.models.cards import find_model, list_models
from proface.models.flow import Flow
from proface.models.store import FLOWS, load_flow
from tests.models.photos import pad, photo, psnr

# The robust flow has a few hundred bytes for a face of this size.
LEAST = {"robust": 27}
MODELS = [card.name for card in list_models()]


@pytest.fixture(scope="module", params=MODELS)
def flow(request: pytest.FixtureRequest) -> Flow:
    return load_flow(request.param)


def test_every_kind_of_flow_has_a_model() -> None:
    assert {find_model(name).kind for name in MODELS} == set(FLOWS)


@pytest.mark.parametrize(("height", "width"), [(128, 128), (97, 64)])
def test_hide_then_reveal(flow: Flow, height: int, width: int) -> None:
    x = photo(height, width)
    o = proface.obfuscate(x, "blur")
    p = flow.hide(x, o, pad(flow, x))
    assert p.shape == x.shape
    assert psnr(o, p) > 33
    assert psnr(x, flow.reveal(p, pad(flow, x))) > LEAST.get(flow.kind, 30)


def test_fresh_nonces_give_other_pictures_and_a_given_one_the_same(flow: Flow) -> None:
    x, key = photo(64, 64), proface.Key.generate()
    o = proface.obfuscate(x, "blur")
    p, nonce = flow.protect(x, o, key)
    other, another_nonce = flow.protect(x, o, key)
    assert nonce != another_nonce
    assert (p != other).any()
    again, same = flow.protect(x, o, key, nonce)
    assert same == nonce
    np.testing.assert_array_equal(again, p)
    np.testing.assert_array_equal(flow.recover(p, key, nonce), flow.recover(again, key, nonce))


def test_a_pad_has_as_many_words_as_the_size_says(flow: Flow) -> None:
    assert flow.words(64, 64) < flow.words(64, 128)
