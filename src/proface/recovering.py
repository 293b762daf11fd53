"""From protected photo to recovered photo: with the file's key all of it, with face keys some."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from proface.errors import DamagedFileError, WrongPasswordError
from proface.geometry import Box
from proface.keys import FaceKey, FaceKeys, Key, derive, unseal
from proface.media import Header, Metadata, Photo, Region, region_digest
from proface.opening import (
    Source,
    altered,
    altered_header,
    open_file_key,
    read_with_header,
)
from proface.originals import is_exact
from proface.revealing import face_keys, numbers, reveal


@dataclass(frozen=True)
class Recovered:
    """A recovered photo in memory.

    Attributes:
        photo: the original's size, pixels outside the regions equal to the original's.
        header: what was recovered.
        still: the header of an earlier protection that this key does not open, or None.
        exact: whether every region that was opened came back bit for bit, from its seal.
        opened: the numbers of the faces that a key of single faces opened; None for a whole key.
        closed: the regions that such a key left protected, of all protections.
        warnings: with `force`, what was found wrong.
    """

    photo: Photo
    header: Header
    still: Header | None = None
    exact: bool = False
    opened: tuple[int, ...] | None = None
    closed: tuple[Region, ...] = ()
    warnings: tuple[str, ...] = ()


def recover(
    source: Source, key: Key | FaceKeys, header: Header | None = None, *, force: bool = False
) -> Image.Image:
    """Bring the faces back.

    Args:
        source: path of a protected file, or a protected PIL image with its `header`.
        key: the password or key file that it was protected with, or keys of single faces.
        header: where the file does not carry it.
        force: go on where header or pixels were altered, as well as it goes.

    Returns:
        The recovered picture; save it in a lossless format to keep the rest exact.

    Raises:
        NotProtectedError, WrongPasswordError, DamagedFileError.
    """
    return recover_photo(source, key, header=header, force=force).photo.to_image()


def recover_photo(
    source: Source,
    key: Key | FaceKeys,
    *,
    header: Header | None = None,
    sidecar: Path | None = None,
    force: bool = False,
) -> Recovered:
    """As `recover`, with all that was found out on the way."""
    photo, header = read_with_header(source, header, sidecar)
    warnings = altered(photo, header, force=force)
    if isinstance(key, FaceKeys):
        return _recover_faces(photo, header, key, warnings, force=force)
    return _recover_all(photo, header, key, warnings, force=force)


def _recover_all(
    photo: Photo, header: Header, key: Key, warnings: list[str], *, force: bool
) -> Recovered:
    """Undo one protection after the other, the last one first, as far as the key opens them."""
    pixels, metadata, mode = photo.pixels, photo.metadata, header.photo_mode
    exact = True
    still: Header | None = header
    while still is not None:
        try:
            file_key = open_file_key(still, key, photo.source)
        except WrongPasswordError:
            if still is header:
                raise
            break  # an earlier protection, under another key, stays
        found = altered_header(still, file_key, photo.source, force=force)
        if found and not is_exact(still):
            found.append(
                "not every region has a sealed original in this header (it may have been taken "
                "out): such a region came back from the picture alone"
            )
        revealed = reveal(
            pixels, still, face_keys(still, file_key), source=photo.source, force=force
        )
        warnings += [*found, *revealed.warnings]
        exact = exact and len(revealed.exact) == len(still.regions)
        pixels, mode = revealed.pixels, still.photo_mode
        if "metadata" in still.sealed:
            subkey = derive(file_key, "metadata", model=still.model_sha256)
            try:
                sealed = unseal(subkey, still.sealed["metadata"])
                metadata = Metadata.from_bytes(sealed, photo.metadata.dpi)
            except DamagedFileError as error:
                if not force:
                    raise
                warnings.append(f"EXIF and XMP are lost: {error}")
        still = still.previous
    photo = Photo(pixels, photo.alpha, mode, photo.icc, metadata, photo.source)
    return Recovered(photo, header, still, exact, warnings=tuple(warnings))


def _recover_faces(
    photo: Photo, header: Header, keys: FaceKeys, warnings: list[str], *, force: bool
) -> Recovered:
    """Open the faces that single keys open; the rest of the picture stays as it is.

    Without the file key nothing tells whether the header was altered. It need not: place, size and
    pixels of each face are compared with what its key says, and a seal has a tag of its own.
    """
    opened: list[FaceKey] = []
    exact = True
    pixels = photo.pixels
    # Faces lie in no order and over none: those of an earlier protection open as they are.
    for layer in header.chain:
        mine = [key for key in keys.faces if _opens(key, layer, photo, warnings, force=force)]
        revealed = reveal(pixels, layer, mine, source=photo.source, force=force)
        warnings += revealed.warnings
        exact = exact and len(revealed.exact) == len(mine)
        pixels = revealed.pixels
        opened += mine
    if not opened:
        _explain(photo, keys)
    places = {(key.x, key.y) for key in opened}
    closed = tuple(
        region
        for layer in header.chain
        for region in layer.regions
        if (region.x, region.y) not in places
    )
    if not closed:
        photo = replace(photo, mode=header.chain[-1].photo_mode)
    return Recovered(
        replace(photo, pixels=pixels),
        header,
        exact=exact,
        opened=tuple(key.n for key in opened),
        closed=closed,
        warnings=tuple(warnings),
    )


def _opens(key: FaceKey, header: Header, photo: Photo, warnings: list[str], *, force: bool) -> bool:
    """Whether the header has the face of this key, where and as the key says.

    Raises:
        DamagedFileError: it has it elsewhere or otherwise; with `force` the key's word counts.
    """
    for region in header.regions:
        if region.sha256 != key.sha256:
            continue
        if (region.n, region.box) != (key.n, _box(key)):
            fault = f"the header's entry of region {region.n} was altered: the key says otherwise"
            if not force or not _inside(key, photo):
                raise DamagedFileError(f"{photo.source}: {fault}. Use another copy.")
            warnings.append(fault)
        return True
    return False


def _explain(photo: Photo, keys: FaceKeys) -> None:
    """Say why no key opened anything."""
    for key in keys.faces:
        if _inside(key, photo) and region_digest(photo.pixels, _box(key)) == key.sha256:
            raise DamagedFileError(
                f"{photo.source}: the face of this key is in the picture, but the header says "
                "otherwise: it was altered. Use another copy."
            )
    raise WrongPasswordError(
        f"{photo.source}: this key file opens {numbers(keys.faces)} of another protected photo, "
        "and nothing here. Give the key that was exported from this file."
    )


def _box(key: FaceKey) -> Box:
    return Box(key.x, key.y, key.w, key.h)


def _inside(key: FaceKey, photo: Photo) -> bool:
    width, height = photo.size
    return 0 < key.w <= width - key.x and 0 < key.h <= height - key.y
