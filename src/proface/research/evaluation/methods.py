"""Methods that are compared: each hides an image in another and recovers it from 8 bits.

    a model     "padded", "keyed", or another one of `proface models`
    classical   an AVIF of the face, encrypted, in the samples' low-order digits

A method draws a fresh key for each image and returns it, so that no keystream is reused.
"""

from __future__ import annotations

import io
import os
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from proface.embedding.lattice import CAPACITY, GROUP, embed_digits
from proface.errors import ModelError, UsageError
from proface.keys import keystream
from proface.models.flow import Flow
from proface.models.store import load_flow
from proface.types import Pixels


class Method(Protocol):
    """One method; it makes its own keys."""

    name: str

    def hide(self, x: Pixels, o: Pixels) -> tuple[Pixels, bytes]:
        """Original and obfuscated image, uint8 H x W x 3 -> protected image, and the key."""

    def reveal(self, p: Pixels, key: bytes) -> Pixels:
        """Protected image and key -> recovered image, whatever the key."""


class FlowMethod:
    """A padded or keyed flow, with keystreams as the program makes them."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.name = flow.name

    def _pad(self, image: Pixels, key: bytes) -> npt.NDArray[np.uint16]:
        return keystream(key, self.flow.words(*image.shape[:2]))

    def hide(self, x: Pixels, o: Pixels) -> tuple[Pixels, bytes]:
        """See `Method`."""
        key = os.urandom(32)
        return self.flow.hide(x, o, self._pad(x, key)), key

    def reveal(self, p: Pixels, key: bytes) -> Pixels:
        """See `Method`."""
        return self.flow.reveal(p, self._pad(p, key))


class Classical:
    """AVIF in digits of base 2 (one low bit), 3 (ternary) or 4 (two low bits), nearest value.

    The payload is the file's length (4 bytes), the file, and zeros, XORed with a keystream. A
    wrong key gives a grey image, as the payload cannot be decoded.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.name = f"classical, {width} levels"
        self._bits = {2: GROUP, **CAPACITY}[width]

    def _room(self, image: Pixels) -> int:
        """Capacity of an image, bytes."""
        return image.size // GROUP * self._bits // 8

    def _encrypted(self, data: npt.NDArray[np.uint8], key: bytes) -> npt.NDArray[np.uint8]:
        return data ^ keystream(key, -(-data.size // 2)).view(np.uint8)[: data.size]

    def hide(self, x: Pixels, o: Pixels) -> tuple[Pixels, bytes]:
        """See `Method`."""
        key, room = os.urandom(32), self._room(x)
        file = best_avif(x, room - 4)
        stream = np.zeros(room, np.uint8)
        content = len(file).to_bytes(4, "big") + file
        stream[: len(content)] = np.frombuffer(content, np.uint8)
        bits = np.unpackbits(self._encrypted(stream, key))
        grouped = np.pad(bits, (0, -bits.size % self._bits)).reshape(-1, self._bits)
        numbers = grouped.astype(np.int64) @ (1 << np.arange(self._bits - 1, -1, -1))
        digits = numbers[:, None] // self.width ** np.arange(GROUP) % self.width
        samples = o.reshape(-1).astype(np.int64)
        used = slice(0, digits.size)
        samples[used] = embed_digits(samples[used], digits.ravel(), self.width)
        return samples.reshape(o.shape).astype(np.uint8), key

    def reveal(self, p: Pixels, key: bytes) -> Pixels:
        """See `Method`."""
        room = self._room(p)
        groups = -(-room * 8 // self._bits)
        digits = p.reshape(-1)[: groups * GROUP].astype(np.int64).reshape(-1, GROUP) % self.width
        numbers = digits @ self.width ** np.arange(GROUP)
        bits = numbers[:, None] >> np.arange(self._bits - 1, -1, -1) & 1
        stream = self._encrypted(np.packbits(bits.astype(np.uint8).ravel())[:room], key).tobytes()
        length = int.from_bytes(stream[:4], "big")
        try:
            with Image.open(io.BytesIO(stream[4 : 4 + length]), formats=["AVIF"]) as image:
                return np.asarray(image.convert("RGB").resize((p.shape[1], p.shape[0])))
        except Exception:  # Pillow raises all kinds of errors on invalid data
            return np.full_like(p, 128)


def best_avif(x: Pixels, room: int) -> bytes:
    """The image as AVIF 4:4:4 at the best quality that fits into `room` bytes.

    Raises:
        UsageError: not even the lowest quality fits.
    """
    best, low, high = b"", 0, 100
    while low <= high:
        quality = (low + high) // 2
        file = io.BytesIO()
        Image.fromarray(x).save(file, "AVIF", quality=quality, subsampling="4:4:4")
        if len(file.getvalue()) <= room:
            best, low = file.getvalue(), quality + 1
        else:
            high = quality - 1
    if not best:
        raise UsageError(
            "The image is too small to hold an AVIF of itself in its low-order digits."
        )
    return best


def method(name: str) -> Method:
    """The method of this name: a model, classical2, classical3 or classical4.

    Raises:
        UsageError: there is none.
    """
    if name in ("classical2", "classical3", "classical4"):
        return Classical(int(name[-1]))
    try:
        return FlowMethod(load_flow(name))
    except ModelError as error:
        raise UsageError(f"{error} Or classical2, classical3, classical4.") from None
