"""Photos protected with other models than the default one, through the commands."""

from __future__ import annotations

import json

import numpy as np
import pytest
from runs import WITH, call, pixels, psnr


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
    env = {"SECRET_FOR_TESTS": "another one"}
    assert call("recover", keyed, "-o", tmp_path / "back.png", *WITH, env=env).code == 12


def test_the_default_model_warns_of_nothing(portrait, tmp_path):
    assert call("protect", portrait, "-o", tmp_path / "p.png", *WITH).err == ""
