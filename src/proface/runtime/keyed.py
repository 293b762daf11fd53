"""The published flow: networks that see a map of the key hide the face.

    protect   (obfuscated, original, key map) --network--> protected, rounded to 8 bits
    recover   (protected, key map) --network--> recovered

The key map is +-1 for each pixel, from the bits of the keystream. See `proface.flows.keyed`.

Two networks, one set of weights: the package ships the networks once, without weights
(`keyed.protect.onnx`, `keyed.recover.onnx`), and each model has a file of weights, which are put
into both when it is loaded. So a model of the user's own takes 4.3 MB and no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from proface.errors import ModelError, UsageError
from proface.keys import Key
from proface.runtime.engine import DEFAULT_DEVICE, Engine, make_engine
from proface.runtime.flow import Floats, Flow, Pixels, Words, tiles, to_pixels
from proface.runtime.models import Card, find_shipped

NETWORKS = "keyed"  # the shipped model whose card vouches for the networks

# The networks work on a tile at a time, so that memory does not grow with the region.
TILE = 512  # pixels on a side; even, as all edges of tiles must be
HALO = 64  # around a tile: more than the receptive field of 30 convolutions at half size, 60 pixels


class Keyed(Flow):
    """A model of the published flow; see `Flow`. Of the pad each bit is a pixel of the key map."""

    kind = "keyed"

    def __init__(self, card: Card, device: str = DEFAULT_DEVICE) -> None:
        super().__init__(card)
        weights = _read_weights(card)
        self._protect, self._recover = (
            _engine(weights, part, device, card) for part in ("protect", "recover")
        )

    def words(self, height: int, width: int) -> int:
        """See `Flow`."""
        return -(-height * width // 16)

    def _hide(self, x: Pixels, o: Pixels, pad: Words) -> Pixels:
        protected = o.copy()
        images = {"obfuscated": o, "original": x, "key": key_map(pad, *x.shape[:2])}
        _even(protected)[:] = _run(self._protect, images)
        return protected

    def _reveal(self, p: Pixels, pad: Words) -> Pixels:
        height, width = p.shape[:2]
        recovered = _run(self._recover, {"protected": p, "key": key_map(pad, height, width)})
        return np.pad(recovered, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")

    def _pad(self, image: Pixels, key: Key, nonce: bytes | None) -> Words:
        if key.kind != "paper":
            return super()._pad(image, key, nonce)
        if nonce is not None:
            raise UsageError("The published derivation takes no nonce: give None.")
        return key.paper_words(*image.shape[:2])


def key_map(pad: Words, height: int, width: int) -> Pixels:
    """Words of keystream -> H x W x 1 of 0 (for -1) and 255 (for +1).

    The words' bytes in their order, the lower one of a word first; of a byte the most significant
    bit first; row by row.
    """
    bits = np.unpackbits(pad.astype("<u2").view(np.uint8), count=height * width)
    return (bits * np.uint8(255)).reshape(height, width, 1)


def _even(image: Pixels) -> Pixels:
    """The part of an image that cells of 2 x 2 pixels fill.

    Where a side is odd, the last row or column stays as the look has it, and comes back as a copy
    of its neighbour: a cell of which half is missing would come back worse.
    """
    height, width = image.shape[:2]
    return image[: height - height % 2, : width - width % 2]


def _run(engine: Engine, images: Mapping[str, Pixels]) -> Pixels:
    """Run a network on the even parts of images H x W x channels, tile by tile."""
    planes = {name: _even(image) for name, image in images.items()}
    height, width = next(iter(planes.values())).shape[:2]
    result = np.empty((height, width, 3), np.uint8)
    for ((top, bottom), (left, right)), ((y0, y1), (x0, x1)) in tiles(
        height, width, tile=TILE, halo=HALO
    ):
        seen = {name: _levels(plane[top:bottom, left:right]) for name, plane in planes.items()}
        found = to_pixels((engine.run(seen) + 1) * np.float32(127.5))
        result[y0:y1, x0:x1] = found[y0 - top : y1 - top, x0 - left : x1 - left]
    return result


def _levels(image: Pixels) -> Floats:
    """H x W x channels, 0..255 -> 1 x channels x H x W, -1..1."""
    planes = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)
    return planes / np.float32(127.5) - 1


def _read_weights(card: Card) -> dict[str, Floats]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(card.read("weights")))
    except (SafetensorError, TypeError, KeyError) as error:
        raise ModelError(f"{card.path('weights')}: not weights that can be read.") from error


def weight_shapes() -> dict[str, tuple[int, ...]]:
    """The entries of a file of weights: name -> shape."""
    return {
        tensor.name: tuple(tensor.dims)
        for part in ("protect", "recover")
        for tensor in _open_places(_network(part))
    }


def _network(part: Literal["protect", "recover"]) -> Any:
    """One of the two networks as an ONNX message, with open places for the weights."""
    from proface.onnx_format import read_model

    return read_model(find_shipped(NETWORKS).read(part))


def _open_places(model: Any) -> list[Any]:
    """The tensors of a network that the weights go into; what it has in it is its own constants."""
    return [tensor for tensor in model.graph.initializer if not tensor.raw_data]


def _engine(
    weights: Mapping[str, Floats], part: Literal["protect", "recover"], device: str, card: Card
) -> Engine:
    """One of the two networks, with the weights put in."""
    from proface.onnx_format import from_array

    model = _network(part)
    for tensor in _open_places(model):
        values = weights.get(tensor.name)
        if values is None or values.shape != tuple(tensor.dims) or values.dtype != np.float32:
            raise ModelError(
                f"{card.path('weights')}: not the weights of a keyed flow of three blocks "
                f"({tensor.name} is missing, or of another shape or type)."
            )
        tensor.CopyFrom(from_array(values, tensor.name))
    return make_engine(model.SerializeToString(), device)
