"""The keyed flow, as published: invertible networks that take a map of the key as input.

    protect   (obfuscated, original, key map) --network--> protected, rounded to 8 bits
    recover   (protected, key map) --network--> recovered

The key map is +-1 for each pixel, from the bits of the keystream. See
`proface.research.networks.keyed_flow`.

Both networks share one set of weights. The package contains the networks without weights
(`keyed.protect.onnx`, `keyed.recover.onnx`), and each model a file of weights, which are inserted
into both on loading: a user's model takes 4.3 MB, and no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from proface.codec.base import Floats, Words
from proface.embedding.base import Change
from proface.errors import ModelError, UsageError
from proface.inference.engine import DEFAULT_DEVICE, Engine, make_engine
from proface.inference.tiling import run_tiled, to_pixels
from proface.keys import Key
from proface.models.cards import Card, find_shipped
from proface.models.checkpoints import read_safetensors
from proface.models.flow import Flow
from proface.types import Box, Pixels

NETWORKS = "keyed"  # the shipped model whose card has the networks' digests

# Tiles bound memory, whatever the region's size.
TILE = 512  # side in pixels; edges must be even
HALO = 64  # covers the receptive field of 30 convolutions at half resolution, 60 pixels


class Keyed(Flow):
    """A model of the keyed flow; see `Flow`. Each bit of the pad is a pixel of the key map."""

    kind = "keyed"

    def __init__(self, card: Card, device: str = DEFAULT_DEVICE) -> None:
        super().__init__(card)
        weights = read_safetensors(card.read("weights"), card.path("weights"))
        self._protect, self._recover = (
            _engine(weights, part, device, card) for part in ("protect", "recover")
        )

    @property
    def workers(self) -> int:
        """One: the engine uses all cores by itself."""
        return 1

    @property
    def survives(self) -> frozenset[Change]:
        """None guaranteed; mild noise does little harm."""
        return frozenset()

    def words(self, height: int, width: int) -> int:
        """See `Flow`."""
        return -(-height * width // 16)

    def hide(
        self,
        x: Pixels,
        o: Pixels,
        pad: Words,
        public: bytes = b"",
        faces: Sequence[Box] = (),
    ) -> Pixels:
        """See `Flow`."""
        protected = o.copy()
        images = {"obfuscated": o, "original": x, "key": key_map(pad, *x.shape[:2])}
        _even(protected)[:] = _run(self._protect, images)
        return protected

    def reveal(self, p: Pixels, pad: Words) -> Pixels:
        """See `Flow`."""
        height, width = p.shape[:2]
        recovered = _run(self._recover, {"protected": p, "key": key_map(pad, height, width)})
        return np.pad(recovered, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")

    def _pad(self, image: Pixels, key: Key, nonce: bytes) -> Words:
        if key.kind != "paper":
            return super()._pad(image, key, nonce)
        if nonce:
            raise UsageError("The published derivation takes no nonce: omit it.")
        return key.paper_words(*image.shape[:2])


def key_map(pad: Words, height: int, width: int) -> Pixels:
    """Words of keystream -> H x W x 1 of 0 (for -1) and 255 (for +1).

    Words are little-endian, bits of a byte most significant first, pixels row by row.
    """
    bits = np.unpackbits(pad.astype("<u2").view(np.uint8), count=height * width)
    return (bits * np.uint8(255)).reshape(height, width, 1)


def _even(image: Pixels) -> Pixels:
    """The part of an image with even sides.

    An odd last row or column keeps the look, and is recovered as a copy of its neighbour: padding
    it to cells of 2 x 2 pixels would recover worse.
    """
    height, width = image.shape[:2]
    return image[: height - height % 2, : width - width % 2]


def _run(engine: Engine, images: Mapping[str, Pixels]) -> Pixels:
    """Run a network in tiles on the even parts of images H x W x channels."""
    planes = {name: _even(image) for name, image in images.items()}
    height, width = next(iter(planes.values())).shape[:2]

    def run(rows: slice, columns: slice) -> Pixels:
        seen = {name: _levels(plane[rows, columns]) for name, plane in planes.items()}
        return to_pixels((engine.run(seen) + 1) * np.float32(127.5))

    return run_tiled(run, height, width, tile=TILE, halo=HALO)


def _levels(image: Pixels) -> Floats:
    """H x W x channels, 0..255 -> 1 x channels x H x W, -1..1."""
    planes = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)
    return planes / np.float32(127.5) - 1


def weight_shapes() -> dict[str, tuple[int, ...]]:
    """The entries of a file of weights: name -> shape."""
    return {
        tensor.name: tuple(tensor.dims)
        for part in ("protect", "recover")
        for tensor in _placeholders(_network(part))
    }


def _network(part: Literal["protect", "recover"]) -> Any:
    """One of the two networks as an ONNX message, with placeholders for the weights."""
    from proface.inference.onnx_graph import read_model

    return read_model(find_shipped(NETWORKS).read(part))


def _placeholders(model: Any) -> list[Any]:
    """The empty tensors of a network, which the weights replace; the others are constants."""
    return [tensor for tensor in model.graph.initializer if not tensor.raw_data]


def _engine(
    weights: Mapping[str, Floats], part: Literal["protect", "recover"], device: str, card: Card
) -> Engine:
    """One of the two networks, with the weights inserted."""
    from proface.inference.onnx_graph import from_array

    model = _network(part)
    for tensor in _placeholders(model):
        values = weights.get(tensor.name)
        if values is None or values.shape != tuple(tensor.dims) or values.dtype != np.float32:
            raise ModelError(
                f"{card.path('weights')}: not the weights of a keyed flow of three blocks "
                f"({tensor.name} is missing, or has another shape or type)."
            )
        tensor.CopyFrom(from_array(values, tensor.name))
    return make_engine(model.SerializeToString(), device)
