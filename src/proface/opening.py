"""Opening a photo, protected or not: what it is, whether it was altered, and its file key."""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image

from proface.errors import (
    AlreadyProtectedError,
    DamagedFileError,
    NotProtectedError,
    UsageError,
    WrongPasswordError,
)
from proface.keys import (
    KdfParameters,
    Key,
    deniable_file_key,
    derive,
    open_stanzas,
    unseal,
    verify_header_mac,
)
from proface.media import (
    Header,
    Photo,
    check_pixels,
    find_header,
    read_photo,
    read_protected,
)

Source = str | os.PathLike[str] | Image.Image


def read_unprotected(image: Source, *, again: bool) -> tuple[Photo, Header | None]:
    """A photo to protect, and with `again` the header that it may have.

    Raises:
        UsageError: it is neither a path nor a PIL image.
        AlreadyProtectedError: it has one.
        DamagedFileError: it has one and was altered since.
    """
    if isinstance(image, Image.Image):
        return read_photo(image), None
    data = find_header(_path(image))
    if data is None:
        return read_photo(image), None
    if not again:
        raise AlreadyProtectedError(
            f"{image}: protected already. Recover it first, or add regions with --again."
        )
    photo, header = read_with_header(image)
    damage = check_pixels(header, photo)
    if damage:
        raise DamagedFileError(f"{image}: altered since it was protected: {'; '.join(damage)}.")
    return photo, header


def altered(photo: Photo, header: Header, *, force: bool = False) -> list[str]:
    """What was altered in the picture since it was protected: nothing, unless `force`.

    Raises:
        DamagedFileError: something was, and it is not forced or the picture has another size.
    """
    changes = check_pixels(header, photo) or []
    if changes and (not force or header.size != photo.size):
        raise DamagedFileError(
            f"{photo.source}: altered since it was protected: {'; '.join(changes)}. "
            "Use an unaltered copy, or --force for what can be had."
        )
    return changes


def altered_header(header: Header, file_key: bytes, source: str, *, force: bool) -> list[str]:
    """What the MAC says: nothing, or with `force` that the header was altered."""
    if header.mac is None:
        return []
    try:
        mac = bytes.fromhex(header.mac)
        verify_header_mac(file_key, header.model_sha256, header.signed_bytes(), mac)
    except DamagedFileError as error:
        reason = f"{error} {foreign}" if (foreign := _foreign(header, file_key)) else str(error)
        if not force:
            raise DamagedFileError(f"{source}: {reason}") from None
        return [reason]
    return []


def _foreign(header: Header, file_key: bytes) -> str:
    """What the seals tell of a header that was altered: whether the key goes with the rest."""
    opened = [_opens(header, file_key, name) for name in header.sealed]
    if not opened or all(opened):
        return ""
    if not any(opened):
        return "Nothing that is sealed in it opens: its stanzas are another file's, or the seals."
    return "Some of what is sealed in it does not open: it was altered, or is another file's."


def _opens(header: Header, file_key: bytes, name: str) -> bool:
    if name == "metadata":
        subkeys = [derive(file_key, name, model=header.model_sha256)]
    else:
        subkeys = [
            derive(file_key, "seal", model=header.model_sha256, face=r.n, height=r.h, width=r.w)
            for r in header.regions
            if name == f"pixels-{r.n}"
        ]
    for subkey in subkeys:
        try:
            unseal(subkey, header.sealed[name])
        except DamagedFileError:
            continue
        return True
    return False


def open_file_key(header: Header, key: Key, source: str) -> bytes:
    """The file key; for a deniable file any key gives one.

    Raises:
        WrongPasswordError: no stanza opens.
        DamagedFileError: the parameters are refused.
    """
    try:
        if header.nonce is not None:
            return deniable_file_key(key, KdfParameters.from_json(header.kdf), header.nonce)
        return open_stanzas(header.stanzas, key)
    except (WrongPasswordError, DamagedFileError) as error:
        raise type(error)(f"{source}: {error}") from None


def read_with_header(
    source: Source, header: Header | None = None, sidecar: Path | None = None
) -> tuple[Photo, Header]:
    """A protected photo as stored, and its header.

    Raises:
        UsageError: it is neither a path nor a PIL image, or an image without its header.
        NotProtectedError: there is no header.
        DamagedFileError: it is damaged, or two differ.
    """
    if isinstance(source, Image.Image):
        if header is None:
            raise UsageError("An image in memory needs the header: recover(image, key, header).")
        return read_photo(source), header
    photo, data = read_protected(_path(source), sidecar=sidecar)
    if header is not None:
        return photo, header
    if data is None:
        raise NotProtectedError(
            f"{source}: no proface header. It is not a protected photo, or its metadata was "
            "stripped: give the sidecar (--sidecar) if there is one."
        )
    return photo, Header.from_bytes(data, photo.source)


def _path(source: str | os.PathLike[str]) -> Path:
    try:
        return Path(source)
    except TypeError:
        raise UsageError(
            f"A photo is a path or a PIL image, not {type(source).__name__}. Of an array, "
            "Image.fromarray makes an image."
        ) from None
