"""EXIF as bytes: single numbers changed in place, and the few tags that are safe to publish.

Changing in place keeps everything else as it is: a maker note holds offsets into the whole block,
and would not survive being written anew.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from PIL import ExifTags, Image

ORIENTATION = ExifTags.Base.Orientation.value
EXIF_IFD, GPS_IFD = ExifTags.IFD.Exif.value, ExifTags.IFD.GPSInfo.value
_PREFIX = b"Exif\x00\x00"
_MAX_TAGS = 1000
_SHORT, _LONG = 3, 4

_DATE = re.compile(r"[0-9]{4}:[0-9]{2}:[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_DAY = re.compile(r"[0-9]{4}:[0-9]{2}:[0-9]{2}")
_OFFSET = re.compile(r"[+-][0-9]{2}:[0-9]{2}|Z")
_DIGITS = re.compile(r"[0-9]{1,9}")
# A maker or model: too short and plain for a picture or an address in disguise.
SAFE_NAME = re.compile(r"[A-Za-z0-9 .,:;/()+*&_-]{1,48}")
_LETTER = re.compile(r"[NSEWTMKAV23]")
_Form = re.Pattern[str] | None
_NUMBERS = range(1, 5)  # how many numbers a safe tag may hold


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation of a picture, 1 to 8; 1 if it has none, or an invalid one."""
    orientation = image.getexif().get(ORIENTATION, 1)
    return orientation if orientation in range(1, 9) else 1


# (directory, tag): the form of its text, or None for numbers. Time and camera:
_SAFE: dict[tuple[int, int], _Form] = {
    (0, 271): SAFE_NAME,  # maker, model
    (0, 272): SAFE_NAME,
    (0, 306): _DATE,
    **{(EXIF_IFD, tag): _DATE for tag in (36867, 36868)},
    **{(EXIF_IFD, tag): _OFFSET for tag in (36880, 36881, 36882)},
    **{(EXIF_IFD, tag): _DIGITS for tag in (37520, 37521, 37522)},  # parts of seconds
    **{(EXIF_IFD, tag): SAFE_NAME for tag in (42035, 42036)},  # lens
    # Exposure, sensitivity, aperture, distance, metering, light, flash, focal length, modes.
    **{
        (EXIF_IFD, tag): None
        for tag in (
            *(33434, 33437, 34850, 34855, 34864, 34865, 34866, *range(37377, 37387)),
            *(40961, 41486, 41487, 41488, 41495, *range(41986, 41995), 41996, 42034),
        )
    },
}
_PLACE: dict[tuple[int, int], _Form] = {
    **{(GPS_IFD, tag): _LETTER for tag in (1, 3, 9, 10, 12, 14, 16)},
    **{(GPS_IFD, tag): None for tag in (2, 4, 5, 6, 7, 11, 13, 15, 17, 31)},
    (GPS_IFD, 29): _DAY,
}


def safe_exif(exif: bytes, *, place: bool) -> bytes | None:
    """EXIF with time and camera only, and the place if asked for: an allow-list.

    A tag is kept if its value has the expected form: a date, a short name, up to four numbers. So
    no picture, name of a person, serial number or unknown tag comes along. None if nothing is left.
    """
    tags = Image.Exif()
    clean = Image.Exif()
    try:
        tags.load(exif)
        directories = {0: dict(tags), EXIF_IFD: tags.get_ifd(EXIF_IFD), GPS_IFD: {}}
        if place:
            directories[GPS_IFD] = tags.get_ifd(GPS_IFD)
        forms = _SAFE | (_PLACE if place else {})
        for number, directory in directories.items():
            kept = dict(_kept(number, directory, forms))
            if number == 0:
                for tag, value in kept.items():
                    clean[tag] = value
            elif kept:
                clean[number] = kept
        return clean.tobytes()[6:] if len(clean) else None
    except Exception:  # Pillow raises many types for damaged or mistyped values
        return None


def _kept(
    number: int,
    directory: Mapping[int, Any],
    forms: Mapping[tuple[int, int], _Form],
) -> Iterator[tuple[int, Any]]:
    for tag, value in directory.items():
        form = forms.get((number, tag), "none")
        if form is None and _are_numbers(value):
            yield tag, value
        elif isinstance(form, re.Pattern) and isinstance(value, str):
            text = value.rstrip("\0 ")
            if form.fullmatch(text):
                yield tag, text


def _are_numbers(value: Any) -> bool:
    values = value if isinstance(value, tuple) else (value,)
    return len(values) in _NUMBERS and all(
        isinstance(one, (int, float, Fraction)) or type(one).__name__ == "IFDRational"
        for one in values
    )


def with_numbers(exif: bytes, values: Mapping[tuple[int, int], int]) -> bytes:
    """Set tags of one number that are there, in place: (directory, tag) -> number.

    directory: 0 for the main one, or EXIF_IFD. What is damaged stays as it is.
    """
    prefix = _PREFIX if exif.startswith(_PREFIX) else b""
    out = bytearray(exif[len(prefix) :])
    order = {b"II": "<", b"MM": ">"}.get(bytes(out[:2]), "")
    if not order or len(out) < 8:
        return exif
    (first,) = struct.unpack_from(order + "I", out, 4)
    places = {0: first}
    for tag, kind, count, at in list(_entries(out, order, first)):
        if tag == EXIF_IFD and kind in (_LONG, 13) and count == 1:
            places[EXIF_IFD] = struct.unpack_from(order + "I", out, at)[0]
    for directory, start in places.items():
        for tag, kind, count, at in list(_entries(out, order, start)):
            value = values.get((directory, tag))
            if value is not None and count == 1 and kind in (_SHORT, _LONG):
                form = "H" if kind == _SHORT else "I"
                if value < 1 << (16 if kind == _SHORT else 32):
                    struct.pack_into(order + form, out, at, value)
    return prefix + bytes(out)


def has_number(exif: bytes, tag: int) -> bool:
    """Whether the main directory has a tag of one number, which `with_numbers` can set."""
    out = exif.removeprefix(_PREFIX)
    order = {b"II": "<", b"MM": ">"}.get(out[:2], "")
    if not order or len(out) < 8:
        return False
    (first,) = struct.unpack_from(order + "I", out, 4)
    return any(
        entry[0] == tag and entry[1] in (_SHORT, _LONG) and entry[2] == 1
        for entry in _entries(out, order, first)
    )


def next_directory(exif: bytes) -> int:
    """Where the second directory, that of the thumbnail, begins; 0 if there is none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2], "")
    if not order or len(exif) < 8:
        return 0
    (first,) = struct.unpack_from(order + "I", exif, 4)
    link = first + 2 + 12 * len(list(_entries(exif, order, first)))
    return int(struct.unpack_from(order + "I", exif, link)[0]) if link + 4 <= len(exif) else 0


def with_resolution_added(exif: bytes, dpi: tuple[float, float]) -> bytes:
    """Add the tags of the resolution; the main directory moves to the end, all else stays."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2], "")
    if not order or len(exif) < 8:
        return exif
    (first,) = struct.unpack_from(order + "I", exif, 4)
    count = len(list(_entries(exif, order, first)))
    rows = [exif[first + 2 + 12 * n : first + 14 + 12 * n] for n in range(count)]
    out = bytearray(exif + bytes(len(exif) % 2))
    for tag, value in ((282, dpi[0]), (283, dpi[1])):
        part = Fraction(value).limit_denominator(10_000)
        rows.append(struct.pack(order + "HHII", tag, 5, 1, len(out)))
        out += struct.pack(order + "II", part.numerator, part.denominator)
    rows.append(struct.pack(order + "HHIHxx", 296, _SHORT, 1, 2))
    rows.sort(key=lambda row: struct.unpack_from(order + "H", row)[0])
    at = len(out)
    out += struct.pack(order + "H", len(rows)) + b"".join(rows)
    out += struct.pack(order + "I", next_directory(exif))
    struct.pack_into(order + "I", out, 4, at)
    return bytes(out)


def _entries(
    data: bytes | bytearray, order: str, start: int
) -> Iterator[tuple[int, int, int, int]]:
    """Yield (tag, type, count, offset of the value's four bytes) of a directory."""
    if start + 2 > len(data):
        return
    (count,) = struct.unpack_from(order + "H", data, start)
    for n in range(min(count, _MAX_TAGS)):
        at = start + 2 + 12 * n
        if at + 12 > len(data):
            return
        tag, kind, amount = struct.unpack_from(order + "HHI", data, at)
        yield tag, kind, amount, at + 8
