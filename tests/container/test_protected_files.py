"""Pictures with a header: in PNG, WebP, TIFF and beside them, exact to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from proface.container.digests import changes
from proface.container.header import MAX_HEADER_BYTES, Header
from proface.container.storage import (
    check_suffix,
    find_header,
    read_protected,
    sidecar_path,
    write_photo,
)
from proface.errors import DamagedFileError, ImageError, OutputError, UsageError
from proface.media.metadata import Metadata
from proface.media.photo import read_photo

SUFFIXES = [".png", ".webp", ".tif", ".tiff", ".PNG"]
HEADER = '{"a":"é"}'.encode()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("alpha", [False, True])
def test_pixels_and_header_come_back_exactly(
    tmp_path: Path, noise, header_for, suffix: str, alpha: bool
) -> None:
    photo = noise(alpha=alpha)
    header = header_for(photo)
    path = tmp_path / f"a{suffix}"
    write_photo(photo, path, header=header.to_bytes())

    assert find_header(path) == header.to_bytes()
    again, data = read_protected(path)
    assert data is not None
    assert np.array_equal(again.pixels, photo.pixels)
    assert not changes(Header.from_bytes(data), again)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_opaque_alpha_plane_changes_no_digest(
    tmp_path: Path, noise, header_for, suffix: str
) -> None:
    photo = noise(alpha=True)
    photo.alpha[:] = 255  # WebP leaves it out
    path = tmp_path / f"a{suffix}"
    write_photo(photo, path, header=header_for(photo).to_bytes())
    assert not changes(header_for(photo), read_protected(path)[0])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_grey_photo_is_protected_in_colour(tmp_path: Path, noise, suffix: str) -> None:
    photo = noise()
    photo.mode = "L"
    path = tmp_path / f"a{suffix}"
    write_photo(photo, path, header=HEADER)
    assert np.array_equal(read_protected(path)[0].pixels, photo.pixels)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_photo_without_header_has_none(tmp_path: Path, noise, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_photo(noise(), path)
    assert find_header(path) is None
    assert read_protected(path)[1] is None


def test_finding_a_header_in_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "b.tif").write_bytes(b"II*\0")
    assert find_header(tmp_path / "a.txt") is None
    assert find_header(tmp_path / "b.tif") is None
    assert find_header(tmp_path / "none.png") is None


def test_a_large_header_fits_everywhere(tmp_path: Path, noise) -> None:
    header = bytes(range(256)) * 8192  # 2 MiB, more than Pillow allows a PNG's text
    for suffix in SUFFIXES:
        write_photo(noise(), tmp_path / f"a{suffix}", header=header)
        assert read_protected(tmp_path / f"a{suffix}")[1] == header


def test_a_sidecar_beside_the_picture_is_found(tmp_path: Path, noise) -> None:
    write_photo(noise(), tmp_path / "a.png")
    assert sidecar_path(tmp_path / "a.png") == tmp_path / "a.png.proface.json"
    sidecar_path(tmp_path / "a.png").write_bytes(HEADER + b"\n")
    assert find_header(tmp_path / "a.png") == HEADER
    assert read_protected(tmp_path / "a.png")[1] == HEADER


def test_a_sidecar_may_be_given(tmp_path: Path, noise) -> None:
    write_photo(noise(), tmp_path / "a.png")
    (tmp_path / "header").write_bytes(HEADER)
    assert read_protected(tmp_path / "a.png", tmp_path / "header")[1] == HEADER
    with pytest.raises(UsageError, match="sidecar cannot be read"):
        read_protected(tmp_path / "a.png", tmp_path / "none")
    with pytest.raises(UsageError, match="sidecar cannot be read"):
        read_protected(tmp_path / "a.png", tmp_path)


def test_file_and_sidecar_must_agree(tmp_path: Path, noise) -> None:
    write_photo(noise(), tmp_path / "a.png", header=HEADER)
    sidecar_path(tmp_path / "a.png").write_bytes(HEADER)
    assert read_protected(tmp_path / "a.png")[1] == HEADER
    sidecar_path(tmp_path / "a.png").write_bytes(b"another")
    for read in (read_protected, find_header):
        with pytest.raises(DamagedFileError, match="differ"):
            read(tmp_path / "a.png")


def test_an_empty_or_endless_sidecar_is_damaged(tmp_path: Path, noise) -> None:
    write_photo(noise(), tmp_path / "a.png")
    sidecar_path(tmp_path / "a.png").touch()
    with pytest.raises(DamagedFileError, match="empty or too large"):
        read_protected(tmp_path / "a.png")
    with open(sidecar_path(tmp_path / "a.png"), "wb") as file:
        file.truncate(MAX_HEADER_BYTES + 2)
    with pytest.raises(DamagedFileError, match="empty or too large"):
        read_protected(tmp_path / "a.png")


def test_a_lossless_save_that_keeps_the_header_is_fine(tmp_path: Path, noise, header_for) -> None:
    photo = noise()
    write_photo(photo, tmp_path / "a.png", header=header_for(photo).to_bytes())
    info = PngInfo()
    info.add(b"prFc", find_header(tmp_path / "a.png") or b"", after_idat=True)
    with Image.open(tmp_path / "a.png") as image:
        image.convert("RGBA").save(tmp_path / "b.png", pnginfo=info, optimize=True)
    again, data = read_protected(tmp_path / "b.png")
    assert not changes(Header.from_bytes(data or b""), again)


def test_a_turn_tag_added_later_does_not_move_the_pixels(tmp_path: Path, noise, header_for) -> None:
    photo = noise()
    exif = Image.Exif()
    exif[274] = 6
    info = PngInfo()
    info.add(b"prFc", header_for(photo).to_bytes())
    photo.to_image().save(tmp_path / "a.png", pnginfo=info, exif=exif)
    assert not changes(header_for(photo), read_protected(tmp_path / "a.png")[0])


def test_a_cut_off_picture_is_damaged_and_not_merely_unreadable(tmp_path: Path, noise) -> None:
    write_photo(noise(), tmp_path / "a.png", header=HEADER)
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[:-400])
    with pytest.raises(DamagedFileError, match="the header is there, but the picture"):
        read_protected(tmp_path / "a.png")
    with pytest.raises(ImageError):
        read_photo(tmp_path / "a.png")


def test_xmp_of_the_photo_and_header_share_a_webp(tmp_path: Path, noise) -> None:
    photo = noise()
    for own in (b"<x><rdf:RDF>mine</rdf:RDF></x>", b"no packet at all"):
        photo.metadata = Metadata(xmp=own)
        write_photo(photo, tmp_path / "a.webp", header=HEADER)
        again, data = read_protected(tmp_path / "a.webp")
        assert (again.metadata.xmp, data) == (own, HEADER)


@pytest.mark.parametrize(
    ("block", "found"),
    [
        (b'<rdf:Description proface:header="aGVhZGVy"/>', b"header"),
        (b"<rdf:Description proface:header='aGVh\nZGVy'/>", b"header"),
        (b"<proface:header>aGVhZGVy</proface:header>", b"header"),
        (b"<proface:header>aGVhZGV</proface:header>", None),
        (b"<proface:header>!</proface:header>", None),
    ],
)
def test_xmp_rewritten_by_another_program(
    tmp_path: Path, gradient: Image.Image, block: bytes, found: bytes | None
) -> None:
    gradient.save(tmp_path / "a.webp", lossless=True, xmp=b"<rdf:RDF>%s</rdf:RDF>" % block)
    if found is None:
        with pytest.raises(DamagedFileError, match="XMP"):
            find_header(tmp_path / "a.webp")
    else:
        assert find_header(tmp_path / "a.webp") == found


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.avif", "a.gif", "a.bmp", "a", "a.txt"])
def test_other_formats_are_refused_with_what_to_use(tmp_path: Path, noise, name: str) -> None:
    with pytest.raises(OutputError, match=r"Use \.png, \.webp or \.tif"):
        write_photo(noise(), tmp_path / name)
    with pytest.raises(OutputError):
        check_suffix(name)
    assert not (tmp_path / name).exists()


def test_what_a_format_cannot_hold_is_refused(tmp_path: Path, noise) -> None:
    with pytest.raises(OutputError, match="16383"):
        write_photo(noise(size=(16384, 1)), tmp_path / "a.webp")
    photo = noise()
    photo.icc = bytes(1 << 21)
    with pytest.raises(OutputError, match=r"profile is too large.*Use \.tif"):
        write_photo(photo, tmp_path / "a.png")
    write_photo(photo, tmp_path / "a.tif")
    assert read_photo(tmp_path / "a.tif").icc == photo.icc
    with pytest.raises(OutputError, match="64 MiB"):
        write_photo(noise(), tmp_path / "a.png", header=bytes(MAX_HEADER_BYTES + 1))


def test_a_full_disk_is_said(tmp_path: Path, noise) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("the system has no /dev/full")
    for suffix in (".png", ".webp", ".tif"):
        link = tmp_path / f"a{suffix}"
        link.symlink_to("/dev/full")
        with pytest.raises(OutputError, match="cannot be written"):
            write_photo(noise(), link)
