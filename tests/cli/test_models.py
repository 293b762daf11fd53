"""Photos protected with other models than the default one, through the commands."""

from __future__ import annotations

import json

import numpy as np
import pytest

import proface
from proface.faces import detect
from proface.faces.recognition import embed
from proface.models.cards import FOLDER
from tests.cli.runs import WITH, call, pixels, psnr

WRONG = {"SECRET_FOR_TESTS": "another password"}
SAME_PERSON = 0.363  # SFace's cosine from which it takes two faces for one person's


@pytest.fixture(scope="module")
def keyed(portrait, shelf):
    path = shelf / "keyed.png"
    result = call("protect", portrait, "-o", path, "--model", "keyed", *WITH)
    assert result.code == 0, result.err
    # One line says why this is no model for photos that matter.
    assert result.err.count("\n") == 1
    assert "WARNING" in result.err
    assert "without any key" in result.err
    return path


def test_the_keyed_flow_brings_the_face_back(keyed, portrait, region, outside, tmp_path):
    back = tmp_path / "back.png"

    assert call("recover", keyed, "-o", back, *WITH).code == 0

    found, original = pixels(back), pixels(portrait)
    np.testing.assert_array_equal(found[outside], original[outside])
    assert psnr(found[region], original[region]) > 32
    assert psnr(pixels(keyed)[region], original[region]) < 30


def test_the_file_says_which_model_made_it(keyed, portrait):
    facts = json.loads(call("inspect", keyed, "--json").out)
    assert facts["model"]["name"] == "keyed"
    assert facts["wrong_password"] == "random"
    assert call("verify", keyed, "--original", portrait, *WITH).code == 0


def test_a_wrong_password_is_told_whatever_the_model(keyed, tmp_path):
    assert call("recover", keyed, "-o", tmp_path / "back.png", *WITH, env=WRONG).code == 12


def test_the_default_model_warns_of_nothing(portrait, tmp_path):
    assert call("protect", portrait, "-o", tmp_path / "p.png", *WITH).err == ""


@pytest.fixture(scope="module", params=["padded", "padded-obfuscated", "keyed", "keyed-obfuscated"])
def anybody(request, portrait, shelf):
    """The portrait, protected deniably with a model, and what two passwords make of it."""
    saved, right, wrong = (shelf / f"{request.param}-{n}.png" for n in ("deniable", "r", "w"))
    options = ("--model", request.param, "--deniable", *WITH)
    assert call("protect", portrait, "-o", saved, *options).code == 0
    assert call("recover", saved, "-o", right, *WITH).code == 0
    assert call("recover", saved, "-o", wrong, *WITH, env=WRONG).code == 0
    return request.param, *map(pixels, (saved, right, wrong))


def test_any_password_gives_an_image_and_the_right_one_the_face(anybody, portrait, region):
    model, _saved, right, wrong = anybody
    original = pixels(portrait)
    assert psnr(right[region], original[region]) > 32
    if model.endswith("obfuscated"):
        look = proface.obfuscate(np.ascontiguousarray(original[region]), "pixelate")
        assert psnr(wrong[region], look) > 30
    else:
        assert psnr(wrong[region], original[region]) < 15


def test_a_wrong_password_shows_nobody(anybody, portrait):
    _model, _saved, right, wrong = anybody
    original = pixels(portrait)
    (face,) = detect(original)
    who = embed(original, face)

    def same(picture):
        return [f for f in detect(picture) if embed(picture, f) @ who > SAME_PERSON]

    assert len(same(right)) == 1
    assert same(wrong) == []


def test_a_deniable_file_shows_its_picture_to_a_wrong_password(anybody):
    model, saved, _right, wrong = anybody
    assert (model == "padded-obfuscated") == bool((saved == wrong).all())


def test_a_flow_is_imported_listed_and_used(portrait, tmp_path):
    env = {"PROFACE_MODELS": str(tmp_path / "models")}
    weights = FOLDER / "keyed.safetensors"
    back, saved = tmp_path / "back.png", tmp_path / "p.png"

    result = call("models", "import", weights, "--name", "mine", env=env)

    assert result.code == 0, result.err
    assert "--model mine" in result.out
    listed = [json.loads(line) for line in call("models", "--json", env=env).out.splitlines()]
    assert [(m["name"], m["imported"]) for m in listed][-1] == ("mine", True)
    protect = ("protect", portrait, "-o", saved, "--model", "mine", *WITH)
    assert call(*protect, env=env).code == 0
    assert call("recover", saved, "-o", back, *WITH, env=env).code == 0
    assert psnr(pixels(back), pixels(portrait)) > 32
    again = call("models", "import", weights, "--name", "mine", env=env)
    assert again.code == 1
    assert "--overwrite" in again.err


def test_an_import_says_what_it_needs_to_know(tmp_path):
    weights = FOLDER / "keyed.safetensors"
    for options, part in (
        ((), "--name"),
        (("--name", "padded"), "padded"),
        (("--name", "x", "--as", "simswap"), "not both"),
        (("--name", "x", "--mode", "other"), "obfuscated"),
    ):
        env = {"PROFACE_MODELS": str(tmp_path / "models")}
        result = call("models", "import", weights, *options, env=env)
        assert result.code == 2
        assert part in result.err
    assert not (tmp_path / "models").exists()
