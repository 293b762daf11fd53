"""Detection of one real face, from skimage's portrait of an astronaut, at many sizes and places."""

import resource
import sys

import cv2
import numpy as np
import pytest
from skimage import data

from proface.errors import MissingExtraError, UsageError
from proface.faces import POSSIBLE, centerface, detect
from proface.faces.networks import release_networks
from proface.types import Box

PORTRAIT = np.ascontiguousarray(data.astronaut()[20:260, 100:340])
FACE = Box(78, 42, 91, 115)  # where the face lies in PORTRAIT, as judged by eye
BACKGROUND = data.coffee()


def overlap(a, b):
    if not a.overlaps(b):
        return 0.0
    w = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
    h = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
    return w * h / (a.w * a.h + b.w * b.h - w * h)


def scene(size, face_height, left, top):
    """A canvas with the portrait pasted so that it starts at left, top; and the face's box."""
    zoom = face_height / FACE.h
    side = max(1, round(240 * zoom))
    how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    small = cv2.resize(PORTRAIT, (side, side), interpolation=how)
    width, height = size
    repeats = (-(-height // BACKGROUND.shape[0]), -(-width // BACKGROUND.shape[1]), 1)
    canvas = np.tile(BACKGROUND, repeats)[:height, :width].copy()
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    canvas[y0:y1, x0:x1] = small[y0 - top : y1 - top, x0 - left : x1 - left]
    fx, fy = max(0, left + round(FACE.x * zoom)), max(0, top + round(FACE.y * zoom))
    right = min(width, left + round((FACE.x + FACE.w) * zoom))
    bottom = min(height, top + round((FACE.y + FACE.h) * zoom))
    return canvas, Box(fx, fy, right - fx, bottom - fy)


@pytest.mark.parametrize("height", [14, 24, 60, 130, 240, 640])
def test_a_face_of_any_size_is_found_once(height):
    canvas, truth = scene((1600, 1500) if height > 300 else (800, 600), height, 30, 7)

    faces = detect(canvas)

    assert [overlap(face.box, truth) > 0.4 for face in faces] == [True]
    assert faces[0].score > 0.6
    assert len(faces[0].landmarks) == 5


def test_a_face_larger_than_any_tile_is_found_once():
    portrait = cv2.resize(PORTRAIT, (2400, 2400), interpolation=cv2.INTER_LINEAR)

    faces = detect(portrait)

    truth = Box(FACE.x * 10, FACE.y * 10, FACE.w * 10, FACE.h * 10)
    assert [overlap(face.box, truth) > 0.5 for face in faces] == [True]


@pytest.mark.parametrize("offset", range(180, 360, 36))
def test_a_face_across_the_seams_of_tiles_is_found_once(offset):
    canvas, truth = scene((900, 700), 56, offset, 290)

    assert [overlap(face.box, truth) > 0.4 for face in detect(canvas)] == [True]


@pytest.mark.parametrize(("left", "top"), [(-60, 80), (300, -40), (470, 200), (150, 270)])
def test_a_face_cut_by_the_border_is_found_and_stays_inside(left, top):
    canvas, truth = scene((600, 400), 90, left, top)

    faces = detect(canvas)

    assert any(overlap(face.box, truth) > 0.4 for face in faces)
    for box in (face.box for face in faces):
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.w <= 600
        assert box.y + box.h <= 400


def test_faces_are_sorted_from_top_to_bottom_and_always_the_same():
    canvas = np.concatenate([np.concatenate([PORTRAIT] * 3, 1)] * 2, 0)

    faces = detect(canvas)

    assert len(faces) == 6
    assert [f.box.y for f in faces] == sorted(f.box.y for f in faces)
    assert detect(canvas) == faces


def test_landmarks_lie_in_the_box_eyes_above_mouth():
    (face,) = detect(PORTRAIT)

    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])
    for x, y in face.landmarks:
        assert face.box.x < x < face.box.x + face.box.w
        assert face.box.y < y < face.box.y + face.box.h


@pytest.mark.parametrize("name", ["coffee", "brick", "grass", "text", "page", "cell"])
def test_nothing_is_found_where_no_face_is(name):
    picture = getattr(data, name)()
    if picture.ndim == 2:
        picture = np.stack([picture] * 3, axis=2)

    assert detect(picture) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (33, 31, 3)])
def test_tiny_photos_are_no_trouble(shape):
    assert detect(np.full(shape, 128, np.uint8)) == []


def test_a_lower_threshold_adds_faces_and_changes_none():
    canvas, _truth = scene((300, 200), 11, 90, 70)
    lowest = detect(canvas, threshold=0.01)

    for threshold in (0.2, POSSIBLE, 0.6, 0.9, 0.9999):
        assert detect(canvas, threshold=threshold) == [f for f in lowest if f.score >= threshold]
    assert detect(PORTRAIT, threshold=0.99999) == []


def test_a_face_of_eight_pixels_is_found():
    canvas, truth = scene((300, 200), 10, 90, 70)  # 8 px wide

    assert [overlap(face.box, truth) > 0.35 for face in detect(canvas)] == [True]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_face_lying_or_upside_down_is_found_once_with_its_landmarks(quarters):
    height, width = PORTRAIT.shape[:2]
    turned = np.ascontiguousarray(np.rot90(PORTRAIT[:, 10:], quarters))
    corners = [(FACE.x - 10, FACE.y), (FACE.x - 10 + FACE.w, FACE.y + FACE.h)]
    eyes = np.array(detect(PORTRAIT)[0].landmarks[:2]).mean(0) - (10, 0)
    for turn in range(quarters):
        across = (width - 10, height)[turn % 2]
        corners = [(y, across - x) for x, y in corners]
        eyes = np.array([eyes[1], across - eyes[0]])
    (x0, y0), (x1, y1) = np.min(corners, 0), np.max(corners, 0)

    (face,) = detect(turned)

    assert overlap(face.box, Box(x0, y0, x1 - x0, y1 - y0)) > 0.4
    assert np.abs(np.array(face.landmarks[:2]).mean(0) - eyes).max() < 0.15 * FACE.h


def test_small_faces_of_a_large_photo_are_seen_enlarged():
    canvas, truth = scene((2400, 1800), 14, 1500, 1000)

    assert any(overlap(face.box, truth) > 0.35 for face in detect(canvas))


def test_without_centerface_yunet_detects_alone(monkeypatch):
    def missing(*_given):
        raise MissingExtraError("not installed")

    monkeypatch.setattr(centerface, "network", missing)
    canvas, truth = scene((600, 400), 60, 200, 90)

    assert [overlap(face.box, truth) > 0.4 for face in detect(canvas)] == [True]


@pytest.mark.parametrize("threshold", [0, 1, -0.5, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(UsageError, match="threshold"):
        detect(PORTRAIT, threshold=threshold)


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32), np.zeros((0, 8, 3), np.uint8)],
)
def test_other_arrays_are_refused(wrong):
    with pytest.raises(UsageError, match="uint8"):
        detect(wrong)


def test_networks_given_back_are_loaded_again():
    before = detect(PORTRAIT)
    release_networks()
    assert detect(PORTRAIT) == before


@pytest.mark.parametrize("size", [(1300, 700), (2600, 400)])
@pytest.mark.parametrize("part", [0.25, 0.5, 0.75])
def test_a_face_anywhere_in_a_long_picture_is_found_once(size, part):
    canvas, truth = scene(size, 120, round(part * size[0]) - 90, 60)
    assert [overlap(face.box, truth) > 0.5 for face in detect(canvas)] == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="reads peak memory as Linux counts it, in kB")
def test_a_picture_one_pixel_wide_takes_no_gigabytes():
    strip = np.zeros((500_000, 1, 3), np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert detect(strip) == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000
