import numpy as np
import pytest

from proface.faces import draw
from proface.types import Box, Face


@pytest.mark.parametrize("size", [(40, 50), (600, 800), (3000, 4000)])
def test_regions_are_outlined_and_the_photo_is_left_alone(size):
    photo = np.full((*size, 3), 128, np.uint8)
    h, w = size
    region = Box(w // 4, h // 4, w // 2, h // 2)

    drawn = draw(photo, [Face(Box(w // 3, h // 3, w // 4, h // 4))], [region])

    assert drawn.shape == photo.shape
    assert (photo == 128).all()
    assert (drawn[h // 2, region.x : region.x + 10] != 128).any()
    assert (drawn[:, : region.x - 12] == 128).all()


def test_numbers_differ_and_stay_inside_at_the_border():
    photo = np.full((300, 300, 3), 128, np.uint8)
    corner = Box(284, 284, 16, 16)

    one = draw(photo, [], [corner, Box(0, 0, 100, 100)])
    two = draw(photo, [], [Box(0, 0, 100, 100), corner])

    assert (one != two).any()


def test_nothing_to_draw_gives_a_copy():
    photo = np.zeros((5, 7, 3), np.uint8)

    drawn = draw(photo, [], [])

    assert (drawn == photo).all()
    assert drawn is not photo


def test_possible_faces_are_dashed():
    photo = np.full((200, 200, 3), 128, np.uint8)
    box = Box(40, 40, 80, 90)

    drawn = draw(photo, [], [], [Face(box)])

    top = drawn[box.y, box.x : box.x + box.w, 0].astype(int)
    assert set(np.unique(top)) >= {20, 255}  # light and dark dashes
    assert np.count_nonzero(np.diff(top)) >= 6
    assert (drawn[box.y + 10 : box.y + 80, box.x + 10 : box.x + 70] == 128).all()
    assert (drawn[: box.y - 2] == 128).all()
