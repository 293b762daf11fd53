"""Copies of photos without faces: byte for byte, unless another format or size was asked for."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from proface.container.storage import header_places, sidecar_path, write_photo
from proface.files.protect import Protected
from proface.files.restored import fitted_metadata
from proface.media.ancillary.read import read_ancillary
from proface.media.atomic_output import atomic_output
from proface.media.decode import read_head
from proface.media.formats import known_format
from proface.media.photo import read_photo

_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif"),
    "GIF": (".gif",),
    "BMP": (".bmp",),
}


def is_same_kind(source: Path, target: Path) -> bool:
    """Whether a copy of the source may have this suffix."""
    return target.suffix.lower() in _SUFFIXES.get(_kind(source), ())


def as_source(source: Path, target: Path) -> Path:
    """The target with a suffix that fits the source's content."""
    if is_same_kind(source, target):
        return target
    fitting = _SUFFIXES.get(_kind(source), (source.suffix,))
    return target.with_suffix(source.suffix if source.suffix.lower() in fitting else fitting[0])


def copy_bytes(source: Path, target: Path, *, overwrite: bool) -> None:
    """Copy a file, and its sidecar if that has its header; no wider rights than the source's."""
    _inside, beside = header_places(source)
    if beside is not None:
        _copy(beside, sidecar_path(target), overwrite=overwrite)
    _copy(source, target, overwrite=overwrite)


def copy_converted(
    source: Path, result: Protected, target: Path, *, overwrite: bool
) -> tuple[str, ...]:
    """Write a photo without regions in the format of the target, with EXIF and XMP.

    Returns the names of what else was in the source.
    """
    ancillary = read_ancillary(source).all_dropped()
    metadata = read_photo(source).metadata
    jpeg = result.photo.jpeg and replace(result.photo.jpeg, metadata=metadata, keeps_private=True)
    photo = replace(result.photo, metadata=metadata, jpeg=jpeg)
    photo, lost = fitted_metadata(photo, ancillary, target)
    earlier = result.header.previous  # with `again`, the copy keeps its header
    with atomic_output(target, overwrite=overwrite, mode=_rights(source)) as temporary:
        write_photo(photo, temporary, header=None if earlier is None else earlier.to_bytes())
    return (*lost, *ancillary.dropped)


def _copy(source: Path, target: Path, *, overwrite: bool) -> None:
    with atomic_output(target, overwrite=overwrite, mode=_rights(source)) as temporary:
        shutil.copyfile(source, temporary)


def _rights(source: Path) -> int:
    return os.stat(source).st_mode & 0o666


def _kind(source: Path) -> str:
    return known_format(read_head(source)) or ""
