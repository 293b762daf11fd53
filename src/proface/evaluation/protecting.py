"""A model as `proface evaluate` uses it: keys from passwords, and every image as a saved file.

Three passwords are made into keys once a process: the right one, a wrong one, and one that differs
from the right one in one bit. The keys of each image come from them by HKDF, as those of a batch
that shares a salt do, so that no pad serves two images and a run can be repeated exactly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from proface.evaluation.images import saved
from proface.keys import KdfParameters, Key, keystream
from proface.keys.hkdf import subkey
from proface.runtime import Flow

Pixels = npt.NDArray[np.uint8]

SALT = b"proface evaluate"  # no secret: nothing made here is kept
PASSWORDS = {"right": "correct horse", "wrong": "battery staple", "one bit off": "correct horsd"}


class Passwords:
    """The three master keys."""

    def __init__(self) -> None:
        kdf = KdfParameters(salt=SALT)
        self._masters = {
            which: Key.from_password(text).master(kdf) for which, text in PASSWORDS.items()
        }

    def key(self, which: str, *fields: str) -> bytes:
        """The 32-byte key of what the fields name, from one of the `PASSWORDS`."""
        return subkey(self._masters[which], "evaluate", *fields)


def protect(flow: Flow, x: Pixels, o: Pixels, key: bytes) -> Pixels:
    """The protected image, H x W x 3, as its PNG gives it back."""
    return saved(flow.hide(x, o, _pad(flow, x, key)), compress_level=1)


def recover(flow: Flow, p: Pixels, key: bytes) -> Pixels:
    """What a key brings back, as its PNG gives it back."""
    return saved(flow.reveal(p, _pad(flow, p, key)), compress_level=1)


def noisy(p: Pixels, sigma: float, seed: int) -> Pixels:
    """The image under Gaussian noise, again in 8 bits.

    Args:
        p: uint8, H x W x 3.
        sigma: standard deviation, in units of images of [-1, 1], as published: 0.01 is 1.3 levels.
        seed: of the noise.
    """
    noise = np.random.default_rng(seed).normal(0, sigma * 127.5, p.shape)
    return np.asarray(np.clip(np.rint(p + noise), 0, 255), np.uint8)


def _pad(flow: Flow, image: Pixels, key: bytes) -> npt.NDArray[np.uint16]:
    return keystream(key, flow.words(*image.shape[:2]))
