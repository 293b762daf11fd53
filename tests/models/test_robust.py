"""The robust flow: what it promises of pixels, pads, sizes, and of pictures saved as JPEG."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.embedding.cover import MARGINS, with_margin
from proface.embedding.dct_lattice import DctLattice
from proface.models.robust import PUBLIC_WORDS, Robust
from proface.models.store import load_flow
from proface.pipeline.survival import saved
from tests.models.photos import pad, psnr

PUBLIC = bytes(range(2 * PUBLIC_WORDS))
SIDE = 192


@pytest.fixture(scope="module")
def flow() -> Robust:
    found = load_flow("robust")
    assert isinstance(found, Robust)
    return found


def photo(height: int, width: int) -> np.ndarray:
    """A face of any size, stretched."""
    face = Image.fromarray(astronaut()[10:210, 110:310])
    return np.array(face.resize((width, height), Image.Resampling.LANCZOS))


def look(x: np.ndarray) -> np.ndarray:
    return proface.obfuscate(x, "blur:20")


def words_of(flow: Robust, p: np.ndarray) -> np.ndarray:
    """The words that a picture carries, in the pad's order; both layers must be whole."""
    layers = flow.embedding.read(p)
    assert all(layer.intact for layer in layers)
    return np.concatenate([layer.words for layer in layers])


def test_protected_pixels_depend_on_the_original_through_the_padded_words_alone(
    flow: Robust,
) -> None:
    """The proof, in code: other original, and the pad that gives the same z: the same bytes.

    With its margins and its trials of JPEG, what hides takes the look and z and nothing else.
    """
    assert list(inspect.signature(DctLattice.embed).parameters) == ["self", "cover", "words"]
    x1, x2 = photo(SIDE, SIDE), np.zeros((SIDE, SIDE, 3), np.uint8)
    o, u1 = look(x1), pad(flow, x1)
    p = flow.hide(x1, o, u1, PUBLIC)
    zeros = np.zeros_like(u1)
    l1, l2 = (words_of(flow, flow.hide(x, o, zeros, PUBLIC)) for x in (x1, x2))
    assert (l1 != l2).any()
    # The pad under which x2 has the same z: there is exactly one, for any x2. Of the public words,
    # which are not padded, l1 and l2 are the same.
    u2 = u1 + l1 - l2
    np.testing.assert_array_equal(flow.hide(x2, o, u2, PUBLIC), p)
    assert psnr(x1, flow.reveal(p, u1)) > 24
    # As the words have it: what the repair network adds to it is no part of the proof.
    np.testing.assert_array_equal(flow.read(p, u2).draft, x2)
    assert psnr(x2, flow.reveal(p, u2)) > 48


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_words_are_uniform_for_any_original(flow: Robust, kind: str) -> None:
    """Even for a black image; as the saved picture shows them."""
    x = np.zeros((SIDE, SIDE, 3), np.uint8)
    o = look(photo(SIDE, SIDE))
    base = int(flow.embedding.capacity(SIDE, SIDE)[0])
    starts = flow.starts(SIDE, SIDE)
    streams, found = flow.streams(x), []
    for seed in range(10):
        p = flow.hide_streams(streams, o, pad(flow, x, seed), PUBLIC)
        words = words_of(flow, saved(p, "JPEG", quality=92) if kind == "JPEG" else p)
        found += [words[starts[0] : base], words[base + starts[1] :]]
    values = np.concatenate(found)
    assert len(values) > 4000
    for part in (values >> 8, values & 255):
        counts = np.bincount(part, minlength=256)
        chi_square = np.square(counts - len(part) / 256).sum() / (len(part) / 256)
        assert chi_square < 340  # 255 degrees of freedom: beyond it once in 3,000


def test_the_pixels_do_not_tell_two_originals_apart(flow: Robust) -> None:
    """Means of p - o over many pads, for two originals of one look: within sampling error."""
    side, count = 64, 120
    textured = photo(side, side)
    o = np.full_like(textured, 128)
    totals = []
    for n, x in enumerate((textured, np.full_like(textured, 90))):
        streams = flow.streams(x)
        changes = [
            flow.hide_streams(streams, o, pad(flow, x, n * count + seed)).astype(int) - 128
            for seed in range(count)
        ]
        totals.append((np.mean(changes, 0), np.var(changes, 0)))
    (mean1, variance1), (mean2, variance2) = totals
    scale = np.sqrt((variance1 + variance2) / (count - 1)) + 1e-9
    z = ((mean1 - mean2) / scale)[variance1 + variance2 > 0]
    # Coefficients, not pixels, are independent: of 12,288 samples about a tenth counts.
    assert abs(z.mean()) < 4 / np.sqrt(z.size / 10)
    assert z.var() == pytest.approx(1, abs=0.2)


def test_lengths_and_public_bytes_follow_from_the_size_alone(flow: Robust) -> None:
    shape = (SIDE, SIDE, 3)
    noise = np.random.default_rng(5).integers(0, 256, shape).astype(np.uint8)
    lengths, public = set(), set()
    # In this size the detail layer begins with them, behind the base layer's words.
    assert flow.starts(SIDE, SIDE) == (0, PUBLIC_WORDS)
    base = int(flow.embedding.capacity(SIDE, SIDE)[0])
    o = look(photo(SIDE, SIDE))
    for x in (photo(SIDE, SIDE), np.zeros(shape, np.uint8), noise):
        lengths.add(tuple(map(len, flow.streams(x))))
        words = words_of(flow, flow.hide(x, o, pad(flow, x), PUBLIC))
        public.add(words[base : base + PUBLIC_WORDS].tobytes())
    assert lengths == {flow.stream_bytes(SIDE, SIDE)}
    assert len(public) == 1


def test_public_bytes_and_the_face_come_back_after_jpeg_75(flow: Robust) -> None:
    face = photo(SIDE, SIDE)
    picture = photo(448, 512)
    place = slice(96, 96 + SIDE), slice(112, 112 + SIDE)
    u = pad(flow, face)
    picture[place] = flow.hide(face, look(face), u, PUBLIC)
    after = saved(picture, "JPEG", quality=75)
    ((public, where, scale),) = flow.find(after, (512, 448))
    assert public == PUBLIC
    assert (where.x, where.y, where.w, where.h, scale) == (112, 96, SIDE, SIDE, (1, 1))
    read = flow.read(after[place], u)
    assert (read.quality, read.wrong_pad) == ("full", False)
    assert "JPEG" in read.condition
    assert psnr(face, read.pixels) > 24


def test_a_wrong_pad_is_told_from_damage(flow: Robust) -> None:
    x = photo(SIDE, SIDE)
    u = pad(flow, x)
    p = flow.hide(x, look(x), u, PUBLIC)
    wrong = flow.read(p, pad(flow, x, 1))
    assert (wrong.quality, wrong.wrong_pad) == ("none", True)
    assert psnr(x, wrong.pixels) < 12
    damaged = flow.read(look(p), u)
    assert (damaged.quality, damaged.wrong_pad) == ("none", False)
    assert psnr(x, damaged.pixels) < 12
    # What is shown of neither tells anything: it changes with the pad.
    assert (wrong.pixels != flow.read(p, pad(flow, x, 2)).pixels).any()


def test_what_destroys_the_detail_layer_leaves_a_coarse_face(flow: Robust) -> None:
    x = photo(256, 256)
    u = pad(flow, x)
    p = flow.hide(x, look(x), u, PUBLIC)
    base, detail = flow.embedding.read(p)
    assert base.intact
    assert detail.intact
    # Half the size, and back: the base layer lies in frequencies that this keeps.
    small = Image.fromarray(p).resize((128, 128), Image.Resampling.LANCZOS)
    after = np.array(small.resize((256, 256), Image.Resampling.LANCZOS))
    read = flow.read(after, u)
    assert (read.quality, read.wrong_pad) == ("coarse", False)
    assert psnr(x, read.pixels) > 15
    none = flow.read(after, pad(flow, x, 1))
    assert (none.quality, none.wrong_pad) == ("none", True)


@pytest.mark.parametrize(
    ("height", "width"), [(63, 400), (400, 48), (4112, 64), (64, 4097), (14_000, 14_000), (16, 16)]
)
def test_sizes_that_hold_nothing(flow: Robust, height: int, width: int) -> None:
    assert flow.words(height, width) == 0
    assert flow.public_bytes(height, width) == 0
    assert flow.stream_bytes(height, width) == (0, 0)
    if height * width < 1 << 20:
        x = photo(height, width)
        o = look(x)
        nothing = np.zeros(0, np.uint16)
        p = flow.hide(x, o, nothing)
        np.testing.assert_array_equal(p, o)
        assert flow.read(p, nothing).quality == "none"


@pytest.mark.parametrize(("height", "width"), [(64, 64), (131, 207), (79, 250), (4096, 64)])
def test_sizes_that_hold_a_face(flow: Robust, height: int, width: int) -> None:
    x = photo(height, width)
    o = look(x)
    u = pad(flow, x)
    p = flow.hide(x, o, u, PUBLIC)
    assert p.shape == x.shape
    read = flow.read(saved(p, "JPEG", quality=85), u)
    assert read.quality == "full"
    assert psnr(x, read.pixels) > 17
    # The strips beyond whole squares of 16 hold the look, and nothing of the original.
    rows, columns = height // 16 * 16, width // 16 * 16
    for strip in (np.s_[rows:], np.s_[:, columns:]):
        assert any((p[strip] == with_margin(o, margin)[strip]).all() for margin in MARGINS)
