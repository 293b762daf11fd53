"""Make 200 and more hostile and damaged files: what must never be more than one clear line.

    python -m tests.make_hostile FOLDER

All of them are made from scratch, alike every time, and are never kept: some say that they are
large, none is. `make` gives for each name the exit code that `proface recover` must leave with: 1
for what is no protected photo or no readable one, 13 for a protected photo that is damaged, altered
or forged.

`SECRET` is the key of those that are written by somebody who has it, and means harm to whoever
shares it: their MAC is right.
"""

from __future__ import annotations

import base64
import functools
import io
import json
import os
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from proface.geometry import Box
from proface.keys import KdfParameters, Key, derive, header_mac, seal, wrap_file_key
from proface.media import Header, Region, region_digest, rest_digest
from proface.media.encoders import TIFF_TAG
from proface.media.xmp import with_header
from proface.runtime import load_flow
from tests.make_vectors import KDF, STANZA, header_for, picture, summed

SECRET = bytes(range(32))
FILE_KEY = bytes(range(64, 96))
PNG = b"\x89PNG\r\n\x1a\n"
PHOTO = picture()
HEADER = header_for(PHOTO)
DENIABLE = replace(
    HEADER, scheme="deniable", stanzas=(), kdf=KDF, nonce=bytes(32), sealed={}, mac=None
)
Files = Iterator[tuple[str, bytes, int]]


def make(folder: Path) -> dict[str, int]:
    """Write all files; returns each one's name and exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    codes: dict[str, int] = {}
    for maker in (
        *(pngs, png_texts, jpegs, tiffs, webps, gifs_and_bmps, exifs, avifs, other_kinds, cut_off),
        *(headers, parameters, regions, containers, authentic),
    ):
        for name, data, code in maker():
            assert name not in codes, name
            (folder / name).write_bytes(data)
            codes[name] = code
    for name, length, code in sparse(folder):
        os.truncate(folder / name, length)
        codes[name] = code
    assert len({Path(name).stem for name in codes}) == len(codes)  # one output name each
    return codes


# Pictures


def chunk(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    size = struct.pack(">I", len(data) if length is None else length)
    return size + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def ihdr(width: int, height: int, depth: int = 8, colour: int = 2, rest: bytes = bytes(3)) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBB", width, height, depth, colour) + rest)


def rows(width: int, height: int, channels: int = 3) -> bytes:
    return zlib.compress(bytes(height * (1 + width * channels)), 9)


IDAT = chunk(b"IDAT", rows(8, 8))
IEND = chunk(b"IEND", b"")
GOOD = PNG + ihdr(8, 8) + IDAT + IEND


def pngs() -> Files:
    for name, sides in {
        "largest": (2**31 - 1, 2**31 - 1),
        "beyond": (2**32 - 1, 8),
        "wide": (100_000, 100_000),
        "over_limit": (14_143, 14_143),
        "no_width": (0, 8),
        "no_height": (8, 0),
        "long": (8, 2**31 - 1),
        "more_than_there_is": (8, 4000),
    }.items():
        yield f"png_{name}.png", PNG + ihdr(*sides) + IDAT + IEND, 1
    yield "png_bomb.png", PNG + ihdr(12_000, 12_001, 8, 0) + bomb_idat() + IEND, 1
    for name, head in {
        "depth_3": ihdr(8, 8, 3),
        "depth_16": ihdr(8, 8, 16),
        "depth_255": ihdr(8, 8, 255),
        "colour_5": ihdr(8, 8, 8, 5),
        "compression_1": ihdr(8, 8, rest=b"\1\0\0"),
        "header_short": chunk(b"IHDR", bytes(12)),
        "header_empty": chunk(b"IHDR", b""),
        "palette_missing_and_bits": ihdr(8, 8, 16, 3),
    }.items():
        yield f"png_head_{name}.png", PNG + head + IDAT + IEND, 1
    for name, body in {
        "nothing": b"",
        "no_header": IDAT + IEND,
        "end_first": IEND + ihdr(8, 8) + IDAT,
        "no_pixels": ihdr(8, 8) + IEND,
        "header_crc": ihdr(8, 8)[:-1] + b"\0" + IDAT + IEND,
        "pixels_crc": ihdr(8, 8) + IDAT[:-1] + b"\0" + IEND,
        "pixels_no_zlib": ihdr(8, 8) + chunk(b"IDAT", b"pixels") + IEND,
        "pixels_cut": ihdr(64, 64) + chunk(b"IDAT", rows(64, 64)[:20]) + IEND,
        "pixels_broken": ihdr(64, 64) + chunk(b"IDAT", noise(500)) + IEND,
        "chunk_of_2_gib": ihdr(8, 8) + chunk(b"prVt", b"", 2**31) + IDAT + IEND,
        "chunk_of_4_gib": ihdr(8, 8) + chunk(b"IDAT", b"", 2**32 - 1) + IEND,
        "chunk_name": ihdr(8, 8) + chunk(b"\0\0\0\0", b"") + IDAT + IEND,
        "chunks_without_end": ihdr(8, 8) + chunk(b"prVt", b"") * 500_001 + IDAT + IEND,
        "filter_9": ihdr(8, 8) + chunk(b"IDAT", zlib.compress(b"\x09" * 200)) + IEND,
        "profile_bomb": ihdr(8, 8) + chunk(b"iCCP", b"p\0\0" + bomb()) + IDAT + IEND,
        "animated": ihdr(8, 8) + animation(2) + IDAT + frame_2() + IEND,
        "animated_endless": ihdr(8, 8) + animation(2**32 - 1) + IDAT + IEND,
    }.items():
        yield f"png_body_{name}.png", PNG + body, 1


def png_texts() -> Files:
    """Text that is far larger than it looks, in each of its chunks."""
    for name, body in {
        "zTXt": chunk(b"zTXt", b"Comment\0\0" + bomb()),
        "iTXt": chunk(b"iTXt", b"Comment\0\1\0\0\0" + bomb()),
        "xmp": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb()),
        "many": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(900_000))) * 100,
        "wrong_method": chunk(b"zTXt", b"Comment\0\7" + zlib.compress(b"text")),
    }.items():
        yield f"png_text_{name}.png", PNG + ihdr(8, 8) + body + IDAT + IEND, 1


@functools.cache
def bomb(megabytes: int = 64) -> bytes:
    """Zeros that deflate to a thousandth."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


def bomb_idat() -> bytes:
    return chunk(b"IDAT", bomb(137))


def animation(frames: int) -> bytes:
    control = struct.pack(">IIIIIHHBB", 0, 8, 8, 0, 0, 1, 10, 0, 0)
    return chunk(b"acTL", struct.pack(">II", frames, 0)) + chunk(b"fcTL", control)


def frame_2() -> bytes:
    control = struct.pack(">IIIIIHHBB", 1, 8, 8, 0, 0, 1, 10, 0, 0)
    return chunk(b"fcTL", control) + chunk(b"fdAT", struct.pack(">I", 2) + rows(8, 8))


def noise(length: int, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).bytes(length)


def saved(format: str, mode: str = "RGB", size: tuple[int, int] = (16, 12), **how: Any) -> bytes:
    file = io.BytesIO()
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    colours = np.stack([x * 9 % 256, y * 17 % 256, x * y % 256], 2).astype(np.uint8)
    Image.fromarray(colours).convert(mode).save(file, format, **how)
    return file.getvalue()


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def jpegs() -> Files:
    good = saved("JPEG")
    frame = good.index(b"\xff\xc0")
    for name, sides in {"largest": (65535, 65535), "none": (0, 0), "tall": (65500, 16)}.items():
        yield f"jpeg_size_{name}.jpg", patched(good, frame + 5, struct.pack(">HH", *sides)), 1
    scan = good.index(b"\xff\xda")
    for name, data in {
        "precision_12": patched(good, frame + 4, b"\x0c"),
        "precision_200": patched(good, frame + 4, b"\xc8"),
        "components_9": patched(good, frame + 9, b"\x09"),
        "components_0": patched(good, frame + 9, b"\x00"),
        "frame_length_0": patched(good, frame + 2, b"\0\0"),
        "no_frame": good[:frame] + good[scan:],
        "no_scan": good[:scan],
        "only_start": b"\xff\xd8\xff",
        "two_starts": b"\xff\xd8" * 30_000,
        "fill": b"\xff\xd8" + b"\xff" * 300_000,
        "endless_scans": good[:-2] + b"\xff\xda\0\2" * 5000 + good[-2:],
        "cmyk": saved("JPEG", "CMYK"),
        "arithmetic": patched(good, frame + 1, b"\xc9"),
        "lossless": patched(good, frame + 1, b"\xc3"),
        "garbage_behind_start": b"\xff\xd8\xff\xe0" + noise(4000),
        "tables_of_nothing": good[:2] + b"\xff\xdb\0\2" * 2000,
        "is_pdf_too": b"\xff\xd8\xff\xfe\0\x10%PDF-1.7 padded" + b"trailer",
    }.items():
        yield f"jpeg_{name}.jpg", data, 1


def ifd(*entries: tuple[int, int, int, int], after: int = 0, more: bytes = b"") -> bytes:
    """A little-endian TIFF of one directory, and what stands behind it."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    return head + body + struct.pack("<I", after) + more


def grey(width: int = 8, height: int = 8, **tags: tuple[int, int, int]) -> bytes:
    """A grey TIFF, with tags changed: name_NUMBER=(type, count, value)."""
    wanted = {
        256: (4, 1, width),
        257: (4, 1, height),
        258: (3, 1, 8),
        259: (3, 1, 1),
        262: (3, 1, 1),
        273: (4, 1, 200),
        277: (3, 1, 1),
        278: (4, 1, height),
        279: (4, 1, min(width * height, 2**32 - 1)),
    }
    wanted |= {int(name.split("_")[1]): value for name, value in tags.items()}
    data = ifd(*((tag, *value) for tag, value in wanted.items()))
    return data.ljust(200, b"\0") + bytes(min(width * height, 4096))


def tiffs() -> Files:
    deflated = zlib.compress(bytes(64))
    for name, data in {
        "nothing": b"II*\0",
        "directory_beyond": b"II*\0" + struct.pack("<I", 2**31),
        "directory_0": b"MM\0*" + bytes(4),
        "directory_of_65535": b"II*\0" + struct.pack("<IH", 8, 65535) + noise(200),
        "directory_empty": ifd(),
        "loop": ifd((256, 4, 1, 8), (257, 4, 1, 8), after=8),
        "two_pages_in_a_loop": patched(grey(), 8 + 2 + 9 * 12, struct.pack("<I", 8)),
        "size_0": grey(0, 8),
        "size_largest": grey(2**32 - 1, 2**32 - 1),
        "size_60000": grey(60_000, 60_000),
        "size_bomb": grey(14_000, 14_000),
        "size_text": grey(t_256=(2, 4, 0x41414141)),
        "size_rational": grey(t_256=(5, 1, 2**31)),
        "pixels_beyond": grey(t_273=(4, 1, 2**31)),
        "pixels_cut": grey(64, 64)[:300],
        "strips_of_4_gib": grey(t_279=(4, 1, 2**32 - 1), t_259=(3, 1, 5)),
        "strips_missing": grey(t_273=(4, 0, 0)),
        "strips_16_million": grey(t_273=(4, 1 << 24, 200)),
        "rows_0": grey(t_278=(4, 1, 0), t_259=(3, 1, 8)),
        "samples_255": grey(t_277=(3, 1, 255)),
        "samples_65535": grey(t_277=(3, 1, 65535)),
        "bits_0": grey(t_258=(3, 1, 0)),
        "bits_7": grey(t_258=(3, 1, 7)),
        "bits_16_million": grey(t_258=(3, 1 << 24, 200)),
        "bits_64": grey(t_258=(3, 1, 64)),
        "compression_unknown": grey(t_259=(3, 1, 12345)),
        "compression_jpeg": grey(t_259=(3, 1, 7)),
        "compression_old_jpeg": grey(t_259=(3, 1, 6)),
        "compression_fax_of_grey": grey(t_259=(3, 1, 4)),
        "compression_webp": grey(t_259=(3, 1, 50001)),
        "compression_zstd": grey(t_259=(3, 1, 50000)),
        "lzw_broken": grey(64, 64, t_259=(3, 1, 5)),
        "deflate_broken": grey(64, 64, t_259=(3, 1, 8)),
        "deflate_short": patched(
            grey(64, 64, t_259=(3, 1, 8), t_279=(4, 1, len(deflated))), 200, deflated
        ),
        "colour_palette_missing": grey(t_262=(3, 1, 3)),
        "colour_unknown": grey(t_262=(3, 1, 999)),
        "colour_cielab_of_one": grey(t_262=(3, 1, 8)),
        "floats": grey(t_258=(3, 1, 32), t_339=(3, 1, 3)),
        "tiles_of_0": grey(t_322=(4, 1, 0), t_323=(4, 1, 0), t_324=(4, 1, 200), t_325=(4, 1, 64)),
        "tag_of_4_gib": grey(t_700=(1, 2**32 - 1, 0)),
        "tag_type_99": grey(t_256=(99, 1, 8)),
        "raw_camera": grey(t_50706=(1, 4, 1)),
        "preview": grey(t_254=(4, 1, 1)),
        "big": b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**63) + noise(64),
        "pages": saved("TIFF", save_all=True, append_images=[Image.new("RGB", (8, 8))]),
        "cmyk": saved("TIFF", "CMYK"),
    }.items():
        yield f"tiff_{name}.tif", data, 1


def riff(*parts: tuple[bytes, bytes], length: int | None = None) -> bytes:
    body = b"WEBP"
    for kind, data in parts:
        body += kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body) if length is None else length) + body


def vp8x(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", bytes([flags, 0, 0, 0]) + sides


def vp8l(width: int, height: int, data: bytes = b"") -> tuple[bytes, bytes]:
    bits = (width - 1) | (height - 1) << 14
    return b"VP8L", b"\x2f" + struct.pack("<I", bits) + data


def webps() -> Files:
    good = saved("WEBP", lossless=True)
    frames = [Image.new("RGB", (16, 12), colour) for colour in ("red", "blue")]
    moving = saved("WEBP", save_all=True, append_images=frames)
    for name, data in {
        "nothing": riff(),
        "length_0": patched(good, 4, bytes(4)),
        "length_4_gib": patched(good, 4, b"\xff\xff\xff\xff"),
        "chunk_of_4_gib": patched(good, 16, b"\xff\xff\xff\xff"),
        "canvas_largest": riff(vp8x(1 << 24, 1 << 24), (b"VP8 ", noise(40))),
        "canvas_other": riff(vp8x(500, 500), vp8l(8, 8, noise(40))),
        "lossless_largest": riff(vp8l(16384, 16384, noise(40))),
        "lossless_bomb": riff(vp8l(14000, 14000, bytes(40))),
        "lossless_garbage": riff(vp8l(64, 64, noise(400))),
        "lossless_empty": riff(vp8l(64, 64)),
        "lossy_garbage": riff((b"VP8 ", noise(400))),
        "lossy_empty": riff((b"VP8 ", b"")),
        "no_picture": riff(vp8x(8, 8), (b"XMP ", b"text")),
        "animated": moving,
        "animated_cut": moving[: len(moving) // 2],
        "frame_outside": riff(
            vp8x(8, 8, 2), (b"ANIM", bytes(6)), (b"ANMF", b"\xff" * 16 + b"VP8L" + bytes(30))
        ),
        "unknown": riff((b"ABCD", noise(100))),
    }.items():
        yield f"webp_{name}.webp", data, 1


def gifs_and_bmps() -> Files:
    gif = saved("GIF", "L")
    frames = [Image.new("L", (16, 12), level) for level in (50, 200)]
    for name, data in {
        "screen_largest": patched(gif, 6, b"\xff\xff\xff\xff"),
        "screen_0": patched(gif, 6, bytes(4)),
        "animated": saved("GIF", "L", save_all=True, append_images=frames),
        "no_frames": gif[:13] + bytes(768) + b";",
        "only_name": b"GIF89a",
        "garbage": b"GIF89a" + noise(400),
        "cut": gif[:-20],
    }.items():
        yield f"gif_{name}.gif", data, 1
    bmp = saved("BMP")
    for name, data in {
        "largest": patched(bmp, 18, struct.pack("<ii", 2**31 - 1, 2**31 - 1)),
        "size_0": patched(bmp, 18, bytes(8)),
        "bits_0": patched(bmp, 28, bytes(2)),
        "bits_77": patched(bmp, 28, b"\x4d\0"),
        "compression_9": patched(bmp, 30, b"\x09"),
        "pixels_beyond": patched(bmp, 10, b"\xff\xff\xff\x7f"),
        "header_5": patched(bmp, 14, b"\x05"),
        "only_name": b"BM",
        "run_length_bomb": patched(
            saved("BMP", "L"), 18, struct.pack("<iiHHI", 13_000, 13_000, 1, 8, 1)
        ),
    }.items():
        yield f"bmp_{name}.bmp", data, 1


def exif_bomb(entries: int, size: int, kind: int) -> bytes:
    """Tags whose values lie all over the same bytes: kilobytes that stand for gigabytes."""
    count = size // {3: 2, 5: 8, 7: 1}[kind]
    place = 8 + 2 + 12 * entries + 4
    return ifd(*((30_000 + n, kind, count, place) for n in range(entries)), more=bytes(size))


def exifs() -> Files:
    webp = saved("WEBP", lossless=True)[20:]
    for kind, name in {3: "numbers", 5: "fractions", 7: "bytes"}.items():
        data = exif_bomb(2700, 32_000, kind)
        yield f"exif_{name}_jpeg.jpg", saved("JPEG", exif=b"Exif\0\0" + data), 1
        large = exif_bomb(3000, 100_000, kind)
        yield f"exif_{name}.png", PNG + ihdr(8, 8) + chunk(b"eXIf", large) + IDAT + IEND, 1
        parts = (vp8x(16, 12, 8), (b"VP8L", webp), (b"EXIF", large))
        yield f"exif_{name}_webp.webp", riff(*parts), 1
        text = b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n1\n" + data.hex().encode())
        yield f"exif_{name}_in_text.png", PNG + ihdr(8, 8) + chunk(b"zTXt", text) + IDAT + IEND, 1
    part = b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527)
    yield "exif_strung_together.jpg", b"\xff\xd8" + part * 600 + saved("JPEG")[2:], 1


def avifs() -> Files:
    good = saved("AVIF")
    size = good.index(b"ispe") + 8
    deep = good.index(b"av1C") + 6
    place = good.index(b"iloc")
    for name, data in {
        "size_largest": patched(good, size, b"\x7f\xff\xff\xff" * 2),
        "size_60000": patched(good, size, struct.pack(">II", 60_000, 60_000)),
        "deep": patched(good, deep, bytes([good[deep] | 0x40])),
        "box_of_0": patched(good, good.index(b"meta") - 4, bytes(4)),
        "box_of_4_gib": patched(good, good.index(b"meta") - 4, b"\xff" * 4),
        "place_garbage": patched(good, place + 4, noise(20)),
        "pixels_garbage": good[: good.index(b"mdat") + 4] + noise(400),
        "only_name": good[: good.index(b"meta") - 4],
    }.items():
        yield f"avif_{name}.avif", data, 1


def other_kinds() -> Files:
    for name, data in {
        "empty.jpg": b"",
        "one_byte.png": b"\x89",
        "text.jpg": b"Dear diary",
        "html.png": b"<!DOCTYPE html><title>photo</title>",
        "svg.png": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "pdf.jpg": b"%PDF-1.7\n" + noise(100),
        "postscript.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\nshowpage\n",
        "photoshop.png": b"8BPS\0\1" + noise(100),
        "phone.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + noise(100),
        "next.jxl": b"\xff\x0a" + noise(100),
        "digital.jp2": b"\0\0\0\x0cjP  \r\n\x87\n" + noise(100),
        "raw.jpg": b"II*\0\x10\0\0\0CR\x02\0" + noise(100),
        "archive.png": b"PK\3\4" + noise(100),
        "packed.jpg": b"\x1f\x8b\x08" + noise(100),
        "program.png": b"\x7fELF" + noise(100),
        "portable.png": b"P6 8 8 255\n" + noise(192),
        "icon.png": b"\0\0\1\0\1\0" + noise(100),
        "film.png": b"\0\0\0\x18ftypisom" + noise(100),
        "noise.jpg": noise(5000),
        "zeros.png": bytes(5000),
        "json.png": HEADER.to_bytes(),
    }.items():
        yield f"kind_{name}", data, 1


def cut_off() -> Files:
    """Sound pictures without a header, cut off."""
    random = Image.frombytes("RGB", (64, 48), noise(64 * 48 * 3))
    for suffix, format in {
        ".jpg": "JPEG",
        ".png": "PNG",
        ".webp": "WEBP",
        ".tif": "TIFF",
        ".gif": "GIF",
        ".bmp": "BMP",
        ".avif": "AVIF",
    }.items():
        file = io.BytesIO()
        random.save(file, format)
        for share in (3, 30, 70, 95):
            data = file.getvalue()
            yield f"cut_{share}_{format.lower()}{suffix}", data[: len(data) * share // 100], 1


# Headers


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
        "version_newer": {"version": 2},
        "version_huge": {"version": 10**400},
        "version_text": {"version": "1"},
        "size_huge": {"size": [10**7, 10**7]},
        "size_nested": {"size": [[32, 32]]},
        "model_path": {"model": {"name": "../../etc/passwd", "sha256": "ab" * 32}},
        "model_null": {"model": None},
        "mode_escape": {"mode": "\x1b[31mred"},
        "sealed_list": {"sealed": []},
        "sealed_many": {"sealed": {f"a{n}": "" for n in range(10_002)}},
        "sealed_no_base64": {"sealed": {"pixels-1": "A" * 1_000_001}},
        "mac_null": {"mac": None},
        "scheme_unknown": {"scheme": "\x00"},
        "unknown_fields": {f"x{n}": n for n in range(50_000)},
        "previous_list": {"previous": []},
    }.items():
        yield f"header_{name}.png", edited(**fields), 13
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
        if name in ("memory_4_tib", "work_over", "lanes_absurd"):
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


def sparse(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Files with a hole in them: large to whoever reads them, of no size on the disk."""
    for name, data, megabytes, code in (
        ("chunk.png", PNG + ihdr(8, 8) + chunk(b"prVt", b"", 140 << 20), 141, 1),
        ("header.png", PNG + ihdr(8, 8) + chunk(b"prFc", b"", 65 << 20), 66, 13),
        ("markers.jpg", b"\xff\xd8\xff\xe0", 400, 1),
        ("picture.webp", riff(vp8l(64, 64), length=400 << 20), 400, 1),
        ("pixels.webp", riff((b"VP8L", vp8l(64, 64)[1]), length=400 << 20), 400, 1),
        ("film.avif", saved("AVIF"), 400, 1),
        ("blocks.gif", b"GIF89a\x40\0\x40\0\0\0\0", 400, 1),
        ("tag.tif", grey(64, 64, **{f"t_{TIFF_TAG}": (1, 400 << 20, 500)}), 401, 1),
        ("profile.tif", grey(64, 64, t_34675=(7, 400 << 20, 500)), 401, 1),
        ("strips.tif", grey(64, 64, t_273=(3, 30 << 20, 500)), 401, 1),
        ("fractions.tif", grey(64, 64, t_282=(5, 20 << 20, 500)), 401, 1),
        ("lzw.tif", grey(64, 64, t_259=(3, 1, 5), t_279=(4, 1, 400 << 20)), 401, 1),
    ):
        (folder / f"sparse_{name}").write_bytes(data)
        yield f"sparse_{name}", megabytes << 20, code


# By somebody who has the key


def signed(header: Header) -> Header:
    """The header with a stanza that `SECRET` opens, and the MAC of that file key."""
    stanza = wrap_file_key(FILE_KEY, Key("file", SECRET), KdfParameters(bytes(16)))
    own = replace(header, stanzas=(stanza, *header.stanzas), mac=None)
    return own.with_mac(header_mac(FILE_KEY, own.model_sha256, own.signed_bytes()))


def authentic() -> Files:
    flow = load_flow()

    def file(sealed: dict[str, bytes], **fields: Any) -> bytes:
        box = Box(4, 4, 8, 8)
        found = Region(1, 4, 4, 8, 8, "blur:9", region_digest(PHOTO.pixels, box))
        plain = Header(
            model_name=flow.name,
            model_sha256=flow.digest,
            mode="random",
            size=PHOTO.size,
            regions=(found,),
            rest_sha256=rest_digest(PHOTO, [box]),
            sealed=sealed,
        )
        return carrying(signed(replace(plain, **fields)).to_bytes())

    def pixels(data: bytes) -> dict[str, bytes]:
        key = derive(FILE_KEY, "seal", model=flow.digest, face=1, height=8, width=8)
        return {"pixels-1": seal(key, data)}

    def metadata(data: bytes) -> dict[str, bytes]:
        return {"metadata": seal(derive(FILE_KEY, "metadata", model=flow.digest), data)}

    yield "authentic_model_unknown.png", file({}, model_name="other", model_sha256="cd" * 32), 1
    yield "authentic_model_other.png", file({}, model_sha256="ab" * 32), 1
    for name, data in {
        "empty": b"",
        "garbage": noise(400),
        "other_size": saved("PNG"),
        "huge": PNG + ihdr(14_000, 14_000) + IDAT + IEND,
        "cut": saved("WEBP", size=(8, 8), lossless=True)[:-20],
        "gif": saved("GIF", "L", size=(8, 8)),
        "bomb_in_text": PNG + ihdr(8, 8) + chunk(b"zTXt", b"C\0\0" + bomb()) + IDAT + IEND,
    }.items():
        yield f"authentic_pixels_{name}.png", file(pixels(data)), 13
    yield "authentic_pixels_unsealed.png", file({"pixels-1": noise(400)}), 13
    for name, data in {
        "empty": b"",
        "garbage": noise(400),
        "list": b"[]",
        "other_fields": b'{"exif":null}',
        "numbers": b'{"exif":1,"xmp":2}',
        "no_base64": b'{"exif":"*","xmp":null}',
        "deep": b"[" * 100_000,
    }.items():
        yield f"authentic_metadata_{name}.png", file(metadata(data)), 13
    yield "authentic_metadata_unsealed.png", file({"metadata": noise(400)}), 13


def main() -> None:
    codes = make(Path(sys.argv[1]))
    print(f"{len(codes)} files")


if __name__ == "__main__":
    main()
