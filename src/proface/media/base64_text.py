"""Canonical base64 (RFC 4648 section 4): exactly one text for any bytes."""

from __future__ import annotations

import base64


def encode(data: bytes) -> str:
    """Standard base64 with padding, on one line."""
    return base64.b64encode(data).decode("ascii")


def decode(text: str) -> bytes | None:
    """Decode base64; None unless it is exactly what `encode` writes."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error, or characters that are not ASCII
        return None
    return data if encode(data) == text else None
