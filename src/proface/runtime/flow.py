"""What every flow offers to users and to the pipeline: pixels in, pixels out.

Two kinds implement it, `padded` (the default) and `keyed` (the published one); a model's card says
of which kind it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from proface.errors import UsageError
from proface.keys import Key, flow_key, keystream
from proface.runtime.models import Card

Pixels = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float32]

Span = tuple[int, int]  # from, to


class Flow(ABC):
    """A loaded model. `load_flow` makes one.

    Attributes:
        card: what it is.
        kind: "padded", which hides under a one-time pad, or "keyed", whose networks see the key.
        name, digest, mode: of the card.
    """

    kind: ClassVar[Literal["padded", "keyed"]]

    def __init__(self, card: Card) -> None:
        self.card = card
        self.name, self.digest, self.mode = card.name, card.digest, card.mode

    def protect(self, x: Pixels, o: Pixels, key: Key, nonce: bytes | None) -> Pixels:
        """Hide the original in its obfuscated image.

        Args:
            x: original, H x W x 3, uint8 RGB, any size from 2 x 2.
            o: obfuscated image, of the same shape.
            key: password or key file.
            nonce: 16 fresh random bytes, for this image alone; with a password they are the salt
                of Argon2id too. **Used twice** with a padded flow, they make the same pad: the
                difference of the two images' latents, and with it much of both faces, is then plain
                to anyone. None for a key of `Key.paper`, which only a keyed flow takes.

        Returns:
            The protected image, of the same shape; it must be kept exactly.

        Raises:
            UsageError: images of another kind or of two shapes; a nonce of another length; a key
                that this flow does not take.
        """
        check_pair(x, o)
        return self.hide(x, o, self._pad(x, key, nonce))

    def recover(self, p: Pixels, key: Key, nonce: bytes | None) -> Pixels:
        """Bring the original back from the exact protected image.

        A wrong key yields noise, or the look: the model's mode says which.
        """
        check_image(p)
        return self.reveal(p, self._pad(p, key, nonce))

    @abstractmethod
    def words(self, height: int, width: int) -> int:
        """How many 16-bit words of keystream an image of this size takes."""

    def hide(self, x: Pixels, o: Pixels, pad: Words) -> Pixels:
        """As `protect`, under a keystream of `words(H, W)` words."""
        return self._hide(x, o, pad)

    def reveal(self, p: Pixels, pad: Words) -> Pixels:
        """As `recover`, under the keystream that `hide` was given."""
        return self._reveal(p, pad)

    @abstractmethod
    def _hide(self, x: Pixels, o: Pixels, pad: Words) -> Pixels:
        """See `hide`."""

    @abstractmethod
    def _reveal(self, p: Pixels, pad: Words) -> Pixels:
        """See `reveal`."""

    def _pad(self, image: Pixels, key: Key, nonce: bytes | None) -> Words:
        key.check_strong()
        if nonce is None:
            raise UsageError("A nonce of 16 fresh random bytes is missing.")
        height, width = image.shape[:2]
        face_key = flow_key(key, nonce, model=self.digest, height=height, width=width)
        return keystream(face_key, self.words(height, width))


def tiles(
    height: int, width: int, *, tile: int, halo: int
) -> Iterator[tuple[tuple[Span, Span], tuple[Span, Span]]]:
    """Squares that cover an area, each as (rows, columns) with what is around it, and without.

    Args:
        height, width: of the area, in the unit of the two others.
        tile: the sides of a square.
        halo: how far around it a network must see for the square to come out as from the whole.
    """
    for y in range(0, height, tile):
        for x in range(0, width, tile):
            bottom, right = min(y + tile, height), min(x + tile, width)
            around = (
                (max(y - halo, 0), min(bottom + halo, height)),
                (max(x - halo, 0), min(right + halo, width)),
            )
            yield around, ((y, bottom), (x, right))


def to_pixels(levels: Floats) -> Pixels:
    """A network's output 1 x 3 x H x W, levels -> H x W x 3, rounded to 8 bits."""
    rounded: Pixels = np.clip(np.rint(levels[0]), 0, 255).astype(np.uint8)
    return rounded.transpose(1, 2, 0)


def check_image(image: Pixels) -> None:
    """Raises UsageError unless it is an image as flows take them."""
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
        or min(image.shape[:2]) < 2
    ):
        raise UsageError("An image must be a uint8 array of height x width x 3, 2 x 2 or larger.")


def check_pair(x: Pixels, o: Pixels) -> None:
    """Raises UsageError unless both are images, of one shape."""
    check_image(x)
    check_image(o)
    if x.shape != o.shape:
        raise UsageError(f"Original {x.shape} and obfuscated image {o.shape} differ in shape.")
