"""Derive the key map of PRO-Face S from a password: weak, for reproducing its results only.

Yuan et al., "Invertible Image Obfuscation for Facial Privacy Protection via Secure Flow", IEEE
TCSVT 34(7), 2024, doi 10.1109/TCSVT.2023.3344809, as its published code derives it.
"""

from __future__ import annotations

import numpy as np
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from numpy.typing import NDArray

from proface.errors import UsageError


def paper_key_map(password: str | int, height: int, width: int) -> NDArray[np.int8]:
    """The paper's map of ±1 for an image of height x width pixels. Not secure.

    All users share the salt (one byte, 0x01), ten iterations of PBKDF2-HMAC-SHA512 do not slow
    down guessing, and all pictures under one password get the same map.

    password: Latin-1 text, or a number from 0 to 255 for a single byte.
    Returns int8 of shape 1 x height x width: height * width / 8 bytes, rounded up, most significant
    bit first, row by row, bits 0 and 1 as -1 and +1.

    Raises UsageError for an empty password, one outside Latin-1, or a size below 1.
    """
    if type(height) is not int or type(width) is not int or min(height, width) < 1:
        raise UsageError("The height and width of a key map must be whole numbers, at least 1.")
    bits = np.unpackbits(paper_bytes(password_bytes(password), height, width), count=height * width)
    return (2 * bits.astype(np.int8) - 1).reshape(1, height, width)  # row by row


def paper_bytes(password: bytes, height: int, width: int) -> NDArray[np.uint8]:
    """The bytes whose bits form the map: height * width / 8, rounded up."""
    length = (height * width + 7) // 8
    kdf = PBKDF2HMAC(algorithm=SHA512(), length=length, salt=b"\x01", iterations=10)
    return np.frombuffer(kdf.derive(password), dtype=np.uint8)


def password_bytes(password: str | int) -> bytes:
    """Encode a password for the paper's derivation; see `paper_key_map`."""
    if isinstance(password, str):
        # Checked first: UnicodeEncodeError would carry the password in its attributes.
        if password and max(password) <= "\xff":
            return password.encode("latin-1")
        raise UsageError("The paper's key takes a password of Latin-1 characters, at least one.")
    if type(password) is int and 0 <= password <= 255:
        return bytes([password])
    raise UsageError("The paper's key takes a number from 0 to 255, or text.")
