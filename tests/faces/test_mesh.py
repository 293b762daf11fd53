"""The face mesh: it meets the detector's landmarks, and follows scale, place and turn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from proface.faces.mesh import COUNT, axes_of, face_mesh, five_landmarks, mouth_gap, size_of
from proface.types import Box, Face
from tests.astronaut import PHOTO


def test_it_meets_the_detector_s_landmarks(face, mesh):
    assert mesh.shape == (COUNT, 3)
    apart = np.hypot(*(np.array(five_landmarks(mesh)) - face.landmarks).T)
    assert apart.max() < 0.08 * face.box.w


def test_it_needs_no_landmarks(face, mesh):
    assert np.abs(face_mesh(PHOTO, Face(face.box)) - mesh).mean() < 0.03 * face.box.w


def test_wrong_landmarks_do_not_hide_a_face(face, mesh):
    x, y = face.box.x, face.box.y
    wrong = ((x + 20, y + 100), (x + 30, y + 30), (x + 40, y + 60), (x + 60, y + 110), (x + 70, y))

    found = face_mesh(PHOTO, Face(face.box, 1.0, wrong))

    assert np.abs(found - mesh).mean() < 0.05 * face.box.w


def test_a_larger_picture_has_a_larger_mesh(face, mesh):
    box = Box(*(3 * n for n in (face.box.x, face.box.y, face.box.w, face.box.h)))
    marks = tuple((3 * x + 1, 3 * y + 1) for x, y in face.landmarks)

    large = face_mesh(cv2.resize(PHOTO, (900, 900)), Face(box, 1.0, marks))

    assert np.abs(large[:, :2] - (3 * mesh[:, :2] + 1)).mean() < 0.06 * face.box.w
    assert size_of(large) == pytest.approx(3 * size_of(mesh), rel=0.03)


@pytest.mark.parametrize("degrees", [-120, -30, 45, 180])
def test_it_turns_with_the_picture(face, mesh, degrees):
    turn = cv2.getRotationMatrix2D((150.0, 130.0), degrees, 1.0)
    marks = tuple(tuple(turn @ (x, y, 1.0)) for x, y in face.landmarks)
    turned = cv2.warpAffine(PHOTO, turn, (300, 300), borderMode=cv2.BORDER_REFLECT)

    found = face_mesh(turned, Face(face.box, 1.0, marks))

    expected = mesh[:, :2] @ turn[:, :2].T + turn[:, 2]
    assert np.hypot(*(found[:, :2] - expected).T).mean() < 0.04 * face.box.w


def test_a_mirrored_face_looks_to_the_other_side(face, mesh):
    marks = [(299 - x, y) for x, y in face.landmarks]
    marks = tuple(marks[n] for n in (1, 0, 2, 4, 3))
    box = Box(300 - face.box.x - face.box.w, face.box.y, face.box.w, face.box.h)

    found = face_mesh(np.ascontiguousarray(PHOTO[:, ::-1]), Face(box, 1.0, marks))

    assert axes_of(found)[0, 2] == pytest.approx(-axes_of(mesh)[0, 2], abs=0.06)
    assert mouth_gap(found) == pytest.approx(mouth_gap(mesh), rel=0.3)


def test_where_nobody_is_there_is_no_mesh():
    wall = np.random.default_rng(2).integers(0, 255, (96, 96, 3)).astype(np.uint8)

    assert face_mesh(wall, Face(Box(20, 20, 50, 60))) is None
