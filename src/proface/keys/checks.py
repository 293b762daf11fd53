"""Check the length of byte strings, as arguments and as base64 text in a header.

No message repeats the value: it is often secret.
"""

from __future__ import annotations

from proface.errors import DamagedFileError, UsageError
from proface.media.base64_text import decode


def require_length(data: bytes, length: int, what: str) -> bytes:
    """Return `data` if it is exactly `length` bytes; UsageError naming `what` if not."""
    if not isinstance(data, (bytes, bytearray, memoryview)) or len(data) != length:
        raise UsageError(f"The {what} must be exactly {length} bytes.")
    return bytes(data)


def from_base64(value: object, length: int, what: str) -> bytes:
    """Decode canonical base64; DamagedFileError unless it is exactly `length` bytes."""
    # The length is compared before decoding: hostile text may be very long.
    if isinstance(value, str) and len(value) == 4 * ((length + 2) // 3):
        data = decode(value)
        if data is not None and len(data) == length:
            return data
    raise DamagedFileError(
        f"The header's {what} is not {length} bytes in base64: the file was damaged or altered. "
        "Use another copy."
    )
