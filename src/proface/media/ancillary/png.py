"""Ancillary chunks of a PNG: text, time, content credentials and so on."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator

from proface.media.ancillary.parts import Part
from proface.media.png_chunks import SIGNATURE, chunks

COLOUR = frozenset((b"gAMA", b"cHRM", b"sRGB", b"cICP"))
_BEFORE, _AFTER, _BEHIND = "before ", "after ", "behind"
# What makes up the main picture, or is read as profile, EXIF, transparency or resolution.
_PICTURE = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"eXIf"))
_ANIMATION = frozenset((b"acTL", b"fcTL", b"fdAT"))
_TEXT = frozenset((b"tEXt", b"zTXt", b"iTXt"))
# Keywords that `media.metadata` reads: as XMP and EXIF they are sealed anyhow.
_METADATA_TEXT = (b"XML:com.adobe.xmp\x00", b"Raw profile type exif\x00")
_HEADER = b"prFc"  # ours
_NAMES = {
    b"tIME": "time of change (tIME)",
    b"caBX": "content credentials (caBX)",
    b"gAMA": "gamma (gAMA)",
    b"cHRM": "chromaticities (cHRM)",
    b"sRGB": "sRGB intent (sRGB)",
    b"cICP": "colour code points (cICP)",
    b"pHYs": "pixel aspect (pHYs)",
}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def parts(data: bytes) -> Iterator[Part]:
    """Every part of a PNG besides its picture, in the file's order."""
    place = _BEFORE
    for kind, start, length in _chunks(data):
        body = data[start : start + length]
        if kind == b"IDAT":
            place = _AFTER
        elif kind == b"IEND":
            if behind := data[start + length + 4 :]:
                yield Part("bytes behind the end", _BEHIND, behind)
            return
        elif kind == b"pHYs":
            if body[8:9] != b"\x01":  # otherwise a resolution
                yield Part(_NAMES[kind], place + "pHYs", body)
        elif kind in _TEXT and not body.startswith(_METADATA_TEXT):
            yield Part(f"text ({kind.decode()} {_keyword(body)})", place + kind.decode(), body)
        elif kind in _ANIMATION:
            yield Part("animation", "", body)
        elif kind not in _PICTURE and kind not in _TEXT and kind != _HEADER:
            name = kind.decode("latin-1")
            yield Part(_NAMES.get(kind, f"chunk {name}"), place + name, body)


def put_back(png: bytes, found: Iterable[Part]) -> tuple[bytes, list[Part]]:
    """Insert parts of a PNG into another one; also returns those that do not fit it."""
    before, after, behind, lost = b"", b"", b"", []
    colour = {part.kind for part in found if part.kind.removeprefix(_BEFORE).encode() in COLOUR}
    for part in found:
        place, _, name = part.kind.partition(" ")
        kind = name.encode("latin-1", "replace")
        if part.kind == _BEHIND:
            behind += part.data
        elif not _is_ancillary(kind) or not _fits(png, kind, part.data):
            lost.append(part)
        elif place == "before":
            before += chunk(kind, part.data)
        else:
            after += chunk(kind, part.data)
    out = [SIGNATURE]
    for kind, start, length in _chunks(png):
        whole = png[start - 8 : start + length + 4]
        if kind == b"IEND":
            out.append(after)
        # A profile that was made from gAMA and the like gives way to them.
        if not (kind == b"iCCP" and colour):
            out.append(whole)
        if kind == b"IHDR":
            out.append(before)
    return b"".join([*out, behind]), lost


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk as it stands in a file."""
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def code_points(data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer function of the cICP chunk."""
    for kind, start, length in _chunks(data):
        if kind == b"cICP" and length == 4:
            return data[start], data[start + 1]
        if kind == b"IDAT":
            break
    return None


def _is_ancillary(kind: bytes) -> bool:
    """Whether a decoder can do without a chunk (PNG, 5.4) and it is none that is written anew."""
    foreign = kind not in _PICTURE | _ANIMATION and kind != _HEADER
    return len(kind) == 4 and kind.isalpha() and kind[:1].islower() and foreign


def _fits(png: bytes, kind: bytes, data: bytes) -> bool:
    """Whether a chunk whose form depends on the pixels' is right for these."""
    depth, colour = png[24], png[25]
    channels = _CHANNELS.get(colour, 0)
    if kind == b"sBIT":
        return len(data) == channels
    if kind == b"bKGD":
        width = 2 * (channels - (colour in (4, 6)))
        return len(data) == width and all(high == 0 for high in data[::2]) and depth == 8
    return kind != b"hIST"  # of a palette


def _keyword(body: bytes) -> str:
    word = body.partition(b"\x00")[0][:40].decode("latin-1")
    return word if word.isprintable() else "unnamed"


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, data offset, data length) of each whole chunk."""
    for kind, length, offset in chunks(io.BytesIO(data)):
        if offset + length + 4 > len(data):
            return
        yield kind, offset, length
