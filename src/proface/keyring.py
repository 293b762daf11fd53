"""Which passwords and key files open a protected file: listing them, adding, removing.

Each has a stanza of its own, which wraps the file key (docs/FORMAT.md, section 5); they share no
secret. Only the header changes: no pixel, no pad, and no key of a face that was exported.

All of this is about the last protection of a photo: one that it was put over (`--again`) keeps its
keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from proface.errors import DamagedFileError, UsageError
from proface.keys import Key, add_stanzas, check_stanzas, header_mac, opened_by
from proface.media import Header, Photo, replace_header
from proface.opening import altered, altered_header, open_file_key, read_with_header


@dataclass(frozen=True)
class Entry:
    """One password or key file that opens a file.

    Attributes:
        n: its place, from 1.
        kind: "password" or "keyfile".
        yours: whether the key that was given is this one; None if none was given.
    """

    n: int
    kind: str
    yours: bool | None = None


def list_keys(
    file: Path, key: Key | None = None, *, sidecar: Path | None = None
) -> tuple[Entry, ...]:
    """What opens a file; with a key, also which of them it is.

    Raises:
        UsageError: the file is deniable: it does not say.
        NotProtectedError, DamagedFileError: as `recover`.
    """
    photo, header = read_with_header(file, sidecar=sidecar)
    _refuse_deniable(header, photo)
    try:
        check_stanzas(header.stanzas)
        mine = None if key is None else opened_by(header.stanzas, key)
    except DamagedFileError as error:
        raise DamagedFileError(f"{photo.source}: {error}") from None
    return tuple(
        Entry(place + 1, str(stanza["type"]), None if mine is None else place in mine)
        for place, stanza in enumerate(header.stanzas)
    )


def add_keys(file: Path, key: Key, new: Sequence[Key], *, sidecar: Path | None = None) -> int:
    """Let further passwords or key files open a file, in place; returns how many do then.

    Args:
        key: opens the file.
        new: shall open it too; each but once, 32 in all.

    Raises:
        UsageError: one of them does already; too many; the file is deniable.
        WrongPasswordError, DamagedFileError, NotProtectedError: as `recover`. The file stays.
    """
    photo, header, file_key = _opened(file, key, sidecar)
    stanzas = add_stanzas(header.stanzas, file_key, new)
    _rewrite(file, photo, header, file_key, stanzas, sidecar)
    return len(stanzas)


def remove_key(file: Path, key: Key, n: int, *, sidecar: Path | None = None) -> int:
    """Take the way in of one password or key file out, in place; returns how many are left.

    Who had it and has a copy of the file as it was opens that copy as before: nothing can help it.

    Args:
        key: opens the file; it may be the one that is removed.
        n: which, as `list_keys` numbers them.

    Raises:
        UsageError: there is none of this number; it is the last; the file is deniable.
        WrongPasswordError, DamagedFileError, NotProtectedError: as `recover`. The file stays.
    """
    photo, header, file_key = _opened(file, key, sidecar)
    count = len(header.stanzas)
    if not 1 <= n <= count:
        raise UsageError(f"{file}: there is no key {n}: `keys list` shows 1 to {count}.")
    if count == 1:
        raise UsageError(
            f"{file}: this is the last key, and without it the faces are lost. Add another first."
        )
    stanzas = tuple(stanza for i, stanza in enumerate(header.stanzas, 1) if i != n)
    _rewrite(file, photo, header, file_key, stanzas, sidecar)
    return len(stanzas)


def _opened(file: Path, key: Key, sidecar: Path | None) -> tuple[Photo, Header, bytes]:
    """The photo, its header and its file key, after all that can be checked."""
    photo, header = read_with_header(file, sidecar=sidecar)
    _refuse_deniable(header, photo)
    altered(photo, header)
    file_key = open_file_key(header, key, photo.source)
    altered_header(header, file_key, photo.source, force=False)
    return photo, header, file_key


def _rewrite(
    file: Path,
    photo: Photo,
    header: Header,
    file_key: bytes,
    stanzas: tuple[Mapping[str, Any], ...],
    sidecar: Path | None,
) -> None:
    header = replace(header, stanzas=stanzas, mac=None)
    mac = header_mac(file_key, header.model_sha256, header.signed_bytes())
    replace_header(file, photo, header.with_mac(mac), sidecar)


def _refuse_deniable(header: Header, photo: Photo) -> None:
    if header.scheme == "deniable":
        raise UsageError(
            f"{photo.source}: is deniable: any password gives a picture, and the file has no list "
            "of keys. Recover it, and protect it without --deniable."
        )
