"""Hostile and damaged headers in pictures that are as they should be: see `make_hostile`."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from proface.container.header import Header
from proface.container.tiff import TIFF_TAG
from proface.keys import KdfParameters, Key, derive, header_mac, seal, wrap_file_key
from proface.media.jpeg.header import IDENTIFIER, header_segments
from proface.media.xmp import with_header
from proface.models.store import load_flow
from proface.types import Box
from tests.container.make_vectors import KDF, STANZA, header_for, picture, summed
from tests.hostile.pieces import (
    IEND,
    PNG,
    Files,
    bomb_idat,
    chunk,
    grey,
    ihdr,
    noise,
    patched,
    riff,
    vp8x,
)

SECRET = bytes(range(32))
FILE_KEY = bytes(range(64, 96))
PHOTO = picture()
HEADER = header_for(PHOTO)
DENIABLE = replace(
    HEADER, scheme="deniable", stanzas=(), kdf=KDF, nonce=bytes(32), sealed={}, mac=None
)


def signed(header: Header) -> Header:
    """The header with a stanza that `SECRET` opens, and the MAC of that file key."""
    stanza = wrap_file_key(FILE_KEY, Key("file", SECRET), KdfParameters(bytes(16)))
    own = replace(header, stanzas=(stanza, *header.stanzas), mac=None)
    return own.with_mac(header_mac(FILE_KEY, own.model_sha256, own.signed_bytes()))


def carrying(data: bytes, pixels: np.ndarray | None = None) -> bytes:
    """A PNG with these bytes as its header."""
    pixels = PHOTO.pixels if pixels is None else pixels
    height, width = pixels.shape[:2]
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    body = chunk(b"prFc", data) + chunk(b"IDAT", zlib.compress(lines))
    return PNG + ihdr(width, height) + body + IEND


def edited(header: Header = HEADER, **fields: Any) -> bytes:
    """A header with fields changed, and the checksum that fits."""
    return carrying(summed({**json.loads(header.to_bytes()), **fields}))


def summed_png(value: dict[str, Any]) -> bytes:
    return carrying(summed(value))


def deniable() -> Any:
    return json.loads(DENIABLE.to_bytes())


def sealed_previous(digests: bytes) -> bytes:
    """Signed by someone who has the key: bytes where digests of a nested header should be."""
    digest = load_flow().digest
    outer = header_for(PHOTO, Box(4, 20, 8, 8), previous=HEADER, model_sha256=digest, version=2)
    inner = replace(HEADER, rest_sha256=None)
    part = seal(derive(FILE_KEY, "previous", model=digest), digests)
    full = replace(outer, previous=inner, sealed={"previous": part})
    return carrying(signed(full).to_bytes())


def headers() -> Files:
    good = HEADER.to_bytes()
    for name, data in {
        "empty": b"",
        "garbage": noise(2000),
        "lists": b"[" * 400_000 + b"]" * 400_000,
        "objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "commas": b"[" + b"0," * 600_000 + b"0]",
        "digits": b'{"version":' + b"9" * 1_000_000 + b"}",
        "text": b'{"format":"' + b"A" * 3_000_000 + b'"}',
        "escapes": b'{"format":"' + b"\\u0000" * 100_000 + b'"}',
        "exponent": good.replace(b'"version":1', b'"version":1e999'),
        "negative": good.replace(b'"version":1', b'"version":-1'),
        "nothing_but_null": b"null",
        "byte_order_mark": b"\xef\xbb\xbf" + good,
        "utf16": good.decode().encode("utf-16"),
        "surrogate": good.replace(b'"padded"', b'"\\ud800"'),
        "twice_a_key": good.replace(b'"mac":', b'"mac":null,"mac":', 1),
        "blank_behind": good + b"\n",
        "cut": good[:-30],
        "doubled": good + good,
    }.items():
        yield f"header_{name}.png", carrying(data), 13
    for name, fields in {
        "version_newer": {"version": 3},
        "version_huge": {"version": 10**400},
        "version_text": {"version": "1"},
        "rest_null": {"version": 2, "rest_sha256": None},
        "size_huge": {"size": [10**7, 10**7]},
        "size_nested": {"size": [[32, 32]]},
        "model_path": {"model": {"name": "../../etc/passwd", "sha256": "ab" * 32}},
        "model_null": {"model": None},
        "mode_escape": {"mode": "\x1b[31mred"},
        "sealed_list": {"sealed": []},
        "sealed_many": {"sealed": {f"a{n}": "" for n in range(20_003)}},
        "sealed_no_base64": {"sealed": {"pixels-1": "A" * 1_000_001}},
        "mac_null": {"mac": None},
        "scheme_unknown": {"scheme": "\x00"},
        "unknown_fields": {f"x{n}": n for n in range(50_000)},
        "previous_list": {"previous": []},
    }.items():
        yield f"header_{name}.png", edited(**fields), 13
    yield "header_deniable_over.png", edited(DENIABLE, previous=json.loads(good)), 13
    below = json.loads(header_for(PHOTO, Box(4, 20, 8, 8)).to_bytes())
    yield "header_deniable_below.png", summed_png({**below, "previous": deniable()}), 13
    for number, one in enumerate(
        (b"", b"null", b"[1]", b'["zz"]', b"[" + b'"' + b"0" * 65 + b'"]')
    ):
        yield f"previous_sealed_{number}.png", sealed_previous(one), 13
    deep = HEADER
    for n in range(12):
        deep = header_for(PHOTO, Box(0, 2 * n, 2, 2), previous=deep)
    yield "header_nested_12.png", carrying(deep.to_bytes()), 13
    nested: Any = None
    for _ in range(300):  # as deep as the parser goes
        nested = {**json.loads(good), "previous": nested}
    yield "header_nested_300.png", carrying(summed(nested)), 13


def parameters() -> Files:
    """Key derivation that would cost its reader dear."""
    for name, costs in {
        "memory_4_tib": {"memory_kib": 1 << 32},
        "memory_over": {"memory_kib": 262_145, "iterations": 1},
        "memory_absurd": {"memory_kib": 10**300},
        "memory_0": {"memory_kib": 0},
        "cheap_to_guess": {"memory_kib": 8, "iterations": 1, "lanes": 1},
        "memory_under": {"memory_kib": 16_383, "iterations": 9},
        "iterations_absurd": {"iterations": 2**52},
        "iterations_0": {"iterations": 0},
        "work_over": {"memory_kib": 262_144, "iterations": 5},
        "lanes_9": {"lanes": 9},
        "lanes_0": {"lanes": 0},
        "lanes_absurd": {"lanes": 2**52},
        "salt_short": {"salt": "AAAA"},
        "salt_long": {"salt": "A" * 4000},
        "name": {"name": "scrypt"},
    }.items():
        kdf = {**KDF, **costs}
        yield f"kdf_{name}.png", edited(stanzas=[{**STANZA, "kdf": kdf}]), 13
        if name in ("cheap_to_guess", "memory_4_tib", "work_over", "lanes_absurd"):
            yield f"kdf_deniable_{name}.png", edited(DENIABLE, kdf=kdf), 13
            flow = load_flow()
            inner = replace(HEADER, stanzas=({**STANZA, "kdf": kdf},))
            outer = header_for(PHOTO, Box(4, 20, 8, 8), previous=inner, model_sha256=flow.digest)
            yield f"kdf_previous_{name}.png", carrying(signed(outer).to_bytes()), 13
    dear = [
        {**STANZA, "kdf": {**KDF, "salt": b64(bytes([n]) * 16), "memory_kib": 262_144}}
        for n in range(32)
    ]
    yield "kdf_32_dear_stanzas.png", edited(stanzas=dear), 13
    for name, stanza in {
        "type": {**STANZA, "type": "open"},
        "version": {**STANZA, "version": 3},
        "nonce": {**STANZA, "nonce": "A"},
        "wrapped": {**STANZA, "wrapped": "A" * 4000},
        "empty": {},
        "text": "stanza",
        "more": {**STANZA, **{f"x{n}": 1 for n in range(12)}},
        "deep": {**STANZA, "kdf": {"a": {"b": {"c": {}}}}},
    }.items():
        yield f"stanza_{name}.png", edited(stanzas=[stanza]), 13
    yield "stanzas_33.png", edited(stanzas=[STANZA] * 33), 13


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def regions() -> Files:
    digest = "ab" * 32

    def region(n: int, x: int, y: int, w: int, h: int, **more: Any) -> dict[str, Any]:
        return {"n": n, "x": x, "y": y, "w": w, "h": h, "look": "blur:9", "sha256": digest, **more}

    for name, found in {
        "none": [],
        "empty": [region(1, 0, 0, 0, 0)],
        "outside": [region(1, 30, 30, 8, 8)],
        "huge": [region(1, 0, 0, 10**7, 10**7)],
        "absurd": [region(1, 0, 0, 10**300, 2)],
        "negative": [region(1, -8, 0, 8, 8)],
        "true": [region(True, 0, 0, 8, 8)],
        "same_twice": [region(1, 0, 0, 8, 8), region(2, 0, 0, 8, 8)],
        "one_in_the_other": [region(1, 0, 0, 16, 16), region(2, 4, 4, 4, 4)],
        "touching_by_a_pixel": [region(1, 0, 0, 8, 8), region(2, 6, 6, 8, 8)],
        "number_0": [region(0, 0, 0, 8, 8)],
        "number_twice": [region(1, 0, 0, 8, 8), region(1, 8, 8, 8, 8)],
        "look_is_a_path": [region(1, 0, 0, 8, 8, look="mask:/etc/passwd")],
        "look_steers": [region(1, 0, 0, 8, 8, look="\x1b[2J")],
        "digest_of_nothing": [region(1, 0, 0, 8, 8, sha256="")],
        "too_many": [region(n, 0, 0, 2, 2) for n in range(1, 10_002)],
        "all_of_the_picture": [region(1, 0, 0, 32, 32)],
    }.items():
        yield f"regions_{name}.png", edited(regions=found), 13
    # As many as there may be, each of a single pair of pixels, and none of them as it was.
    many = np.zeros((400, 400, 3), np.uint8)
    small = [region(i + 1, i % 100 * 4, i // 100 * 4, 2, 2) for i in range(10_000)]
    value = {**json.loads(HEADER.to_bytes()), "size": [400, 400], "regions": small}
    yield "regions_ten_thousand_altered.png", carrying(summed(value), many), 13
    inner = {**value, "regions": small[:5000]}
    inner = json.loads(summed(inner))
    outer = {**value, "regions": small[5000:], "previous": inner}
    yield "regions_ten_thousand_nested.png", carrying(summed(outer), many), 13
    over = replace(HEADER, previous=HEADER)
    yield "regions_over_earlier_ones.png", carrying(over.to_bytes()), 13
    for x, y, name in ((5, 5, "first"), (20, 20, "second"), (0, 0, "rest")):
        pixels = PHOTO.pixels.copy()
        pixels[y, x] ^= 1
        yield f"altered_{name}.png", carrying(HEADER.to_bytes(), pixels), 13
    yield "altered_size.png", carrying(HEADER.to_bytes(), PHOTO.pixels[:-2]), 13
    yield "altered_all.png", carrying(HEADER.to_bytes(), PHOTO.pixels ^ 1), 13


def containers() -> Files:
    good, sound = HEADER.to_bytes(), carrying(HEADER.to_bytes())
    other = header_for(PHOTO, Box(0, 0, 2, 2)).to_bytes()
    at, before = sound.index(b"prFc") - 4, sound.index(b"IDAT") - 4
    yield "png_header_twice.png", sound[:before] + chunk(b"prFc", other) + sound[before:], 13
    yield (
        "png_header_9_times.png",
        sound[:before]
        + b"".join(chunk(b"prFc", good + b" " * n) for n in range(9))
        + sound[before:],
        13,
    )
    yield "png_header_crc.png", sound.replace(b'"mode":"r', b'"mode":"R'), 13
    yield "png_header_too_long.png", patched(sound, at, struct.pack(">I", 2**31)), 13
    yield "png_header_cut.png", sound[: at + 200], 13
    yield "png_picture_cut.png", sound[:-40], 13
    yield "png_picture_gone.png", sound[:before] + IEND, 13
    yield (
        "png_picture_bomb.png",
        PNG + ihdr(12_000, 12_001, 8, 0) + chunk(b"prFc", good) + bomb_idat() + IEND,
        13,
    )
    picture_webp = io.BytesIO()
    Image.fromarray(PHOTO.pixels).save(picture_webp, "WEBP", lossless=True)
    body = picture_webp.getvalue()
    place = body.index(b"VP8L")
    picture_part = (
        b"VP8L",
        body[place + 8 :][: struct.unpack("<I", body[place + 4 : place + 8])[0]],
    )
    packet = with_header(None, good)
    for name, xmp in {
        "no_base64": packet.replace(b"<proface:header>ey", b"<proface:header>=="),
        "no_end": packet.replace(b"</proface:header>", b""),
        "two": packet + with_header(None, other),
        "empty": packet[: packet.index(b">ey") + 1] + packet[packet.index(b"</proface") :],
        "many": with_header(None, b"{}") * 20_000,
    }.items():
        data = riff(vp8x(32, 32, 4), picture_part, (b"XMP ", xmp))
        yield f"webp_header_{name}.webp", data, 13
    data = riff(vp8x(32, 32, 4), picture_part, (b"XMP ", packet))
    # Pillow must open a WebP before it says what is in it: that it was protected is not known.
    yield "webp_picture_cut.webp", riff(vp8x(32, 32, 4), (b"XMP ", packet)) + data[-50:], 1
    for name, tag in {
        "text": (2, 4, 0x7B7B7B),
        "shorts": (3, 2, 0x7B7B),
        "rational": (5, 1, 0),
        "numbers": (4, 1, 0),
    }.items():
        yield f"tiff_header_{name}.tif", grey(**{f"t_{TIFF_TAG}": tag}), 13
    file = io.BytesIO()
    Image.fromarray(PHOTO.pixels).save(file, "TIFF", tiffinfo={TIFF_TAG: good[:-1]})
    yield "tiff_header_cut.tif", file.getvalue(), 13


def jpeg_containers() -> Files:
    file = io.BytesIO()
    Image.fromarray(PHOTO.pixels).save(file, "JPEG")
    plain = file.getvalue()

    def holding(*segments: bytes, behind: bytes = plain[2:]) -> bytes:
        return plain[:2] + b"".join(segments) + behind

    good = HEADER.to_bytes()
    whole = header_segments(good)
    large = header_segments(good + b" " * 150_000)
    head = 4 + len(IDENTIFIER)  # of a segment, before the layout's version
    for name, data in {
        "pixels_altered": holding(*whole),  # as JPEG does
        "garbage": holding(*header_segments(noise(2000))),
        "two": holding(*whole, *header_segments(good + b" ")),
        "many": holding(*(header_segments(good + b" " * n)[0] for n in range(2000))),
        "part_missing": holding(large[0], large[2]),
        "part_5000_times": holding(*whole * 5000, large[0]),
        "parts_out_of_order": holding(large[1], large[0], large[2]),
        "part_cut": holding(large[0][:-9]),
        "checksum": holding(whole[0].replace(b"random", b"Random")),
        "version_2": holding(patched(whole[0], head, b"\x02")),
        "count_huge": holding(patched(whole[0], head + 5, b"\xff" * 4)),
        "length_huge": holding(patched(whole[0], head + 9, b"\xff" * 4)),
        "length_0": holding(patched(whole[0], head + 9, bytes(4))),
        "number_0": holding(patched(whole[0], head + 1, bytes(4))),
        "nothing_but_a_name": holding(b"\xff\xeb\x00\x0a" + IDENTIFIER),
        "picture_cut": holding(*whole, behind=plain[2:-200]),
        "picture_gone": holding(*whole, behind=b"\xff\xd9"),
    }.items():
        yield f"jpeg_header_{name}.jpg", data, 13
