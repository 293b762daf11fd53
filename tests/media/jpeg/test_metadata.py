from __future__ import annotations

import io
import struct
from dataclasses import replace

import pytest
from PIL import Image

from proface.errors import DamagedFileError, OutputError
from proface.media.jpeg import jpeg_bytes, read_jpeg
from proface.media.jpeg.header import (
    IDENTIFIER,
    header_segments,
    is_header,
    joined_headers,
    with_header,
)
from proface.media.jpeg.passengers import EXTENDED_XMP, XMP, passengers
from proface.media.jpeg.segments import end_of_picture, packed, segments
from proface.media.metadata import Metadata
from tests.media.jpeg.pieces import encoded, picture

SMALL = encoded(picture(40, 32, 5))
PHOTO = encoded(picture(160, 96))
PROFILE = bytes(range(256)) * 600  # three segments
VIDEO = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + struct.pack(">I", 108) + b"mdat"
VIDEO += bytes(range(100))
XMP_TEXT = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    b' xmlns:dc="http://purl.org/dc/elements/1.1/" dc:title="At the sea"%s</rdf:Description>'
    b"</rdf:RDF></x:xmpmeta>"
)
MOTION = (
    b' xmlns:Cam="http://ns.google.com/photos/1.0/camera/"'
    b' xmlns:Container="http://ns.google.com/photos/1.0/container/"'
    b' xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
    b' Cam:MotionPhoto="1" Cam:MotionPhotoVersion="1"><Container:Directory><rdf:Seq>'
    b'<rdf:li><Container:Item Item:Mime="video/mp4" Item:Semantic="MotionPhoto"/></rdf:li>'
    b"</rdf:Seq></Container:Directory><dc:creator>Ann</dc:creator>"
)


def exif(turned: int = 6, thumbnail: bytes = SMALL) -> bytes:
    image = Image.Exif()
    image[0x0112], image[0x010F], image[0x9C9B] = turned, "Maker", b"n\x00"
    body = bytearray(image.tobytes())
    order = "<" if body[6:8] == b"II" else ">"
    count = struct.unpack_from(order + "H", body, 14)[0]
    at = 16 + 12 * count
    directory = len(body) - 6
    struct.pack_into(order + "I", body, at, directory)
    body += struct.pack(order + "H", 2)
    body += struct.pack(order + "HHII", 0x0201, 4, 1, directory + 30)
    body += struct.pack(order + "HHII", 0x0202, 4, 1, len(thumbnail)) + bytes(4)
    return bytes(body) + thumbnail


def with_segments(*parts: bytes, behind: bytes = b"", photo: bytes = PHOTO) -> bytes:
    return photo[:2] + b"".join(parts) + photo[2:] + behind


def mpf(position: int, first: int, sizes: list[int], kind: int = 0x020002) -> bytes:
    """An index for pictures behind each other; `position`: of the segment."""
    base, start, rows = position + 8, first, struct.pack(">IIIHH", 0x30000, first, 0, 0, 0)
    for size in sizes:
        rows += struct.pack(">IIIHH", kind, size, (start - base) % 2**32, 0, 0)
        start += size
    tags = struct.pack(">HHHII", 2, 0xB001, 4, 1, len(sizes) + 1)
    tags += struct.pack(">HHII", 0xB002, 7, len(rows), 8 + 2 + 24 + 4) + bytes(4)
    return packed(0xE2, b"MPF\x00MM\x00*\x00\x00\x00\x08" + tags + rows)


def several(*sizes_of: bytes, kind: int = 0x020002) -> bytes:
    """A photo with pictures behind it and an index of them."""
    index = mpf(2, len(PHOTO) + len(mpf(2, 0, [0] * len(sizes_of))), [*map(len, sizes_of)], kind)
    return with_segments(index, behind=b"".join(sizes_of))


def phone() -> bytes:
    icc = [packed(0xE2, b"ICC_PROFILE\x00" + bytes((n + 1, 3)) + PROFILE[n * 60000 :][:60000])
           for n in range(3)]  # fmt: skip
    return with_segments(
        packed(0xE1, exif()),
        packed(0xE1, XMP + XMP_TEXT % MOTION),
        packed(0xE1, EXTENDED_XMP + b"A" * 32 + struct.pack(">II", 9, 0) + b"GDepth/9j/"),
        *icc,
        packed(0xED, b"Photoshop 3.0\x008BIM\x04\x0c\x00\x00thumb"),
        packed(0xFE, b"a comment"),
        packed(0xEB, b"JP\x00\x01\x00\x00\x00\x01content credentials"),
        packed(0xE7, b"whatever"),
        behind=VIDEO,
    )


def named(data: bytes) -> set[str]:
    return set(passengers(data))


def segments_of(data: bytes) -> list[tuple[int, bytes]]:
    """Marker and data of each APPn and comment."""
    return [(s.marker, data[s.data : s.end]) for s in segments(data) if s.is_metadata]


def headers_in(data: bytes, limit: int = 64 << 20) -> list[bytes]:
    return joined_headers((body for _, body in segments_of(data)), "a.jpg", limit)


def test_what_stays_is_made_anew() -> None:
    data = phone()
    written = jpeg_bytes(read_jpeg(data), b"{}")
    assert [(marker, body[:9]) for marker, body in segments_of(written)] == [
        (0xE0, b"JFIF\x00\x01\x01\x00\x00"),
        (0xE1, b"Exif\x00\x00MM\x00"),
        *[(0xE2, b"ICC_PROFI")] * 3,
        (0xEB, b"PROFACE\x00\x01"),
    ]
    for secret in (SMALL[:60], b"MotionPhoto", b"comment", b"Maker", b"8BIM", b"ftypmp42", b"what"):
        assert secret in data
        assert secret not in written
    image = Image.open(io.BytesIO(written))
    image.load()
    assert image.info["icc_profile"] == PROFILE
    assert dict(image.getexif()) == {0x0112: 6}
    assert headers_in(written) == [b"{}"]
    assert passengers(written) == ()
    assert written.endswith(b"\xff\xd9")
    again = read_jpeg(written)
    assert (again.icc, again.orientation, again.passengers) == (PROFILE, 6, ())


def test_private_metadata_comes_back_whole_and_passengers_do_not() -> None:
    before = read_jpeg(phone())
    sealed = before.metadata.to_bytes()
    protected = read_jpeg(jpeg_bytes(before, b"{}"))
    assert not protected.metadata.xmp
    restored = jpeg_bytes(protected.with_metadata(sealed))
    again = read_jpeg(restored)
    assert again.metadata == before.metadata
    assert again.orientation == 6
    assert b"At the sea" in restored
    assert b"<dc:creator>Ann</dc:creator>" in restored
    assert b"Maker" in restored
    for gone in (b"a comment", b"ftypmp42", b"8BIM"):
        assert gone not in restored
    assert again.passengers == ("EXIF thumbnail", "motion photo")  # in EXIF and XMP, as they were
    assert headers_in(restored) == []
    with pytest.raises(DamagedFileError):
        protected.with_metadata(b"{}")


@pytest.mark.parametrize("turned", range(1, 9))
def test_every_orientation_stays(turned: int) -> None:
    data = encoded(picture(40, 24), exif=exif(turned))
    jpeg = read_jpeg(data)
    assert (jpeg.orientation, jpeg.size) == (turned, (40, 24))
    for written in (jpeg_bytes(jpeg), jpeg_bytes(jpeg.with_metadata(jpeg.metadata.to_bytes()))):
        assert Image.open(io.BytesIO(written)).getexif().get(0x0112, 1) == turned
        assert read_jpeg(written).orientation == turned


def test_the_orientation_in_xmp_follows() -> None:
    xmp = XMP_TEXT % b' xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6">'
    jpeg = read_jpeg(encoded(picture(40, 24), exif=exif(6), xmp=xmp))
    assert b'tiff:Orientation="1"' in (jpeg.metadata.xmp or b"")
    written = jpeg_bytes(jpeg.with_metadata(jpeg.metadata.to_bytes()))
    assert Image.open(io.BytesIO(written)).info["xmp"] == xmp


def test_the_resolution_stays_in_jfif_or_exif() -> None:
    thumb = packed(0xE0, b"JFIF\x00\x01\x02\x01\x01\x2c\x00\x96\x02\x02" + b"RGB" * 4)
    data = with_segments(thumb, packed(0xE0, b"JFXX\x00\x10" + SMALL))
    assert named(data) == {"JFIF thumbnail"}
    written = jpeg_bytes(read_jpeg(data))
    assert segments_of(written) == [(0xE0, b"JFIF\x00\x01\x02\x01\x01\x2c\x00\x96\x00\x00")]
    tags = Image.Exif()
    tags[282], tags[283], tags[296] = 300.0, 300.0, 2
    plain = read_jpeg(with_segments(packed(0xE1, tags.tobytes())))
    assert Image.open(io.BytesIO(jpeg_bytes(plain))).info["dpi"] == (300, 300)


def test_what_a_jpeg_cannot_hold_is_refused() -> None:
    jpeg = replace(read_jpeg(SMALL), keeps_private=True)
    for change, name in (
        ({"icc": bytes(17 << 20)}, "colour profile"),
        ({"metadata": Metadata(xmp=b"x" * 70_000)}, "XMP"),
        ({"metadata": Metadata(exif=_long_exif())}, "EXIF"),
    ):
        with pytest.raises(OutputError, match=f"image: the {name} is too large.*Use .png"):
            jpeg_bytes(replace(jpeg, **change))


def _long_exif() -> bytes:
    tags = Image.Exif()
    tags[270] = "x" * 70_000
    return tags.tobytes()[6:]


def test_phone_parts_are_named() -> None:
    assert named(phone()) == {
        "EXIF thumbnail", "motion photo", "extended XMP", "Photoshop data, IPTC",
        "Photoshop thumbnail", "comment", "content credentials (JUMBF)", "APP7 segment",
        "motion photo video",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("behind", "kinds"),
    [
        (SMALL, ["second picture"]),
        (bytes(16) + SMALL, ["second picture"]),
        (SMALL + VIDEO, ["second picture", "motion photo video"]),
        (SMALL[:2] + packed(0xE1, XMP + b"xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/'")
         + SMALL[2:] + SMALL, ["gain map", "second picture"]),
        (SMALL[:2] + packed(0xE2, b"urn:iso:std:iso:ts:21496:-1\x00") + SMALL[2:], ["gain map"]),
        (b"\x00\x00\x30\x0aMotionPhoto_Data" + VIDEO, ["Samsung trailer", "motion photo video"]),
        (b"\x00\x00\x01\x0aImage_UTC_Data1234SEFH" + bytes(20) + b"SEFT", ["Samsung trailer"]),
        (b"some words", ["bytes behind the end"]),
        (SMALL[:-300], ["second picture"]),
        (VIDEO + b"words", ["motion photo video", "bytes behind the end"]),
        (b"\xff\xd8\xff" * 200, ["second picture"]),
    ],
)  # fmt: skip
def test_what_follows_the_end_is_named_and_dropped(behind: bytes, kinds: list[str]) -> None:
    assert list(passengers(PHOTO + behind)) == kinds
    assert end_of_picture(PHOTO + behind) == len(PHOTO)
    assert jpeg_bytes(read_jpeg(PHOTO + behind)) == jpeg_bytes(read_jpeg(PHOTO))


def test_pictures_of_an_index_are_named() -> None:
    data = several(SMALL, encoded(picture(64, 48, 8)))
    index = "index of further pictures (MPF)"
    assert list(passengers(data)) == [index, "second picture (another view)"]
    assert passengers(several(SMALL, kind=0x010002))[-1] == "preview picture"
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert Image.open(io.BytesIO(jpeg_bytes(read_jpeg(data)))).format == "JPEG"


@pytest.mark.parametrize("length", [1, 10, 65507, 65508, 65509, 70 << 10, 1 << 20])
def test_header_of_any_length(length: int) -> None:
    header = bytes(i * 7 % 256 for i in range(length))
    data = jpeg_bytes(read_jpeg(PHOTO), header)
    assert headers_in(data) == [header]
    assert len(header_segments(header)) == -(-length // 65508)
    Image.open(io.BytesIO(data)).load()
    assert passengers(data) == ()
    doubled = with_segments(*header_segments(header), *header_segments(header))
    assert headers_in(doubled) == [header]
    two = with_segments(*header_segments(header), *header_segments(b"other"))
    assert headers_in(two) == [header, b"other"]
    assert with_header(data, b"new", "a.jpg") == jpeg_bytes(read_jpeg(PHOTO), b"new")


def test_headers_that_were_changed() -> None:
    parts = header_segments(b"h" * 150_000)
    flipped = parts[1][:-1] + b"!"
    cases = {
        "part 2 of the header's 3 is missing": [parts[0], parts[2]],
        "part 3 of the header's 3 is missing": parts[:2],
        "part 2 of the header is there twice": [*parts, flipped],
        "out of order": [parts[1], parts[0], parts[2]],
        "out of order, or twice": [*parts, parts[1]],
        "fails its checksum": [parts[0], flipped, parts[2]],
        "cut off": [packed(0xEB, IDENTIFIER + b"\x01")],
        "another version": [parts[0].replace(IDENTIFIER + b"\x01", IDENTIFIER + b"\x02")],
        "wrong length": [parts[0][:17] + b"\xff" + parts[0][18:]],
    }
    for message, chosen in cases.items():
        with pytest.raises(DamagedFileError, match=message):
            headers_in(with_segments(*chosen))
    with pytest.raises(DamagedFileError, match="wrong length"):
        headers_in(with_segments(*parts), 1000)
    with pytest.raises(ValueError, match="empty"):
        header_segments(b"")
    assert is_header(0xEB, parts[0][4:])
    assert headers_in(PHOTO) == []


def test_segments_name_all_bytes() -> None:
    found = list(segments(phone() + b"tail"))
    assert found[-1].marker == 0xD9
    assert [segment.start for segment in found[1:]] == [s.coded_end for s in found[:-1]]
