"""Checks of a header's fields: each takes a JSON value and returns it typed, or raises.

Headers are untrusted: lengths are checked before contents, and every error is a DamagedFileError
that names the field. `type(x) is int`, not `isinstance`, as the latter accepts JSON's true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from proface.errors import DamagedFileError
from proface.media import base64_text
from proface.media.decode import MAX_PIXELS
from proface.types import PLAIN_NAME, Box

_T = TypeVar("_T", bound=str)
_MAX_SIDE = 10_000_000
_MAX_SEALED = 20_002  # of each region an original and its transparency; metadata, all else
_HEX = re.compile(r"[0-9a-f]*")


class Damaged:
    """Makes errors for one file: `raise damaged("mode", "is unknown")`."""

    def __init__(self, source: str) -> None:
        self._source = source

    def __call__(self, field: str, problem: str) -> DamagedFileError:
        """Make the error; `field` as named in docs/FORMAT.md."""
        return DamagedFileError(
            f"{self._source}: the header's {field} {problem}: the file was damaged or altered. "
            "Use another copy."
        )

    def newer(self, version: int) -> DamagedFileError:
        """Make the error for an unknown format version."""
        return DamagedFileError(
            f"{self._source}: the header has format version {version}, which this version of "
            "proface cannot read. Update proface."
        )


def check_format(value: Any, name: str, newest: int, damaged: Damaged) -> int:
    """Check format and version, before all other fields, so that a newer version is reported.

    newest: the last version that can be read. Returns the header's.
    """
    if type(value) is not dict:
        raise damaged("JSON", "is not an object")
    if value.get("format") != name:
        raise damaged("format", f'is not "{name}"')
    found = value.get("version")
    if type(found) is not int or found < 1:
        raise damaged("version", "is not a whole number of at least 1")
    if found > newest:
        raise damaged.newer(found)
    return found


def keys(value: Any, wanted: set[str], field: str, damaged: Damaged) -> Mapping[str, Any]:
    """Check an object with exactly these keys."""
    if type(value) is not dict:
        raise damaged(field, "is not an object")
    if missing := sorted(wanted - set(value)):
        raise damaged(field, f"lacks {missing[0]}")
    if unknown := set(value) - wanted:
        raise damaged(field, f"has {len(unknown)} unknown field(s)")
    return value


def items(value: Any, least: int, most: int, field: str, damaged: Damaged) -> list[Any]:
    """Check a list of `least` to `most` elements."""
    if type(value) is not list:
        raise damaged(field, "is not a list")
    if not least <= len(value) <= most:
        raise damaged(field, f"has {len(value)} entries instead of {least} to {most}")
    return value


def integer(value: Any, least: int, most: int, field: str, damaged: Damaged) -> int:
    """Check a whole number from `least` to `most`."""
    if type(value) is not int or not least <= value <= most:
        raise damaged(field, f"is not a whole number from {least} to {most}")
    return value


def choice(value: Any, choices: tuple[_T, ...], field: str, damaged: Damaged) -> _T:
    """Check one of a few words."""
    for one in choices:
        if value == one:
            return one
    raise damaged(field, f"is not one of {', '.join(choices)}")


def name(value: Any, field: str, damaged: Damaged) -> str:
    """Check 1 to 64 of A-Z a-z 0-9 . _ : + , - starting with a letter or a digit."""
    if type(value) is not str or not PLAIN_NAME.fullmatch(value):
        raise damaged(field, "is not a plain name")
    return value


def hexadecimal(value: Any, length: int, field: str, damaged: Damaged) -> str:
    """Check `length` bytes in lower-case hex."""
    if type(value) is not str or len(value) != 2 * length or not _HEX.fullmatch(value):
        raise damaged(field, f"is not {length} bytes in hex")
    return value


def base64_bytes(value: Any, field: str, damaged: Damaged) -> bytes:
    """Decode canonical base64."""
    data = base64_text.decode(value) if type(value) is str else None
    if data is None:
        raise damaged(field, "is not base64")
    return data


def size(value: Any, damaged: Damaged) -> tuple[int, int]:
    """Check width and height against the limits for pictures."""
    width, height = (
        integer(side, 1, _MAX_SIDE, "size", damaged) for side in items(value, 2, 2, "size", damaged)
    )
    if width * height > MAX_PIXELS:
        raise damaged("size", f"is over {MAX_PIXELS} pixels")
    return width, height


def box(item: Mapping[str, Any], size: tuple[int, int], field: str, damaged: Damaged) -> Box:
    """Check a rectangle inside the picture, with even sides unless it touches the border."""
    found = Box(*(integer(item[k], 0, _MAX_SIDE, f"{field}'s {k}", damaged) for k in "xywh"))
    sides = ((found.x, found.w, size[0]), (found.y, found.h, size[1]))
    for start, length, limit in sides:
        if length < 1 or start + length > limit:
            raise damaged(field, "is empty or not inside the picture")
        if length % 2 and start > 0 and start + length < limit:
            raise damaged(field, "has an odd size away from the border")
    return found


def sealed(value: Any, damaged: Damaged) -> dict[str, bytes]:
    """Check an object of names and sealed bytes."""
    if type(value) is not dict or len(value) > _MAX_SEALED:
        raise damaged("sealed", f"is not an object of at most {_MAX_SEALED} parts")
    return {
        name(key, "sealed part's name", damaged): base64_bytes(part, f"sealed {key}", damaged)
        for key, part in value.items()
    }


def opaque(value: Any, field: str, damaged: Damaged, depth: int = 2) -> dict[str, Any]:
    """Check a small object parsed by `proface.keys`: short strings, numbers, objects of these."""
    if type(value) is not dict or not 1 <= len(value) <= 16:
        raise damaged(field, "is not an object of 1 to 16 fields")
    for key, part in value.items():
        number = type(part) is int and 0 <= part < 1 << 53
        text = type(part) is str and len(part) <= 4096
        nested = type(part) is dict and depth > 1
        if len(key) > 64 or not (number or text or nested):
            raise damaged(field, "has a value that is not a short string or a number")
        if nested:
            opaque(part, field, damaged, depth - 1)
    return value


def check_disjoint(boxes: list[Box], damaged: Damaged) -> None:
    """Check that no two regions overlap, across all nested headers."""
    edges = np.array([(b.x, b.y, b.x + b.w, b.y + b.h) for b in boxes], np.int64).reshape(-1, 4)
    edges = edges[np.argsort(edges[:, 0], kind="stable")]  # n x (left, top, right, bottom)
    for index, (_, top, right, bottom) in enumerate(edges):
        # Sorted by left edge: only boxes that start before this one ends can overlap it.
        last = int(np.searchsorted(edges[:, 0], right))
        rest = edges[index + 1 : last]
        if bool(np.any((rest[:, 1] < bottom) & (top < rest[:, 3]))):
            raise damaged("regions", "overlap")
