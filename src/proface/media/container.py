"""Write a picture without loss, with or without a header, and read both again.

PNG    a private chunk `prFc` before the pixels
WebP   base64 in the XMP packet
TIFF   tag 65000, bytes
any    a sidecar beside it, NAME.proface.json
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from PIL import Image

from proface.errors import (
    DamagedFileError,
    ImageError,
    OutputError,
    UsageError,
)
from proface.media import png_chunks, xmp
from proface.media.encoders import ENCODERS, TIFF_TAG
from proface.media.header import MAX_HEADER_BYTES
from proface.media.opening import open_image_header
from proface.media.output import output_error
from proface.media.photo import Photo, read_stored
from proface.media.sniff import known_format

SIDECAR_SUFFIX = ".proface.json"
LOSSLESS_SUFFIXES = tuple(ENCODERS)
_LOSSY = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".avif", ".heic", ".heif", ".gif", ".jp2", ".jxl"),
    ".bmp",
}


def check_suffix(path: str | os.PathLike[str]) -> None:
    """Raise OutputError, saying what to use, unless the name's suffix is a lossless format's."""
    suffix = Path(path).suffix.lower()
    if suffix in ENCODERS:
        return
    if suffix in _LOSSY:
        what = f"{suffix} cannot hold a protected photo (it would lose pixels or the header)"
    else:
        what = f"{suffix or 'a name without suffix'} says no image format that is written"
    raise OutputError(f"{path}: {what}. Use .png, .webp or .tif.")


def write_photo(photo: Photo, path: str | os.PathLike[str], *, header: bytes | None = None) -> None:
    """Write the photo without loss, in the format of the suffix: .png, .webp, .tif or .tiff.

    Profile, alpha and resolution are kept; EXIF and XMP are written as far as `photo.metadata` has
    them. A grey photo is written grey, but in colour if there is a header: protected faces hold
    coloured noise. An existing file is replaced; use `atomic_output` for the path.

    Raises OutputError: another suffix, a picture or profile that the format cannot hold, a header
    over 64 MiB, a full disk.
    """
    target = Path(path)
    check_suffix(target)
    if header is not None and len(header) > MAX_HEADER_BYTES:
        raise OutputError(
            f"{target}: the header is over {MAX_HEADER_BYTES >> 20} MiB. Protect fewer faces in "
            "one file, or without exact recovery."
        )
    try:
        ENCODERS[target.suffix.lower()](photo, target, header)
    except OSError as error:
        raise output_error(target, error) from error
    except (ValueError, RuntimeError, MemoryError) as error:  # what Pillow's encoders raise
        raise OutputError(
            f"{target}: the picture cannot be written in this format ({error}). Use .png."
        ) from error


def read_protected(
    path: str | os.PathLike[str], sidecar: str | os.PathLike[str] | None = None
) -> tuple[Photo, bytes | None]:
    """The picture as stored, and its header if there is one.

    sidecar: the header's own file; without, NAME.proface.json where it stands beside the picture.
    The header is not parsed here (`Header.from_bytes`), nor are the pixels compared with it.

    Raises DamagedFileError if a header is damaged, if two headers differ, or if the picture beside
    a header cannot be decoded; otherwise as `read_photo`; UsageError if a given sidecar cannot be
    read.
    """
    source = Path(path)
    header = _agreed(source, [*_embedded(source), *_beside(source, sidecar)])
    try:
        return read_stored(source), header
    except ImageError as error:
        # Too little memory says nothing about the file.
        if header is None or isinstance(error.__cause__, MemoryError) or not source.exists():
            raise
        raise DamagedFileError(
            f"{source}: the header is there, but the picture is damaged or cut off. "
            "Use another copy of the file."
        ) from error


def find_header(path: str | os.PathLike[str]) -> bytes | None:
    """The header in the file or in the sidecar beside it; no pixel is decoded.

    None for a file without, also for one that is no image. Raises DamagedFileError for a header
    that is damaged or there twice with different contents.
    """
    source = Path(path)
    try:
        return _agreed(source, [*_embedded(source), *_beside(source, None)])
    except ImageError:
        return None


def header_places(
    path: str | os.PathLike[str], sidecar: str | os.PathLike[str] | None = None
) -> tuple[bool, Path | None]:
    """Whether the header is in the file itself, and the sidecar that has it too, or alone."""
    source = Path(path)
    beside = sidecar_path(source) if sidecar is None else Path(sidecar)
    return bool(_embedded(source)), beside if _beside(source, sidecar) else None


def sidecar_path(path: str | os.PathLike[str]) -> Path:
    """Where a picture's sidecar stands: its whole name and ".proface.json"."""
    source = Path(path)
    return source.with_name(source.name + SIDECAR_SUFFIX)


def _agreed(source: Path, found: list[bytes]) -> bytes | None:
    if any(header != found[0] for header in found[1:]):
        raise DamagedFileError(
            f"{source}: two headers were found (in the file, or in its sidecar) and they differ. "
            "Remove the sidecar if it belongs to another picture, or use another copy."
        )
    return found[0] if found else None


def _embedded(source: Path) -> list[bytes]:
    """Every header inside the file."""
    if not os.path.isfile(source):  # opening a pipe would wait for ever
        return []
    try:
        with open(source, "rb") as file:
            kind = known_format(file.read(64))
            if kind == "PNG":
                return png_chunks.header_chunks(file, str(source), MAX_HEADER_BYTES)
    except OSError:  # read_photo says what is wrong with it
        return []
    if kind not in ("WEBP", "TIFF"):
        return []
    with open_image_header(source) as image:
        return _in_tag(image, source) if kind == "TIFF" else _in_xmp(image, source)


def _in_tag(image: Image.Image, source: Path) -> list[bytes]:
    value = getattr(image, "tag_v2", {}).get(TIFF_TAG)
    if value is None:
        return []
    if not isinstance(value, bytes) or len(value) > MAX_HEADER_BYTES:
        raise DamagedFileError(
            f"{source}: tag {TIFF_TAG} does not hold a header of a possible size: the file was "
            "altered. Use another copy."
        )
    return [value]


def _in_xmp(image: Image.Image, source: Path) -> list[bytes]:
    packet = image.info.get("xmp")
    return xmp.headers(packet, str(source), MAX_HEADER_BYTES) if isinstance(packet, bytes) else []


def _beside(source: Path, sidecar: str | os.PathLike[str] | None) -> list[bytes]:
    path = sidecar_path(source) if sidecar is None else Path(sidecar)
    # Path.is_file would raise for a name that ".proface.json" makes too long.
    if sidecar is None and not os.path.isfile(path):
        return []
    try:
        if not path.is_file() and path.exists():  # a pipe would wait for ever
            raise OSError(errno.EINVAL, "it is no file")
        with open(path, "rb") as file:
            data = file.read(MAX_HEADER_BYTES + 2)
    except OSError as error:
        raise UsageError(
            f"{path}: the sidecar cannot be read ({error.strerror}). Check its name and rights."
        ) from None
    # An editor may have ended the line.
    data = data.removesuffix(b"\n").removesuffix(b"\r")
    if not data or len(data) > MAX_HEADER_BYTES:
        raise DamagedFileError(f"{path}: the sidecar is empty or too large. Use another copy.")
    return [data]
