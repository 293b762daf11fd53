"""Extensions of a GIF: comments and application data."""

from __future__ import annotations

from collections.abc import Iterator

from proface.media.ancillary.parts import Part

_COMMENT, _PLAIN_TEXT, _APPLICATION = 0xFE, 0x01, 0xFF
_XMP = b"XMP DataXMP"  # read as metadata
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")  # of animations, which are refused
_MAX_BLOCKS = 100_000


def parts(data: bytes) -> Iterator[Part]:
    """Every part of a GIF besides its picture, in the file's order."""
    at = 13 + _palette(data[10:11])
    for _ in range(_MAX_BLOCKS):
        kind = data[at : at + 1]
        if kind == b",":
            at = _after_blocks(data, at + 11 + _palette(data[at + 9 : at + 10]))
        elif kind == b"!":
            label = data[at + 1] if at + 1 < len(data) else 0
            end = _after_blocks(data, at + 2)
            yield from _extension(label, data[at + 2 : end])
            at = end
        elif kind == b";":
            if behind := data[at + 1 :]:
                yield Part("bytes behind the end", "behind", behind)
            return
        elif at >= len(data):
            return
        else:  # filling, which readers skip
            at += 1


def _extension(label: int, body: bytes) -> Iterator[Part]:
    if label == _COMMENT:
        yield Part("comment", "comment", body)
    elif label == _PLAIN_TEXT:
        yield Part("plain text extension", "plain text", body)
    elif label == _APPLICATION and not body[1:].startswith((_XMP, *_LOOPS)):
        yield Part("application extension", "application", body)


def _palette(flags: bytes) -> int:
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return min(at + 1, len(data))
