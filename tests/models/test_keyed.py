"""The keyed flow without torch: key maps, sizes, tiles, and torch beside it.

Nothing here depends on how well its weights were trained, but for one threshold that any use of
them needs.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.errors import UsageError
from proface.keys import paper_key_map
from proface.models.flow import Flow
from proface.models.keyed import key_map
from proface.models.store import load_flow
from tests.models.photos import pad, photo, psnr


@pytest.fixture(scope="module")
def flow() -> Flow:
    return load_flow("keyed")


def test_the_key_map_is_the_keystreams_bits_row_by_row() -> None:
    words = np.array([0b10000001_01000000, 0b1], np.uint16)  # bytes 40 81 01 00
    expected = "0100000010000001" + "0000000100000000"
    found = "".join("1" if level else "0" for level in key_map(words, 4, 7).ravel())
    assert found == expected[:28]
    assert set(key_map(words, 4, 7).ravel()) == {0, 255}


def test_protected_is_like_the_look_and_comes_back(flow: Flow) -> None:
    x, key, nonce = photo(160, 192), proface.Key.generate(), os.urandom(16)
    o = proface.obfuscate(x, "blur:15")
    p, _nonce = flow.protect(x, o, key, nonce=nonce)
    assert psnr(o, p) > 35
    assert psnr(x, flow.recover(p, key, nonce=nonce)) > 35
    assert psnr(x, flow.recover(p, proface.Key.generate(), nonce=nonce)) < 15


@pytest.mark.parametrize(("height", "width"), [(63, 80), (48, 35), (17, 31), (2, 2), (3, 2)])
def test_any_size_goes_in_and_out(flow: Flow, height: int, width: int) -> None:
    x = photo(height, width)
    o = proface.obfuscate(x, "pixelate")
    p = flow.hide(x, o, pad(flow, x))
    back = flow.reveal(p, pad(flow, x))
    assert p.shape == back.shape == x.shape
    if height % 2:  # the last row has no cell: the look's, and its neighbour's
        np.testing.assert_array_equal(p[-1], o[-1])
        np.testing.assert_array_equal(back[-1], back[-2])
    if min(height, width) > 30:
        assert psnr(x[:-2, :-2], back[:-2, :-2]) > 35


def test_tiles_give_what_the_whole_gives(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """In both directions: a halo as wide as what the network sees, and one key map for all."""
    x = photo(210, 190)
    o, u = proface.obfuscate(x, "pixelate"), pad(flow, x)
    p = flow.hide(x, o, u)
    whole = flow.reveal(p, u)
    monkeypatch.setattr("proface.models.keyed.TILE", 128)
    for found, expected in ((flow.hide(x, o, u), p), (flow.reveal(p, u), whole)):
        # Sums in another order may round another way; a halo too narrow differs by far more.
        assert np.abs(found.astype(int) - expected).max() <= 1
        assert (found != expected).mean() < 1e-4


def test_the_halo_is_as_wide_as_what_the_networks_see(flow: Flow) -> None:
    """A pixel changed beyond it changes nothing here."""
    from proface.models.keyed import HALO

    x, side = photo(64, 400), 200
    o, u = proface.obfuscate(x, "pixelate"), pad(flow, x)
    other = x.copy()
    other[:, side + HALO :] = 255 - other[:, side + HALO :]
    np.testing.assert_array_equal(flow.hide(x, o, u)[:, :side], flow.hide(other, o, u)[:, :side])
    p = flow.hide(x, o, u)
    changed = p.copy()
    changed[:, side + HALO :] = 255 - changed[:, side + HALO :]
    np.testing.assert_array_equal(flow.reveal(p, u)[:, :side], flow.reveal(changed, u)[:, :side])


def test_the_published_key_serves_the_published_flow(flow: Flow) -> None:
    x = photo(128, 130)
    o = proface.obfuscate(x, "blur")
    p, _nonce = flow.protect(x, o, proface.Key.paper("secret"))
    signs = paper_key_map("secret", 128, 130)
    words = np.packbits(signs.ravel() > 0).view("<u2")
    np.testing.assert_array_equal(p, flow.hide(x, o, words))
    assert psnr(x, flow.recover(p, proface.Key.paper("secret"), nonce=b"")) > 30
    # One bit of the password: another map altogether.
    assert psnr(x, flow.recover(p, proface.Key.paper("secreu"), nonce=b"")) < 20


@pytest.mark.parametrize(("height", "width"), [(7, 9), (2, 2), (5, 8)])
def test_the_published_map_has_any_size(height: int, width: int) -> None:
    found = key_map(proface.Key.paper(65).paper_words(height, width), height, width)
    expected = paper_key_map("A", height, width)
    np.testing.assert_array_equal(np.where(found > 0, 1, -1)[..., 0], expected[0])


def test_the_published_key_serves_nothing_else(flow: Flow, tmp_path: Path) -> None:
    x, key = photo(256, 256), proface.Key.paper("secret")
    with pytest.raises(UsageError, match="takes no nonce"):
        flow.protect(x, x, key, nonce=bytes(16))
    with pytest.raises(UsageError, match="nonce"):
        flow.protect(x, x, proface.Key.generate(), nonce=b"")
    saved = tmp_path / "p.png"
    proface.protect(Image.fromarray(astronaut()), proface.Key.from_password("x")).save(saved)
    for refused in (
        lambda: load_flow().protect(x, x, key),
        lambda: proface.protect(Image.fromarray(x), key, proface.Options(model="keyed")),
        lambda: proface.recover(saved, key).image,
        lambda: key.save(tmp_path / "key"),
    ):
        with pytest.raises(UsageError, match=r"published derivation|not saved") as caught:
            refused()
        assert "secret" not in str(caught.value)
    assert "secret" not in repr(key)


def test_torch_and_onnx_runtime_agree(flow: Flow) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra `train`")
    from safetensors.torch import load

    from proface.research.networks.keyed_flow import KeyedFlow

    network = KeyedFlow().eval()
    network.load_state_dict(load(flow.card.read("weights")))
    x = photo(96, 128)
    o, u = proface.obfuscate(x, "pixelate"), pad(flow, x)
    p = flow.hide(x, o, u)

    def tensor(image: np.ndarray) -> object:
        return torch.from_numpy(image.transpose(2, 0, 1)[None] / np.float32(127.5) - 1)

    key = tensor(key_map(u, 96, 128))
    with torch.inference_mode():
        expected = network(tensor(o), tensor(x), key)[0], network.inverse(tensor(p), key)[1]
    for found, values in zip((p, flow.reveal(p, u)), expected, strict=True):
        levels = ((values[0].permute(1, 2, 0).numpy() + 1) * 127.5).clip(0, 255)
        # Rounded to 8 bits, plus what float32 sums in another order may differ by.
        assert np.abs(found - levels).max() < 0.501
