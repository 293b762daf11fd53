"""Attacks on the robust flow: its controls leak, it does not, and each attack fits it."""

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="attacks need the extra `evaluate`")
data = pytest.importorskip("skimage.data", reason="the tests' photo comes with scikit-image")

from proface.keys import keystream  # noqa: E402
from proface.looks import obfuscate  # noqa: E402
from proface.models.robust import Robust  # noqa: E402
from proface.models.store import load_flow  # noqa: E402
from proface.research.attacks.attack_targets import (  # noqa: E402
    FreshKeys,
    KeystreamReuse,
    PlantedLeak,
    embedded_words,
)
from proface.research.attacks.copies import residual_correlation  # noqa: E402
from proface.research.attacks.face_sets import FaceCrop  # noqa: E402
from proface.research.attacks.near_miss_keys import psnr_with_errors, shown_without_check  # noqa: E402
from proface.research.attacks.password_guessing import run_guessing  # noqa: E402
from proface.research.attacks.randomness_tests import byte_values, to_bits  # noqa: E402
from proface.research.attacks.saved_pictures import (  # noqa: E402
    attacked,
    control_flow,
    is_robust,
)
from proface.research.attacks.statistics import in_the_open  # noqa: E402
from proface.research.evaluation.metrics import psnr  # noqa: E402
from proface.research.evaluation.protected_files import hide  # noqa: E402
from proface.types import Box, Face  # noqa: E402


@pytest.fixture(scope="module")
def flow():
    found = load_flow("robust")
    assert isinstance(found, Robust)
    return found


def crop(top=0, left=90):
    """A face as attacks see it."""
    pixels = Image.fromarray(data.astronaut()[top : top + 220, left : left + 220])
    face = Face(Box(64, 64, 128, 128))
    return FaceCrop(np.asarray(pixels.resize((256, 256), Image.Resampling.LANCZOS)), face)


def test_pictures_are_attacked_as_the_jpegs_that_they_are_saved_in(flow):
    assert is_robust("robust")
    assert not is_robust("padded")
    assert not is_robust("classical3")
    assert control_flow("robust").kind == "robust"
    assert control_flow("keyed").kind == "padded"
    x = crop().pixels
    o = obfuscate(x, "blur:15")
    pad = keystream(bytes(32), flow.words(256, 256))
    np.testing.assert_array_equal(hide(flow, x, o, pad), flow.hide(x, o, pad))
    p, key = attacked("robust").hide(x, o)
    pad = keystream(key, flow.words(256, 256))
    assert (p != flow.hide(x, o, pad)).any()
    assert psnr(x, flow.reveal(p, pad)) > 24


def test_a_reused_keystream_gives_every_other_face(flow, tmp_path):
    target = KeystreamReuse(flow, crop().pixels, tmp_path / "key")
    other = crop(180, 200)
    p = target.protect(other.pixels, obfuscate(other.pixels, "blur:15"))
    assert psnr(other.pixels, target.decode(p)) > 20


def test_a_planted_leak_shows_in_averaged_copies_and_the_flow_has_none(flow):
    face = crop()
    planted, _ = residual_correlation(PlantedLeak(flow), face, 8)
    for kind in ("JPEG", "PNG"):
        own, _ = residual_correlation(
            FreshKeys(attacked("robust", kind), with_decoder=False), face, 8
        )
        assert abs(own) < 0.06
    assert planted > 0.3


def test_words_of_a_saved_picture_are_random_and_without_a_pad_they_are_not(flow):
    x, count = crop().pixels, flow.words(256, 256)
    words = [embedded_words(flow, x, keystream(bytes([n]) * 32, count)) for n in range(4)]
    assert len(words[0]) == count - flow.public_bytes(256, 256) // 2
    assert byte_values(to_bits(np.concatenate(words))) > 1e-4
    bare = embedded_words(flow, np.zeros_like(x), np.zeros(count, np.uint16))
    assert byte_values(to_bits(bare)) < 1e-9


def test_what_is_open_to_all_does_not_depend_on_the_face(flow):
    found = in_the_open(flow, [crop().pixels, crop(180, 200).pixels])
    assert [count for _, count in found] == [1, 1, 1]


def test_few_wrong_words_lose_the_face_even_without_the_checksum(flow):
    face = crop()
    assert psnr_with_errors(flow, face, 0) > 24
    assert psnr_with_errors(flow, face, 0.1) < 18
    o = obfuscate(face.pixels, "blur:15")
    p = hide(flow, face.pixels, o, keystream(bytes(32), flow.words(256, 256)))
    wrong = shown_without_check(flow, p, keystream(b"w" * 32, flow.words(256, 256)))
    assert wrong.shape == p.shape


def test_guessing_says_why_there_is_no_deniable_file():
    found = run_guessing("robust", rounds=1)
    assert list(found.figures["seconds_of_one_core"]) == ["ordinary"]
    assert "makes no sense here" in found.because
