"""What comes back besides the pixels: sealed parts opened, and fitted to the output's format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from proface.container.header import Header
from proface.container.storage import FORMATS
from proface.errors import DamagedFileError
from proface.files.seals import open_ancillary, open_metadata
from proface.media.ancillary.parts import Ancillary
from proface.media.jpeg.tiff import Tiff
from proface.media.metadata import Metadata
from proface.media.photo import Photo


def open_parts(
    header: Header, file_key: bytes, dpi: tuple[float, float] | None, warnings: list[str] | None
) -> tuple[Metadata | None, Ancillary]:
    """Open the sealed metadata, and all else that was in the original file.

    warnings: where faults are told, to go on without the part; None to raise them.

    Raises:
        DamagedFileError: a part was altered, or belongs to another file.
    """
    metadata, ancillary = None, Ancillary()
    try:
        metadata = open_metadata(header, file_key, dpi)
    except DamagedFileError as error:
        _tell(f"EXIF and XMP cannot be recovered: {error}", error, warnings)
    try:
        ancillary = open_ancillary(header, file_key)
    except DamagedFileError as error:
        _tell(f"other parts of the file cannot be recovered: {error}", error, warnings)
    return metadata, ancillary


def _tell(text: str, error: DamagedFileError, warnings: list[str] | None) -> None:
    if warnings is None:
        raise error
    warnings.append(text)


def with_profile(photo: Photo, ancillary: Ancillary) -> Photo:
    """With the original's profile of grey levels, once the photo is grey again."""
    icc = ancillary.profile if photo.mode == "L" else None
    if icc is None:
        return photo
    return replace(photo, icc=icc, jpeg=photo.jpeg and replace(photo.jpeg, icc=icc))


def fitted_metadata(
    photo: Photo, ancillary: Ancillary, path: Path
) -> tuple[Photo, tuple[str, ...]]:
    """A photo with the metadata that its output's format holds, and names of what that does not.

    If not all parts come back, XMP that describes some of them goes too.
    """
    suffix = path.suffix.lower()
    kind = FORMATS[suffix].KIND if suffix in FORMATS else ""
    metadata = photo.metadata
    lost: tuple[str, ...] = ()
    if ancillary.dropped or (ancillary.names and kind != ancillary.format):
        metadata = metadata.without_descriptions()
    if kind == "TIFF" and metadata.exif is not None and Tiff(metadata.exif).thumbnail():
        lost += ("EXIF thumbnail",)
    if kind == "PNG" and metadata.xmp is not None and not _is_utf8(metadata.xmp):
        metadata, lost = Metadata(metadata.exif, None, metadata.dpi), (*lost, "XMP (not UTF-8)")
    jpeg = photo.jpeg and replace(photo.jpeg, metadata=metadata)
    return replace(photo, metadata=metadata, jpeg=jpeg), lost


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
