"""Stanzas: the same file key wrapped once for each password or key file, as in `age`.

In the header a stanza is one of

    {"type": "password", "kdf": {...}, "nonce": ..., "wrapped": ...}
    {"type": "keyfile",  "salt": ...,  "nonce": ..., "wrapped": ...}

with base64 of 16 bytes (salt, nonce) and of 48 (wrapped: the 32 bytes of the file key and a
tag of 16). wrapped = ChaCha20-Poly1305 under HKDF-SHA256(master, salt = nonce, fields "wrap", type)
with a cipher nonce of zero: the stanza's own nonce makes the wrap key new each time, though a whole
batch may share one salt and so one master.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from proface.errors import DamagedFileError, UsageError, WrongPasswordError
from proface.keys.checks import from_base64, require_length, to_base64
from proface.keys.hkdf import subkey
from proface.keys.kdf import SALT_BYTES, KdfParameters
from proface.keys.key import Key

MAX_STANZAS = 32
# What a header may cost its reader in all: each of 32 stanzas its own salt at the default costs.
# One KDF counts once however many stanzas share it, as it is run once.
MAX_TOTAL_COST_KIB = MAX_STANZAS * KdfParameters(bytes(SALT_BYTES)).cost_kib

_NONCE_BYTES = 16
_WRAPPED_BYTES = 32 + 16
_ZERO_NONCE = bytes(12)
_TYPES = {"password": "password", "file": "keyfile"}  # a Key's kind -> its stanzas' type


@dataclass(frozen=True)
class _Stanza:
    type: str
    kdf: KdfParameters
    nonce: bytes
    wrapped: bytes


def wrap_file_key(file_key: bytes, key: Key, kdf: KdfParameters) -> dict[str, Any]:
    """One stanza: the 32-byte file key, wrapped so that `key` opens it. JSON-able.

    Stanzas of several keys, and files of one batch, may share one `kdf`. Raises UsageError for a
    file key of another length.
    """
    file_key = require_length(file_key, 32, "file key")
    kind = _type_of(key)
    nonce = os.urandom(_NONCE_BYTES)
    wrapped = _cipher(key, kdf, kind, nonce).encrypt(_ZERO_NONCE, file_key, None)
    how = {"kdf": kdf.to_json()} if kind == "password" else {"salt": to_base64(kdf.salt)}
    return {"type": kind, **how, "nonce": to_base64(nonce), "wrapped": to_base64(wrapped)}


def add_stanzas(
    stanzas: Sequence[Mapping[str, Any]],
    file_key: bytes,
    keys: Sequence[Key],
    kdf: KdfParameters | None = None,
) -> tuple[Mapping[str, Any], ...]:
    """The stanzas, and after them one for each of the keys. They share no secret but the file key.

    kdf: for the new ones; without, the passwords' that the file has, if its costs are today's:
        a reader then runs Argon2id once, not once for each password.

    Raises UsageError if a key opens a stanza already, or for more than 32 in all.
    """
    if len(stanzas) + len(keys) > MAX_STANZAS:
        raise UsageError(f"A file opens with at most {MAX_STANZAS} passwords and key files.")
    kdf = kdf or _present_kdf(stanzas)
    made = list(stanzas)
    for key in keys:
        if made and opened_by(made, key):
            what = "password" if key.kind == "password" else "key file"
            raise UsageError(f"A {what} was given that opens the file already. Give each once.")
        made.append(wrap_file_key(file_key, key, kdf))
    return tuple(made)


def opened_by(stanzas: Sequence[object], key: Key) -> tuple[int, ...]:
    """The places, from 0, of the stanzas that a key opens. Raises DamagedFileError as below."""
    places = []
    for place, stanza in enumerate(_parse(stanzas)):
        if stanza.type == _type_of(key) and _unwrap(stanza, key) is not None:
            places.append(place)
    return tuple(places)


def open_stanzas(stanzas: Sequence[object], key: Key) -> bytes:
    """The 32-byte file key, from the first stanza that `key` opens.

    All stanzas are checked before any work is done. Raises DamagedFileError if one is malformed or
    together they ask for too much work, WrongPasswordError if the key opens none.
    """
    checked = _parse(stanzas)
    ours = [stanza for stanza in checked if stanza.type == _type_of(key)]
    for stanza in ours:
        file_key = _unwrap(stanza, key)
        if file_key is not None:
            return file_key
    raise WrongPasswordError(_wrong(key, any_of_kind=bool(ours)))


def check_stanzas(stanzas: object) -> None:
    """Check a header's list of stanzas without a key: 1 to 32, well-formed, of bounded work.

    Costs nothing. Raises DamagedFileError.
    """
    _parse(stanzas)


def _parse(stanzas: object) -> list[_Stanza]:
    if not isinstance(stanzas, (list, tuple)) or not 1 <= len(stanzas) <= MAX_STANZAS:
        raise _damaged(f"it must list 1 to {MAX_STANZAS} stanzas")
    parsed = [_parse_one(stanza) for stanza in stanzas]
    distinct = {stanza.kdf for stanza in parsed if stanza.type == "password"}
    if sum(kdf.cost_kib for kdf in distinct) > MAX_TOTAL_COST_KIB:
        raise _damaged("its stanzas together ask for too much work")
    return parsed


def _parse_one(value: object) -> _Stanza:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or kind not in ("password", "keyfile"):
        raise _damaged("a stanza is of no known type")
    how = "kdf" if kind == "password" else "salt"
    if set(value) != {"type", how, "nonce", "wrapped"}:
        raise _damaged("a stanza's fields are missing or unknown")
    if kind == "password":
        kdf = KdfParameters.from_json(value["kdf"])
    else:
        kdf = KdfParameters(from_base64(value["salt"], SALT_BYTES, "salt"))
    nonce = from_base64(value["nonce"], _NONCE_BYTES, "stanza nonce")
    return _Stanza(kind, kdf, nonce, from_base64(value["wrapped"], _WRAPPED_BYTES, "wrapped key"))


def _unwrap(stanza: _Stanza, key: Key) -> bytes | None:
    cipher = _cipher(key, stanza.kdf, stanza.type, stanza.nonce)
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


def _cipher(key: Key, kdf: KdfParameters, kind: str, nonce: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(subkey(key.master(kdf), "wrap", kind, salt=nonce))


def _type_of(key: Key) -> str:
    key.check_strong()
    return _TYPES[key.kind]


def _damaged(reason: str) -> DamagedFileError:
    return DamagedFileError(
        f"The header's list of keys is refused ({reason}): the file was damaged or altered. "
        "Use another copy of it."
    )


def _wrong(key: Key, *, any_of_kind: bool) -> str:
    if key.kind == "password":
        if any_of_kind:
            return "The password does not open this file. Check its spelling and try again."
        return "This file opens with a key file, not with a password. Give the key file."
    if any_of_kind:
        return "This key file does not open this file. Give the one it was protected with."
    return "This file opens with a password, not with a key file. Give the password."
