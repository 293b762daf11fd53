"""List, add and remove the passwords and key files that open a protected file.

Each has its own stanza, which wraps the file key (docs/FORMAT.md, section 5). Only the header
changes: pixels, pads and exported keys of faces stay valid.

Only the latest protection of a photo is affected; earlier ones (option `again`) keep their keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from proface.container.header import VERSION, Header
from proface.container.replace import replace_header
from proface.errors import UsageError
from proface.files.access import (
    check_header,
    check_unaltered,
    errors_name,
    open_file_key,
    read_with_header,
)
from proface.files.locate import locate
from proface.keys import Key, add_stanzas, check_stanzas, header_mac, opened_by
from proface.media.file_lock import exclusive
from proface.media.photo import Photo
from proface.models.store import ModelStore


@dataclass(frozen=True)
class Entry:
    """One password or key file that opens a file.

    Attributes:
        n: its number, from 1.
        kind: "password" or "keyfile".
        yours: whether the given key opens it; None if no key was given.
    """

    n: int
    kind: str
    yours: bool | None = None


def list_keys(
    file: Path, key: Key | None = None, *, sidecar: Path | None = None
) -> tuple[Entry, ...]:
    """List what opens a file, and with a key, which entries it opens.

    Raises:
        UsageError: the file is deniable and has no list of keys.
        NotProtectedError, DamagedFileError: as `recover`.
    """
    photo, header = read_with_header(file, sidecar=sidecar)
    _reject_deniable(header, photo)
    with errors_name(photo.source):
        check_stanzas(header.stanzas)
        mine = None if key is None else opened_by(header.stanzas, key)
        if not mine and key is not None and key.former is not None:
            mine = opened_by(header.stanzas, key.former)
    return tuple(
        Entry(index + 1, str(stanza["type"]), None if mine is None else index in mine)
        for index, stanza in enumerate(header.stanzas)
    )


def add_keys(file: Path, key: Key, new: Sequence[Key], *, sidecar: Path | None = None) -> int:
    """Add passwords or key files that open a file, in place; return how many there are now.

    Args:
        key: opens the file.
        new: the keys to add, each once; at most 32 in total.

    Raises:
        UsageError: a new key opens the file already; too many keys; the file is deniable.
        WrongPasswordError, DamagedFileError, NotProtectedError: as `recover`.
    """
    with exclusive(file):  # of two at once, the second reads what the first wrote
        photo, header, file_key = _open(file, key, sidecar)
        stanzas = add_stanzas(header.stanzas, file_key, new)
        _rewrite(file, photo, header, file_key, stanzas, sidecar)
    return len(stanzas)


def remove_key(file: Path, key: Key, n: int, *, sidecar: Path | None = None) -> int:
    """Remove a password or key file from a file, in place; return how many are left.

    Removal does not revoke old copies: the key still opens any copy made before.

    Args:
        key: opens the file; it may be the one to remove.
        n: number of the key to remove, as in `list_keys`.

    Raises:
        UsageError: the number does not exist or is the last key; the file is deniable; the pixels
            name the key too, so that it would still open the file.
        WrongPasswordError, DamagedFileError, NotProtectedError: as `recover`.
    """
    with exclusive(file):
        photo, header, file_key = _open(file, key, sidecar)
        count = len(header.stanzas)
        if not 1 <= n <= count:
            raise UsageError(f"{file}: there is no key {n}. `keys list` shows 1 to {count}.")
        if count == 1:
            raise UsageError(
                f"{file}: this is the last key; without it the faces are lost. Add another key "
                "first."
            )
        if _in_pixels(photo, header.stanzas[n - 1], header):
            raise UsageError(
                f"{file}: key {n} also stands in the protected pixels, and would still open a "
                "copy without metadata. Recover the photo, protect it again without that key, and "
                "withdraw this file."
            )
        stanzas = tuple(stanza for i, stanza in enumerate(header.stanzas, 1) if i != n)
        _rewrite(file, photo, header, file_key, stanzas, sidecar)
    return len(stanzas)


def _in_pixels(photo: Photo, stanza: Mapping[str, Any], header: Header) -> bool:
    """Whether a region of the picture describes itself with this key."""
    models = ModelStore()
    flow = models.find(header.model_name, header.model_sha256, header.mode)
    if not any(flow.public_bytes(region.h, region.w) for region in header.regions):
        return False
    located = locate(photo, models, photo.size)
    return located is not None and any(
        known["wrapped"] == stanza["wrapped"]
        for one in located.header.chain
        for known in one.stanzas
    )


def _open(file: Path, key: Key, sidecar: Path | None) -> tuple[Photo, Header, bytes]:
    """The photo, its header and its file key, after all checks."""
    photo, header = read_with_header(file, sidecar=sidecar)
    _reject_deniable(header, photo)
    check_unaltered(photo, header)
    file_key = open_file_key(header, key, photo.source)
    check_header(header, file_key, photo.source)
    return photo, header, file_key


def _rewrite(
    file: Path,
    photo: Photo,
    header: Header,
    file_key: bytes,
    stanzas: tuple[Mapping[str, Any], ...],
    sidecar: Path | None,
) -> None:
    header = replace(header, stanzas=stanzas, mac=None, version=VERSION)
    mac = header_mac(file_key, header.model_sha256, header.signed_bytes())
    replace_header(file, photo, header.with_mac(mac), sidecar)


def _reject_deniable(header: Header, photo: Photo) -> None:
    if header.scheme == "deniable":
        raise UsageError(
            f"{photo.source}: the file is deniable and has no list of keys. Recover it, and "
            "protect it without option `deniable`."
        )
