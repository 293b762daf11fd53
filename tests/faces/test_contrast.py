"""What the contrast of a box does to a face's score, on skimage's photos."""

import cv2
import numpy as np
import pytest
from skimage import data

from proface.faces import detect
from proface.faces.contrast import MOST, by_contrast

PHOTO = np.ascontiguousarray(data.astronaut())
FACE = [178, 62, 91, 115]
FLAT = [100, 100, 60, 60]


def with_a_flat_patch(pixels):
    pixels = pixels.copy()
    x, y, w, h = FLAT
    pixels[y : y + h, x : x + w] = pixels[y, x]
    return pixels


def test_a_face_loses_next_to_nothing_and_a_flat_patch_all_there_is_to_lose():
    figures = by_contrast(with_a_flat_patch(PHOTO), np.array([FACE, FLAT], float))

    assert figures == pytest.approx([0, -MOST], abs=0.2)


def test_boxes_anywhere_stay_within_the_bounds():
    rng = np.random.default_rng(3)
    corners, sides = rng.uniform(-300, 700, (200, 2)), rng.uniform(0, 400, (200, 2))

    figures = by_contrast(PHOTO, np.hstack([corners, sides]))

    assert figures.shape == (200,)
    assert np.all((figures >= -MOST) & (figures <= 0))
    assert by_contrast(PHOTO, np.empty((0, 4))).shape == (0,)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB),
        lambda p: p // 2 + 64,  # hazy
        lambda p: p // 3,  # dark
        lambda p: cv2.resize(p, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC),
    ],
    ids=["grey", "hazy", "dark", "enlarged"],
)
def test_a_photo_that_is_changed_as_a_whole_is_judged_alike(change):
    boxes = np.array([[x, y, 48, 48] for x in range(0, 464, 58) for y in range(0, 464, 58)], float)
    changed = change(PHOTO)

    figures = by_contrast(changed, boxes * (changed.shape[0] / PHOTO.shape[0]))

    # Two levels count as no contrast, which is more of a dark photo than of a bright one.
    assert figures == pytest.approx(by_contrast(PHOTO, boxes), abs=0.25)


def test_a_dark_face_before_a_bright_background_is_found():
    canvas = np.full((600, 600, 3), 255, np.uint8)
    canvas[::2, 300:] = 0
    canvas[200:430, 40:222] = PHOTO[:230, 130:312] // 5

    (face,) = detect(canvas)

    assert face.score > 0.9
