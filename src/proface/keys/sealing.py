"""Sealing: authenticated encryption (AEAD) with padding that hides most of the length.

    sealed = nonce (12 random bytes), then ChaCha20-Poly1305(subkey, nonce, padded), its tag last
    padded = length of the plaintext (8 bytes, big-endian), plaintext, zeros up to the size class

The compressed size of a face or of metadata reveals something about it, so `padded` has the length
of a size class: at least 256 bytes, and above that the Padmé length (Nikitin et al., "Reducing
Metadata Leakage from Encrypted Files and Communication with PURBs", PoPETs 2019(4)), which adds
less than 12 %.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from proface.errors import DamagedFileError
from proface.keys.checks import require_length

_NONCE_BYTES = 12
_TAG_BYTES = 16
_LENGTH_BYTES = 8
_SMALLEST_CLASS = 256


def seal(subkey: bytes, plaintext: bytes, associated: bytes | None = None) -> bytes:
    """Encrypt and authenticate with a random nonce, padded to a size class.

    subkey: 32 bytes from `derive`, which binds purpose, model and face; otherwise UsageError.
    associated: authenticated too, but neither encrypted nor in the result.
    """
    subkey = require_length(subkey, 32, "sealing key")
    length = _LENGTH_BYTES + len(plaintext)
    padding = bytes(_size_class(length) - length)
    padded = len(plaintext).to_bytes(_LENGTH_BYTES, "big") + plaintext + padding
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + ChaCha20Poly1305(subkey).encrypt(nonce, padded, associated)


def unseal(subkey: bytes, sealed: bytes, associated: bytes | None = None) -> bytes:
    """Decrypt what `seal` returned.

    Raises DamagedFileError if a byte was altered or the subkey or `associated` differs, UsageError
    if the subkey is not 32 bytes.
    """
    subkey = require_length(subkey, 32, "sealing key")
    if len(sealed) < _NONCE_BYTES + _SMALLEST_CLASS + _TAG_BYTES:
        raise _damaged()
    try:
        padded = ChaCha20Poly1305(subkey).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], associated
        )
    except InvalidTag:
        raise _damaged() from None
    length = int.from_bytes(padded[:_LENGTH_BYTES], "big")
    plaintext, padding = padded[_LENGTH_BYTES:][:length], padded[_LENGTH_BYTES + length :]
    # Authentic, but a holder of the key could still hide data in the padding.
    if len(padded) != _size_class(_LENGTH_BYTES + length) or any(padding):
        raise _damaged()
    return plaintext


def _size_class(length: int) -> int:
    """The smallest size class of at least `length` bytes (Padmé)."""
    length = max(length, _SMALLEST_CLASS)
    exponent = length.bit_length() - 1
    free_bits = exponent - exponent.bit_length()
    return -(-length >> free_bits) << free_bits


def _damaged() -> DamagedFileError:
    return DamagedFileError(
        "A sealed part of the file was damaged or altered. Use another copy of the file."
    )
