"""Detections become tracks without holes."""

from __future__ import annotations

import numpy as np
import pytest

from proface.faces.tracks import EXTENSION, Linker
from proface.types import Box, Face

SIZE = (640, 360)
RATE = 25
TIMES = [i / RATE for i in range(150)]


def box(i: int, n: int = 0) -> Box:
    """A face that moves and grows."""
    return Box(20 + 3 * i + 150 * n, 40 + i // 2, 60 + i // 5, 80 + i // 5)


def inside(small: Box, large: Box) -> bool:
    return large.union(small) == large


def test_a_blinking_detector_leaves_no_hole() -> None:
    random = np.random.default_rng(3)
    linker = Linker()
    seen = [i for i in range(20, 100) if random.random() > 0.3]
    for i in range(150):
        faces = [Face(box(i))] if i in seen else []
        linker.observe(i, TIMES[i], faces)
    (track,) = linker.tracks(TIMES, SIZE)
    assert track.seen == (seen[0], seen[-1])
    assert track.detections == len(seen)
    for i in range(seen[0], seen[-1] + 1):
        found = track.at(i)
        assert found is not None
        assert i not in seen or inside(box(i), found)
        shared = box(i).x + box(i).w - max(box(i).x, found.x)
        assert shared >= 0.95 * box(i).w


def test_ends_reach_half_a_second_beyond_both_ends() -> None:
    linker = Linker()
    for i in range(60, 80):
        linker.observe(i, TIMES[i], [Face(box(i))])
    (track,) = linker.tracks(TIMES, SIZE)
    reach = int(EXTENSION * RATE)
    assert (track.first, track.last) == (60 - reach, 79 + reach)
    for i in range(60 - reach, 79 + reach):  # where it came from, and where it goes
        found = track.at(i)
        assert found is not None
        assert inside(box(min(max(i, 60), 79)), found)


def test_boxes_are_never_smaller_than_what_was_detected() -> None:
    random = np.random.default_rng(1)
    linker, true = Linker(), []
    for i in range(100):
        x, y, w, h = (int(random.integers(-6, 7)) for _ in range(4))
        true.append(Box(200 + x, 100 + y, 80 + w, 90 + h))
        linker.observe(i, TIMES[i], [Face(true[-1])])
    (track,) = linker.tracks(TIMES[:100], SIZE)
    assert all(inside(one, track.at(i) or Box(0, 0, 1, 1)) for i, one in enumerate(true))


def test_faces_that_cross_keep_their_tracks() -> None:
    linker = Linker()
    for i in range(0, 100, 5):
        left, right = Box(20 + 5 * i, 50, 60, 70), Box(520 - 5 * i, 70, 60, 70)
        owners = linker.observe(i, TIMES[i], [Face(left), Face(right)])
        assert owners == [0, 1]


def test_a_face_that_comes_back_later_is_another_track() -> None:
    linker = Linker()
    linker.observe(0, 0.0, [Face(box(0))])
    assert linker.observe(20, 0.8, [Face(box(0))]) == [0]
    assert linker.observe(60, 2.4, [Face(box(0))]) == [1]


def test_tracking_does_not_hold_while_a_face_is_missed() -> None:
    linker = Linker()
    linker.observe(0, 0.0, [Face(box(0)), Face(box(0, 2))])
    linker.observe(4, TIMES[4], [Face(box(4))])
    assert not linker.holds(TIMES[8], [Face(box(8))])
    linker.observe(24, TIMES[24], [Face(box(24))])
    assert linker.holds(TIMES[28], [Face(box(28))])  # gone for more than a second


def test_a_fast_face_that_is_missed_at_once_keeps_its_track() -> None:
    linker = Linker()  # it moves by half its width in each frame
    for i in (0, 3, 4, 6, 7):
        owners = linker.observe(i, TIMES[i], [Face(Box(200 + 18 * i, 100, 35, 40))])
        assert owners == [0]


@pytest.mark.parametrize(
    ("faces", "holds"),
    [
        ([box(4), box(4, 2)], True),
        ([box(4)], False),  # one is missing
        ([box(4), box(4, 2), box(4, 3)], False),  # one is new
        ([box(4), Box(330, 200, 60, 80)], False),  # one jumped
    ],
)
def test_tracking_holds_only_where_every_face_is_found_again(faces: list[Box], holds: bool) -> None:
    linker = Linker()
    linker.observe(0, 0.0, [Face(box(0)), Face(box(0, 2))])
    assert linker.holds(TIMES[4], [Face(one) for one in faces]) is holds


def test_boxes_stay_inside_the_picture() -> None:
    linker = Linker()
    for i in range(40):
        linker.observe(i, TIMES[i], [Face(Box(0, 0, 40, 50)), Face(Box(600, 300, 40, 60))])
    for track in linker.tracks(TIMES, SIZE):
        x, y, w, h = track.boxes.T
        assert min(x.min(), y.min()) >= 0
        assert min(w.min(), h.min()) > 0
        assert ((x + w).max() <= SIZE[0], (y + h).max() <= SIZE[1]) == (True, True)
