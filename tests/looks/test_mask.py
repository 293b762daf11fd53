"""Stickers: what they cover, and what stays as it was."""

import math

import numpy as np
import pytest
from PIL import Image

from proface.errors import UsageError
from proface.looks import get_look, obfuscate
from proface.types import Box, Face

STICKERS = ["smile", "disc", "star", "visor"]
# Two grounds: a pixel on which both give the same is fully covered.
DARK, LIGHT = (np.full((300, 260, 3), value, np.uint8) for value in (0, 255))


def covered(look, faces=(), grounds=(DARK, LIGHT)):
    dark, light = (obfuscate(ground, look, faces) for ground in grounds)
    return (dark == light).all(axis=2)


def untouched(look, faces=()):
    return (obfuscate(LIGHT, look, faces) == LIGHT).all(axis=2) & (
        obfuscate(DARK, look, faces) == DARK
    ).all(axis=2)


def face_at(box, degrees=0.0):
    """A face with landmarks, turned clockwise about its box's centre."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    marks = ((-0.25, -0.15), (0.25, -0.15), (0, 0.1), (-0.2, 0.3), (0.2, 0.3))
    points = (
        (
            box.x + box.w * (0.5 + x * cos - y * sin),
            box.y + box.h * (0.5 + x * sin + y * cos),
        )
        for x, y in marks
    )
    return Face(box, 0.9, tuple(points))


@pytest.mark.parametrize("sticker", STICKERS)
@pytest.mark.parametrize("degrees", [0, 20, -45, 90, 180])
@pytest.mark.parametrize("box", [Box(90, 90, 80, 100), Box(100, 120, 30, 90), Box(120, 140, 6, 8)])
def test_the_whole_face_box_is_covered_however_it_is_turned(sticker, degrees, box):
    assert covered(f"mask:{sticker}", [face_at(box, degrees)])[box.slices].all()


@pytest.mark.parametrize("sticker", STICKERS)
def test_ears_and_chin_are_covered_and_the_rest_is_left(sticker):
    box = Box(90, 90, 80, 100)

    mask = covered(f"mask:{sticker}", [Face(box)])

    assert mask[130:150, box.x - 16].all()  # a fifth of the width beyond
    assert mask[box.y + box.h + 13, 120:140].all()
    assert untouched(f"mask:{sticker}", [Face(box)])[:50].all()
    assert untouched(f"mask:{sticker}", [Face(box)])[:, :60].all()


def test_edges_are_smooth():
    out = obfuscate(DARK, "mask:disc", [Face(Box(90, 90, 80, 100))])

    green = out[..., 1][100:130, 60:80]
    rim = 92  # the disc's rim; between it and the dark ground lie all shades
    assert len(np.unique(green[(green > 0) & (green < rim)])) > 8


def test_a_sticker_turns_with_the_face():
    box = Box(90, 90, 80, 100)
    upright, turned = (obfuscate(DARK, "mask:smile", [face_at(box, d)]) for d in (0, 30))

    assert (upright != turned).any()
    assert (obfuscate(DARK, "mask:smile", [Face(box)]) == upright).all()


def test_each_of_several_faces_is_covered():
    boxes = [Box(20, 30, 50, 60), Box(180, 200, 60, 80), Box(-20, 250, 40, 40)]

    mask = covered("mask:star", [Face(box) for box in boxes])

    assert mask[30:90, 20:70].all()
    assert mask[200:280, 180:240].all()
    assert mask[250:290, 0:20].all()


@pytest.mark.parametrize("faces", [(), (Face(Box(900, 900, 50, 50)),)])
def test_without_a_face_most_of_the_region_is_covered(faces):
    mask = covered("mask:disc", faces)

    assert mask.mean() > 0.75
    assert mask[20:-20, 130].all()
    assert mask[150, 20:-20].all()


@pytest.fixture
def glasses(tmp_path):
    """A PNG that covers little of a face: two opaque lenses, all else transparent."""
    picture = np.zeros((40, 100, 4), np.uint8)
    picture[10:30, 5:40] = picture[10:30, 60:95] = (200, 0, 0, 255)
    path = tmp_path / "my secret glasses.png"
    Image.fromarray(picture).save(path)
    return path


def test_one_s_own_png_lies_over_the_face(glasses):
    out = obfuscate(DARK, f"mask:{glasses}", [Face(Box(90, 90, 80, 100))])

    assert (out == (200, 0, 0)).all(axis=2).sum() > 1000
    assert (out[:40] == 0).all()


def test_what_one_s_own_png_leaves_open_is_pixelated(glasses):
    noise = np.random.default_rng(0).integers(0, 256, DARK.shape, np.uint8)
    box = Box(90, 90, 80, 100)

    out = obfuscate(noise, f"mask:{glasses}", [Face(box)])

    same = (out == noise).all(axis=2)
    assert not same[box.slices].any()
    assert same[:40].all()


def test_the_look_of_one_s_own_png_tells_nothing_about_the_file(glasses):
    look = get_look(f"mask:{glasses}")

    assert str(look) == "mask:custom"
    assert "secret" not in repr(look)
    glasses.unlink()
    assert (obfuscate(DARK, look) != DARK).any()


@pytest.mark.parametrize("size", [(1, 1), (40, 40), (800, 1000)])
def test_opaque_stickers_of_any_resolution_cover_the_face(tmp_path, size):
    Image.new("RGB", size, (0, 200, 0)).save(tmp_path / "plain.png")
    box = Box(90, 90, 80, 100)

    assert covered(f"mask:{tmp_path / 'plain.png'}", [face_at(box, 15)])[box.slices].all()


def test_unusable_stickers_are_refused_by_name(tmp_path):
    clear, text = tmp_path / "clear.png", tmp_path / "text.png"
    Image.new("RGBA", (9, 9)).save(clear)
    text.write_text("no picture")

    for path, reason in ((clear, "transparent"), (text, "PNG"), (tmp_path / "no.png", "read")):
        with pytest.raises(UsageError, match=reason) as caught:
            get_look(f"mask:{path}")
        assert path.name in str(caught.value)


def test_the_canonical_form_of_one_s_own_png_cannot_be_drawn_again():
    with pytest.raises(UsageError, match="PNG"):
        get_look("mask:custom")
