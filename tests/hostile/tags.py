"""Hostile TIFF tags and EXIF, which has the same form: see `make`."""

from __future__ import annotations

import struct
import zlib

from PIL import Image

from tests.hostile.pieces import (
    IDAT,
    IEND,
    PNG,
    Files,
    chunk,
    grey,
    ifd,
    ihdr,
    noise,
    patched,
    riff,
    saved,
    vp8x,
)


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
    }.items():
        yield f"tiff_{name}.tif", data, 1


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
