"""What is fuzzed. Each target takes bytes; anything but our own errors is a find.

Checksums would stop nearly every mutation at the door, so they are made to fit first: what is
tested is what stands behind them, as somebody who writes a hostile file fits them too.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from proface.codec.face_coder import MIN_LENGTH, MIN_SIDE, decode
from proface.container.digests import changes
from proface.container.header import MAX_HEADER_BYTES, Header
from proface.container.pixel_description import SIZE, parse_description
from proface.container.storage import find_header, write_photo
from proface.errors import ProfaceError
from proface.files.recover import recover
from proface.keys import FaceKeys, Key, check_stanzas, load_key_file, open_stanzas
from proface.media.ancillary.parts import Ancillary
from proface.media.ancillary.read import read_ancillary
from proface.media.colour.profiles import fitting
from proface.media.formats import known_format
from proface.media.jpeg import (
    Jpeg,
    aligned,
    coefficients_digest,
    from_pixels,
    jpeg_bytes,
    read_jpeg,
    region_coefficients,
    with_region_coefficients,
)
from proface.media.jpeg.header import joined_headers
from proface.media.metadata import Metadata
from proface.media.photo import read_photo
from proface.types import Box

SECRET = bytes(range(32))
_SUFFIXES = (".png", ".webp", ".tif")
_WRITTEN_AGAIN = 100_000  # pixels: larger pictures are only read, so that many are tried a second
_PNG = b"\x89PNG\r\n\x1a\n"


def header(data: bytes) -> None:
    """The header's parser, what reads its stanzas, and that what is taken has one form."""
    for candidate in (data, fitted(data)):
        try:
            found = Header.from_bytes(candidate)
        except ProfaceError:
            continue
        assert found.to_bytes() == candidate
        assert Header.from_bytes(found.to_bytes()) == found
        for layer in found.chain:
            _quietly(lambda layer=layer: check_stanzas(layer.stanzas))  # type: ignore[misc]
            _quietly(lambda layer=layer: open_stanzas(layer.stanzas, key()))  # type: ignore[misc]
    _quietly(lambda: Metadata.from_bytes(data))
    _quietly(lambda: Ancillary.from_bytes(data))


def key_file(data: bytes) -> None:
    """Key files of both kinds; what is taken is written and read the same."""
    with _file(data, ".key") as path:
        try:
            found = load_key_file(path)
        except ProfaceError:
            return
    with _file(b"", ".key") as path:
        path.unlink()
        found.save(path)
        again = load_key_file(path)
        if isinstance(found, FaceKeys):
            assert isinstance(again, FaceKeys)
            assert again.faces == found.faces


def photo(data: bytes) -> None:
    """Reading a photo; what was read is written, and comes back the same."""
    with _file(mended(data), "") as path:
        _quietly(lambda: find_header(path))
        if known_format(path.read_bytes()[:64]):
            read_ancillary(path)
        try:
            found = read_photo(path)
        except ProfaceError:
            return
    assert found.pixels.dtype == np.uint8
    if found.pixels.size > 3 * _WRITTEN_AGAIN:
        return
    suffix = _SUFFIXES[len(data) % len(_SUFFIXES)]
    with _file(b"", suffix) as path:
        try:
            write_photo(found, path)
        except ProfaceError:
            return
        again = read_photo(path)
    assert np.array_equal(again.pixels, found.pixels)
    opaque = found.alpha is None or bool(np.all(found.alpha == 255))
    if not opaque or again.alpha is not None:
        assert found.alpha is not None
        assert np.array_equal(np.asarray(again.alpha), found.alpha)
    assert again.icc == fitting(found.icc, grey=found.mode == "L" and suffix != ".webp")


def protected(data: bytes) -> None:
    """Opening a protected file with the right key, by force, as it is and as it is mended."""
    with _file(mended(data), "") as path:
        _quietly(lambda: find_header(path))
        try:
            back = recover(path, key(), force=True)
        except ProfaceError:
            return
        altered = changes(back.header, read_photo(path))
    assert back.photo.size == back.header.size
    assert not altered or back.warnings


def jpeg(data: bytes) -> None:
    """A JPEG by its coefficients, a part of its header, and a region's sealed coefficients."""
    _quietly(lambda: joined_headers([data], "a.jpg", MAX_HEADER_BYTES))
    _quietly(lambda: with_region_coefficients(_small_jpeg(), Box(0, 0, 16, 16), data))
    try:
        found = read_jpeg(data)
        written = jpeg_bytes(found, b"header")
    except ProfaceError:
        return
    again = read_jpeg(written)
    assert coefficients_digest(again, []) == coefficients_digest(found, [])
    assert (again.size, again.orientation, again.icc) == (found.size, found.orientation, found.icc)
    assert again.passengers == ()
    box = aligned(found, Box(0, 0, 16, 16))
    sealed = region_coefficients(found, box)
    restored = with_region_coefficients(again, box, sealed)
    assert coefficients_digest(restored, []) == coefficients_digest(found, [])


def face(data: bytes) -> None:
    """Decoding a face's stream, as a picture of the sides that the first two bytes say."""
    if len(data) < MIN_LENGTH + 2:
        return
    height, width = MIN_SIDE + data[0], MIN_SIDE + data[1]
    try:
        pixels = decode(data[2:], height, width)
    except ProfaceError:
        return
    assert pixels.shape == (height, width, 3)


def description(data: bytes) -> None:
    """What a region says of itself in its pixels; what is taken is written the same."""
    if len(data) < SIZE:
        return
    found = parse_description(data)
    if found is None:
        return
    assert 1 <= found.n <= found.count
    assert 0 < found.w <= found.size[0] - found.x
    assert 0 < found.h <= found.size[1] - found.y
    if found.stanza["type"] == "password":  # of a key file the costs say nothing
        assert found.to_bytes() == data[:SIZE]
    _quietly(lambda: check_stanzas([found.stanza]))
    _quietly(lambda: open_stanzas([found.stanza], key()))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "header": header,
    "key_file": key_file,
    "photo": photo,
    "protected": protected,
    "jpeg": jpeg,
    "face": face,
    "description": description,
}


def key() -> Key:
    """The key of all seeds."""
    return Key("file", SECRET)


@functools.cache
def _small_jpeg() -> Jpeg:
    return from_pixels(np.zeros((32, 32, 3), np.uint8))


def fitted(data: bytes) -> bytes:
    """A header in canonical form, with checksums that fit; other bytes as they are."""
    try:
        value = json.loads(data.decode("utf-8"))
        _sum(value, 0)
        return _canonical(value)
    except (ValueError, RecursionError, KeyError, TypeError):
        return data


def mended(data: bytes) -> bytes:
    """A PNG whose chunks have the lengths that there are bytes for, and checksums that fit."""
    if not data.startswith(_PNG):
        return data
    parts, place = [_PNG], len(_PNG)
    while place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        content = data[place + 8 : place + 8 + length]
        if kind == b"prFc":
            content = fitted(content)
        crc = zlib.crc32(kind + content)
        parts.append(struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", crc))
        place += 12 + length
    return b"".join(parts)


def _sum(value: Any, depth: int) -> None:
    if not isinstance(value, dict) or depth > 20:
        return
    _sum(value.get("previous"), depth + 1)
    body = {name: part for name, part in value.items() if name not in ("checksum", "mac")}
    value["checksum"] = hashlib.sha256(_canonical(body)).hexdigest()[:16]


def _canonical(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")


def _quietly(call: Callable[[], object]) -> None:
    with contextlib.suppress(ProfaceError):
        call()


class _file:
    """A file of its own for each input, in memory where the system has such a place."""

    def __init__(self, data: bytes, suffix: str) -> None:
        folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        handle, name = tempfile.mkstemp(suffix, "proface-fuzz-", folder)
        with open(handle, "wb") as file:
            file.write(data)
        self._path = Path(name)

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, *error: object) -> None:
        self._path.unlink(missing_ok=True)
