"""The inputs that fuzzing starts from: small files of every kind, made anew each time."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import proface
from fuzz.targets import key
from proface.codec.face_coder import MIN_SIDE, encode
from proface.container.pixel_description import PixelDescription
from proface.container.storage import find_header
from proface.files.face_keys import export_faces
from proface.keys import KdfParameters, Key, wrap_file_key
from proface.media.jpeg import from_pixels, jpeg_bytes, region_coefficients
from proface.media.jpeg.header import header_segments
from proface.types import Box

_VECTORS = Path(__file__).parent.parent / "tests" / "container" / "vectors"
_BOX = Box(0, 0, 16, 16)


def make(target: str, folder: Path) -> int:
    """Write the seeds of a target into a folder, and say how many bytes they have."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "header": _headers,
        "key_file": _key_files,
        "photo": _photos,
        "protected": _protected,
        "jpeg": _jpegs,
        "face": _faces,
        "description": _descriptions,
    }[target]()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return sum(map(len, files.values()))


def picture(mode: str = "RGB", size: tuple[int, int] = (24, 20)) -> Image.Image:
    """A small picture with some of everything."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    colours = np.stack([x * 9 % 256, y * 11 % 256, (x * y) % 256, 255 - x * 5 % 256], 2)
    return Image.fromarray(colours.astype(np.uint8), "RGBA").convert(mode)


def _photos() -> dict[str, bytes]:
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "A. Photographer"
    exif.get_ifd(0x8825)[1] = "N"
    profile = bytes(128)
    kept = {"exif": exif.tobytes(), "dpi": (72, 72), "icc_profile": profile}
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF tiff:Orientation="6"/></x:xmpmeta>'
    palette = picture().quantize(16)
    frames = [picture(), picture().rotate(180)]
    return {
        "rgb.jpg": _saved(picture(), "JPEG", **kept, xmp=xmp),
        "grey.jpg": _saved(picture("L"), "JPEG", progressive=True),
        "cmyk.jpg": _saved(picture("CMYK"), "JPEG"),
        "several.mpo": _saved(frames[0], "MPO", save_all=True, append_images=frames[1:]),
        "rgb.png": _saved(picture(), "PNG", **kept),
        "rgba.png": _saved(picture("RGBA"), "PNG"),
        "palette.png": _saved(palette, "PNG", transparency=3, bits=4),
        "one_bit.png": _saved(picture("1"), "PNG"),
        "deep.png": _saved(Image.fromarray(np.zeros((4, 4), np.uint16)), "PNG"),
        "animated.png": _saved(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "lossy.webp": _saved(picture(), "WEBP", **kept, xmp=xmp),
        "lossless.webp": _saved(picture("RGBA"), "WEBP", lossless=True),
        "animated.webp": _saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "plain.tif": _saved(picture(), "TIFF", dpi=(72, 72)),
        "deflate.tif": _saved(picture(), "TIFF", compression="tiff_adobe_deflate", exif=exif),
        "jpeg.tif": _saved(picture(), "TIFF", compression="jpeg"),
        "fax.tif": _saved(picture("1"), "TIFF", compression="group4"),
        "palette.tif": _saved(palette, "TIFF", compression="tiff_lzw"),
        "still.gif": _saved(palette, "GIF", transparency=1),
        "animated.gif": _saved(palette, "GIF", save_all=True, append_images=[palette.rotate(90)]),
        "rgb.bmp": _saved(picture(), "BMP"),
        "rgb.avif": _saved(picture(), "AVIF", **kept),
        "phone.heic": struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic",
    }


def _protected() -> dict[str, bytes]:
    found = {}
    settings: dict[str, dict[str, Any]] = {
        "plain": {},
        "exact": {"exact": True},
        "deniable": {"deniable": True},
    }
    with _folder() as folder:
        image = picture("RGBA", (32, 32))
        for name, more in settings.items():
            result = proface.protect(
                image.convert("RGB") if name == "deniable" else image,
                key(),
                proface.Options(detect=False, regions=[_BOX], **more),
            )
            for suffix in (".png", ".webp", ".tif"):
                result.save(folder / f"{name}{suffix}", check=False)
        proface.protect(
            folder / "plain.png",
            key(),
            proface.Options(detect=False, regions=[Box(16, 16, 16, 16)], again=True),
        ).save(folder / "twice.png", check=False)
        for path in folder.iterdir():
            found[path.name] = path.read_bytes()
    return found


def _jpegs() -> dict[str, bytes]:
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "A. Photographer"
    base = from_pixels(np.asarray(picture()), icc=bytes(128))
    return {
        "plain.jpg": _saved(picture(), "JPEG", exif=exif.tobytes(), comment=b"behind a tree"),
        "progressive.jpg": _saved(picture(), "JPEG", progressive=True, quality=60),
        "full.jpg": _saved(picture(), "JPEG", subsampling="4:4:4", restart_marker_blocks=2),
        "grey.jpg": _saved(picture("L"), "JPEG"),
        "header.jpg": jpeg_bytes(base, bytes(1000)) + b"behind",
        "segment": header_segments(b"header")[0][4:],
        "region": region_coefficients(base, Box(0, 0, 16, 16)),
    }


def _faces() -> dict[str, bytes]:
    found = {}
    for side, length in ((16, 24), (40, 100), (64, 300), (100, 2000)):
        pixels = np.asarray(picture("RGB", (side, side)))
        found[str(side)] = bytes([side - MIN_SIDE] * 2) + encode(pixels, length)
    return found


def _descriptions() -> dict[str, bytes]:
    kdf = KdfParameters(bytes(16), memory_kib=16384, iterations=4, lanes=1)
    ways = {"file": (key(), 7, "RGB"), "password": (Key.from_password("a password"), 1, "L")}
    found = {}
    for name, (one, count, mode) in ways.items():
        found[name] = PixelDescription(
            model=b"abcd",
            file=b"efgh",
            count=count,
            n=count,
            x=16,
            y=32,
            w=160,
            h=192,
            size=(640, 480),
            photo_mode="L" if mode == "L" else "RGB",
            keys=count,
            stanza=wrap_file_key(bytes(32), one, kdf),
        ).to_bytes()
    return found


def _headers() -> dict[str, bytes]:
    found = {}
    with _folder() as folder:
        for name, data in _protected().items():
            path = folder / name
            path.write_bytes(data)
            found[f"{name}.json"] = find_header(path) or b""
    for path in sorted(_VECTORS.glob("*.png")):
        try:
            found[f"vector-{path.stem}.json"] = find_header(path) or b""
        except proface.ProfaceError:
            continue
    return found


def _key_files() -> dict[str, bytes]:
    with _folder() as folder:
        key().save(folder / "whole.key")
        image = picture(size=(48, 16))
        boxes = [_BOX, Box(32, 0, 16, 16)]
        photo = folder / "photo.png"
        proface.protect(image, key(), proface.Options(detect=False, regions=boxes)).save(
            photo, check=False
        )
        export_faces(photo, key(), [1, 2]).save(folder / "faces.key")
        photo.unlink()
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def _saved(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


class _folder:
    """A folder that is gone afterwards."""

    def __enter__(self) -> Path:
        import tempfile

        self._held = tempfile.TemporaryDirectory()
        return Path(self._held.name)

    def __exit__(self, *error: object) -> None:
        self._held.cleanup()
