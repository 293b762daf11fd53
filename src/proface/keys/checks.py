"""Bytes of a known length: as arguments, and as base64 text in a header.

No message repeats a value: what is checked here is often secret.
"""

from __future__ import annotations

import base64
import binascii

from proface.errors import DamagedFileError, UsageError


def require_length(data: bytes, length: int, what: str) -> bytes:
    """Return `data` if it is exactly `length` bytes; UsageError naming `what` if not."""
    if not isinstance(data, (bytes, bytearray, memoryview)) or len(data) != length:
        raise UsageError(f"The {what} must be exactly {length} bytes.")
    return bytes(data)


def to_base64(data: bytes) -> str:
    """Standard base64 (RFC 4648 section 4) with padding, on one line."""
    return base64.b64encode(data).decode("ascii")


def from_base64(value: object, length: int, what: str) -> bytes:
    """Decode what `to_base64` wrote; DamagedFileError unless it is exactly `length` bytes.

    Only the one canonical text of those bytes is accepted, so that a header has one form.
    """
    # The length is compared before anything is decoded: a hostile text may be very long.
    if isinstance(value, str) and len(value) == 4 * ((length + 2) // 3) and value.isascii():
        try:
            data = base64.b64decode(value, validate=True)
        except binascii.Error:
            data = b""
        if len(data) == length and to_base64(data) == value:
            return data
    raise DamagedFileError(
        f"The header's {what} is not {length} bytes in base64: the file was damaged or altered. "
        "Use another copy of it."
    )
