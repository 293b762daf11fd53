"""The shipped padded flow, in both modes: what it promises of pixels, pads, tiles; and torch."""

from __future__ import annotations

import hashlib
import inspect
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import proface
from proface.codec.bit_allocation import Groups
from proface.codec.mixed_radix import WORDS
from proface.codec.transform import grid
from proface.embedding.lattice import strips
from proface.errors import ModelError, UsageError
from proface.keys import keystream
from proface.models.cards import list_models, read_card
from proface.models.flow import Flow
from proface.models.store import load_flow, make_flow
from tests.codec.words import LATTICE, encode, read
from tests.models.photos import pad, photo, psnr

LOOKS = ("blur:15", "pixelate:20", "mask")
SIZES = [(256, 256), (250, 250), (64, 80), (48, 34), (17, 31)]


@pytest.fixture(scope="module")
def flow() -> Flow:
    return load_flow()


@pytest.fixture(scope="module", params=["padded", "padded-obfuscated"])
def either(request: pytest.FixtureRequest) -> Flow:
    """A padded flow, whatever a wrong key yields."""
    return load_flow(request.param)


@pytest.fixture(scope="module")
def key() -> proface.Key:
    return proface.Key.generate()


@pytest.mark.parametrize("look", LOOKS)
def test_protected_is_like_the_look_and_comes_back(flow: Flow, key: proface.Key, look: str) -> None:
    x = photo(256, 256)
    o, nonce = proface.obfuscate(x, look), os.urandom(16)
    p, _nonce = flow.protect(x, o, key, nonce=nonce)
    assert psnr(o, p) > 49
    assert psnr(x, flow.recover(p, key, nonce=nonce)) > 40
    assert psnr(x, flow.recover(p, proface.Key.generate(), nonce=nonce)) < 15
    assert psnr(x, flow.recover(p, key, nonce=os.urandom(16))) < 15


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_any_size_comes_back(flow: Flow, height: int, width: int) -> None:
    x = photo(height, width)
    o = proface.obfuscate(x, "pixelate")
    p = flow.hide(x, o, pad(flow, x))
    assert p.shape == x.shape
    assert psnr(o, p) > 40
    assert psnr(x, flow.reveal(p, pad(flow, x))) > 38


def test_protected_pixels_depend_on_the_original_through_the_padded_words_alone(
    either: Flow,
) -> None:
    """The proof, in code: other original, same o and z, same bytes.

    What hides takes o and z and nothing else; z = l + u is uniform for every l, as u is; so that
    the protected images of any two originals are alike in distribution.
    """
    assert list(inspect.signature(LATTICE.embed).parameters) == ["cover", "words"]
    x1, x2 = photo(96, 96), np.ascontiguousarray(photo(96, 96)[::-1, ::-1])
    o, u1 = proface.obfuscate(x1, "blur"), pad(either, x1)
    p = either.hide(x1, o, u1)
    zeros = np.zeros_like(u1)
    l1 = LATTICE.extract(either.hide(x1, o, zeros)).ravel()
    l2 = LATTICE.extract(either.hide(x2, o, zeros)).ravel()
    assert (l1 != l2).any()
    # The pad under which x2 has the same z: there is exactly one, for any x2.
    u2 = u1 + l1 - l2
    np.testing.assert_array_equal(either.hide(x2, o, u2), p)


def test_words_are_uniform_for_any_original(either: Flow) -> None:
    """Even for a black image, whose latents are all alike."""
    x = np.zeros((256, 256, 3), np.uint8)
    key = bytes(range(32))
    p = either.hide(x, x + 128, keystream(key, either.words(256, 256)))
    words = LATTICE.extract(p)[..., : strips(256, 256)[0].words].ravel()
    counts = np.bincount(words >> 8, minlength=256)
    expected = len(words) / 256
    chi_square = np.square(counts - expected).sum() / expected
    assert chi_square < 340  # 255 degrees of freedom: beyond it once in 3,000


def test_the_offsets_do_not_tell_two_originals_apart(either: Flow) -> None:
    """Means of p - o over many pads, for two originals: the same within sampling error."""
    textured = photo(64, 64)
    flat = np.full_like(textured, 90)
    o = np.full_like(textured, 128)
    totals = []
    for x in (textured, flat):
        offsets = [either.hide(x, o, pad(either, x, seed)).astype(int) - 128 for seed in range(200)]
        totals.append((np.mean(offsets, 0), np.var(offsets, 0)))
    (mean1, variance1), (mean2, variance2) = totals
    # The difference of two means of 200 draws, in units of its deviation: variance 1.
    z = (mean1 - mean2) / np.sqrt((variance1 + variance2) / 199)
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert z.var() == pytest.approx(1, abs=0.06)


def test_a_wrong_key_yields_noise_or_the_look(flow: Flow, key: proface.Key) -> None:
    x, nonce = photo(208, 160), os.urandom(16)
    o = proface.obfuscate(x, "pixelate")
    obfuscated = load_flow("padded-obfuscated")
    p, _nonce = obfuscated.protect(x, o, key, nonce=nonce)
    right, wrong = obfuscated.recover(p, key, nonce), obfuscated.recover(p, key, os.urandom(16))
    assert psnr(x, right) > 35
    np.testing.assert_array_equal(wrong, p)
    assert psnr(o, wrong) > 45
    # The two modes differ in what is shown of noise, and in nothing else.
    p, _nonce = flow.protect(x, o, key, nonce=nonce)
    assert flow.digest == obfuscated.digest
    np.testing.assert_array_equal(obfuscated.recover(p, key, nonce), flow.recover(p, key, nonce))
    assert psnr(x, flow.recover(p, key, os.urandom(16))) < 15


def test_a_key_that_is_nearly_right_shows_the_face_where_it_is(flow: Flow) -> None:
    """The words of one cell are wrong, the last one of those that share them: few are hit."""
    x = photo(256, 256)
    o, u = proface.obfuscate(x, "pixelate"), pad(flow, x)
    obfuscated = load_flow("padded-obfuscated")
    p = obfuscated.hide(x, o, u)
    near = u.reshape(-1, WORDS).copy()
    last = Groups.of(np.full(256, strips(256, 256)[0].words), WORDS).order[-1]
    near[last] = pad(flow, x, 1).reshape(near.shape)[last]
    found = obfuscated.reveal(p, near.ravel())
    in_look = (found == p).reshape(16, 16, 16, 16, 3).all((1, 3, 4))  # of each cell
    assert 1 <= in_look.sum() < 30
    face = ~in_look.repeat(16, 0).repeat(16, 1)
    assert psnr(x[face], found[face]) > 35


def test_tiles_give_what_the_whole_gives(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    x = photo(400, 380)
    p = flow.hide(x, proface.obfuscate(x, "blur"), pad(flow, x))
    whole = flow.reveal(p, pad(flow, x))
    monkeypatch.setattr("proface.codec.cell_codec.TILE", 7)
    tiled = flow.reveal(p, pad(flow, x))
    assert np.abs(tiled.astype(int) - whole).max() <= 1  # rounding of sums in another order


def test_torch_and_onnx_runtime_agree(flow: Flow) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra `train`")
    from safetensors.torch import load

    from proface.codec.codebook import Codebook
    from proface.inference.engine import make_engine
    from proface.research.networks.padded_flow import PaddedFlow

    decoder = PaddedFlow.from_state_dict(load(flow.card.read("weights"))).eval()
    engine = make_engine(flow.card.read("network"))
    codebook = Codebook.from_bytes(flow.card.read("codebook"))
    x = photo(96, 128)
    values, noise = read(codebook, encode(codebook, x), 96, 128).decode(slice(None), slice(None))
    p = proface.obfuscate(x, "pixelate").astype(np.float32)
    parts = {"coefficients": values, "noise": noise, "protected": p}
    inputs = {n: np.ascontiguousarray(a.transpose(2, 0, 1)[None]) for n, a in parts.items()}
    with torch.inference_mode():
        expected = decoder(*map(torch.from_numpy, inputs.values())).numpy()
    # In levels of 0..255: far below what could change a rounded pixel by more than one.
    assert np.abs(engine.run(inputs) - expected).max() < 0.01


@pytest.mark.parametrize(("height", "width"), [(96, 128), (250, 34), (17, 400), (700, 700)])
def test_a_draft_is_what_comes_back_but_for_the_repair(flow: Flow, height: int, width: int) -> None:
    x = np.ascontiguousarray(np.resize(photo(400, 400), (height, width, 3)))
    p = flow.hide(x, proface.obfuscate(x, "blur"), pad(flow, x))
    draft, whole = flow.draft(p, pad(flow, x)), flow.reveal(p, pad(flow, x))
    assert draft is not None
    assert draft.shape == x.shape
    assert psnr(whole, x) - 1.5 < psnr(draft, x) < psnr(whole, x) + 0.1


def test_a_region_takes_the_words_that_it_says(flow: Flow) -> None:
    rows, columns = grid(250, 34)
    assert flow.words(250, 34) == rows * columns * WORDS


@pytest.mark.parametrize(
    ("x", "o"),
    [
        (np.zeros((8, 8, 3), np.float32), np.zeros((8, 8, 3), np.uint8)),
        (np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8)),
        (np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 4), np.uint8)),
        (np.zeros((1, 8, 3), np.uint8), np.zeros((1, 8, 3), np.uint8)),
        (np.zeros((8, 8, 3), np.uint8), np.zeros((8, 10, 3), np.uint8)),
    ],
)
def test_images_of_another_kind_are_refused(
    flow: Flow, key: proface.Key, x: np.ndarray, o: np.ndarray
) -> None:
    with pytest.raises(UsageError):
        flow.protect(x, o, key, nonce=bytes(16))


def test_a_nonce_of_another_length_is_refused(flow: Flow, key: proface.Key) -> None:
    x = photo(16, 16)
    with pytest.raises(UsageError, match="16"):
        flow.protect(x, x, key, nonce=bytes(15))


def test_models_are_what_their_cards_say() -> None:
    cards = list_models()
    assert "padded" in [card.name for card in cards]
    for card in cards:
        for entry in card.facts["files"].values():
            data = (card.folder / entry["name"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        for fact in ("trained_on", "training", "licence", "measured", "parameters"):
            assert card.facts[fact], f"{card.name} does not say {fact}"


@pytest.mark.parametrize(
    ("device", "name"), [("cpu", "padded.int8.onnx"), ("cpu-float32", "padded.onnx")]
)
def test_an_altered_model_is_refused(device: str, name: str, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    shutil.copytree(list_models()[0].folder, folder)
    network = folder / name
    network.write_bytes(network.read_bytes()[:-1] + b"\0")
    with pytest.raises(ModelError, match=name):
        make_flow(read_card(folder / "padded.json"), device)


def test_unknown_models_are_named_with_those_there_are() -> None:
    with pytest.raises(ModelError, match="padded"):
        load_flow("nonesuch")
