"""What every look keeps to, and what each one computes."""

import cv2
import numpy as np
import pytest
from skimage import data

from proface.errors import UsageError
from proface.looks import LOOKS, get_look, obfuscate
from proface.types import Box, Face

CROP = np.ascontiguousarray(data.astronaut()[:256, 100:356])
EVERY_LOOK = [
    *(name for name, kind in LOOKS.items() if kind.default),  # the others need a photo
    "blur:100",
    "median:99",
    "pixelate:128",
    "mask:disc",
    "mask:star",
    "mask:visor",
]


def test_the_looks_are_there_and_described():
    assert list(LOOKS) == ["blur", "faceshifter", "mask", "median", "pixelate", "simswap", "swap"]
    for name, kind in LOOKS.items():
        assert kind.name == name
        assert all((kind.summary, kind.meaning, kind.range, kind.leaks))
        if kind.default:
            assert str(get_look(name)) == f"{name}:{kind.default}"


@pytest.mark.parametrize("look", EVERY_LOOK)
@pytest.mark.parametrize("size", [(2, 2), (3, 200), (37, 21), (130, 97), (400, 300)])
def test_any_size_keeps_its_shape_and_the_input(look, size):
    crop = cv2.resize(CROP, size)
    before = crop.copy()

    once, again = obfuscate(crop, look), obfuscate(crop, look)

    assert once.shape == crop.shape
    assert once.dtype == np.uint8
    assert (once == again).all()
    assert (crop == before).all()
    assert not np.shares_memory(once, crop)


@pytest.mark.parametrize("look", EVERY_LOOK)
def test_nothing_around_the_region_leaks_in(look):
    photo = data.astronaut()
    other = photo.copy()
    other[:60] = 255
    other[:, :80] = 0
    rows, columns = slice(60, 221), slice(80, 301)

    assert (obfuscate(photo[rows, columns], look) == obfuscate(other[rows, columns], look)).all()


@pytest.mark.parametrize("look", ["blur", "median", "pixelate"])
def test_a_flat_region_stays_flat(look):
    flat = np.full((701, 1203, 3), (10, 128, 250), np.uint8)

    assert (obfuscate(flat, look) == flat).all()


@pytest.mark.parametrize("look", ["blur", "median", "pixelate"])
def test_a_look_is_the_same_at_twice_the_resolution(look):
    double = cv2.resize(CROP, (512, 512), interpolation=cv2.INTER_CUBIC)

    small = cv2.resize(obfuscate(double, look), (256, 256), interpolation=cv2.INTER_AREA)

    difference = np.abs(small.astype(int) - obfuscate(CROP, look))
    assert difference.mean() < 1.5


@pytest.mark.parametrize("look", ["blur", "median", "pixelate"])
def test_a_tiny_face_does_not_shine_through(look):
    """At 24 px the scaled strength would be next to nothing; a least strength holds."""
    crop = cv2.resize(CROP[20:140, 60:180], (24, 24), interpolation=cv2.INTER_AREA)

    changed = np.abs(obfuscate(crop, look).astype(int) - crop)

    assert changed.mean() > 8


def test_blur_at_256_is_the_paper_s():
    assert (obfuscate(CROP, "blur:15") == cv2.GaussianBlur(CROP, (61, 61), 15)).all()
    assert (obfuscate(CROP, "blur:9") == cv2.GaussianBlur(CROP, (61, 61), 9)).all()


def test_a_wide_blur_is_the_gaussian_of_its_sigma():
    """From sigma 60 on it is computed on a smaller copy, which must not show."""
    large = cv2.resize(CROP, (1280, 1280), interpolation=cv2.INTER_CUBIC)

    exact = cv2.GaussianBlur(large, (301, 301), 75)

    assert np.abs(obfuscate(large, "blur:15").astype(int) - exact).max() <= 3


def test_median_at_256_is_the_paper_s():
    assert (obfuscate(CROP, "median:23") == cv2.medianBlur(CROP, 23)).all()


def test_pixelate_averages_blocks_from_the_upper_left_corner():
    out = obfuscate(CROP, "pixelate:20")

    first, last = out[:20, 20:40].reshape(-1, 3), out[240:, 240:].reshape(-1, 3)
    assert (first == first[0]).all()
    assert (last == last[0]).all()
    assert first[0] == pytest.approx(CROP[:20, 20:40].mean((0, 1)), abs=0.51)
    assert last[0] == pytest.approx(CROP[240:, 240:].mean((0, 1)), abs=0.51)


def test_blocks_grow_with_the_region():
    wide = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)

    out = obfuscate(wide, "pixelate:10")

    assert (out[:20, :20] == out[0, 0]).all()
    assert (out[:20, 20:40] != out[0, 0]).any()


def test_only_masks_look_at_the_faces():
    face = [Face(Box(60, 60, 80, 100))]

    for look in ("blur", "median", "pixelate"):
        assert (obfuscate(CROP, look, face) == obfuscate(CROP, look)).all()
    assert (obfuscate(CROP, "mask", face) != obfuscate(CROP, "mask")).any()


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((1, 8, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(wrong):
    with pytest.raises(UsageError):
        obfuscate(wrong, "blur")
