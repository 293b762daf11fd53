"""Looks that leave people recognisable work, and say so; defaults do not."""

import json

import numpy as np
import pytest
from PIL import Image

from proface.looks import LOOKS, get_look
from proface.looks.leakage import ALLOWED, figures, warning
from tests.cli.runs import WITH, call


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("look", ["blur:3", "median:11", "pixelate:6"])
def test_a_weak_look_protects_and_warns_once(photo, tmp_path, look):
    out = tmp_path / "out.png"
    options = ("--no-detect", "--region", "0,0,64,64", "--no-check", *WITH)
    run = call("protect", photo, "-o", out, "--look", look, "--json", *options)
    assert run.code == 0
    assert out.exists()
    (line,) = run.err.splitlines()
    assert "WARNING" in line
    assert look in line
    assert look in json.loads(run.out)["warning"]


def test_the_default_says_nothing(photo, tmp_path):
    options = ("--no-detect", "--region", "0,0,64,64", "--no-check", *WITH)
    run = call("protect", photo, "-o", tmp_path / "out.png", "--json", *options)
    assert run.code == 0
    assert not run.err
    assert "warning" not in json.loads(run.out)


@pytest.mark.parametrize("name", ["blur", "median", "pixelate"])
def test_default_strengths_are_those_that_hold(name):
    default = get_look(name)
    assert warning(default) is None
    assert dict(figures(name))[str(default)]["bound"] < ALLOWED
    weakest = figures(name)[0][0]
    assert warning(get_look(weakest))


def test_the_list_of_looks_has_the_figures():
    records = {r["name"]: r for r in map(json.loads, call("looks", "--json").out.splitlines())}
    assert set(records) == set(LOOKS)
    assert set(records["blur"]["measured"]) == set(dict(figures("blur")))
    text = call("looks").out
    assert "names of 102 people" in text
