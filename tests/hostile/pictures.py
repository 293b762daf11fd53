"""Hostile and damaged pictures, which have no header: see `make_hostile`."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from tests.container.make_vectors import header_for, picture
from tests.hostile.pieces import (
    IDAT,
    IEND,
    PNG,
    Files,
    animation,
    bomb,
    bomb_idat,
    chunk,
    frame_2,
    ihdr,
    noise,
    patched,
    riff,
    rows,
    saved,
    vp8l,
    vp8x,
)


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
        "arithmetic": patched(good, frame + 1, b"\xc9"),
        "lossless": patched(good, frame + 1, b"\xc3"),
        "garbage_behind_start": b"\xff\xd8\xff\xe0" + noise(4000),
        "tables_of_nothing": good[:2] + b"\xff\xdb\0\2" * 2000,
        "is_pdf_too": b"\xff\xd8\xff\xfe\0\x10%PDF-1.7 padded" + b"trailer",
    }.items():
        yield f"jpeg_{name}.jpg", data, 1


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


def heics() -> Files:
    """Damaged and hostile HEIC; without the extra `heic` they are refused with its name."""
    file = io.BytesIO()
    try:
        import pillow_heif
    except ImportError:
        return
    pillow_heif.from_pillow(Image.new("RGB", (64, 64), "red")).save(file)
    good = file.getvalue()
    size = good.index(b"ispe") + 8
    for name, data in {
        "size_largest": patched(good, size, b"\x7f\xff\xff\xff" * 2),
        "size_60000": patched(good, size, struct.pack(">II", 60_000, 60_000)),
        "box_of_0": patched(good, good.index(b"meta") - 4, bytes(4)),
        "box_of_4_gib": patched(good, good.index(b"meta") - 4, b"\xff" * 4),
        "place_garbage": patched(good, good.index(b"iloc") + 4, noise(20)),
        "associations": patched(good, good.index(b"ipma") + 8, b"\xff" * 4),
        "pixels_garbage": good[: good.index(b"mdat") + 4] + noise(400),
        "only_name": good[: good.index(b"meta") - 4],
        "cut": good[: len(good) * 2 // 3],
    }.items():
        yield f"heic_{name}.heic", data, 1


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
        "json.png": header_for(picture()).to_bytes(),
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
