"""Open untrusted image files with Pillow: bounded cost, and every failure is an ImageError.

All checks that need only the file's header run before a pixel is decoded.
"""

from __future__ import annotations

import io
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from proface.errors import ImageError, MissingExtraError, ProfaceError
from proface.media import file_limits, png_chunks, tiff_limits
from proface.media.formats import ACCEPTED, has_deep_colour, known_format, refused_kind
from proface.media.kinds import SHALLOW, check_kind, holds_deep, unsupported

MAX_PIXELS = 200_000_000
# Decompression bombs: above _FREE_PIXELS a file needs a byte for every 256 pixels. JPEG needs one
# for about 90 even for a grey wall; deflate (one for 344) only exceeds it for a single colour.
_FREE_PIXELS = 25_000_000
_MOST_PIXELS_A_BYTE = 256
_HEAD_BYTES = 64 * 1024
_CHECKS: dict[str, Callable[[BinaryIO, str], None]] = {
    "PNG": png_chunks.check,
    "JPEG": file_limits.check_jpeg,
    "WEBP": file_limits.check_webp,
    "AVIF": file_limits.check_heif,
    "HEIF": file_limits.check_heif,
    "GIF": file_limits.check_gif,
    "TIFF": tiff_limits.check_tiff,
}


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """Open and decode an image file; every exception inside the block becomes an ImageError.

    Raises UnsupportedImageError for a kind that is not supported, ImageError for a damaged file.
    """
    with (
        open_image_header(path) as image,
        loaded(image, str(path), os.path.getsize(path)) as decoded,
    ):
        yield decoded


@contextmanager
def open_image_header(path: Path) -> Iterator[Image.Image]:
    """Open an image file without decoding its pixels."""
    with _as_image_errors(str(path)), pixel_limit():
        _check_type(path)
        with open(path, "rb") as file:
            _check_content(file, str(path))
        with Image.open(path, formats=_formats()) as image:
            if image.format == "AVIF" and has_deep_colour(read_head(path)):
                image.info["bit_depth"] = 10
            yield image


def read_head(path: Path) -> bytes:
    """The first 64 KiB of a file."""
    with open(path, "rb") as file:
        return file.read(_HEAD_BYTES)


def read_bytes(path: Path, most: int) -> bytes:
    """Read an image file whole, after the checks of `open_image_header`.

    Raises ImageError as that does, and for a file of more than `most` bytes.
    """
    with _as_image_errors(str(path)):
        _check_type(path)
        with open(path, "rb") as file:
            _check_content(file, str(path))
            if os.fstat(file.fileno()).st_size > most:
                raise ImageError(
                    f"{path}: the file is over {most >> 20} MiB. Save it again without what is "
                    "attached to the picture."
                )
            return file.read(most)


@contextmanager
def open_bytes_header(data: bytes, source: str) -> Iterator[Image.Image]:
    """Open an image in memory without decoding its pixels; checks and errors as for a file."""
    with _as_image_errors(source), pixel_limit(), io.BytesIO(data) as file:
        _check_content(file, source)
        with Image.open(file, formats=_formats()) as image:
            yield image


@contextmanager
def loaded(image: Image.Image, source: str, file_bytes: int | None = None) -> Iterator[Image.Image]:
    """Check and decode an opened image; errors as `open_image`. file_bytes: the file's size."""
    with _as_image_errors(source), pixel_limit():
        _check_dimensions(image, source, file_bytes)
        check_kind(image, source)
        deep = holds_deep(image)
        image.load()
        image.info["bit_depth"] = 16 if deep else 8
        _check_exif(image, source)
        yield image


def _check_dimensions(image: Image.Image, source: str, file_bytes: int | None) -> None:
    """Reject images over the pixel limit and decompression bombs."""
    pixels = image.width * image.height
    if pixels == 0:
        raise ImageError(f"{source}: the image has no pixels.")
    if pixels > MAX_PIXELS:
        raise _too_large(source, f"{image.width} x {image.height} pixels")
    if file_bytes is None or pixels <= _FREE_PIXELS:
        return
    if pixels > file_bytes * _MOST_PIXELS_A_BYTE:
        raise ImageError(
            f"{source}: {image.width} x {image.height} pixels from {file_bytes} bytes looks like a "
            "decompression bomb. If it is a photo, scale it down or save it as JPEG."
        )


def _check_exif(image: Image.Image, source: str) -> None:
    """Check EXIF wherever Pillow reads it; ImageMagick writes it into a PNG as hex."""
    tiff_limits.check_exif(image.info.get("exif"), source)
    text = image.info.get("Raw profile type exif")
    if isinstance(text, str):
        tiff_limits.check_exif(bytes.fromhex("".join(text.split("\n")[3:])), source)


def _check_type(path: Path) -> None:
    """Reject what is not a regular file, or empty."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):  # reading a pipe or device may never end
        raise ImageError(f"{path}: this is not a regular file. Give an image file.")
    if status.st_size == 0:
        raise ImageError(f"{path}: the file is empty. Get another copy of it.")


def _check_content(file: BinaryIO, source: str) -> None:
    """Reject a file by its signature or structure, before Pillow opens it."""
    head = file.read(_HEAD_BYTES)
    kind = known_format(head)
    if refused := refused_kind(head):
        raise unsupported(source, f"this is {refused[0]}", refused[1])
    if kind is None:
        raise unsupported(
            source, "this is not an image of a known kind", f"Give one of {', '.join(ACCEPTED)}"
        )
    if kind == "HEIF":
        _require_heif(source)
    if check := _CHECKS.get(kind):
        check(file, source)
    if kind == "TIFF" and (samples := tiff_limits.unsupported_samples(file)):
        raise unsupported(source, samples, SHALLOW)
    file.seek(0)


def _formats() -> list[str]:
    """The accepted formats that have a reader: that of HEIC is an extra."""
    return [name for name in ACCEPTED if name != "HEIF" or name in Image.OPEN]


def _require_heif(source: str) -> None:
    """Register the reader of HEIC, an extra."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise MissingExtraError(
            f"{source}: HEIC photos need an extra package: pip install 'proface[heic]'. Or export "
            "it as JPEG."
        ) from None
    # Previews are never asked for, and a batch has threads of its own.
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


@contextmanager
def _as_image_errors(source: str) -> Iterator[None]:
    """Turn any exception of Pillow into an ImageError that names the file."""
    try:
        yield
    except ProfaceError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise ImageError(f"{source}: there is no such file. Check its name.") from None
    except PermissionError:
        raise ImageError(f"{source}: the file may not be read. Check its permissions.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(source, "its size") from None
    except UnidentifiedImageError:
        raise _damaged(source, "its header is invalid") from None
    except OSError as error:
        if error.errno is None:  # from a decoder, not the system
            raise _damaged(source, error) from error
        raise ImageError(
            f"{source}: the file cannot be read ({error.strerror}). Check its name and the disk."
        ) from None
    except MemoryError as error:
        raise ImageError(
            f"{source}: the image does not fit into memory. Close other programs, or scale it down."
        ) from error
    except Exception as error:  # decoders raise many types for damaged files
        raise _damaged(source, error) from error


_limit_lock = threading.Lock()
_limit_users = 0
_saved_limit: int | None = None


@contextmanager
def pixel_limit() -> Iterator[None]:
    """Set Pillow's pixel limit to ours during the block, then restore it.

    Pillow has one limit per process, which the calling program may have lowered. It is reference
    counted across threads: the last one restores it.
    """
    global _limit_users, _saved_limit
    with _limit_lock:
        if _limit_users == 0:
            _saved_limit = Image.MAX_IMAGE_PIXELS
            Image.MAX_IMAGE_PIXELS = MAX_PIXELS
        _limit_users += 1
    try:
        yield
    finally:
        with _limit_lock:
            _limit_users -= 1
            if _limit_users == 0:
                Image.MAX_IMAGE_PIXELS = _saved_limit


def _damaged(source: str, reason: object) -> ImageError:
    reason = " ".join(str(reason).split())  # libheif ends its messages with a line break
    return ImageError(
        f"{source}: the image cannot be read ({reason}): it is damaged or cut off. "
        "Get another copy of it."
    )


def _too_large(source: str, what: str) -> ImageError:
    return ImageError(
        f"{source}: {what} is over the limit of {MAX_PIXELS // 1_000_000} megapixels. "
        "Scale it down first."
    )
