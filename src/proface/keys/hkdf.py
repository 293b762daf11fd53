"""HKDF-SHA256 (RFC 5869) with an unambiguous info string: derives every key from another key."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from proface.errors import UsageError
from proface.keys.checks import require_length

_PREFIX = b"proface/1"


def subkey(secret: bytes, *fields: str | int, salt: bytes | None = None) -> bytes:
    """Derive 32 bytes from a 32-byte secret, the fields and the salt with HKDF-SHA256.

    info = "proface/1" and then each field: its length in bytes as 4 bytes, big-endian, and its
    bytes. Text is UTF-8; a number (0 to 2**64 - 1) is 8 bytes, big-endian. Different lists of
    fields thus give different info. No salt means RFC 5869's default, 32 zero bytes.

    Raises UsageError for a secret of another length or a number out of range.
    """
    secret = require_length(secret, 32, "key")
    info = _PREFIX + b"".join(_with_length(field) for field in fields)
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)


def _with_length(field: str | int) -> bytes:
    if isinstance(field, str):
        data = field.encode("utf-8")
    elif type(field) is int and 0 <= field < 1 << 64:  # excludes bool
        data = field.to_bytes(8, "big")
    else:
        raise UsageError("A face number, height or width must be a whole number from 0 up.")
    return len(data).to_bytes(4, "big") + data
