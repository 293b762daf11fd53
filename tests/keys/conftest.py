"""Cheap costs, where the cost is not the subject, and HKDF from the standard library alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pytest

from proface.keys import KdfParameters

Hkdf = Callable[..., bytes]


@pytest.fixture(scope="session")
def cheap() -> KdfParameters:
    return KdfParameters(bytes(range(16)), memory_kib=16384, iterations=4, lanes=2)


@pytest.fixture(scope="session")
def hkdf() -> Hkdf:
    """RFC 5869 with SHA-256, 32 bytes, and the project's info: written apart from the product."""

    def derive(secret: bytes, *fields: str | int, salt: bytes = bytes(32)) -> bytes:
        info = b"proface/1"
        for field in fields:
            data = field.encode() if isinstance(field, str) else field.to_bytes(8, "big")
            info += len(data).to_bytes(4, "big") + data
        extracted = hmac.new(salt, secret, hashlib.sha256).digest()
        return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()

    return derive
