"""Attack targets: what the attacker sees of an original.

A target makes the picture, and decodes it with all the model's weights but without its key. Two
targets are positive controls: they leak on purpose and show that the attack finds a leak.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from proface.embedding.base import Words
from proface.embedding.lattice import MAX_WORDS, Lattice, strips
from proface.keys import keystream
from proface.looks import obfuscate
from proface.models.flow import Flow
from proface.models.robust import Robust
from proface.research.attacks.saved_pictures import as_saved, file_kind
from proface.research.evaluation.methods import Method
from proface.research.evaluation.protected_files import hide
from proface.types import Pixels

ROBUST_SKIP = 4  # levels
COVER = "blur:15"  # the look of pictures whose words are read


class AttackTarget(Protocol):
    """A way of making pictures that is attacked."""

    name: str

    def protect(self, x: Pixels, o: Pixels) -> Pixels:
        """Original and obfuscated image -> the picture that the attacker sees."""

    def decode(self, picture: Pixels) -> Pixels | None:
        """The picture decoded without the key; None if the attacker has no decoder."""
        return None


class LookOnly(AttackTarget):
    """The obfuscated image itself: the attack baseline."""

    name = "look"

    def protect(self, x: Pixels, o: Pixels) -> Pixels:
        """See `AttackTarget`."""
        return o


class FreshKeys(AttackTarget):
    """A model with a fresh random key for each picture.

    Args:
        way: how the model hides and reveals.
        with_decoder: whether the attacker knows the model's weights, and decodes with a random key.
    """

    def __init__(self, way: Method, *, with_decoder: bool = True) -> None:
        self.name, self._way, self._with_decoder = way.name, way, with_decoder

    def protect(self, x: Pixels, o: Pixels) -> Pixels:
        """See `AttackTarget`."""
        return self._way.hide(x, o)[0]

    def decode(self, picture: Pixels) -> Pixels | None:
        """See `AttackTarget`."""
        return self._way.reveal(picture, os.urandom(32)) if self._with_decoder else None


class PlantedLeak(AttackTarget):
    """Positive control: a flow with a skip connection from x to p.

    It adds fine detail of x: one level at most; in the robust flow, whose own change is five times
    as large and which JPEG passes over, `ROBUST_SKIP` levels.
    """

    name = "planted skip"

    def __init__(self, flow: Flow, kind: str | None = None) -> None:
        self._flow, self._kind = flow, kind or file_kind(flow)
        self._most = ROBUST_SKIP if flow.kind == "robust" else 1

    def protect(self, x: Pixels, o: Pixels) -> Pixels:
        """See `AttackTarget`."""
        pad = keystream(os.urandom(32), self._flow.words(*x.shape[:2]))
        p = hide(self._flow, x, o, pad)
        levels = x.astype(np.float32)
        detail = self._most * (levels - cv2.GaussianBlur(levels, (0, 0), 3)) / 8
        leaking = p + np.clip(np.rint(detail), -self._most, self._most)
        return as_saved(np.asarray(np.clip(leaking, 0, 255), np.uint8), self._kind)


class KeystreamReuse(AttackTarget):
    """Positive control: a flow with one keystream for all pictures, known plaintext.

    The attacker knows one picture's original. Its embedded words less its encoded words are the
    keystream.

    Args:
        flow: a padded or robust one.
        known: the original that the attacker knows.
        key_file: keeps the key, so that a resumed run uses the same one.
    """

    name = "reused keystream"

    def __init__(self, flow: Flow, known: Pixels, key_file: Path) -> None:
        self._flow, self._kind = flow, file_kind(flow)
        self._secret = keystream(persistent_key(key_file), flow.words(*known.shape[:2]))
        # Without a pad, the words of the picture are the original's own.
        known_words = all_words(flow, known, np.zeros_like(self._secret))
        self._recovered = all_words(flow, known, self._secret) - known_words

    def protect(self, x: Pixels, o: Pixels) -> Pixels:
        """See `AttackTarget`."""
        return as_saved(hide(self._flow, x, o, self._secret), self._kind)

    def decode(self, picture: Pixels) -> Pixels:
        """See `AttackTarget`."""
        return self._flow.reveal(picture, self._recovered)


class FixedKey(AttackTarget):
    """A flow with one key for all pictures, unknown to the attacker."""

    def __init__(self, flow: Flow, key_file: Path) -> None:
        self.name, self._flow = f"{flow.name}, one key", flow
        self._key = persistent_key(key_file)

    def protect(self, x: Pixels, o: Pixels) -> Pixels:
        """See `AttackTarget`."""
        p = hide(self._flow, x, o, keystream(self._key, self._flow.words(*x.shape[:2])))
        return as_saved(p, file_kind(self._flow))


def persistent_key(path: Path) -> bytes:
    """The 32 bytes in a file, which is created if needed. They protect nothing."""
    if not path.exists():
        path.write_bytes(os.urandom(32))
    return path.read_bytes()


def all_words(flow: Flow, x: Pixels, pad: Words) -> Words:
    """The words that a saved picture carries for an image under a pad, in the pad's order."""
    if isinstance(flow, Robust):
        p = as_saved(hide(flow, x, obfuscate(x, COVER), pad), file_kind(flow))
        return np.concatenate([layer.words for layer in flow.embedding.read(p)])
    return Lattice().extract(flow.hide(x, x, pad)).reshape(-1)


def embedded_words(flow: Flow, x: Pixels, pad: Words) -> Words:
    """As `all_words`, without those that are unused, or public."""
    words, (height, width) = all_words(flow, x, pad), x.shape[:2]
    if isinstance(flow, Robust):
        layers = np.split(words, [int(flow.embedding.capacity(height, width)[0])])
        starts = flow.starts(height, width)
        used = [layer[start:] for layer, start in zip(layers, starts, strict=True)]
    else:
        rows = words.reshape(*Lattice().capacity(height, width).shape, MAX_WORDS)
        used = [rows[row, :, : strip.words] for row, strip in enumerate(strips(height, width))]
    return np.concatenate([part.ravel() for part in used])
