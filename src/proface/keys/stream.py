"""The keystream that is added to a face's latents modulo 2**16, and subtracted on recovery."""

from __future__ import annotations

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.keys.checks import require_length

# RFC 8439's block counter has 32 bits and must not wrap around.
_MAX_WORDS = 2**32 * 64 // 2
# `cryptography` takes the counter (4 bytes, little-endian) and the nonce (12) as one value.
_COUNTER_AND_NONCE = bytes(16)


def keystream(face_key: bytes, words: int) -> NDArray[np.uint16]:
    """The first `words` 16-bit words of ChaCha20 (RFC 8439) under a face's key.

    Nonce and counter are zero: a face key is used for one face of one file only. The pad is indexed
    by the latent's position (channel, row, column); tiles take slices of it.

    face_key: 32 bytes, from `derive(..., "face", ...)` or `flow_key`.
    Returns little-endian uint16 of shape (words,), read-only. Raises UsageError for a key of
    another length or a count that is negative or over 2**37.
    """
    face_key = require_length(face_key, 32, "face key")
    if type(words) is not int or not 0 <= words <= _MAX_WORDS:
        raise UsageError(f"A keystream has 0 to {_MAX_WORDS} words.")
    return np.frombuffer(stream_cipher(face_key, bytes(2 * words)), dtype="<u2")


def stream_cipher(key: bytes, data: bytes) -> bytes:
    """ChaCha20 (RFC 8439) of data, counter and nonce zero, under a key that is used once."""
    return Cipher(ChaCha20(key, _COUNTER_AND_NONCE), mode=None).encryptor().update(data)
