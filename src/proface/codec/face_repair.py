"""Repair of decoded faces by a network: fewer artefacts of strong compression.

The streams of `face_coder` hold few bytes; the network has learnt what such pictures of faces
lack. It sees recovered pixels alone and changes no file.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from proface.codec import face_coder
from proface.inference.engine import Engine
from proface.inference.tiling import run_tiled, to_pixels
from proface.types import Pixels

CONTEXT = 2  # values that tell how strongly a face was compressed
TILE = 512
HALO = 48  # the receptive field reaches 44 pixels
_MULTIPLE = 4  # of the network's sides


def context(stream: bytes, height: int, width: int) -> npt.NDArray[np.float32]:
    """How strongly a stream compresses a face, 1 x 2 x 1 x 1: bytes for a pixel, scale."""
    rate = math.log2(len(stream) / (height * width)) / 4 + 1.5  # 0.0005 to 0.06: about -1 to 0.5
    return np.array([rate, face_coder.scale_of(stream)], np.float32).reshape(1, CONTEXT, 1, 1)


def repair(engine: Engine, decoded: Pixels, stream: bytes) -> Pixels:
    """A face as `face_coder.decode` returns it -> with fewer artefacts, of the same size."""
    if not face_coder.scale_of(stream):  # a single colour
        return decoded
    height, width = decoded.shape[:2]
    sides = ((0, -height % _MULTIPLE), (0, -width % _MULTIPLE), (0, 0))
    padded = np.pad(decoded, sides, mode="edge")
    told = context(stream, height, width)

    def run(rows: slice, columns: slice) -> Pixels:
        part = padded[rows, columns].transpose(2, 0, 1)[None].astype(np.float32)
        return to_pixels(engine.run({"decoded": part, "context": told}))

    return run_tiled(run, *padded.shape[:2], tile=TILE, halo=HALO)[:height, :width]
