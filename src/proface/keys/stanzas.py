"""Recipient stanzas: the file key wrapped once for each password or key file, as in `age`.

A stanza in the header is one of

    {"type": "password", "kdf": {...}, "nonce": ..., "version": 2, "wrapped": ...}
    {"type": "keyfile",  "salt": ...,  "nonce": ..., "version": 2, "wrapped": ...}

with base64 of 16 bytes (salt, nonce) and of 48 (wrapped: the 32 encrypted bytes of the file key and
a tag of 16). Two keys come from HKDF-SHA256(master, salt = nonce): the nonce makes them unique,
though a batch may share one salt and thus one master key.

    encrypted = ChaCha20(key "wrap-encrypt", file key)
    tag       = HMAC-SHA256(key "wrap-commit", encrypted), the first 16 bytes

Encrypt-then-HMAC commits to the key (Grubbs, Lu, Ristenpart, "Message Franking via Committing
Authenticated Encryption", CRYPTO 2017): no stanza opens under two passwords, so that one file
does not tell about many guesses at once. ChaCha20-Poly1305, the wrap of files without "version",
does not commit; such stanzas are still opened.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from proface.errors import DamagedFileError, UsageError, WrongPasswordError
from proface.keys.checks import from_base64, require_length
from proface.keys.hkdf import subkey
from proface.keys.kdf import SALT_BYTES, KdfParameters
from proface.keys.key import Key
from proface.keys.schedule import deniable_file_key
from proface.keys.stream import stream_cipher
from proface.media.base64_text import encode

MAX_STANZAS = 32
VERSION = 2  # of the wrap
# The reader's work per file, nested headers included, is limited to 32 derivations at the default
# costs. The same KDF parameters count once, since the derivation runs once.
MAX_TOTAL_COST_KIB = MAX_STANZAS * KdfParameters(bytes(SALT_BYTES)).cost_kib

_NONCE_BYTES = 16
_KEY_BYTES, _TAG_BYTES = 32, 16
_WRAPPED_BYTES = _KEY_BYTES + _TAG_BYTES
_ZERO_NONCE = bytes(12)
_TYPES = {"password": "password", "file": "keyfile"}  # Key.kind -> stanza type


@dataclass(frozen=True)
class _Stanza:
    type: str
    kdf: KdfParameters
    nonce: bytes
    wrapped: bytes
    version: int


def wrap_file_key(file_key: bytes, key: Key, kdf: KdfParameters) -> dict[str, Any]:
    """Wrap the 32-byte file key for one `key`: a stanza as JSON types.

    Stanzas of several keys and files of a batch may share one `kdf`. Raises UsageError for a file
    key of another length.
    """
    file_key = require_length(file_key, 32, "file key")
    kind = _type_of(key)
    nonce = os.urandom(_NONCE_BYTES)
    master = key.master(kdf)
    encrypted = _encrypted(master, kind, nonce, file_key)
    wrapped = encode(encrypted + _tag(master, kind, nonce, encrypted))
    how = {"kdf": kdf.to_json()} if kind == "password" else {"salt": encode(kdf.salt)}
    return {"type": kind, **how, "nonce": encode(nonce), "version": VERSION, "wrapped": wrapped}


def new_file_key(
    keys: Sequence[Key], kdf: KdfParameters, nonce: bytes | None = None
) -> tuple[bytes, tuple[Mapping[str, Any], ...]]:
    """A file key of 32 bytes, and the stanzas from which the keys open it.

    With a nonce, that of a deniable file, which has no stanzas: derived from the first key.
    """
    if nonce:
        return deniable_file_key(keys[0], kdf, nonce), ()
    file_key = os.urandom(32)
    return file_key, add_stanzas((), file_key, keys, kdf)


def add_stanzas(
    stanzas: Sequence[Mapping[str, Any]],
    file_key: bytes,
    keys: Sequence[Key],
    kdf: KdfParameters | None = None,
) -> tuple[Mapping[str, Any], ...]:
    """Append one stanza for each key. Stanzas share no secret except the file key.

    kdf: of the new stanzas; by default that of an existing password stanza with the current costs,
        so that a reader runs Argon2id once and not once per password.

    Raises UsageError if a key already opens a stanza, or for more than 32 in total.
    """
    if len(stanzas) + len(keys) > MAX_STANZAS:
        raise UsageError(f"A file opens with at most {MAX_STANZAS} passwords and key files.")
    kdf = kdf or _present_kdf(stanzas)
    made = list(stanzas)
    for key in keys:
        if made and opened_by(made, key):
            what = "password" if key.kind == "password" else "key file"
            raise UsageError(f"A given {what} opens the file already. Give each one once.")
        made.append(wrap_file_key(file_key, key, kdf))
    return tuple(made)


def opened_by(stanzas: Sequence[object], key: Key) -> tuple[int, ...]:
    """The indices of the stanzas that a key opens. Raises DamagedFileError as `open_stanzas`."""
    return tuple(
        index
        for index, stanza in enumerate(_parse(stanzas))
        if stanza.type == _type_of(key) and _unwrap(stanza, key) is not None
    )


def open_stanzas(stanzas: Sequence[object], key: Key) -> bytes:
    """Unwrap the 32-byte file key from the first stanza that `key` opens.

    All stanzas are checked before any key is derived. Raises DamagedFileError if one is malformed
    or their total cost is too high, WrongPasswordError if the key opens none.
    """
    candidates = [stanza for stanza in _parse(stanzas) if stanza.type == _type_of(key)]
    for stanza in candidates:
        file_key = _unwrap(stanza, key)
        if file_key is not None:
            return file_key
    raise WrongPasswordError(_wrong(key, any_of_kind=bool(candidates)))


def check_stanzas(stanzas: object) -> None:
    """Check without a key that stanzas are 1 to 32, well-formed and of bounded cost.

    Raises DamagedFileError.
    """
    _parse(stanzas)


def check_total_cost(lists: Sequence[Sequence[object]]) -> None:
    """Check what trying one password on all lists of a file (nested headers) may cost together.

    Raises DamagedFileError if it is over 32 derivations at the default costs, or for a malformed
    stanza.
    """
    _limit([stanza for stanzas in lists for stanza in _parse(stanzas)])


def _parse(stanzas: object) -> list[_Stanza]:
    if not isinstance(stanzas, (list, tuple)) or not 1 <= len(stanzas) <= MAX_STANZAS:
        raise _damaged(f"it must list 1 to {MAX_STANZAS} stanzas")
    parsed = [_parse_one(stanza) for stanza in stanzas]
    _limit(parsed)
    return parsed


def _limit(parsed: Sequence[_Stanza]) -> None:
    distinct = {stanza.kdf for stanza in parsed if stanza.type == "password"}
    if sum(kdf.cost_kib for kdf in distinct) > MAX_TOTAL_COST_KIB:
        raise _damaged("its stanzas together take too much work")


def _parse_one(value: object) -> _Stanza:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or kind not in ("password", "keyfile"):
        raise _damaged("a stanza has an unknown type")
    how = "kdf" if kind == "password" else "salt"
    version = value.get("version", 1)
    if set(value) - {"version"} != {"type", how, "nonce", "wrapped"}:
        raise _damaged("a stanza's fields are missing or unknown")
    # `type is int`: True would equal 1. Version 1 is not stated.
    if "version" in value and (type(version) is not int or version != VERSION):
        raise _damaged("a stanza has an unknown version")
    if kind == "password":
        kdf = KdfParameters.from_json(value["kdf"])
    else:
        kdf = KdfParameters(from_base64(value["salt"], SALT_BYTES, "salt"))
    nonce = from_base64(value["nonce"], _NONCE_BYTES, "stanza nonce")
    wrapped = from_base64(value["wrapped"], _WRAPPED_BYTES, "wrapped key")
    return _Stanza(kind, kdf, nonce, wrapped, version)


def _unwrap(stanza: _Stanza, key: Key) -> bytes | None:
    master = key.master(stanza.kdf)
    if stanza.version == VERSION:
        encrypted, tag = stanza.wrapped[:_KEY_BYTES], stanza.wrapped[_KEY_BYTES:]
        if not bytes_eq(tag, _tag(master, stanza.type, stanza.nonce, encrypted)):
            return None
        return _encrypted(master, stanza.type, stanza.nonce, encrypted)
    cipher = ChaCha20Poly1305(subkey(master, "wrap", stanza.type, salt=stanza.nonce))
    try:
        return cipher.decrypt(_ZERO_NONCE, stanza.wrapped, None)
    except InvalidTag:
        return None


def _present_kdf(stanzas: Sequence[object]) -> KdfParameters:
    fresh = KdfParameters.fresh()
    for stanza in _parse(stanzas) if stanzas else ():
        if stanza.type == "password" and replace(stanza.kdf, salt=fresh.salt) == fresh:
            return stanza.kdf
    return fresh


def _encrypted(master: bytes, kind: str, nonce: bytes, data: bytes) -> bytes:
    """The file key encrypted, or an encrypted one decrypted."""
    return stream_cipher(subkey(master, "wrap-encrypt", kind, salt=nonce), data)


def _tag(master: bytes, kind: str, nonce: bytes, encrypted: bytes) -> bytes:
    hmac = HMAC(subkey(master, "wrap-commit", kind, salt=nonce), SHA256())
    hmac.update(encrypted)
    return hmac.finalize()[:_TAG_BYTES]


def _type_of(key: Key) -> str:
    key.check_strong()
    return _TYPES[key.kind]


def _damaged(reason: str) -> DamagedFileError:
    return DamagedFileError(
        f"The header's list of keys is invalid ({reason}): the file was damaged or altered. "
        "Use another copy."
    )


def _wrong(key: Key, *, any_of_kind: bool) -> str:
    if key.kind == "password":
        if any_of_kind:
            return "The password does not open this file. Check its spelling and try again."
        return "This file opens with a key file, not with a password. Give the key file."
    if any_of_kind:
        return "This key file does not open this file. Give the one it was protected with."
    return "This file opens with a password, not with a key file. Give the password."
