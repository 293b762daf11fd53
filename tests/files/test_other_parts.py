"""Everything in a file besides its picture: sealed and back, or named; colour; transparency."""

from __future__ import annotations

import base64
import io
import stat
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from skimage.data import astronaut

import proface
from proface.errors import UnsupportedImageError
from proface.files.save import set_aside_sidecar
from proface.media.ancillary.png import chunk
from proface.media.ancillary.read import read_ancillary
from proface.media.colour import profiles
from proface.media.exif import safe_exif
from proface.media.jpeg.segments import packed
from proface.media.photo import read_photo
from proface.types import Box
from tests.media.jpeg.test_metadata import MOTION, VIDEO, XMP_TEXT

BOX = Box(16, 16, 64, 64)
REGION = {"detect": False, "regions": [BOX]}
MAKER_NOTE = b"maker" + bytes(range(200))


@pytest.fixture(scope="module")
def face() -> Image.Image:
    return Image.fromarray(astronaut()).crop((160, 30, 288, 158))


def there_and_back(
    source: Path, key: proface.Key, suffix: str, *, back: str | None = None, **more: object
) -> tuple[Path, Path, tuple[str, ...]]:
    """The protected and the recovered file, and what the latter's format did not hold."""
    options = proface.Options(**{**REGION, "jpeg": suffix == ".jpg", **more})  # type: ignore[arg-type]
    protected, target = source.with_name(f"p{suffix}"), source.with_name(f"r{back or suffix}")
    proface.protect(source, key, options).save(protected, check=False)
    return protected, target, proface.recover(protected, key).save(target)


def phone(face: Image.Image, path: Path) -> Path:
    """A photo of a phone: thumbnail, maker note, comment, IPTC, a film behind it and its XMP."""
    exif = Image.Exif()
    exif[271], exif[274], exif[306] = "Maker", 6, "2024:05:06 07:08:09"
    exif.get_ifd(34665)[37500] = MAKER_NOTE
    exif.get_ifd(34853)[1] = "N"
    file = io.BytesIO()
    face.save(file, "JPEG", quality=92, exif=exif, xmp=XMP_TEXT % MOTION)
    data = file.getvalue()
    at = data.index(b"\xff\xdb")
    extra = packed(0xFE, b"Ann, at the sea") + packed(0xED, b"Photoshop 3.0\x008BIM\x04\x04IPTC")
    path.write_bytes(data[:at] + extra + data[at:] + VIDEO)
    return path


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_a_phones_photo(face: Image.Image, key: proface.Key, tmp_path: Path, suffix: str) -> None:
    source = phone(face, tmp_path / "a.jpg")
    original = source.read_bytes()
    protected, recovered, lost = there_and_back(source, key, suffix)

    data = protected.read_bytes()
    for secret in (
        b"Ann, at",
        b"8BIM",
        b"MotionPhoto",
        b"Maker",
        b"maker",
        b"2024:05",
        b"ftypmp42",
    ):
        assert secret in original
        assert secret not in data
    back = recovered.read_bytes()
    assert MAKER_NOTE in back
    if suffix == ".jpg":
        assert lost == ()
        for part in (b"Ann, at the sea", b"8BIM\x04\x04IPTC", XMP_TEXT % MOTION):
            assert part in back
        assert back.endswith(VIDEO)
        exif = Image.open(source).info["exif"]
        assert Image.open(recovered).info["exif"] == exif
    else:
        assert set(lost) == {"comment", "Photoshop data, IPTC", "motion photo video"}
        assert b"MotionPhoto" not in back  # it describes the film, which this file does not hold
    report = proface.verify(protected, key, original=source)
    assert report.fault is None
    assert {"EXIF", "XMP", "comment", "motion photo video"} <= set(report.sealed_parts)
    assert report.left_out == ()


def test_text_and_colour_chunks_of_a_png(
    face: Image.Image, key: proface.Key, tmp_path: Path
) -> None:
    file = io.BytesIO()
    face.save(file, "PNG")
    data = file.getvalue()
    colour = chunk(b"gAMA", (100_000).to_bytes(4, "big"))
    text = chunk(b"tEXt", b"Author\0Ann") + chunk(b"tIME", b"\x07\xe8\x05\x06\x07\x08\x09")
    (tmp_path / "a.png").write_bytes(data[:33] + colour + text + data[33:])
    protected, recovered, lost = there_and_back(tmp_path / "a.png", key, ".png")
    assert lost == ()
    assert b"Author" not in protected.read_bytes()
    for part in (colour, text):
        assert part in recovered.read_bytes()
    assert b"iCCP" not in recovered.read_bytes()
    with Image.open(protected) as image:  # linear light, said by a profile
        curve = image.info["icc_profile"]
    assert profiles.colour_space(curve) == "RGB"
    shown = ImageCms.profileToProfile(
        Image.new("RGB", (1, 1), (128, 128, 128)),
        ImageCms.ImageCmsProfile(io.BytesIO(curve)),
        ImageCms.createProfile("sRGB"),
    )
    assert shown is not None
    assert shown.getpixel((0, 0)) == pytest.approx((188, 188, 188), abs=1)
    again = proface.recover(protected, key)
    assert again.save(tmp_path / "r.webp") == read_ancillary(tmp_path / "a.png").names


@pytest.mark.parametrize(
    ("suffix", "deniable"),
    [
        (".jpg", False),  # cannot be deniable
        *((suffix, deniable) for suffix in (".png", ".webp", ".tif") for deniable in (False, True)),
    ],
)
def test_grey_with_a_profile(
    face: Image.Image, key: proface.Key, tmp_path: Path, suffix: str, deniable: bool
) -> None:
    icc = profiles.grey_profile(profiles.gamma_curve(1.8), "grey")
    face.convert("L").save(tmp_path / "a.jpg", icc_profile=icc, quality=95)
    protected, recovered, _ = there_and_back(tmp_path / "a.jpg", key, suffix, deniable=deniable)
    with Image.open(protected) as image:
        assert (image.mode, profiles.colour_space(image.info["icc_profile"])) == ("RGB", "RGB")
        grey = ImageCms.profileToProfile(
            Image.new("RGB", (1, 1), (100, 100, 100)),
            ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"])),
            ImageCms.createProfile("sRGB"),
        )
    expected = 255 * (1.055 * (100 / 255) ** (1.8 / 2.4) - 0.055)
    assert grey is not None
    assert grey.getpixel((0, 0)) == pytest.approx((expected,) * 3, abs=2)
    with Image.open(recovered) as image:
        space = profiles.colour_space(image.info["icc_profile"])
        # A WebP is in colour always.
        assert (image.mode, space) == (("RGB", "RGB") if suffix == ".webp" else ("L", "GRAY"))
        assert deniable or suffix == ".webp" or image.info["icc_profile"] == icc


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_transparency_that_shows_the_face(
    face: Image.Image, key: proface.Key, tmp_path: Path, suffix: str
) -> None:
    """Door: alpha equal to the face's brightness was published as it was."""
    image = face.copy()
    image.putalpha(face.convert("L"))
    image.save(tmp_path / "a.png")
    protected, recovered, _ = there_and_back(tmp_path / "a.png", key, suffix)
    public, back = read_photo(protected), read_photo(recovered)
    assert public.alpha is not None
    assert np.all(public.alpha[BOX.slices] == 255)
    np.testing.assert_array_equal(back.alpha, np.asarray(face.convert("L")))
    outside = np.ones(back.pixels.shape[:2], bool)
    outside[BOX.slices] = False
    np.testing.assert_array_equal(public.alpha[outside], back.alpha[outside])  # type: ignore[index]
    keys = proface.keys.FaceKeys  # a key to the single face opens its transparency too
    from proface.files.face_keys import export_faces

    opened = proface.recover(protected, export_faces(protected, key, [1]))
    assert isinstance(export_faces(protected, key, [1]), keys)
    np.testing.assert_array_equal(opened.photo.alpha, back.alpha)
    with pytest.raises(UnsupportedImageError, match=r"transparency.*deniable"):
        proface.protect(tmp_path / "a.png", key, proface.Options(**REGION, deniable=True))  # type: ignore[arg-type]


def test_a_deniable_file_names_what_it_loses(
    face: Image.Image, key: proface.Key, tmp_path: Path
) -> None:
    source = phone(face, tmp_path / "a.jpg")
    result = proface.protect(source, key, proface.Options(**REGION, deniable=True))  # type: ignore[arg-type]
    lost = ("EXIF", "XMP", "Photoshop data, IPTC", "comment", "motion photo video")
    assert set(result.parts.left_out) == set(lost)
    assert result.parts.sealed == ()
    assert not result.header.sealed
    result.save(tmp_path / "p.png")
    assert set(proface.verify(tmp_path / "p.png", key, original=source).left_out) == set(lost)


@pytest.mark.parametrize(("place", "kept"), [(False, {271, 306}), (True, {271, 306, 34853})])
def test_time_and_camera_stay_readable_and_all_comes_back(
    face: Image.Image, key: proface.Key, tmp_path: Path, place: bool, kept: set[int]
) -> None:
    source = phone(face, tmp_path / "a.jpg")
    protected, recovered, _ = there_and_back(
        source, key, ".jpg", keep_metadata=True, keep_place=place
    )
    with Image.open(protected) as image:
        assert set(image.getexif()) - {274} == kept
        assert "xmp" not in image.info
    with Image.open(recovered) as image, Image.open(source) as first:
        assert image.info["exif"] == first.info["exif"]


def planted() -> bytes:
    file = io.BytesIO()
    Image.fromarray(astronaut()).resize((48, 48)).save(file, "JPEG", quality=40)
    return file.getvalue()


PICTURE = planted()
FORMS = {
    "raw": PICTURE,
    "WebP": b"RIFF" + PICTURE,
    "hex": PICTURE.hex().encode(),
    "base64": base64.b64encode(PICTURE),
    "entities": b"".join(b"&#%d;" % byte for byte in PICTURE),
}


def exif_with(directory: int, tag: int, kind: int, value: bytes) -> bytes:
    """EXIF of one tag, in the main directory (0) or in that of EXIF or GPS, and a maker's name."""
    maker = struct.pack("<HHI4s", 271, 2, 4, b"abc\0")
    room = 8 + 2 + 12 * 2 + 4
    if directory == 0:
        rows = [maker] if tag != 271 else []
        rows.append(struct.pack("<HHII", tag, kind, len(value), room))
        body = value
    else:
        rows = [maker, struct.pack("<HHII", directory, 4, 1, room)]
        body = struct.pack("<HHHIII", 1, tag, kind, len(value), room + 18, 0) + value
    rows.sort()
    table = struct.pack("<H", len(rows)) + b"".join(rows) + bytes(4)
    return (b"II*\0\x08\0\0\0" + table).ljust(room, b"\0") + body


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(FORMS)),
    st.sampled_from([0, 34665, 34853]),
    st.sampled_from([271, 272, 306, 305, 315, 270, 37500, 37510, 36867, 42036, 33434, 37386, 2, 29,
                     1, 27, 28, 40092, 50000, 41986]),
    st.booleans(),
)  # fmt: skip
def test_no_planted_picture_is_safe(form: str, directory: int, tag: int, as_text: bool) -> None:
    value = FORMS[form]
    exif = exif_with(directory, tag, 2 if as_text else 7, value)
    assert value in exif
    safe = safe_exif(exif, place=True) or b""
    assert len(safe) < 400
    for at in range(0, len(value) - 16, 97):
        assert value[at : at + 16] not in safe


@pytest.mark.parametrize("mode", ["CMYK", "I;16"])
def test_print_colours_and_16_bits_are_read_and_said(
    face: Image.Image, key: proface.Key, tmp_path: Path, mode: str
) -> None:
    deep = np.asarray(face.convert("L")).astype(np.uint16) * 257
    image = Image.fromarray(deep) if mode == "I;16" else face.convert("CMYK")
    image.save(tmp_path / "a.tif")
    result = proface.protect(tmp_path / "a.tif", key, proface.Options(**REGION))  # type: ignore[arg-type]
    words = {"CMYK": "CMYK to RGB", "I;16": "more than 8 bits a channel to 8"}
    assert result.parts.converted == (words[mode],)
    result.save(tmp_path / "p.png", check=False)
    assert proface.verify(tmp_path / "p.png", key).converted == (words[mode],)
    original = np.asarray(face.convert("L" if mode == "I;16" else "RGB"))
    if original.ndim == 2:
        original = np.repeat(original[..., None], 3, axis=2)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.tif").pixels, original)


def test_16_bit_png_of_a_wide_gamut(face: Image.Image, tmp_path: Path) -> None:
    rows = (np.asarray(face).astype(">u2") * 257).astype(">u2")
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    head = struct.pack(">IIBBBBB", *face.size, 16, 2, 0, 0, 0)
    for codes, space in ((b"\x0c\x0d\0\1", "RGB"), (b"\x01\x0d\0\1", None), (b"\x09\x10\0\1", "")):
        (tmp_path / "a.png").write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"cICP", codes)
            + chunk(b"IDAT", body) + chunk(b"IEND", b"")
        )  # fmt: skip
        if space == "":
            with pytest.raises(UnsupportedImageError, match="HDR"):
                read_photo(tmp_path / "a.png")
            continue
        photo = read_photo(tmp_path / "a.png")
        np.testing.assert_array_equal(photo.pixels, np.asarray(face))
        assert (photo.icc and profiles.colour_space(photo.icc)) == space


@pytest.mark.parametrize("rights", [0o600, 0o640, 0o444])
def test_a_recovered_photo_has_no_wider_rights(
    face: Image.Image, key: proface.Key, tmp_path: Path, rights: int
) -> None:
    face.save(tmp_path / "a.png")
    protected, recovered, _ = there_and_back(tmp_path / "a.png", key, ".png")
    protected.chmod(rights)
    proface.recover(protected, key).save(recovered, overwrite=True)
    assert stat.S_IMODE(recovered.stat().st_mode) & ~rights == 0


def test_an_older_sidecar_is_never_replaced(
    face: Image.Image, key: proface.Key, tmp_path: Path
) -> None:
    """Door: its picture may have been moved, and it is the only header of those faces."""
    face.save(tmp_path / "a.png")
    result = proface.protect(tmp_path / "a.png", key, proface.Options(**REGION))  # type: ignore[arg-type]
    path, beside = tmp_path / "p.png", tmp_path / "p.png.proface.json"
    result.save(path, sidecar=True, check=False)
    older = beside.read_bytes()
    path.rename(tmp_path / "moved.png")
    again = proface.protect(tmp_path / "a.png", key, proface.Options(**REGION))  # type: ignore[arg-type]
    again.save(path, sidecar=True, overwrite=True, check=False)
    aside = tmp_path / "p.png.1.proface.json"
    assert aside.read_bytes() == older
    assert proface.recover(tmp_path / "moved.png", key, sidecar=aside).faces
    assert proface.recover(path, key).faces
    assert set_aside_sidecar(path) is None  # the picture's own
    again.save(path, overwrite=True, check=False)  # into the picture: nothing else is touched
    assert aside.exists()
