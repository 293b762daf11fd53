import cv2
import numpy as np
import pytest
from skimage import data

from proface.errors import UsageError
from proface.faces import detect
from proface.faces.recognition import embed
from proface.types import Box, Face

ASTRONAUT = data.astronaut()
CAMERA = np.stack([data.camera()] * 3, axis=2)  # another person


@pytest.fixture(scope="module")
def astronaut():
    return embed(ASTRONAUT, detect(ASTRONAUT)[0])


def turned(pixels, degrees):
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((224, 118), degrees, 1)
    return cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def test_an_embedding_has_128_numbers_and_unit_length(astronaut):
    assert astronaut.shape == (128,)
    assert astronaut.dtype == np.float32
    assert np.linalg.norm(astronaut) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p[:, ::-1].copy(),
        lambda p: cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        lambda p: cv2.resize(p, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC),
        lambda p: turned(p, 20),
        lambda p: (p * 0.7).astype(np.uint8),
    ],
    ids=["mirrored", "smaller", "larger", "turned", "darker"],
)
def test_the_same_person_is_near_and_another_far(astronaut, change):
    changed = change(ASTRONAUT)
    other = embed(CAMERA, detect(CAMERA)[0])

    same = embed(changed, detect(changed)[0])

    assert astronaut @ same > 0.6
    assert astronaut @ other < 0.363  # the threshold of OpenCV Zoo


def test_a_face_given_by_hand_needs_no_landmarks(astronaut):
    found = detect(ASTRONAUT)[0]

    assert astronaut @ embed(ASTRONAUT, Face(found.box)) > 0.6


@pytest.mark.parametrize("marks", [((5.0, 5.0),) * 5, ((1.0, 2.0), (3.0, 4.0))])
def test_unusable_landmarks_are_refused(marks):
    with pytest.raises(UsageError, match="landmarks"):
        embed(ASTRONAUT, Face(Box(0, 0, 50, 50), 1.0, marks))
