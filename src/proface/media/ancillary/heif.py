"""Items of a HEIC or AVIF file: previews, depth maps, gain maps, further pictures.

Only their names are read (ISO/IEC 23008-12): no container that is written can hold them.
"""

from __future__ import annotations

from collections.abc import Iterator

_MAX_BOXES = 20_000
_IMAGES = frozenset(
    (b"hvc1", b"av01", b"grid", b"iden", b"iovl", b"jpeg", b"avc1", b"unci", b"tmap")
)
_AUXILIARY = {
    b":depth": "depth map",
    b"disparity": "depth map",
    b"hdrgainmap": "gain map",
    b"portraiteffectsmatte": "portrait matte",
    b"semantic": "segmentation matte",
    b"alpha": "",  # of the main picture
}
_METADATA = (b"Exif", b"mime")


def dropped(data: bytes) -> Iterator[str]:
    """Names of what is in the file besides its main picture, EXIF and XMP."""
    tops = {kind: (start, end) for kind, start, end in _boxes(data, 0, len(data))}
    if b"moov" in tops:
        yield "picture sequence or film"
    for kind in (b"uuid", b"jumb"):
        if kind in tops:
            yield "content credentials or private box"
    if b"meta" not in tops:
        return
    start, end = tops[b"meta"]
    boxes = {kind: (a, b) for kind, a, b in _boxes(data, start + 4, end)}
    primary = _number(data, *boxes.get(b"pitm", (0, 0)))
    references = list(_references(data, *boxes.get(b"iref", (0, 0))))
    properties = list(_properties(data, *boxes.get(b"iprp", (0, 0))))
    auxiliary = dict(_auxiliary_types(data, boxes.get(b"iprp", (0, 0)), properties))
    tiles = {to for kind, _one, many in references if kind == b"dimg" for to in many}
    for number, kind in _items(data, *boxes.get(b"iinf", (0, 0))):
        if number == primary or kind in _METADATA:
            continue
        roles = {name for name, one, _many in references if one == number}
        if b"thmb" in roles:
            yield "thumbnail"
        elif b"auxl" in roles:
            if name := _auxiliary_name(auxiliary.get(number, b"")):
                yield name
        elif kind == b"tmap":
            yield "gain map"
        elif number in tiles and kind != b"grid":
            continue  # part of another picture
        elif kind in _IMAGES:
            yield "further picture"
        else:
            yield f"item {kind.decode('latin-1').strip()}"


def code_points(data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer function of the first colour box with code points (`colr`, nclx)."""
    for top, start, end in _boxes(data, 0, len(data)):
        if top != b"meta":
            continue
        for kind, a, b in _boxes(data, start + 4, end):
            if kind != b"iprp":
                continue
            for box, c, d in _properties(data, a, b):
                if box == b"colr" and data[c : c + 4] == b"nclx" and d - c >= 8:
                    primaries = int.from_bytes(data[c + 4 : c + 6], "big")
                    return primaries, int.from_bytes(data[c + 6 : c + 8], "big")
    return None


def _auxiliary_name(urn: bytes) -> str:
    lower = urn.lower()
    for words, name in _AUXILIARY.items():
        if words in lower:
            return name
    return "auxiliary picture"


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, offset, end) of the contents of each box, as far as they are whole."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        size, kind, head = (
            int.from_bytes(data[start : start + 4], "big"),
            data[start + 4 : start + 8],
            8,
        )
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        elif size == 0:
            size = end - start
        if size < head or start + size > end:
            return
        yield kind, start + head, start + size
        start += size


def _number(data: bytes, start: int, end: int) -> int:
    """The item number in `pitm`."""
    if end <= start:
        return -1
    return int.from_bytes(data[start + 4 : start + (8 if data[start] else 6)], "big")


def _items(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Number and type of each item in `iinf`."""
    if end <= start:
        return
    for kind, a, b in _boxes(data, start + (8 if data[start] else 6), end):
        if kind == b"infe" and b - a >= 12 and data[a] in (2, 3):
            wide = 4 if data[a] == 3 else 2
            number = int.from_bytes(data[a + 4 : a + 4 + wide], "big")
            yield number, data[a + 6 + wide : a + 10 + wide]


def _references(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, list[int]]]:
    """Kind, item, and the items that it refers to, from `iref`."""
    if end <= start:
        return
    wide = 4 if data[start] else 2
    for kind, a, b in _boxes(data, start + 4, end):
        one = int.from_bytes(data[a : a + wide], "big")
        count = int.from_bytes(data[a + wide : a + wide + 2], "big")
        places = range(a + wide + 2, min(b, a + wide + 2 + count * wide), wide)
        yield kind, one, [int.from_bytes(data[at : at + wide], "big") for at in places]


def _properties(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The property boxes in `ipco`, in order."""
    for kind, a, b in _boxes(data, start, end):
        if kind == b"ipco":
            yield from _boxes(data, a, b)


def _auxiliary_types(
    data: bytes, iprp: tuple[int, int], properties: list[tuple[bytes, int, int]]
) -> Iterator[tuple[int, bytes]]:
    """Item numbers with their auxiliary type (`auxC`), from the associations in `ipma`."""
    for kind, a, b in _boxes(data, *iprp):
        if kind != b"ipma" or b - a < 8:
            continue
        wide, flags, at = (4 if data[a] else 2), data[a + 3] & 1, a + 8
        for _ in range(min(int.from_bytes(data[a + 4 : a + 8], "big"), _MAX_BOXES)):
            if at + wide >= b:
                break
            number, count = int.from_bytes(data[at : at + wide], "big"), data[at + wide]
            at += wide + 1
            for _ in range(count):
                index = int.from_bytes(data[at : at + 1 + flags], "big") & (
                    0x7FFF if flags else 0x7F
                )
                at += 1 + flags
                if 0 < index <= len(properties) and properties[index - 1][0] == b"auxC":
                    yield number, data[properties[index - 1][1] + 4 : properties[index - 1][2]]
