"""What is shown over the faces of a video stands still where it can, and covers all of them."""

from __future__ import annotations

import random

import numpy as np
import pytest

from proface.errors import CheckFailedError
from proface.faces import regions_for
from proface.looks import get_look
from proface.pipeline.video_cover import STEP, Cover, windows_of
from proface.pipeline.video_frames import window
from proface.types import Box

SIZE = (320, 182)


@pytest.mark.parametrize("seed", range(20))
def test_windows_contain_their_regions_inside_the_picture(seed: int) -> None:
    rng = random.Random(seed)
    regions = []
    for _ in range(60):
        w, h = rng.randrange(2, 320), rng.randrange(2, 182)
        regions.append(Box(rng.randrange(0, 321 - w), rng.randrange(0, 183 - h), w, h))
    windows = windows_of(regions, SIZE)
    assert len({(box.w, box.h) for box in windows}) == 1
    for region, box in zip(regions, windows, strict=True):
        assert box.union(region) == box
        assert Box(0, 0, *SIZE).union(box) == Box(0, 0, *SIZE)
        assert {side % 2 for side in (box.x, box.y, box.w, box.h)} == {0}


def test_windows_move_seldom() -> None:
    windows = windows_of([Box(20 + index, 40, 50, 60) for index in range(100)], SIZE)
    assert len(set(windows)) <= 100 // 8
    assert all(box.x % STEP == 0 for box in windows)
    trembling = [Box(100 + index % 3, 60 + index % 2, 50, 60) for index in range(50)]
    assert len(set(windows_of(trembling, SIZE))) == 1


def noisy(count: int, seed: int = 0) -> list[np.ndarray]:
    """Frames of one picture, each with noise of its own."""
    random_ = np.random.default_rng(seed)
    picture = random_.integers(40, 210, (SIZE[1] * 3 // 2, SIZE[0]))
    noise = random_.normal(0, 6, (count, *picture.shape))
    return [np.clip(picture + one, 0, 255).astype(np.uint8) for one in noise]


def covered(frames: list[np.ndarray], look: str, box: Box) -> list[np.ndarray]:
    face = Box(box.x + 20, box.y + 20, box.w - 40, box.h - 40)
    cover = Cover(get_look(look), {1: [face]}, {1: [face]}, SIZE)
    return [cover(frame, {1: box}, {1: face}) for frame in frames]


def test_a_mosaic_holds_its_colours_while_they_hardly_change() -> None:
    frames, box = noisy(8), Box(96, 48, 112, 112)
    shown = [window(one, box) for one in covered(frames, "pixelate", box)]
    assert all(np.array_equal(one, shown[0]) for one in shown)
    outside = np.ones((SIZE[1], SIZE[0]), bool)
    outside[box.slices] = False
    after = covered(frames, "pixelate", box)
    assert all(
        np.array_equal(a[: SIZE[1]][outside], b[: SIZE[1]][outside])
        for a, b in zip(frames, after, strict=True)
    )


def test_a_mosaic_follows_what_changes() -> None:
    dark, light = np.full((273, 320), 60, np.uint8), np.full((273, 320), 160, np.uint8)
    box = Box(96, 48, 112, 112)
    first, second = covered([dark, light], "pixelate", box)
    assert window(first, box)[:112].max() < 90
    assert window(second, box)[:112].min() > 130


def test_blocks_lie_on_the_pictures_grid_wherever_the_window_is() -> None:
    frame = noisy(1)[0]
    for x, y in [(96, 48), (112, 64), (208, 70)]:  # the last at the picture's edges
        shown = covered([frame], "pixelate", Box(x, y, 112, 112))[0][: SIZE[1]]
        for top in range(y // STEP * STEP, y + 112, STEP):
            for left in range(x, x + 112, STEP):
                inside = shown[max(y, top) : min(y + 112, top + STEP), left : left + STEP]
                assert inside.min() == inside.max()


def test_blocks_are_no_smaller_than_those_of_a_photo() -> None:
    frame, box = noisy(1)[0], Box(32, 0, 256, 176)
    face = Box(92, 20, 130, 130)
    shown = Cover(get_look("pixelate:64"), {1: [box]}, {1: [face]}, SIZE)(
        frame, {1: box}, {1: face}
    )
    # 64 * sqrt(256 * 176) / 256 is 53 pixels: blocks of 64.
    assert np.all(shown[64:128, 64:128] == shown[64, 64])


@pytest.mark.parametrize("look", ["blur", "median", "mask"])
def test_other_looks_change_the_face(look: str) -> None:
    frame, box = noisy(1)[0], Box(96, 48, 112, 112)
    shown = covered([frame], look, box)[0]
    face = Box(116, 68, 72, 72)
    change = shown[: SIZE[1]][face.slices].astype(float) - frame[: SIZE[1]][face.slices]
    assert np.abs(change).mean() > 20


def of_a_neighbour(look: str) -> tuple[np.ndarray, np.ndarray]:
    """The first frame of one who comes near a neighbour: the window owns the neighbour's pixels."""
    rng = np.random.default_rng(1)
    size = (1280, 720)
    sides = [40 + 200 * n // 59 for n in range(60)]
    faces = {
        1: [Box(500 - side // 2, 360 - side // 2, side, side) for side in sides],
        2: [Box(550, 310, 100, 100)] * 60,
    }
    regions = {n: [regions_for([box], size, align=2)[0] for box in of] for n, of in faces.items()}
    windows = {n: windows_of(of, size)[0] for n, of in regions.items()}
    frame = rng.integers(30, 220, (720 * 3 // 2, 1280)).astype(np.uint8)
    cover = Cover(get_look(look), regions, faces, size)
    shown = cover(frame, windows, {n: of[0] for n, of in faces.items()})
    area = faces[2][0].slices
    return frame[:720][area], shown[:720][area]


@pytest.mark.parametrize("look", ["blur", "pixelate", "mask:smile"])
def test_a_face_in_the_window_of_another_is_covered(look: str) -> None:
    before, after = of_a_neighbour(look)
    assert (before == after).mean() < 0.03


def test_a_look_that_leaves_a_face_visible_is_refused() -> None:
    blocks = np.random.default_rng(0).integers(40, 210, (23, 40)).astype(np.uint8)
    picture = blocks.repeat(8, axis=0).repeat(8, axis=1)[: SIZE[1]]
    frame = np.concatenate([picture, np.full((SIZE[1] // 2, SIZE[0]), 128, np.uint8)])
    with pytest.raises(CheckFailedError, match="as it is"):
        covered([frame], "median:3", Box(96, 48, 112, 112))
