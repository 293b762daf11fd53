"""Read a photo file and its header, check both for alterations, and open the file key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from PIL import Image

from proface.container.digests import changes
from proface.container.header import Header
from proface.container.storage import find_header, read_protected
from proface.embedding.base import Change
from proface.errors import (
    AlreadyProtectedError,
    DamagedFileError,
    ModelError,
    NotProtectedError,
    ProfaceError,
    UsageError,
    WrongPasswordError,
)
from proface.files.locate import ORIENTATIONS, Located, is_as_stated, locate, scaled_places
from proface.files.protected_photo import ProtectedPhoto
from proface.files.seals import describe_broken_seals
from proface.keys import (
    FaceKey,
    KdfParameters,
    Key,
    deniable_file_key,
    open_stanzas,
    verify_header_mac,
)
from proface.media.ancillary.parts import PROFILE, Part
from proface.media.ancillary.read import read_ancillary
from proface.media.colour.profiles import fitting
from proface.media.decode import open_image_header
from proface.media.formats import is_jpeg
from proface.media.photo import Photo, read_jpeg_photo, read_photo
from proface.models.store import ModelStore

Source = str | os.PathLike[str] | Image.Image

MOST_HINTED = 4_000_000  # pixels of a size that only a header states


def read_unprotected(
    image: Source, *, again: bool, jpeg: bool = False
) -> tuple[Photo, Header | None]:
    """Read a photo to protect, and with `again` its header if it has one.

    jpeg: with its coefficients, if it is a JPEG.

    Raises:
        UsageError: it is neither a path nor a PIL image.
        AlreadyProtectedError: it has a header, and `again` is not set.
        DamagedFileError: it has a header and was altered.
    """
    if isinstance(image, Image.Image):
        file = getattr(image, "filename", None)  # of an image as it was opened
        if not again and isinstance(file, str) and file and find_header(file) is not None:
            raise _protected_already(file)
        return read_photo(image), None
    data = find_header(_path(image))
    if data is None:
        return _with_ancillary(_read_source(_path(image), jpeg=jpeg), _path(image)), None
    if not again:
        raise _protected_already(str(image))
    photo, header = read_with_header(image)
    check_unaltered(photo, header)
    return _with_ancillary(photo, _path(image)), header


def _protected_already(source: str) -> AlreadyProtectedError:
    return AlreadyProtectedError(
        f"{source}: protected already. Recover it first, or add regions with option `again`."
    )


def _read_source(path: Path, *, jpeg: bool) -> Photo:
    """A photo without a header; a JPEG with its coefficients if asked, unless it is CMYK."""
    if not (jpeg and is_jpeg(path)):
        return read_photo(path)
    with open_image_header(path) as image:
        cmyk = image.mode == "CMYK"
    return read_photo(path) if cmyk else read_jpeg_photo(path)


def _with_ancillary(photo: Photo, path: Path) -> Photo:
    """With all that is in the file besides the main picture, and the profile if that changes."""
    found = replace(read_ancillary(path), converted=photo.converted)
    if photo.icc is not None and fitting(photo.icc, grey=False) != photo.icc:
        found = replace(found, parts=(*found.parts, Part("", PROFILE, photo.icc)))
    return replace(photo, ancillary=found)


def read_with_header(
    source: Source, header: Header | None = None, sidecar: Path | None = None
) -> tuple[Photo, Header]:
    """Read a protected photo as stored, and its header.

    Raises:
        UsageError: it is neither a path nor a PIL image.
        NotProtectedError: there is no header.
        DamagedFileError: the header is damaged, or there are two different ones.
    """
    photo, found = _read(source, header, sidecar)
    if found is None:
        raise NotProtectedError(
            f"{source}: no proface header found. It is not a protected photo, or its metadata was "
            "stripped. Give the sidecar with option `sidecar` if there is one."
        )
    return photo, found


def _read(
    source: Source, header: Header | None, sidecar: Path | None
) -> tuple[Photo, Header | None]:
    """A picture as stored, and its header if there is one; raises as `read_with_header`."""
    if header is not None and not isinstance(header, Header):
        raise UsageError("A header is that of a Protected: its attribute `header`.")
    if isinstance(source, Image.Image):
        return read_photo(source), header
    photo, data = read_protected(_path(source), sidecar=sidecar)
    if header is not None or data is None:
        return photo, header
    return photo, Header.from_bytes(data, photo.source)


def open_protected(
    source: Source,
    header: Header | None = None,
    sidecar: Path | None = None,
    *,
    force: bool = False,
    models: ModelStore | None = None,
    original_size: tuple[int, int] | None = None,
) -> ProtectedPhoto:
    """Read a protected photo, with its header or without.

    Args:
        source: as `recover`.
        force: accept any change of the picture.
        models: loads the flows, which find regions in pixels.
        original_size: width and height at which it was protected, if known.

    Raises:
        NotProtectedError: there is neither a header nor a region that describes itself.
        DamagedFileError: it was changed as its flow does not survive, without `force`.
    """
    models = models or ModelStore()
    photo, found = _read(source, header, sidecar)
    if found is None:
        located = locate(photo, models, original_size)
        if located is None:
            where = "the sidecar with option `sidecar` if there is one"
            if isinstance(source, Image.Image):
                where = "the path of the file, or `header`"
            raise NotProtectedError(
                f"{photo.source}: no proface header found, and no protected region in the "
                f"picture. It is not a protected photo, or it was changed too much. Give {where}."
            )
        return _from_pixels(photo, located)
    changed = changes(found, photo)
    if not changed:
        return ProtectedPhoto(photo, found)
    for orientation in ORIENTATIONS[1:] if photo.jpeg is None and found.previous is None else ():
        turned = photo.turned(orientation)
        if not changes(found, turned):
            return ProtectedPhoto(turned, found, received=photo, orientation=orientation)
    if all(_survives(one, models) for one in found.chain):
        places = scaled_places(found, photo.size)
        if places is not None and is_as_stated(photo, found, places, models):
            return ProtectedPhoto(photo, found, tuple(changed), places)
        # Cropped or turned. If to another shape, the header's size is no help: it is not what a
        # part was scaled to. Nor is a large one, which takes memory: cameras' are tried anyway.
        hint = places is not None and found.size[0] * found.size[1] <= MOST_HINTED
        located = locate(photo, models, original_size or (found.size if hint else None))
        if located is not None:
            return _from_pixels(photo, located)
        if places is not None:
            return ProtectedPhoto(photo, found, tuple(changed), places)
    return ProtectedPhoto(photo, found, tuple(check_unaltered(photo, found, force=force)))


def _from_pixels(photo: Photo, located: Located) -> ProtectedPhoto:
    turned = located.orientation != 1
    return ProtectedPhoto(
        photo.turned(located.orientation) if turned else photo,
        located.header,
        (),
        located.places,
        from_pixels=True,
        missing=located.missing,
        said=located.said,
        received=photo if turned else None,
        orientation=located.orientation,
    )


def _survives(header: Header, models: ModelStore) -> bool:
    """Whether regions of this header can be recovered after changes."""
    try:
        flow = models.find(header.model_name, header.model_sha256, header.mode)
    except ModelError:  # that the picture was altered is the more useful thing to say
        return False
    return Change.RECOMPRESSION in flow.survives


def check_unaltered(photo: Photo, header: Header, *, force: bool = False) -> list[str]:
    """Check that the picture was not altered; with `force`, return what changed instead.

    Raises:
        DamagedFileError: it was altered, without `force` or in its size.
    """
    found = changes(header, photo)
    if found and (not force or header.size != photo.size):
        raise DamagedFileError(
            f"{photo.source}: altered since it was protected: {'; '.join(found)}. "
            "Use an unaltered copy, or option `force` to recover what is possible."
        )
    return found


def check_header(header: Header, file_key: bytes, source: str, *, force: bool = False) -> list[str]:
    """Verify the header's MAC; with `force`, return what is wrong instead.

    Raises:
        DamagedFileError: the header was altered, without `force`.
    """
    if header.mac is None:
        return []
    try:
        mac = bytes.fromhex(header.mac)
        verify_header_mac(file_key, header.model_sha256, header.signed_bytes(), mac)
    except DamagedFileError as error:
        reason = f"{error} {describe_broken_seals(header, file_key)}".strip()
        if not force:
            raise DamagedFileError(f"{source}: {reason}") from None
        return [reason]
    return []


def open_file_key(header: Header, key: Key, source: str) -> bytes:
    """Unwrap or derive the file key. For a deniable file, any key yields one.

    Raises:
        WrongPasswordError: the key opens no stanza.
        DamagedFileError: the stanzas or KDF parameters are invalid.
    """
    with errors_name(source):
        if header.nonce is not None:
            return deniable_file_key(key, KdfParameters.from_json(header.kdf), header.nonce)
        try:
            return open_stanzas(header.stanzas, key)
        except WrongPasswordError:
            if key.former is None:
                raise
            return open_stanzas(header.stanzas, key.former)


def face_keys(header: Header, file_key: bytes) -> list[FaceKey]:
    """Derive the keys of all regions of a header."""
    return [FaceKey.derive(file_key, header.model_sha256, region) for region in header.regions]


@contextmanager
def errors_name(source: str) -> Iterator[None]:
    """Prefix errors of the block with the file's name."""
    try:
        yield
    except ProfaceError as error:
        raise type(error)(f"{source}: {error}") from error


def _path(source: str | os.PathLike[str]) -> Path:
    try:
        return Path(source)
    except TypeError:
        raise UsageError(
            f"A photo must be a path or a PIL image, not {type(source).__name__}. Convert an array "
            "with PIL's Image.fromarray."
        ) from None
