"""The interface of flows: protect and recover pixels with a key.

There are three kinds, as a model's card says: `padded` (the default of lossless files), `robust`
(of JPEG files) and `keyed` (the published one).
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from proface.embedding.base import Change, Words
from proface.errors import UsageError
from proface.inference.cores import cores
from proface.keys import Key, flow_key, keystream
from proface.keys.kdf import SALT_BYTES
from proface.models.cards import Card
from proface.types import Box, Pixels, Place


@dataclass(frozen=True)
class Revealed:
    """What the pixels of a region yielded.

    Attributes:
        draft: H x W x 3; if `quality` is "none", noise, or the picture where none could be hidden.
        quality: "full"; "coarse" if only a small picture of the face is left; "none".
        wrong_pad: whether the pixels were read but the pad does not fit, where that can be told.
        condition: what happened to the picture, such as "compressed to about JPEG quality 75";
            empty if it cannot be told.
        finish: what makes the draft better, if anything does; called when it is asked for.
    """

    draft: Pixels
    quality: Literal["full", "coarse", "none"] = "full"
    wrong_pad: bool = False
    condition: str = ""
    finish: Callable[[Pixels], Pixels] | None = None

    @cached_property
    def pixels(self) -> Pixels:
        """The finished draft, H x W x 3."""
        return self.draft if self.finish is None else self.finish(self.draft)


class Flow(ABC):
    """A loaded model. `load_flow` makes one.

    Attributes:
        card: its metadata.
        kind: "padded" or "robust", which use a one-time pad, or "keyed", whose networks take the
            key.
        name, digest, mode: of the card.
    """

    kind: ClassVar[Literal["padded", "robust", "keyed"]]

    def __init__(self, card: Card) -> None:
        self.card = card
        self.name, self.digest, self.mode = card.name, card.digest, card.mode

    def protect(
        self, x: Pixels, o: Pixels, key: Key, nonce: bytes | None = None
    ) -> tuple[Pixels, bytes]:
        """Hide the original in its obfuscated image.

        Args:
            x: original, H x W x 3, uint8 RGB, 2 x 2 or larger.
            o: obfuscated image, of the same shape.
            key: password or key file.
            nonce: 16 bytes, also Argon2id's salt with a password; fresh random bytes if omitted.
                Give it only to reproduce a protected image. **Reused** with a padded flow, it gives
                the same pad: anyone can then compute the difference of the two images' words, and
                from it much of both faces.

        Returns:
            The protected image, of the same shape, which must be kept bit for bit unless the flow
            `survives` more, and the nonce, which recovery needs. A key of `Key.paper` takes no
            nonce: it is empty then.

        Raises:
            UsageError: invalid images, or of two shapes; a nonce of another length; a key that this
                flow does not support.
        """
        check_pair(x, o)
        if nonce is None:
            nonce = b"" if key.kind == "paper" else os.urandom(SALT_BYTES)
        return self.hide(x, o, self._pad(x, key, nonce)), nonce

    def recover(self, p: Pixels, key: Key, nonce: bytes) -> Pixels:
        """Recover the original from the unaltered protected image and its nonce.

        A wrong key yields noise or the look, depending on the model's mode.
        """
        check_image(p)
        return self.reveal(p, self._pad(p, key, nonce))

    @property
    def workers(self) -> int:
        """How many regions are best worked on at once."""
        return cores()

    @property
    @abstractmethod
    def survives(self) -> frozenset[Change]:
        """The changes of a protected picture after which it can still be recovered."""

    @abstractmethod
    def words(self, height: int, width: int) -> int:
        """The number of 16-bit words of keystream for an image of this size."""

    def public_bytes(self, height: int, width: int) -> int:
        """How many bytes in clear an image of this size carries besides the original; mostly 0."""
        return 0

    @abstractmethod
    def hide(
        self,
        x: Pixels,
        o: Pixels,
        pad: Words,
        public: bytes = b"",
        faces: Sequence[Box] = (),
    ) -> Pixels:
        """As `protect`, with a keystream of `words(H, W)` words.

        public: bytes to carry in clear.
        faces: in the image; a flow that loses detail loses it elsewhere first.
        """

    @abstractmethod
    def reveal(self, p: Pixels, pad: Words) -> Pixels:
        """As `recover`, with the keystream given to `hide`."""

    def draft(self, p: Pixels, pad: Words) -> Pixels | None:
        """As `reveal`, faster and slightly less good; None if there is no faster way."""
        return None

    def read(self, p: Pixels, pad: Words) -> Revealed:
        """As `reveal`, with what is known about the result."""
        return Revealed(self.reveal(p, pad))

    def read_scaled(
        self,
        picture: Pixels,
        place: Place,
        shape: tuple[int, int],
        pad: Words,
        known: tuple[bytes, bytes] | None = None,
    ) -> Revealed | None:
        """As `read`, of a place in a picture that was scaled; None if `read` does no worse.

        Args:
            picture: H x W x 3, the whole.
            place: of the region in it, smaller than `shape`.
            shape: the region's height and width when it was protected.
            pad: as for `read`.
            known: the region's public bytes, and a mask of their bits that are sure.
        """
        return None

    def decodes(self, p: Pixels, pad: Words) -> bool | None:
        """Whether the words under this pad are a picture's; None if it cannot be told.

        Right ones always are. Where nothing vouches for a file, this tells a wrong key.
        """
        return None

    def find(
        self,
        picture: Pixels,
        original_size: tuple[int, int] | None = None,
        alike: Callable[[bytes, int, int], tuple[bytes, bytes]] | None = None,
        *,
        brief: bool = False,
    ) -> list[tuple[bytes, Place, tuple[float, float]]]:
        """Find the regions of a picture whose pixels describe themselves.

        Args:
            picture: H x W x 3.
            original_size: width and height when it was protected; searched for if None.
            alike: of a region's public bytes and the left and top edge of another region of the
                same protection: the other's public bytes, and a mask of the bits that are sure.
                With it, regions are read that are damaged a little too much otherwise.
            brief: take little time: look for neither crops nor unusual scales.

        Returns:
            Of each region its public bytes, where it is, and the picture's scale, across and
            down, since it was protected.
        """
        return []

    def _pad(self, image: Pixels, key: Key, nonce: bytes) -> Words:
        key.check_strong()
        height, width = image.shape[:2]
        face_key = flow_key(key, nonce, model=self.digest, height=height, width=width)
        return keystream(face_key, self.words(height, width))


def check_image(image: Pixels) -> None:
    """Raises UsageError unless it is a uint8 image H x W x 3, 2 x 2 or larger."""
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
        or min(image.shape[:2]) < 2
    ):
        raise UsageError("An image must be a uint8 array of height x width x 3, 2 x 2 or larger.")


def check_pair(x: Pixels, o: Pixels) -> None:
    """Raises UsageError unless both are images of the same shape."""
    check_image(x)
    check_image(o)
    if x.shape != o.shape:
        raise UsageError(f"Original {x.shape} and obfuscated image {o.shape} differ in shape.")
