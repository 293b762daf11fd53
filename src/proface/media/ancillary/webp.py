"""Unknown chunks of a WebP, and what follows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from proface.media.ancillary.parts import Part

_PICTURE = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"EXIF", b"XMP "))
_ANIMATION = frozenset((b"ANIM", b"ANMF"))
_LISTS = frozenset((b"RIFF", b"LIST"))
_BEHIND = "behind"
_MAX_CHUNKS = 10_000


def parts(data: bytes) -> Iterator[Part]:
    """Every part of a WebP besides picture, profile, EXIF and XMP, in the file's order."""
    end = _end(data)
    for kind, start, length in _chunks(data, end):
        if kind in _ANIMATION:
            yield Part("animation", "", data[start : start + length])
        elif kind not in _PICTURE:
            name = kind.decode("latin-1")
            yield Part(f"chunk {name.strip()}", name, data[start : start + length])
    if data[end:]:
        yield Part("bytes behind the end", _BEHIND, data[end:])


def put_back(webp: bytes, found: Iterable[Part]) -> tuple[bytes, list[Part]]:
    """Append parts of a WebP to another one; also returns those that do not fit it."""
    behind, extra, lost = b"", b"", []
    for part in found:
        kind = part.kind.encode("latin-1", "replace")
        if part.kind == _BEHIND:
            behind += part.data
        elif len(kind) == 4 and kind.isascii() and kind not in _PICTURE | _ANIMATION | _LISTS:
            extra += _chunk(kind, part.data)
        else:
            lost.append(part)
    if not extra:
        return webp + behind, lost
    body = webp[12 : _end(webp)]
    if not body.startswith(b"VP8X"):
        body = _extended(body) + body
    body += extra
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body + behind, lost


def _extended(body: bytes) -> bytes:
    """The VP8X chunk, without which only the picture is allowed (WebP container, "Extended")."""
    bits = int.from_bytes(body[9:13], "little")  # of VP8L: 14 bits each, then whether alpha is used
    width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
    sides = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    return _chunk(b"VP8X", bytes((alpha << 4, 0, 0, 0)) + sides)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2)


def _end(data: bytes) -> int:
    return min(8 + int.from_bytes(data[4:8], "little"), len(data))


def _chunks(data: bytes, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, offset, length) of each whole chunk."""
    at = 12
    for _ in range(_MAX_CHUNKS):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > end:
            return
        yield data[at : at + 4], at + 8, length
        at += 8 + length + length % 2
