import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proface.errors import UsageError
from proface.faces import parse_region, regions_for
from proface.types import Box

sides = st.integers(1, 900)
boxes = st.builds(
    Box, st.integers(-100, 900), st.integers(-100, 900), st.integers(1, 500), st.integers(1, 500)
)


def inside_photo(box, size):
    x, y = max(0, box.x), max(0, box.y)
    return x, y, min(size[0], box.x + box.w), min(size[1], box.y + box.h)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(boxes, max_size=12),
    st.tuples(sides, sides),
    st.sampled_from([0, 0.1, 0.35, 1.5]),
    st.sampled_from([1, 2, 16, 32]),
)
def test_every_face_is_covered_by_aligned_regions_that_never_overlap(faces, size, expand, align):
    regions = regions_for(faces, size, expand=expand, align=align)

    for face in faces:
        left, top, right, bottom = inside_photo(face, size)
        if left < right and top < bottom:
            assert any(
                r.x <= left and r.y <= top and r.x + r.w >= right and r.y + r.h >= bottom
                for r in regions
            )
    for i, region in enumerate(regions):
        assert region.x >= 0
        assert region.y >= 0
        assert region.x + region.w <= size[0]
        assert region.y + region.h <= size[1]
        assert region.w % align == 0 or region.w == size[0]
        assert region.h % align == 0 or region.h == size[1]
        assert not any(region.overlaps(other) for other in regions[i + 1 :])
    assert regions == sorted(regions, key=lambda r: (r.y, r.x))


@given(st.lists(boxes, max_size=8), st.randoms())
def test_the_order_of_the_faces_does_not_matter(faces, random):
    shuffled = list(faces)
    random.shuffle(shuffled)

    assert regions_for(faces, (800, 600)) == regions_for(shuffled, (800, 600))


def test_a_region_is_expanded_and_most_above_where_the_hair_is():
    (region,) = regions_for([Box(400, 400, 100, 100)], (1000, 1000), align=1)

    assert region == Box(365, 347, 170, 188)


def test_a_small_photo_becomes_one_region_of_odd_size():
    assert regions_for([Box(3, 2, 15, 13)], (21, 17)) == [Box(0, 0, 21, 17)]


def test_faces_outside_the_photo_make_no_region():
    assert regions_for([Box(100, 0, 20, 20), Box(-30, 0, 20, 20)], (64, 64), expand=0.1) == []


def test_three_hundred_faces_give_three_hundred_regions():
    faces = [Box(64 * (i % 20) + 20, 64 * (i // 20) + 20, 20, 20) for i in range(300)]

    assert len(regions_for(faces, (1280, 960))) == 300


@pytest.mark.parametrize("wrong", [{"expand": -1}, {"expand": float("nan")}, {"align": 0}])
def test_settings_out_of_range_are_named(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        regions_for([], (10, 10), **wrong)


def test_a_region_is_read_from_four_numbers():
    assert parse_region("10, 20,30,40") == Box(10, 20, 30, 40)


@pytest.mark.parametrize(
    "text",
    ["", "1,2,3", "1,2,3,4,5", "-1,2,3,4", "a,b,c,d", "1,2,0,4", "1.5,2,3,4", "99999999,1,1,1"],
)
def test_other_texts_are_refused_with_an_example(text):
    with pytest.raises(UsageError, match="region"):
        parse_region(text)
