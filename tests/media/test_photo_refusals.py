"""Files that are refused, by name and with a remedy, and hostile ones, at little cost."""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from proface.container.storage import find_header
from proface.errors import ImageError, UnsupportedImageError
from proface.media.photo import read_photo
from tests.work import counted


def refused(path: Path, *words: str) -> str:
    """The message of the refusal, which names the file and holds the words."""
    with pytest.raises(UnsupportedImageError) as caught:
        read_photo(path)
    message = str(caught.value)
    assert str(path) in message
    assert all(word in message for word in words), message
    return message


def unreadable(path: Path, *words: str) -> None:
    with pytest.raises(ImageError) as caught:
        read_photo(path)
    assert not isinstance(caught.value, UnsupportedImageError)
    message = str(caught.value)
    assert str(path) in message
    assert all(word in message for word in words), message


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes, depth: int = 8, colour: int = 0) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", data), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(("dtype", "what"), [(np.int32, "32 bits"), (np.float32, "floating-point")])
def test_deep_grey_tiff(tmp_path: Path, dtype: type, what: str) -> None:
    Image.fromarray(np.zeros((8, 8), dtype)).save(tmp_path / "deep.tif")
    refused(tmp_path / "deep.tif", what, "Save it with 8 or 16 bits")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kind_of_samples", "compression", "what"),
    [(3, 1, "floating-point"), (1, 1, "32 bits"), (6, 1, "complex"), (2, 34676, "LogLuv")],
)
def test_deep_colour_tiff(
    tmp_path: Path, order: str, kind_of_samples: int, compression: int, what: str
) -> None:
    """Pillow cannot read it; what it is must be told all the same."""
    tags = [(256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 3, 8), (259, 3, 1, compression)]
    tags += [(262, 3, 1, 2)]
    tags += [(273, 4, 1, 20), (277, 3, 1, 3), (278, 3, 1, 1), (279, 4, 1, 12), (339, 3, 3, 14)]
    body = struct.pack(f"{order}6H", 32, 32, 32, *3 * [kind_of_samples]) + bytes(12)
    ifd = struct.pack(f"{order}H", len(tags))
    for tag, kind, count, value in tags:
        number = struct.pack(
            f"{order}HH" if kind == 3 and count == 1 else f"{order}I",
            *((value, 0) if kind == 3 and count == 1 else (value,)),
        )
        ifd += struct.pack(f"{order}HHI", tag, kind, count) + number
    mark = b"II*\0" if order == "<" else b"MM\0*"
    data = mark + struct.pack(f"{order}I", 8 + len(body)) + body + ifd + bytes(4)
    (tmp_path / "a.tif").write_bytes(data)
    refused(tmp_path / "a.tif", what, "Save it with 8 or 16 bits")


def test_other_colour_spaces(tmp_path: Path) -> None:
    Image.new("LAB", (8, 8)).save(tmp_path / "a.tif")
    refused(tmp_path / "a.tif", "LAB", "Convert it to RGB")


@pytest.mark.parametrize("mode", ["LAB", "YCbCr", "HSV", "I", "F"])
def test_pil_images_in_other_modes(mode: str) -> None:
    with pytest.raises(UnsupportedImageError, match=r"not supported\. "):
        read_photo(Image.new(mode, (8, 8)))


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".avif"])
def test_animated(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:])
    refused(tmp_path / f"a{suffix}", "animated", "one frame")
    with Image.open(tmp_path / f"a{suffix}") as image, pytest.raises(UnsupportedImageError):
        read_photo(image)


def test_several_pages(tmp_path: Path) -> None:
    page = Image.new("RGB", (8, 8))
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page])
    refused(tmp_path / "a.tif", "several pages")


def test_a_preview_or_raw_tiff(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.dng", "TIFF", tiffinfo={254: 1})
    refused(tmp_path / "a.dng", "raw camera file", "Develop it")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"8BPS\0\x01", "Photoshop"),
        (b"%PDF-1.7", "PDF"),
        (b"II*\0\x10\0\0\0CR\x02\0", "raw camera"),
    ],
)
def test_kinds_refused_by_name(tmp_path: Path, head: bytes, name: str) -> None:
    (tmp_path / "a.jpg").write_bytes(head + bytes(100))
    refused(tmp_path / "a.jpg", name, "first")


def test_no_image_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("Dear diary")
    refused(tmp_path / "a.jpg", "not an image")


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    unreadable(tmp_path / "none.jpg", "no such file")
    (tmp_path / "empty.jpg").touch()
    unreadable(tmp_path / "empty.jpg", "empty")
    unreadable(tmp_path, "not a regular file")
    unreadable(tmp_path / ("x" * 300), "cannot be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    unreadable(tmp_path / "a.png", "not a regular file")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp", ".avif", ".gif"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated(tmp_path: Path, noise, suffix: str, share: float) -> None:
    path = tmp_path / f"a{suffix}"
    noise(size=(200, 150)).to_image().save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    unreadable(path, "cannot be read", "another copy")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(20_000, 20_000, b""))
    unreadable(tmp_path / "a.png", "200 megapixels")
    (tmp_path / "b.png").write_bytes(png(2**31 - 1, 2**31 - 1, b""))
    unreadable(tmp_path / "b.png", "200 megapixels")


def test_a_bomb_below_the_limit_is_refused_by_its_size_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = zlib.compress(bytes(12_001 * 12_000), 9)
    (tmp_path / "a.png").write_bytes(png(12_000, 12_000, rows))
    decoded: list[object] = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded.append)
    with counted() as work:
        unreadable(tmp_path / "a.png", "decompression bomb")
    assert decoded == []
    assert work.lines < 10_000
    assert work.peak < 4 << 20


def test_a_png_with_endless_chunks(tmp_path: Path) -> None:
    image = png(4, 4, zlib.compress(bytes(20)))
    (tmp_path / "a.png").write_bytes(image[:33] + chunk(b"prVt", b"") * 500_001 + image[33:])
    unreadable(tmp_path / "a.png", "more data than a photo")


def test_a_jpeg_with_endless_scans(tmp_path: Path, gradient: Image.Image) -> None:
    gradient.save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[:-2] + b"\xff\xda\x00\x02" * 100 + data[-2:])
    unreadable(tmp_path / "a.jpg", "passes")


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of odd tags
def test_a_damaged_image_never_gives_another_error(tmp_path: Path, noise) -> None:
    random = np.random.default_rng(3)
    for suffix in (".png", ".jpg", ".webp", ".tif", ".gif", ".bmp"):
        path = tmp_path / f"a{suffix}"
        noise().to_image().save(path)
        good = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(40):
            bad = good.copy()
            places = random.integers(0, min(len(bad), 400), 4)
            bad[places] = random.integers(0, 256, 4)
            path.write_bytes(bad.tobytes())
            with contextlib.suppress(ImageError):
                find_header(path)
                read_photo(path)
