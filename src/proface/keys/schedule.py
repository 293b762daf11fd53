"""The key schedule: derives a separate key for each use (domain separation)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from proface.errors import DamagedFileError
from proface.keys.checks import require_length
from proface.keys.hkdf import subkey
from proface.keys.kdf import SALT_BYTES, KdfParameters
from proface.keys.key import Key

NONCE_BYTES = 32


def derive(
    file_key: bytes, purpose: str, *, model: str, face: int = 0, height: int = 0, width: int = 0
) -> bytes:
    """Derive the 32-byte key for one purpose, model, face and size from the file key.

    HKDF-SHA256(file key, info = "proface/1" and purpose, model, face, height, width, each with its
    length: see `hkdf.subkey`).

    file_key: 32 bytes, unique to the file.
    purpose: "header", "metadata", "seal" or "face"; the last two with the face's number.
    model: the flow's SHA-256 in hex, so that different networks never get the same pad.
    face: from 1; 0 for a purpose of the whole file.
    height, width: the region's size in pixels; 0 for a purpose of the whole file.

    Raises UsageError for a file key of another length or a negative number.
    """
    return subkey(file_key, purpose, model, face, height, width)


def deniable_file_key(key: Key, kdf: KdfParameters, nonce: bytes) -> bytes:
    """Derive the 32-byte file key of a deniable file, which cannot be checked against the file.

    HKDF-SHA256(master, salt = nonce, field "deniable"). The nonce is 32 random bytes, new for
    every file: reusing it gives two files the same pads, which exposes the difference of their
    latents. Raises UsageError for a nonce of another length.
    """
    nonce = require_length(nonce, NONCE_BYTES, "nonce")
    return subkey(key.master(kdf), "deniable", salt=nonce)


def flow_key(key: Key, nonce: bytes, *, model: str, height: int, width: int) -> bytes:
    """Derive the 32-byte keystream key of one `flow.protect(x, o, key, nonce)` without a file.

    HKDF-SHA256(master, salt = nonce, fields "flow", model, height, width). The nonce is exactly 16
    bytes (UsageError otherwise) and for a password also the Argon2id salt, at the default costs.

    Each call needs a fresh nonce: reusing it with the same model and size repeats the pad, which
    exposes the difference of the two hidden images' latents.
    """
    nonce = require_length(nonce, SALT_BYTES, "nonce")
    master = key.master(KdfParameters(salt=nonce))
    return subkey(master, "flow", model, height, width, salt=nonce)


def header_mac(file_key: bytes, model: str, data: bytes) -> bytes:
    """Compute the HMAC-SHA256 of a header's bytes under the "header" key: 32 bytes."""
    return _header_hmac(file_key, model, data).finalize()


def verify_header_mac(file_key: bytes, model: str, data: bytes, mac: bytes) -> None:
    """Verify a header's MAC in constant time; DamagedFileError if the header was altered."""
    try:
        _header_hmac(file_key, model, data).verify(mac)
    except InvalidSignature:
        raise DamagedFileError(
            "The header was altered since the file was protected (its MAC does not match). "
            "Use another copy of the file."
        ) from None


def _header_hmac(file_key: bytes, model: str, data: bytes) -> HMAC:
    hmac = HMAC(derive(file_key, "header", model=model), SHA256())
    hmac.update(data)
    return hmac
