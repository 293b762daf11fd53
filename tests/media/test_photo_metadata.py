"""EXIF and XMP come along whole; nothing is written unasked; the safe part has no picture."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from proface.container.storage import write_photo
from proface.errors import DamagedFileError
from proface.media.metadata import Metadata
from proface.media.photo import read_photo

TAGS = ExifTags.Base
IFD = ExifTags.IFD
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    b'dc:title="a \xc3\xa9t\xc3\xa9"/></rdf:RDF></x:xmpmeta>'
)


def small_jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(buffer, "JPEG")
    return buffer.getvalue()


def exif_with_thumbnail() -> bytes:
    """EXIF of a camera: orientation, place, maker note with a preview, and a thumbnail in IFD1."""
    thumbnail = small_jpeg()
    main = ImageFileDirectory_v2()
    main[TAGS.Make.value] = "camera"
    main[TAGS.Orientation.value] = 6
    main[IFD.Exif.value] = {
        TAGS.DateTimeOriginal.value: "2020:02:03 04:05:06",
        TAGS.ExifImageWidth.value: 40,
        TAGS.ExifImageHeight.value: 24,
        TAGS.MakerNote.value: b"maker" + thumbnail,
    }
    main[IFD.GPSInfo.value] = {1: "N", 2: (52.0, 30.0, 1.5)}
    first = main.tobytes(8)
    # Link the second directory, which the first one's last four bytes of entries point to.
    at = 8 + len(first)
    count = int.from_bytes(first[:2], "little")
    link = 2 + 12 * count
    first = first[:link] + at.to_bytes(4, "little") + first[link + 4 :]
    second = ImageFileDirectory_v2()
    second[TAGS.Compression.value] = 6
    second[TAGS.JpegIFOffset.value] = 0
    second[TAGS.JpegIFByteCount.value] = len(thumbnail)
    second[TAGS.JpegIFOffset.value] = at + len(second.tobytes(at))
    return b"Exif\0\0II*\0\x08\0\0\0" + first + second.tobytes(at) + thumbnail


@pytest.fixture
def camera(tmp_path: Path, gradient: Image.Image) -> Path:
    path = tmp_path / "camera.jpg"
    gradient.save(path, exif=exif_with_thumbnail(), xmp=XMP, dpi=(300, 300), quality=95)
    with Image.open(path) as image:  # the thumbnail is where a reader finds it
        offset = image.getexif().get_ifd(IFD.IFD1)[TAGS.JpegIFOffset.value]
        assert image.info["exif"][6 + offset :].startswith(b"\xff\xd8\xff")
    return path


def tags_of(exif: bytes | None) -> Image.Exif:
    tags = Image.Exif()
    tags.load(exif or b"")
    return tags


def test_exif_comes_along_upright(camera: Path) -> None:
    tags = tags_of(read_photo(camera).metadata.exif)
    assert tags[TAGS.Make.value] == "camera"
    assert tags[TAGS.Orientation.value] == 1
    details = tags.get_ifd(IFD.Exif)
    assert details[TAGS.DateTimeOriginal.value] == "2020:02:03 04:05:06"
    assert (details[TAGS.ExifImageWidth.value], details[TAGS.ExifImageHeight.value]) == (24, 40)
    assert tags.get_ifd(IFD.GPSInfo)[2] == (52.0, 30.0, 1.5)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_no_picture_is_in_what_is_safe(tmp_path: Path, camera: Path, suffix: str) -> None:
    photo = read_photo(camera)
    assert small_jpeg() in (photo.metadata.exif or b"")
    photo.metadata = photo.metadata.safe(place=True)
    assert photo.metadata.exif is not None
    assert b"\xff\xd8\xff" not in photo.metadata.exif
    write_photo(photo, tmp_path / f"out{suffix}")
    with Image.open(tmp_path / f"out{suffix}") as image:
        assert not image.getexif().get_ifd(IFD.IFD1)
    assert small_jpeg() not in (tmp_path / f"out{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_metadata_are_written_and_read_again(tmp_path: Path, camera: Path, suffix: str) -> None:
    photo = read_photo(camera)
    before = photo.metadata
    write_photo(photo, tmp_path / f"out{suffix}", header=b"a header")
    if suffix == ".png":  # a WebP states the resolution in EXIF; a TIFF's directories are EXIF's
        assert read_photo(tmp_path / f"out{suffix}").metadata == before
    again = read_photo(tmp_path / f"out{suffix}").metadata
    assert again.xmp == photo.metadata.xmp == XMP
    assert again.dpi == (300, 300)
    one, other = tags_of(again.exif), tags_of(photo.metadata.exif)
    apart = {TAGS.Orientation.value, 282, 283, 296, IFD.Exif, IFD.GPSInfo}  # offsets, too
    assert {t: one[t] for t in one if t not in apart} == {TAGS.Make.value: "camera"}
    for ifd in (IFD.Exif, IFD.GPSInfo):
        assert one.get_ifd(ifd) == other.get_ifd(ifd)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_nothing_private_is_written_once_cleared(tmp_path: Path, camera: Path, suffix: str) -> None:
    photo = read_photo(camera)
    assert photo.metadata.is_private
    photo.metadata = photo.metadata.public()
    write_photo(photo, tmp_path / f"out{suffix}", header=b"a header")
    data = (tmp_path / f"out{suffix}").read_bytes()
    assert not any(word in data for word in (b"camera", b"2020:02", b"title"))
    assert read_photo(tmp_path / f"out{suffix}").metadata == Metadata(dpi=(300, 300))


def test_pictures_in_xmp_stay_as_they_are(tmp_path: Path, gradient: Image.Image) -> None:
    picture = base64.b64encode(small_jpeg()).replace(b"A", b"A&#xA;", 3)
    xmp = XMP.replace(b"</rdf:RDF>", b"<xmpGImg:image>%s</xmpGImg:image></rdf:RDF>" % picture)
    gradient.save(tmp_path / "a.jpg", xmp=xmp)
    found = read_photo(tmp_path / "a.jpg").metadata
    assert found.xmp == xmp
    assert found.safe(place=True).xmp is None


def test_xmp_says_upright_too(tmp_path: Path, gradient: Image.Image) -> None:
    xmp = XMP.replace(b"dc:title=", b'tiff:Orientation="6" dc:title=')
    gradient.save(tmp_path / "a.jpg", xmp=xmp)
    found = read_photo(tmp_path / "a.jpg").metadata.xmp
    assert found == XMP.replace(b"dc:title=", b'tiff:Orientation="1" dc:title=')


@pytest.mark.parametrize("metadata", [Metadata(), Metadata(exif=b"II*\0"), Metadata(xmp=XMP)])
def test_what_is_sealed_comes_back(metadata: Metadata) -> None:
    assert Metadata.from_bytes(metadata.to_bytes()) == metadata


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"7", b'{"exif":1,"xmp":null}', b"\xff"])
def test_sealed_metadata_of_another_form_are_damaged(data: bytes) -> None:
    with pytest.raises(DamagedFileError):
        Metadata.from_bytes(data)
