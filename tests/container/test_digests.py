"""A picture that changed after it was protected: which part, by name."""

from __future__ import annotations

import pytest

from proface.container.digests import changes
from proface.types import Box


def test_what_changed_in_the_picture_is_named(noise, header_for) -> None:
    photo = noise()
    header = header_for(photo)
    assert not changes(header, photo)

    photo.pixels[5, 5, 0] ^= 1
    assert changes(header, photo) == ["region 1 (8 x 10 at 4, 2) of the picture was altered"]
    photo.pixels[0, 0, 0] ^= 1
    assert changes(header, photo)[1:] == ["the picture outside the regions was altered"]
    photo.pixels[12, 22, 0] ^= 1
    assert "lossy compression" in changes(header, photo)[-1]


def test_alpha_belongs_to_the_rest(noise, header_for) -> None:
    photo = noise(alpha=True)
    header = header_for(photo)
    photo.alpha[5, 5] ^= 1
    assert changes(header, photo) == ["the picture outside the regions was altered"]
    photo.alpha = None
    assert changes(header, photo) == ["the picture outside the regions was altered"]


@pytest.mark.parametrize(
    ("size", "how"), [((30, 24), "cropped"), ((24, 32), "rotated"), ((64, 48), "enlarged")]
)
def test_another_size_is_said(noise, header_for, size: tuple[int, int], how: str) -> None:
    changed = changes(header_for(noise()), noise(size=size))
    assert changed is not None
    assert how in changed[0]


def test_an_older_region_is_named_too(noise, header_for) -> None:
    photo = noise()
    older = header_for(photo, (Box(4, 2, 8, 10),))
    header = header_for(photo, (Box(20, 11, 12, 13),), previous=older)
    assert not changes(header, photo)
    photo.pixels[5, 5, 0] ^= 1
    assert changes(header, photo) == [
        "region 1 (8 x 10 at 4, 2) of the picture was altered",
        "the picture outside the regions was altered",
    ]
