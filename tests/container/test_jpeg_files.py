"""JPEGs with a header: written from coefficients, read back, and given another header."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from proface.container.header import MAX_HEADER_BYTES
from proface.container.replace import replace_header
from proface.container.storage import find_header, read_protected, sidecar_path, write_photo
from proface.errors import DamagedFileError, OutputError
from proface.media.jpeg import read_jpeg, to_pixels
from proface.media.jpeg.header import IDENTIFIER, header_segments
from proface.media.photo import Photo
from proface.types import Box

ON_GRID = (Box(0, 0, 16, 16), Box(32, 16, 32, 16))


def jpeg_photo(**options: object) -> Photo:
    y, x = np.mgrid[0:48, 0:64]
    image = Image.fromarray(np.stack([x * 4, y * 5, x * y % 256], 2).astype(np.uint8))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, **options)  # type: ignore[arg-type]
    jpeg = read_jpeg(file.getvalue())
    return Photo(to_pixels(jpeg), jpeg=jpeg)


@pytest.mark.parametrize("length", [10, 70 << 10, 1 << 20])
@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["baseline", "progressive"])
def test_picture_and_header_come_back(tmp_path: Path, length: int, options: dict) -> None:
    photo, header = jpeg_photo(**options), bytes(i * 7 % 251 for i in range(length))
    for name in ("a.jpg", "a.JPEG"):
        write_photo(photo, tmp_path / name, header=header)
        assert find_header(tmp_path / name) == header
        back, data = read_protected(tmp_path / name)
        assert data == header
        assert np.array_equal(back.pixels, photo.pixels)
    write_photo(photo, tmp_path / "b.jpg")
    assert find_header(tmp_path / "b.jpg") is None
    assert read_protected(tmp_path / "b.jpg")[1] is None


def test_only_the_header_is_replaced(tmp_path: Path, header_for) -> None:
    photo = jpeg_photo(progressive=True, icc_profile=bytes(200))
    photo.icc = bytes(200)
    one, two = (
        header_for(photo, ON_GRID),
        header_for(photo, ON_GRID, sealed={"metadata": bytes(90_000)}),
    )
    path, other = tmp_path / "a.jpg", tmp_path / "b.jpg"
    write_photo(photo, path, header=one.to_bytes())
    write_photo(photo, other, header=two.to_bytes())
    before = path.read_bytes()
    replace_header(path, read_protected(path)[0], two)
    assert path.read_bytes() == other.read_bytes()
    replace_header(path, read_protected(path)[0], one)
    assert path.read_bytes() == before
    # What stands behind the picture stays as well, and so it is under any name.
    named = tmp_path / "c.png"
    named.write_bytes(before + b"behind")
    replace_header(named, read_protected(named)[0], two)
    assert named.read_bytes() == other.read_bytes() + b"behind"


def test_a_sidecar_of_a_jpeg_is_replaced(tmp_path: Path, header_for) -> None:
    photo = jpeg_photo()
    path = tmp_path / "a.jpg"
    write_photo(photo, path)
    before = path.read_bytes()
    sidecar_path(path).write_bytes(header_for(photo, ON_GRID).to_bytes())
    new = header_for(photo, ON_GRID, sealed={})
    replace_header(path, read_protected(path)[0], new)
    assert find_header(path) == new.to_bytes()
    assert path.read_bytes() == before


def test_damaged_headers_are_told(tmp_path: Path) -> None:
    photo, path = jpeg_photo(), tmp_path / "a.jpg"
    write_photo(photo, path, header=b"h" * 150_000)
    whole = path.read_bytes()
    first = whole.index(IDENTIFIER) - 4
    second = whole.index(IDENTIFIER, first + 10) - 4
    other = header_segments(b"other")[0]
    for data, message in (
        (whole[:first] + whole[second:], "part 1 of the header's 3 is missing"),
        (whole[: first + 200] + b"!" + whole[first + 201 :], "fails its checksum"),
        (whole[:first] + other + whole[first:], "two different headers"),
        (whole[: first + 13] + b"\xff" + whole[first + 14 :], "header"),
        (whole[: second + 100], "cut off|missing"),
    ):
        path.write_bytes(data)
        for read in (find_header, read_protected):
            with pytest.raises(DamagedFileError, match=message):
                read(path)
    path.write_bytes(whole[:-400])
    with pytest.raises(DamagedFileError, match="the picture is damaged"):
        read_protected(path)


def test_the_largest_header_fits_and_no_larger_one(tmp_path: Path) -> None:
    photo, path = jpeg_photo(), tmp_path / "a.jpg"
    header = bytes(MAX_HEADER_BYTES)
    write_photo(photo, path, header=header)
    assert find_header(path) == header
    assert read_protected(path)[1] == header
    with pytest.raises(OutputError, match="64 MiB"):
        write_photo(photo, path, header=header + b"x")


def test_pixels_alone_are_not_written_as_jpeg(tmp_path: Path) -> None:
    write_photo(jpeg_photo(), tmp_path / "b.jpg")
    photo = replace(jpeg_photo(), jpeg=None)
    with pytest.raises(OutputError, match=r"Use \.png, \.webp or \.tif"):
        write_photo(photo, tmp_path / "a.jpg", header=b"{}")
    jpeg = read_jpeg((tmp_path / "b.jpg").read_bytes())
    photo.jpeg = replace(jpeg, icc=bytes(17 << 20))
    with pytest.raises(OutputError, match="colour profile is too large"):
        write_photo(photo, tmp_path / "a.jpg")
