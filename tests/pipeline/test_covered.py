"""Whatever the detector or the user marked is covered, in every look, however regions merge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut

import proface
from proface.errors import CheckFailedError
from proface.looks import Look, get_look
from proface.options import Options
from proface.pipeline.covered import check_covered, visible_part
from proface.pipeline.protect import obfuscate_region
from proface.pipeline.regions import choose_regions, marked
from proface.types import Box, Face, Pixels

LOOKS = ["blur", "median", "pixelate", "mask:smile", "mask:star", "mask:glasses.png", "swap:face"]
SIZE = 480, 360


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Look]:
    folder = tmp_path_factory.mktemp("looks")
    Image.fromarray(astronaut()[:300, 90:390]).save(folder / "face.png")
    glasses = np.zeros((40, 120, 4), np.uint8)
    glasses[10:30, 10:50] = glasses[10:30, 70:110] = 255
    Image.fromarray(glasses).save(folder / "glasses.png")
    paths = {
        "mask:glasses.png": f"mask:{folder / 'glasses.png'}",
        "swap:face": f"swap:{folder / 'face.png'}",
    }
    return {name: get_look(paths.get(name, name)) for name in LOOKS}


@pytest.fixture(scope="module")
def busy() -> Pixels:
    """Detail everywhere: what a look leaves is seen."""
    return np.random.default_rng(5).integers(0, 256, (SIZE[1], SIZE[0], 3)).astype(np.uint8)


def at(box: Box) -> Face:
    """A detected face, with landmarks."""
    marks = ((0.28, 0.39), (0.73, 0.39), (0.51, 0.59), (0.30, 0.74), (0.71, 0.74))
    return Face(box, 0.9, tuple((box.x + u * box.w, box.y + v * box.h) for u, v in marks))


sides = st.integers(24, 110)
boxes = st.builds(Box, st.integers(0, 450), st.integers(0, 330), sides, sides)
within = boxes.map(lambda b: Box(min(b.x, 480 - b.w), min(b.y, 360 - b.h), b.w, b.h))


@pytest.mark.parametrize("name", LOOKS)
@settings(max_examples=25, deadline=None)
@given(
    detected=st.lists(within, max_size=3),
    by_hand=st.lists(boxes, max_size=2),
    data=st.data(),
    expand=st.sampled_from([0.0, 0.1, 0.35, 1.0]),
)
def test_whatever_was_marked_is_covered(looks, busy, name, detected, by_hand, data, expand):
    faces = [at(box) for box in detected]
    numbers = range(1, len(faces) + 1)
    skip = data.draw(st.lists(st.sampled_from(numbers), unique=True)) if faces else []
    options = Options(skip=skip, regions=by_hand, expand=expand)
    regions = choose_regions(SIZE, faces, options)
    shown = busy.copy()
    for box in regions:
        look = looks[name]
        shown[box.slices] = obfuscate_region(busy, box, look, marked(faces, options, SIZE))

    wanted = [face.box for n, face in enumerate(faces, 1) if n not in skip]
    for box in wanted:
        assert visible_part(busy[box.slices], shown[box.slices]) < 0.3
    for box in by_hand:
        # A box by hand is covered to its corners.
        assert visible_part(busy[box.slices], shown[box.slices]) < 0.1


@pytest.mark.parametrize("name", ["mask:smile", "swap:face"])
@pytest.mark.parametrize("skip", [(), (1,)])
def test_a_region_that_touches_a_face_does_not_show_what_was_marked(looks, name, skip, tmp_path):
    """A second face, which the detector missed, beside one that it found or that is skipped."""
    photo = tmp_path / "photo.png"
    picture = astronaut()
    Image.fromarray(picture).save(photo)
    face = proface.protect(photo, proface.Key.generate()).faces[0].box
    missed = Box(face.x + face.w + 5, face.y + 40, 120, 130)
    look = {"mask:smile": "mask:smile", "swap:face": f"swap:{tmp_path / 'face.png'}"}[name]
    Image.fromarray(picture[:300, 90:390]).save(tmp_path / "face.png")

    options = Options(look=look, regions=[missed], skip=skip)
    result = proface.protect(photo, proface.Key.generate(), options)

    shown = result.photo.pixels[missed.slices].astype(int)
    near = (np.abs(shown - picture[missed.slices]) <= 4).all(axis=2)
    assert near.mean() < 0.2


def test_protect_refuses_a_look_that_covers_nothing(tmp_path: Path):
    """A sticker of one visible pixel would leave the face, but for the mosaic below it."""
    face = astronaut()[80:200, 170:280]
    whole = [Face(Box(0, 0, face.shape[1], face.shape[0]))]
    half = face.copy()
    half[:, :50] = 0

    with pytest.raises(CheckFailedError, match="Nothing was written"):
        check_covered(face, face.copy(), whole, get_look("mask"))
    with pytest.raises(CheckFailedError):
        check_covered(face, half, whole, get_look("mask"))
    check_covered(face, np.zeros_like(face), whole, get_look("mask"))
    plain = np.full_like(face, 200)  # nothing to see, whatever the look makes of it
    check_covered(plain, plain.copy(), whole, get_look("blur"))
