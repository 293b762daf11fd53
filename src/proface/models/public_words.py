"""The public bytes of a region as words that look uniform: what its pixels say of themselves."""

from __future__ import annotations

import hashlib

import numpy as np

from proface.embedding.base import Words
from proface.embedding.error_correction import UNKNOWN, Bits

PUBLIC_WORDS = 55


def whiten(public: bytes) -> Words:
    """Public bytes, padded with zeros, as words that look uniform; its own inverse on bytes."""
    mask = hashlib.shake_128(b"proface robust public bytes").digest(2 * PUBLIC_WORDS)
    data = np.frombuffer(public.ljust(2 * PUBLIC_WORDS, b"\0"), np.uint8)
    return (data ^ np.frombuffer(mask, np.uint8)).view(">u2").astype(np.uint16)


def public_bytes(words: Words) -> bytes:
    """The public bytes in public words."""
    return whiten(words.astype(">u2").tobytes()).astype(">u2").tobytes()


def known_bits(public: bytes, mask: bytes) -> Bits:
    """The first bits of a layer that begins with public bytes; mask: which of these are known."""
    bits = np.unpackbits(whiten(public).astype(">u2").view(np.uint8))
    sure = np.unpackbits(np.frombuffer(mask.ljust(2 * PUBLIC_WORDS, b"\0"), np.uint8))
    return np.where(sure == 1, bits, UNKNOWN).astype(np.uint8)
