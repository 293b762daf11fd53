"""A coarse picture's bytes go to its faces."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from proface.codec.focus import focused
from proface.models.robust import Robust
from proface.models.store import load_flow
from proface.research.evaluation.metrics import psnr
from proface.types import Box, Pixels

FACE = Box(180, 60, 100, 130)  # in the photo below


@pytest.fixture(scope="module")
def photo() -> Pixels:
    return np.ascontiguousarray(data.astronaut())


def test_faces_stay_and_what_is_far_is_smooth(photo: Pixels) -> None:
    seen = focused(photo, [FACE])
    np.testing.assert_array_equal(seen[FACE.slices], photo[FACE.slices])
    sharp, smooth = (
        np.abs(np.diff(one[300:].astype(float), axis=0)).mean() for one in (photo, seen)
    )
    assert smooth < sharp / 5


def test_every_face_stays_also_at_the_edge(photo: Pixels) -> None:
    others = [Box(-40, 400, 120, 150), Box(420, 300, 60, 80)]
    seen = focused(photo, [FACE, *others])
    for x, y, w, h in ((180, 60, 100, 130), (0, 400, 80, 112), (420, 300, 60, 80)):
        np.testing.assert_array_equal(seen[y : y + h, x : x + w], photo[y : y + h, x : x + w])


def test_without_faces_nothing_changes(photo: Pixels) -> None:
    assert focused(photo, []) is photo


@pytest.mark.parametrize("turns", [0, 1])
def test_a_coarse_face_is_better_for_it(photo: Pixels, turns: int) -> None:
    flow = load_flow("robust")
    assert isinstance(flow, Robust)
    original = np.ascontiguousarray(np.rot90(photo, turns))
    face = FACE if not turns else Box(FACE.y, 512 - FACE.x - FACE.w, FACE.h, FACE.w)
    with_face, without = flow.streams(original, [face]), flow.streams(original)
    assert with_face[1] == without[1]  # the complete picture is what it was
    shown = [flow.picture(one[0], 512, 512)[face.slices] for one in (with_face, without)]
    better, worse = (psnr(original[face.slices], one) for one in shown)
    assert better > worse + 0.5
