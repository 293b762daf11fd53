"""EXIF, XMP and resolution: what is taken along from a photo, without any picture in it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image

from proface.errors import DamagedFileError
from proface.media.xmp import without_header

_ORIENTATION = ExifTags.Base.Orientation.value
_EXIF, _GPS, _INTEROP = (
    ExifTags.IFD.Exif.value,
    ExifTags.IFD.GPSInfo.value,
    ExifTags.IFD.Interop.value,
)
# A list of what is kept, not of what is dropped: the main directory of a TIFF also describes its
# strips, holds Photoshop's thumbnail, previews, and tags that nobody has heard of.
# Description, make, model, software, date, artist, host, ratings, copyright, Windows' XP texts.
# The resolution travels as `dpi`.
_KEPT = {270, 271, 272, 305, 306, 315, 316, 18246, 18249, 33432, *range(40091, 40096)}
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"II*\x00", b"MM\x00*")
# Base64 of a JPEG, PNG, WebP or TIFF, as in xmp:Thumbnails and GImage:Data.
_XMP_PICTURE = re.compile(rb"(?:/9j/|iVBORw0KGgo|UklGR|SUkqA|TU0AK)[A-Za-z0-9+/=&#;\s]{64,}")
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|>))\s*[0-9]+")
_MAX_BYTES = 16 << 20


@dataclass(frozen=True)
class Metadata:
    """What a photo says besides its pixels.

    exif: a TIFF structure (without the "Exif\\0\\0" of JPEG), its orientation 1, no thumbnail;
        None where there is none.
    xmp: an XMP packet in UTF-8, without pictures; None where there is none.
    dpi: pixels per inch, across and down, of the upright photo; None where it does not say.

    `exif` and `xmp` can name people, places and times; `dpi` cannot.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None

    @property
    def is_private(self) -> bool:
        """Whether there is anything to seal."""
        return self.exif is not None or self.xmp is not None

    def public(self) -> Metadata:
        """Only what may stay readable in a protected file: the resolution."""
        return Metadata(dpi=self.dpi)

    def to_bytes(self) -> bytes:
        """What is sealed as "metadata": JSON of `exif` and `xmp`, base64 or null (docs/FORMAT.md).

        `dpi` is not in it, as the protected file shows it.
        """
        parts = {"exif": _encoded(self.exif), "xmp": _encoded(self.xmp)}
        return json.dumps(parts, sort_keys=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes, dpi: tuple[float, float] | None = None) -> Metadata:
        """Read what `to_bytes` wrote; DamagedFileError if it is anything else."""
        try:
            parts = json.loads(data)
            if set(parts) != {"exif", "xmp"}:
                raise ValueError
            return cls(_decoded(parts["exif"]), _decoded(parts["xmp"]), dpi)
        except (ValueError, TypeError, RecursionError, binascii.Error):
            raise DamagedFileError(
                "The sealed metadata are damaged. Use another copy of the file."
            ) from None


def collect(image: Image.Image, *, turned: bool, size: tuple[int, int]) -> Metadata:
    """The metadata of an opened image, once it is upright.

    turned: whether uprighting swapped width and height. size: width and height, upright.
    A directory too damaged to read is left out.
    """
    exif = image.getexif()
    dpi = _dpi(image, exif)
    if dpi and turned:
        dpi = dpi[1], dpi[0]
    return Metadata(_clean_exif(exif, size), _clean_xmp(image.info.get("xmp")), dpi)


def with_resolution(exif: bytes | None, dpi: tuple[float, float] | None) -> bytes | None:
    """EXIF that also says the resolution, for a format that has no other place (WebP)."""
    if dpi is None:
        return exif
    tags = load_exif(exif)
    tags[282], tags[283], tags[296] = dpi[0], dpi[1], 2
    return tags.tobytes()[6:]


def load_exif(exif: bytes | None) -> Image.Exif:
    """Pillow's view of `Metadata.exif`; empty for None."""
    tags = Image.Exif()
    if exif:
        tags.load(exif)
    return tags


def _clean_exif(exif: Image.Exif, size: tuple[int, int]) -> bytes | None:
    # Copied tag by tag into a new directory: the thumbnail's own (IFD1) is never touched.
    clean = Image.Exif()
    try:
        for tag, value in exif.items():
            if tag in _KEPT and not _holds_picture(value):
                clean[tag] = value
        details = _plain(exif.get_ifd(_EXIF))
        if interop := _plain(exif.get_ifd(_INTEROP)):
            details[_INTEROP] = interop
        for tag, length in zip((40962, 40963), size, strict=True):
            if tag in details:
                details[tag] = length
        for tag, directory in ((_EXIF, details), (_GPS, _plain(exif.get_ifd(_GPS)))):
            if directory:
                clean[tag] = directory
        if not len(clean):
            return None
        if _ORIENTATION in exif:
            clean[_ORIENTATION] = 1
        data = clean.tobytes()[6:]
        load_exif(data)
    except Exception:  # Pillow raises nearly anything for values of a wrong type
        return None
    return data if len(data) <= _MAX_BYTES else None


def _plain(directory: Mapping[int, Any]) -> dict[int, Any]:
    """Without directories of directories, and without a maker note that holds a preview."""
    return {
        tag: value
        for tag, value in directory.items()
        if tag != _INTEROP and not isinstance(value, dict) and not _holds_picture(value)
    }


def _holds_picture(value: object) -> bool:
    if not isinstance(value, bytes):
        return False
    return any(magic in value for magic in _PICTURES[:2]) or value.startswith(_PICTURES)


def _clean_xmp(xmp: object) -> bytes | None:
    if isinstance(xmp, str):
        xmp = xmp.encode("utf-8", "replace")
    if not isinstance(xmp, bytes):
        return None
    xmp = without_header(xmp.rstrip(b"\x00"))
    if not 0 < len(xmp) <= _MAX_BYTES:
        return None
    try:
        xmp.decode("utf-8")
    except UnicodeDecodeError:  # UTF-16 would hide a picture from the search below
        return None
    return _XMP_ORIENTATION.sub(rb"\g<1>1", _XMP_PICTURE.sub(b"", xmp))


def _dpi(image: Image.Image, exif: Image.Exif) -> tuple[float, float] | None:
    value = image.info.get("dpi")
    try:
        if value is None and 282 in exif and exif.get(296, 2) in (2, 3):
            scale = 2.54 if exif.get(296, 2) == 3 else 1.0
            value = (float(exif[282]) * scale, float(exif.get(283, exif[282])) * scale)
        if value is None:
            return None
        across, down = (_snapped(float(part)) for part in value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return (across, down) if 1 <= across <= 100_000 and 1 <= down <= 100_000 else None


def _snapped(dpi: float) -> float:
    """PNG counts whole pixels per metre: 300 dpi come back as 299.9994."""
    return float(round(dpi)) if abs(dpi - round(dpi)) < 0.0128 else dpi


def _encoded(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)
