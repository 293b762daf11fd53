"""Write pictures, with or without a header, and read both back.

Pixels are written losslessly; a JPEG is written from its coefficients (`Photo.jpeg`), as they are.

Each format is a module with KIND, SUFFIXES, `write` and `headers`, registered in _MODULES. With any
format the header may be in a sidecar file beside the picture, NAME.proface.json.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO, Protocol

from proface.container import jpeg, png, tiff, webp
from proface.container.header import MAX_HEADER_BYTES
from proface.errors import DamagedFileError, ImageError, OutputError, UsageError
from proface.media.atomic_output import output_error
from proface.media.formats import is_jpeg, known_format
from proface.media.photo import Photo, read_jpeg_photo, read_stored

SIDECAR_SUFFIX = ".proface.json"


class Format(Protocol):
    """An image format: a module with these names."""

    KIND: str  # as in `media.formats.known_format`
    SUFFIXES: tuple[str, ...]

    def write(self, photo: Photo, path: Path, header: bytes | None) -> None:
        """Write without any loss, with the header if there is one."""

    def headers(self, file: BinaryIO, source: Path, limit: int) -> list[bytes]:
        """All headers in a file; DamagedFileError for one that is damaged or over the limit."""


_MODULES: tuple[Format, ...] = (png, webp, tiff, jpeg)
FORMATS = {suffix: format for format in _MODULES for suffix in format.SUFFIXES}
LOSSY_SUFFIXES = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".avif", ".heic", ".heif", ".gif", ".jp2", ".jxl"),
    ".bmp",
}
LOSSLESS_SUFFIXES = tuple(suffix for suffix in FORMATS if suffix not in LOSSY_SUFFIXES)


JPEG_SUFFIXES = jpeg.SUFFIXES


def check_suffix(path: str | os.PathLike[str], *, coefficients: bool = False) -> None:
    """Raise OutputError unless the suffix is that of a lossless format.

    coefficients: whether the photo has some, which a JPEG holds without loss.
    """
    suffix = Path(path).suffix.lower()
    if suffix in LOSSLESS_SUFFIXES or (coefficients and suffix in jpeg.SUFFIXES):
        return
    remedy = "Use .png, .webp, .tif or .jpg." if coefficients else "Use .png, .webp or .tif."
    if suffix in jpeg.SUFFIXES:
        what = f"{suffix} cannot hold these pixels without loss"
        remedy += (
            " A photo becomes a JPEG only when it is protected as one: with Options(jpeg=True), or "
            "with an output named .jpg."
        )
    elif suffix in LOSSY_SUFFIXES:
        what = f"{suffix} cannot hold a protected photo (it would lose pixels or the header)"
    else:
        what = f"{suffix or 'a name without suffix'} is not an image format that can be written"
    raise OutputError(f"{path}: {what}. {remedy}")


def write_photo(photo: Photo, path: str | os.PathLike[str], *, header: bytes | None = None) -> None:
    """Write the photo losslessly in the format of the suffix: .png, .webp, .tif or .tiff.

    Pixels, alpha, profile and all metadata of the photo are written. A greyscale photo is written
    in colour if there is a header, as protected faces hold coloured noise. In .jpg and .jpeg,
    `photo.jpeg` is written, and nothing else. An existing file is replaced; use `atomic_output`
    for the path.

    Raises OutputError: another suffix, a picture or profile that the format cannot hold, a header
    over 64 MiB, a full disk.
    """
    target = Path(path)
    check_suffix(target, coefficients=photo.jpeg is not None)
    if header is not None and len(header) > MAX_HEADER_BYTES:
        raise OutputError(
            f"{target}: the header is over {MAX_HEADER_BYTES >> 20} MiB. Protect fewer faces in "
            "one file, or leave out option `exact`."
        )
    try:
        FORMATS[target.suffix.lower()].write(photo, target, header)
    except OSError as error:
        raise output_error(target, error) from error
    except (ValueError, RuntimeError, MemoryError) as error:  # raised by Pillow's encoders
        raise OutputError(
            f"{target}: the picture cannot be written in this format ({error}). Use .png."
        ) from error


def rewrite(path: Path, photo: Photo, target: Path, header: bytes) -> None:
    """Write a protected file, read as `photo`, with another header.

    Of a JPEG only the header changes. Raises as `write_photo`.
    """
    with open(path, "rb") as file:
        kind = known_format(file.read(64))
    if kind == jpeg.KIND:
        jpeg.replace_header(path, target, header)
    else:
        write_photo(photo, target, header=header)


def read_protected(
    path: str | os.PathLike[str], sidecar: str | os.PathLike[str] | None = None
) -> tuple[Photo, bytes | None]:
    """Read a picture as stored, and its unparsed header if there is one.

    sidecar: the header's file; by default NAME.proface.json beside the picture, if it exists.

    Raises DamagedFileError if a header is damaged, two headers differ, or the picture of a header
    cannot be decoded; UsageError if a given sidecar cannot be read; otherwise as `read_photo`.
    """
    source = Path(path)
    header = _agreed(source, [*_embedded(source), *_beside(source, sidecar)])
    try:
        return (read_jpeg_photo if is_jpeg(source) else read_stored)(source), header
    except ImageError as error:
        # Lack of memory does not mean damage.
        if header is None or isinstance(error.__cause__, MemoryError) or not source.exists():
            raise
        raise DamagedFileError(
            f"{source}: the header is there, but the picture is damaged or truncated. "
            "Use another copy of the file."
        ) from error


def find_header(path: str | os.PathLike[str]) -> bytes | None:
    """Read the header from a file or its sidecar without decoding pixels.

    None without a header, also for a file that is not an image. Raises DamagedFileError if a header
    is damaged or two headers differ.
    """
    source = Path(path)
    try:
        return _agreed(source, [*_embedded(source), *_beside(source, None)])
    except ImageError:
        return None


def header_places(
    path: str | os.PathLike[str], sidecar: str | os.PathLike[str] | None = None
) -> tuple[bool, Path | None]:
    """Whether the file itself has the header, and the path of the sidecar if that has it."""
    source = Path(path)
    beside = sidecar_path(source) if sidecar is None else Path(sidecar)
    return bool(_embedded(source)), beside if _beside(source, sidecar) else None


def sidecar_path(path: str | os.PathLike[str]) -> Path:
    """The path of a picture's sidecar: its full name and ".proface.json"."""
    source = Path(path)
    return source.with_name(source.name + SIDECAR_SUFFIX)


def _agreed(source: Path, found: list[bytes]) -> bytes | None:
    if any(header != found[0] for header in found[1:]):
        raise DamagedFileError(
            f"{source}: it has two different headers (in the file, or in its sidecar). "
            "Remove the sidecar if it belongs to another picture, or use another copy."
        )
    return found[0] if found else None


def _embedded(source: Path) -> list[bytes]:
    """Every header inside the file."""
    if not os.path.isfile(source):  # opening a pipe would block
        return []
    try:
        with open(source, "rb") as file:
            kind = known_format(file.read(64))
            for format in _MODULES:
                if kind == format.KIND:
                    return format.headers(file, source, MAX_HEADER_BYTES)
    except OSError:  # read_photo reports it
        pass
    return []


def _beside(source: Path, sidecar: str | os.PathLike[str] | None) -> list[bytes]:
    path = sidecar_path(source) if sidecar is None else Path(sidecar)
    # Path.is_file raises if the sidecar's name is too long.
    if sidecar is None and not os.path.isfile(path):
        return []
    try:
        if not path.is_file() and path.exists():  # opening a pipe would block
            raise OSError(errno.EINVAL, "not a regular file")
        with open(path, "rb") as file:
            data = file.read(MAX_HEADER_BYTES + 2)
    except OSError as error:
        raise UsageError(
            f"{path}: the sidecar cannot be read ({error.strerror}). "
            "Check its name and permissions."
        ) from None
    # An editor may have added a newline.
    data = data.removesuffix(b"\n").removesuffix(b"\r")
    if sidecar is not None and data and not data.startswith(b"{"):
        raise UsageError(f"{path}: is no sidecar of a protected photo. Check option `sidecar`.")
    if not data or len(data) > MAX_HEADER_BYTES:
        raise DamagedFileError(f"{path}: the sidecar is empty or too large. Use another copy.")
    return [data]
