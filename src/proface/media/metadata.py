"""EXIF, XMP and resolution of a photo, as they are; and what of them is safe to publish."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from PIL import ExifTags, Image

from proface.errors import DamagedFileError
from proface.media import base64_text
from proface.media.exif import (
    EXIF_IFD,
    ORIENTATION,
    has_number,
    next_directory,
    safe_exif,
    with_numbers,
    with_resolution_added,
)
from proface.media.xmp import MAX_BYTES, without_descriptions, without_header

_EXIF, _GPS, _INTEROP = (
    ExifTags.IFD.Exif.value,
    ExifTags.IFD.GPSInfo.value,
    ExifTags.IFD.Interop.value,
)
# What EXIF takes of a TIFF's main directory, which also has strips and unknown tags: description,
# make, model, software, date, artist, host, ratings, copyright, Windows' XP texts.
_KEPT = {270, 271, 272, 305, 306, 315, 316, 18246, 18249, 33432, *range(40091, 40096)}
_KEPT_APART = {ORIENTATION, 282, 283, 296}
_WIDTH, _HEIGHT = 40962, 40963  # of the picture, in the EXIF directory
_PREFIX = b"Exif\x00\x00"
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|>))\s*[0-9]+")


@dataclass(frozen=True)
class Metadata:
    """Metadata of a photo; each is None if the photo has none.

    exif: a TIFF structure (without the "Exif\\0\\0" of JPEG), orientation 1, otherwise as in the
        file: with thumbnail and maker note.
    xmp: an XMP packet, orientation 1, otherwise as in the file.
    dpi: pixels per inch of the upright photo, horizontal and vertical.

    `exif` and `xmp` can show the picture and name people, places and times; `dpi` cannot.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None

    @property
    def is_private(self) -> bool:
        """Whether there is EXIF or XMP to seal."""
        return self.exif is not None or self.xmp is not None

    def public(self) -> Metadata:
        """The part that may stay readable in a protected file: the resolution."""
        return Metadata(dpi=self.dpi)

    def safe(self, *, place: bool) -> Metadata:
        """Resolution, time and camera, and the place if asked for, by an allow-list."""
        exif = None if self.exif is None else safe_exif(self.exif, place=place)
        return Metadata(exif, dpi=self.dpi)

    def without_descriptions(self) -> Metadata:
        """Without what XMP says of parts of the file that are not there any more."""
        return replace(self, xmp=None if self.xmp is None else without_descriptions(self.xmp))

    @property
    def names(self) -> tuple[str, ...]:
        """What there is of EXIF and XMP."""
        named = {"EXIF": self.exif, "XMP": self.xmp}
        return tuple(name for name, data in named.items() if data is not None)

    def to_bytes(self) -> bytes:
        """Serialise for sealing: JSON of `exif` and `xmp`, base64 or null (docs/FORMAT.md).

        `dpi` is left out, as it stays readable in the protected file.
        """
        parts = {
            name: None if data is None else base64_text.encode(data)
            for name, data in (("exif", self.exif), ("xmp", self.xmp))
        }
        return json.dumps(parts, sort_keys=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes, dpi: tuple[float, float] | None = None) -> Metadata:
        """Parse what `to_bytes` wrote; otherwise DamagedFileError."""
        try:
            parts = json.loads(data)
            texts = {name: text for name, text in parts.items() if text is not None}
            found = {name: base64_text.decode(text) for name, text in texts.items()}
            if set(parts) != {"exif", "xmp"} or None in found.values():
                raise ValueError
            return cls(**found, dpi=dpi)
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise DamagedFileError(
                "The sealed metadata is damaged. Use another copy of the file."
            ) from None


def collect(image: Image.Image, *, turned: bool, size: tuple[int, int]) -> Metadata:
    """Collect the metadata of an opened image, adjusted to the upright photo.

    turned: whether making it upright swapped width and height. size: upright width and height.
    Unreadable directories are left out.
    """
    exif = image.getexif()
    dpi = _dpi(image, exif)
    if dpi and turned:
        dpi = dpi[1], dpi[0]
    return Metadata(
        _exif_of(image, exif, turned=turned, size=size), _xmp_of(image.info.get("xmp")), dpi
    )


def with_resolution(exif: bytes | None, dpi: tuple[float, float] | None) -> bytes | None:
    """Add the resolution to EXIF, for a format with no other field for it."""
    if dpi is None or (exif is not None and 282 in load_exif(exif)):
        return exif
    if exif is not None:
        return with_resolution_added(exif, dpi)
    tags = Image.Exif()
    tags[282], tags[283], tags[296] = dpi[0], dpi[1], 2
    return tags.tobytes()[6:]


def with_orientation(exif: bytes | None, orientation: int) -> bytes | None:
    """Set the orientation, 1 to 8; 1 is stated only where the EXIF has the tag already."""
    if exif is not None and has_number(exif, ORIENTATION):
        return with_numbers(exif, {(0, ORIENTATION): orientation})
    if orientation == 1:
        return exif
    tags = load_exif(exif)
    tags[ORIENTATION] = orientation
    return tags.tobytes()[6:]


def turned_xmp(xmp: bytes, orientation: int) -> bytes:
    """Set the orientation, 1 to 8, wherever the packet states one."""
    return _XMP_ORIENTATION.sub(rb"\g<1>%d" % orientation, xmp)


def tiff_tags(exif: bytes | None) -> Image.Exif:
    """What a TIFF's main directory takes of EXIF; not its thumbnail."""
    try:
        tags = _picked(load_exif(exif)) if exif else Image.Exif()
        return load_exif(tags.tobytes()[6:]) if len(tags) else tags
    except Exception:  # Pillow raises many types for damaged tags
        return Image.Exif()


def load_exif(exif: bytes | None) -> Image.Exif:
    """Parse `Metadata.exif` with Pillow; empty for None."""
    tags = Image.Exif()
    if exif:
        tags.load(exif)
    return tags


def _exif_of(
    image: Image.Image, exif: Image.Exif, *, turned: bool, size: tuple[int, int]
) -> bytes | None:
    """The EXIF block, upright; of a TIFF, whose main directory it is, made from its tags."""
    block = image.info.get("exif")
    if not isinstance(block, bytes):
        block = _profile_text(image.info.get("Raw profile type exif"))
    if block is None:
        block = _block_of(exif)
    if block is None or len(block) > MAX_BYTES:
        return None
    sides = {(EXIF_IFD, _WIDTH): size[0], (EXIF_IFD, _HEIGHT): size[1]} if turned else {}
    block = with_numbers(block.removeprefix(_PREFIX), {(0, ORIENTATION): 1, **sides})
    return block if block and not _says_little(block) else None


def _says_little(block: bytes) -> bool:
    """Whether EXIF has nothing but orientation and resolution, which are kept apart."""
    try:
        return not set(load_exif(block)) - _KEPT_APART and next_directory(block) == 0
    except Exception:  # Pillow raises many types for damaged tags
        return False


def _profile_text(text: object) -> bytes | None:
    """EXIF that ImageMagick wrote into a PNG as hex."""
    if not isinstance(text, str):
        return None
    try:
        return bytes.fromhex("".join(text.split("\n")[3:]))
    except ValueError:
        return None


def _block_of(exif: Image.Exif) -> bytes | None:
    try:
        clean = _picked(exif)
        if not len(clean):
            return None
        if ORIENTATION in exif:
            clean[ORIENTATION] = 1
        data = clean.tobytes()[6:]
        load_exif(data)
    except Exception:  # Pillow raises many types for mistyped values
        return None
    return data


def _picked(exif: Image.Exif) -> Image.Exif:
    clean = Image.Exif()
    for tag in exif.keys() & _KEPT:
        clean[tag] = exif[tag]
    details = dict(exif.get_ifd(_EXIF))
    details.pop(_INTEROP, None)
    if interop := exif.get_ifd(_INTEROP):
        details[_INTEROP] = interop
    for tag, directory in ((_EXIF, details), (_GPS, exif.get_ifd(_GPS))):
        if directory:
            clean[tag] = directory
    return clean


def _xmp_of(xmp: object) -> bytes | None:
    if isinstance(xmp, str):
        xmp = xmp.encode("utf-8", "replace")
    if not isinstance(xmp, bytes) or len(xmp) > MAX_BYTES:
        return None
    packet = without_header(xmp.rstrip(b"\x00"))
    return turned_xmp(packet, 1) if packet else None


def _dpi(image: Image.Image, exif: Image.Exif) -> tuple[float, float] | None:
    value = image.info.get("dpi")
    if image.format in ("JPEG", "MPO") and 282 not in exif and not image.info.get("jfif_unit"):
        return None  # Pillow's guess
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
    """Undo rounding: PNG stores whole pixels per metre, so 300 dpi becomes 299.9994."""
    return float(round(dpi)) if abs(dpi - round(dpi)) < 0.0128 else dpi
