"""What the attacker sees: pictures of a model under fresh keys, and pictures that leak on purpose.

A victim makes the picture, and says what its decoder, with all its weights but without the key,
makes of it. The controls show that the attack finds a leak where there is one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from proface.evaluation.methods import FlowMethod, Method
from proface.keys import keystream
from proface.latents import encode, seek_words
from proface.latents.codebook import Codebook
from proface.runtime import Flow

Pixels = npt.NDArray[np.uint8]


class Victim(Protocol):
    """A way of making pictures that the attack looks at."""

    name: str

    def show(self, x: Pixels, o: Pixels) -> Pixels:
        """Original and obfuscated image -> the picture that the attacker has."""

    def opened(self, picture: Pixels) -> Pixels | None:
        """What the attacker's own decoder makes of it; None where he has none."""


class Look:
    """The obfuscated image itself: the baseline of every attack."""

    name = "look"

    def show(self, x: Pixels, o: Pixels) -> Pixels:
        """See `Victim`."""
        return o

    def opened(self, picture: Pixels) -> None:
        """See `Victim`."""
        return None


class Model:
    """A model under a fresh random key for each picture, opened with a key drawn at random."""

    def __init__(self, way: Method, *, open_it: bool = True) -> None:
        self.name, self._way, self._open = way.name, way, open_it

    def show(self, x: Pixels, o: Pixels) -> Pixels:
        """See `Victim`."""
        return self._way.hide(x, o)[0]

    def opened(self, picture: Pixels) -> Pixels | None:
        """See `Victim`."""
        return self._way.reveal(picture, os.urandom(32)) if self._open else None


class Planted:
    """The padded flow with a skip connection from x to p: fine detail of x, one level at most."""

    name = "planted skip"

    def __init__(self, flow: Flow) -> None:
        self._way = FlowMethod(flow)

    def show(self, x: Pixels, o: Pixels) -> Pixels:
        """See `Victim`."""
        p = self._way.hide(x, o)[0]
        levels = x.astype(np.float32)
        detail = (levels - cv2.GaussianBlur(levels, (0, 0), 3)) / 8
        return np.asarray(np.clip(p + np.clip(np.rint(detail), -1, 1), 0, 255), np.uint8)

    def opened(self, picture: Pixels) -> None:
        """See `Victim`."""
        return None


class Reused:
    """The padded flow with one keystream for all pictures, one of which the attacker has open.

    From that one he takes the pad: what its words are less what the encoder makes of its original.

    Args:
        flow: a padded one.
        known: the original that the attacker has.
        kept: a file that holds the key, so that a run that goes on has the same one.
    """

    name = "reused keystream"

    def __init__(self, flow: Flow, known: Pixels, kept: Path) -> None:
        self._flow = flow
        height, width, _ = known.shape
        self._secret = keystream(kept_key(kept), flow.words(height, width))
        codebook = Codebook.from_bytes(flow.card.read("codebook"))
        taken = seek_words(flow.hide(known, known, self._secret)) - encode(codebook, known)
        self._pad = taken.reshape(-1)

    def show(self, x: Pixels, o: Pixels) -> Pixels:
        """See `Victim`."""
        return self._flow.hide(x, o, self._secret)

    def opened(self, picture: Pixels) -> Pixels:
        """See `Victim`."""
        return self._flow.reveal(picture, self._pad)


class OneKey:
    """A flow with one key for all pictures, which the attacker does not have."""

    def __init__(self, flow: Flow, kept: Path) -> None:
        self.name, self._flow, self._key = f"{flow.name}, one key", flow, kept_key(kept)

    def show(self, x: Pixels, o: Pixels) -> Pixels:
        """See `Victim`."""
        return self._flow.hide(x, o, keystream(self._key, self._flow.words(*x.shape[:2])))

    def opened(self, picture: Pixels) -> None:
        """See `Victim`."""
        return None


def kept_key(path: Path) -> bytes:
    """The 32 bytes that a file holds; made where there is none. They protect nothing."""
    if not path.exists():
        path.write_bytes(os.urandom(32))
    return path.read_bytes()
