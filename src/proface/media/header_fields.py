"""Checks of a header's fields. Each takes a value out of JSON and gives it back typed, or raises.

A header comes from anywhere: `type(x) is int` and not `isinstance`, since JSON's true is an int to
Python; lengths before contents; and every fault is a DamagedFileError that names the field.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from proface.errors import DamagedFileError
from proface.geometry import Box
from proface.media.opening import MAX_PIXELS

_T = TypeVar("_T", bound=str)
_MAX_SIDE = 10_000_000
_MAX_SEALED = 10_001
_HEX = re.compile(r"[0-9a-f]*")
# No slash, space or letter beyond ASCII: neither a path nor a person's name fits by accident.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+,-]{0,63}")


class Damaged:
    """Makes the error for one file: `raise damaged("mode", "is unknown")`."""

    def __init__(self, source: str) -> None:
        self._source = source

    def __call__(self, field: str, problem: str) -> DamagedFileError:
        """The error; `field` as docs/FORMAT.md calls it."""
        return DamagedFileError(
            f"{self._source}: the header's {field} {problem}: the file was damaged or altered. "
            "Use another copy of it."
        )

    def newer(self, version: int) -> DamagedFileError:
        """The error for a format version that this code does not know."""
        return DamagedFileError(
            f"{self._source}: the header is of format version {version}, which this proface does "
            "not read. Update proface."
        )


def check_format(value: Any, name: str, version: int, damaged: Damaged) -> None:
    """That it is a header at all, and of our version: the first thing to say about a newer one."""
    if type(value) is not dict:
        raise damaged("JSON", "is no object")
    if value.get("format") != name:
        raise damaged("format", f'is not "{name}"')
    found = value.get("version")
    if type(found) is not int or found < 1:
        raise damaged("version", "is not a whole number from 1 up")
    if found != version:
        raise damaged.newer(found)


def keys(value: Any, wanted: set[str], field: str, damaged: Damaged) -> Mapping[str, Any]:
    """An object with exactly these keys."""
    if type(value) is not dict:
        raise damaged(field, "is no object")
    if missing := sorted(wanted - set(value)):
        raise damaged(field, f"lacks {missing[0]}")
    if unknown := set(value) - wanted:
        raise damaged(field, f"has {len(unknown)} unknown field(s)")
    return value


def items(value: Any, least: int, most: int, field: str, damaged: Damaged) -> list[Any]:
    """A list of `least` to `most` elements."""
    if type(value) is not list:
        raise damaged(field, "is no list")
    if not least <= len(value) <= most:
        raise damaged(field, f"has {len(value)} entries and not {least} to {most}")
    return value


def integer(value: Any, least: int, most: int, field: str, damaged: Damaged) -> int:
    """A whole number from `least` to `most`."""
    if type(value) is not int or not least <= value <= most:
        raise damaged(field, f"is not a whole number from {least} to {most}")
    return value


def choice(value: Any, choices: tuple[_T, ...], field: str, damaged: Damaged) -> _T:
    """One of a few words."""
    for one in choices:
        if value == one:
            return one
    raise damaged(field, f"is none of {', '.join(choices)}")


def name(value: Any, field: str, damaged: Damaged) -> str:
    """1 to 64 of A-Z a-z 0-9 . _ : + , - beginning with a letter or a digit."""
    if type(value) is not str or not NAME.fullmatch(value):
        raise damaged(field, "is no plain name")
    return value


def hexadecimal(value: Any, length: int, field: str, damaged: Damaged) -> str:
    """`length` bytes in lower-case hex."""
    if type(value) is not str or len(value) != 2 * length or not _HEX.fullmatch(value):
        raise damaged(field, f"is not {length} bytes in hex")
    return value


def base64_bytes(value: Any, field: str, damaged: Damaged) -> bytes:
    """Standard base64 with padding, in its one canonical form."""
    if type(value) is str:
        try:
            data = base64.b64decode(value, validate=True)
        except (ValueError, binascii.Error):
            data = None
        if data is not None and base64.b64encode(data) == value.encode("ascii"):
            return data
    raise damaged(field, "is no base64")


def size(value: Any, damaged: Damaged) -> tuple[int, int]:
    """Width and height of a picture that could be opened at all."""
    width, height = (
        integer(side, 1, _MAX_SIDE, "size", damaged) for side in items(value, 2, 2, "size", damaged)
    )
    if width * height > MAX_PIXELS:
        raise damaged("size", f"is over {MAX_PIXELS} pixels")
    return width, height


def box(item: Mapping[str, Any], size: tuple[int, int], field: str, damaged: Damaged) -> Box:
    """A rectangle inside the picture, of even sides but where it ends at the picture's border."""
    found = Box(*(integer(item[k], 0, _MAX_SIDE, f"{field}'s {k}", damaged) for k in "xywh"))
    sides = ((found.x, found.w, size[0]), (found.y, found.h, size[1]))
    for start, length, limit in sides:
        if length < 1 or start + length > limit:
            raise damaged(field, "is empty or not inside the picture")
        if length % 2 and start > 0 and start + length < limit:
            raise damaged(field, "has an odd size away from the border")
    return found


def sealed(value: Any, damaged: Damaged) -> dict[str, bytes]:
    """Name -> sealed bytes."""
    if type(value) is not dict or len(value) > _MAX_SEALED:
        raise damaged("sealed", "is no object of a bounded number of parts")
    return {
        name(key, "sealed part's name", damaged): base64_bytes(part, f"sealed {key}", damaged)
        for key, part in value.items()
    }


def opaque(value: Any, field: str, damaged: Damaged, depth: int = 2) -> dict[str, Any]:
    """A small object that `proface.keys` reads: short texts, numbers, or objects of these."""
    if type(value) is not dict or not 1 <= len(value) <= 16:
        raise damaged(field, "is no object of 1 to 16 fields")
    for key, part in value.items():
        number = type(part) is int and 0 <= part < 1 << 53
        text = type(part) is str and len(part) <= 4096
        nested = type(part) is dict and depth > 1
        if len(key) > 64 or not (number or text or nested):
            raise damaged(field, "holds something other than short texts and numbers")
        if nested:
            opaque(part, field, damaged, depth - 1)
    return value


def check_apart(boxes: list[Box], damaged: Damaged) -> None:
    """That no two regions share a pixel, whichever header they are in."""
    edges = np.array([(b.x, b.y, b.x + b.w, b.y + b.h) for b in boxes], np.int64).reshape(-1, 4)
    edges = edges[np.argsort(edges[:, 0], kind="stable")]  # n x (left, top, right, bottom)
    for index, (_, top, right, bottom) in enumerate(edges):
        # Only those that begin before this one ends can share a column with it.
        last = int(np.searchsorted(edges[:, 0], right))
        rest = edges[index + 1 : last]
        if bool(np.any((rest[:, 1] < bottom) & (top < rest[:, 3]))):
            raise damaged("regions", "overlap")
