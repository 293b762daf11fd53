"""Open an image file with Pillow so that a hostile one costs little and always ends in our errors.

Everything that can be said from the header is checked before a pixel is decoded.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from proface.errors import ImageError, ProfaceError, UnsupportedImageError
from proface.media import png_chunks, segments, tags
from proface.media.sniff import ACCEPTED, has_deep_colour, known_format, refused_kind

MAX_PIXELS = 200_000_000
# Up to here any picture may be as flat as it likes; above it, fewer than one byte for 256 pixels is
# below what JPEG needs for a grey wall (one for about 90), and deflate (one for 344) only reaches
# it for a picture of one colour. The decoded picture must stay a modest multiple of the file.
_FREE_PIXELS = 25_000_000
_MOST_PIXELS_A_BYTE = 256
_HEAD_BYTES = 64 * 1024
_CHECKS: dict[str, Callable[[BinaryIO, str], None]] = {
    "PNG": png_chunks.check,
    "JPEG": segments.check_jpeg,
    "WEBP": segments.check_webp,
    "AVIF": segments.check_avif,
    "GIF": segments.check_gif,
    "TIFF": tags.check_tiff,
}


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """The decoded image of an accepted kind; every fault inside the block is an ImageError.

    Raises UnsupportedImageError for a kind that is refused, ImageError for one that is damaged.
    """
    with _faults_named(str(path)), pixel_limit():
        size = _first_look(path)
        with Image.open(path, formats=ACCEPTED) as image:
            check_dimensions(image, str(path), size)
            check_kind(image, str(path))
            image.load()
            _check_exif(image, str(path))
            yield image


@contextmanager
def open_image_header(path: Path) -> Iterator[Image.Image]:
    """The image opened and not decoded, for what its header says."""
    with _faults_named(str(path)), pixel_limit():
        _first_look(path)
        with Image.open(path, formats=ACCEPTED) as image:
            yield image


@contextmanager
def loaded(image: Image.Image, source: str) -> Iterator[Image.Image]:
    """The same for an image that the caller opened or made."""
    with _faults_named(source), pixel_limit():
        check_dimensions(image, source)
        check_kind(image, source)
        image.load()
        _check_exif(image, source)
        yield image


def check_dimensions(image: Image.Image, source: str, file_bytes: int | None = None) -> None:
    """Refuse what would take more memory than a photo has reason to."""
    pixels = image.width * image.height
    if pixels == 0:
        raise ImageError(f"{source}: the image has no pixels.")
    if pixels > MAX_PIXELS:
        raise _too_large(source, f"{image.width} x {image.height} pixels")
    if file_bytes is None or pixels <= _FREE_PIXELS:
        return
    if pixels > file_bytes * _MOST_PIXELS_A_BYTE:
        raise ImageError(
            f"{source}: {image.width} x {image.height} pixels from {file_bytes} bytes is no photo "
            "but a decompression bomb. If it is yours, scale it down or save it as JPEG."
        )


def check_kind(image: Image.Image, source: str) -> None:
    """Refuse by name what would lose something on the way: frames, depth, a colour space."""
    # A JPEG with a second picture inside (MPO: a preview, a gain map) is still one photo.
    if image.format != "MPO" and getattr(image, "is_animated", False):
        what = "has several pages" if image.format == "TIFF" else "is animated"
        raise _unsupported(source, f"the image {what}", "Save one frame of it as PNG")
    if image.format == "TIFF" and _is_raw_or_preview(image):
        raise _unsupported(
            source, "this is a raw camera file (or a preview only)", "Develop it to TIFF or JPEG"
        )
    if _is_deep(image):
        raise _too_deep(source)
    if image.mode == "CMYK":
        raise _unsupported(source, "the image is CMYK (for print)", "Convert it to RGB (sRGB)")
    if image.mode not in {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX"}:
        raise _unsupported(source, f"the image's colour mode is {image.mode}", "Convert it to RGB")


def _check_exif(image: Image.Image, source: str) -> None:
    """EXIF from wherever Pillow would take it; ImageMagick writes it into a PNG as hex."""
    tags.check_exif(image.info.get("exif"), source)
    text = image.info.get("Raw profile type exif")
    if isinstance(text, str):
        tags.check_exif(bytes.fromhex("".join(text.split("\n")[3:])), source)


def _is_deep(image: Image.Image) -> bool:
    if image.mode.startswith(("I", "F")):
        return True
    if image.format == "PNG":  # Pillow would cut 16-bit colour to 8 without a word
        return any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    if image.format == "TIFF":
        return max(getattr(image, "tag_v2", {}).get(258, (8,)), default=8) > 8
    return False


def _is_raw_or_preview(image: Image.Image) -> bool:
    """DNGVersion, or a first page that calls itself a reduced version of another."""
    tags = getattr(image, "tag_v2", {})
    subtype = tags.get(254, 0)
    return 50706 in tags or (isinstance(subtype, int) and bool(subtype & 1))


def _first_look(path: Path) -> int:
    """Refuse what the bytes alone tell; else the size of the file, in bytes."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):  # a pipe or a device would never end
        raise ImageError(f"{path}: this is not a file. Give an image file.")
    if status.st_size == 0:
        raise ImageError(f"{path}: the file is empty. Get another copy of it.")
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
        kind = known_format(head)
        if refused := refused_kind(head):
            raise _unsupported(str(path), f"this is {refused[0]}", refused[1])
        if kind is None:
            raise _unsupported(
                str(path), "this is no image of a known kind", f"Give one of {', '.join(ACCEPTED)}"
            )
        if kind == "AVIF" and has_deep_colour(head):
            raise _too_deep(str(path))
        if check := _CHECKS.get(kind):
            check(file, str(path))
    return status.st_size


@contextmanager
def _faults_named(source: str) -> Iterator[None]:
    """Turn whatever Pillow raises into an ImageError that names the file."""
    try:
        yield
    except ProfaceError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise ImageError(f"{source}: there is no such file. Check its name.") from None
    except PermissionError:
        raise ImageError(f"{source}: the file may not be read. Check its rights.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(source, "its size") from None
    except UnidentifiedImageError:
        raise _damaged(source, "its header makes no sense") from None
    except OSError as error:
        if error.errno is None:  # a decoder's, not the system's
            raise _damaged(source, error) from error
        raise ImageError(
            f"{source}: the file cannot be read ({error.strerror}). Check its name and its disk."
        ) from None
    except MemoryError as error:
        raise ImageError(
            f"{source}: the image does not fit into memory. Close other programs, or scale it down."
        ) from error
    except Exception as error:  # decoders raise nearly anything for a damaged file
        raise _damaged(source, error) from error


_limit_lock = threading.Lock()
_limit_users = 0
_hosts_limit: int | None = None


@contextmanager
def pixel_limit() -> Iterator[None]:
    """Lend Pillow our limit, and give the host program its own back.

    Pillow keeps one limit for the whole process and refuses twice that; the host's may be below
    ours. Threads share the loan: the last one out restores.
    """
    global _limit_users, _hosts_limit
    with _limit_lock:
        if _limit_users == 0:
            _hosts_limit = Image.MAX_IMAGE_PIXELS
            Image.MAX_IMAGE_PIXELS = MAX_PIXELS
        _limit_users += 1
    try:
        yield
    finally:
        with _limit_lock:
            _limit_users -= 1
            if _limit_users == 0:
                Image.MAX_IMAGE_PIXELS = _hosts_limit


def _damaged(source: str, reason: object) -> ImageError:
    return ImageError(
        f"{source}: the image cannot be read ({reason}): it is damaged or cut off. "
        "Get another copy of it."
    )


def _too_large(source: str, what: str) -> ImageError:
    return ImageError(
        f"{source}: {what} is over the limit of {MAX_PIXELS // 1_000_000} megapixels. "
        "Scale it down first."
    )


def _too_deep(source: str) -> UnsupportedImageError:
    return _unsupported(
        source, "the image has more than 8 bits a channel", "Save it with 8 bits a channel"
    )


def _unsupported(source: str, what: str, remedy: str) -> UnsupportedImageError:
    return UnsupportedImageError(f"{source}: {what}, which is not supported. {remedy}.")
