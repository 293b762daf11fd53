"""Pixels to JPEG and back; grey JPEGs with regions in colour."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from proface.errors import ImageError, OutputError, UnsupportedImageError
from proface.media.jpeg import (
    aligned,
    coefficients_digest,
    from_pixels,
    in_colour,
    in_grey,
    jpeg_bytes,
    read_jpeg,
    replace_regions,
    to_pixels,
)
from proface.media.metadata import Metadata
from proface.types import Box
from tests.media.jpeg.pieces import decoded, encoded, kinds, picture

KINDS = kinds()


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_are_what_pillow_decodes(kind: str) -> None:
    assert np.array_equal(to_pixels(read_jpeg(KINDS[kind])), decoded(KINDS[kind]))


def test_pixels_become_a_jpeg() -> None:
    pixels = picture(101, 67)
    jpeg = from_pixels(pixels, icc=b"profile", metadata=Metadata(xmp=b"<x/>", dpi=(300, 150)))
    data = jpeg_bytes(jpeg)
    assert np.array_equal(decoded(data), decoded(encoded(pixels, quality=92)))
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["icc_profile"] == b"profile"
        assert image.info["dpi"] == (300, 150)
        assert "xmp" not in image.info
    assert [(part.h, part.v) for part in jpeg.frame.components] == [(2, 2), (1, 1), (1, 1)]
    with pytest.raises(OutputError, match=r"a\.png: a JPEG holds at most 65500.*Use \.png"):
        from_pixels(np.zeros((1, 65501, 3), np.uint8), source="a.png")


def test_grey_stays_grey() -> None:
    pixels = np.repeat(picture(101, 67)[..., :1], 3, axis=2)
    jpeg = from_pixels(pixels, grey=True)
    assert jpeg.is_grey
    assert Image.open(io.BytesIO(jpeg_bytes(jpeg))).mode == "L"


@pytest.mark.parametrize("kind", ["grey", "grey progressive", "restart grey"])
def test_a_grey_jpeg_gets_chroma_and_loses_it_again(kind: str) -> None:
    grey = read_jpeg(KINDS[kind])
    colour = in_colour(grey)
    assert in_colour(colour) is colour
    assert np.array_equal(to_pixels(colour), to_pixels(grey))
    box = aligned(colour, Box(20, 20, 60, 40))
    after = read_jpeg(jpeg_bytes(replace_regions(colour, [(box, picture(box.w, box.h))])))
    shown = to_pixels(after)[box.slices]
    assert np.ptp(shown.astype(int), axis=2).max() > 50
    # Smoothed chroma reaches one pixel beyond the box.
    around = to_pixels(after)[:, box.x + box.w + 2 :]
    assert np.array_equal(around, to_pixels(grey)[:, box.x + box.w + 2 :])
    back = in_grey(after)
    assert coefficients_digest(back, [box]) == coefficients_digest(grey, [box])
    assert read_jpeg(jpeg_bytes(back)).is_grey


def test_files_that_cannot_be_read(tmp_path) -> None:
    path = tmp_path / "a.jpg"
    with pytest.raises(ImageError, match=r"a\.jpg: there is no such file"):
        read_jpeg(path)
    path.touch()
    with pytest.raises(ImageError, match=r"a\.jpg: the file is empty"):
        read_jpeg(path)
    Image.fromarray(picture(9, 9)).save(path, "PNG")
    with pytest.raises(UnsupportedImageError, match=r"a\.jpg: this is no JPEG"):
        read_jpeg(path)
    with open(path, "wb") as file:
        file.write(KINDS["grey"])
        file.truncate(300 << 20)
    with pytest.raises(ImageError, match="over 256 MiB"):
        read_jpeg(path)
    path.write_bytes(KINDS["grey"])
    assert read_jpeg(path).source == str(path)
