"""dlib's face recognition network and its alignment (extra `evaluate`).

The network (a ResNet with 29 convolutions, 128-dimensional embeddings) is documented by dlib; its
file comes from the package `face-recognition-models`, whose code is never imported. dlib aligns by
eye corners and nose; here faces are aligned by YuNet's landmarks, to their median places in 311
faces that dlib aligned. Both verify equally well on LFW, and a protected face that no detector
finds can be aligned by the landmarks of its original.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proface.errors import MissingExtraError
from proface.faces.recognition import aligned
from proface.inference.packaged_files import packaged_file
from proface.types import Face

PACKAGE = "face-recognition-models"
INSTALL = "pip install 'proface[evaluate]'"
FILE = "dlib_face_recognition_resnet_model_v1.dat"
DIGEST = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"

CHIP = 150  # side of the network's input, pixels
# Places of YuNet's five landmarks in a chip, with the padding that dlib's networks expect.
RECOGNITION = np.array(
    [[46.22, 45.27], [100.32, 45.19], [73.78, 77.65], [48.96, 100.95], [97.34, 101.71]]
)  # padding 0.25
ATTRIBUTES = np.array(
    [[44.19, 43.17], [102.17, 43.09], [73.73, 77.88], [47.12, 102.85], [98.98, 103.66]]
)  # padding 0.2

_running = threading.Lock()  # dlib's network is not thread-safe


def embed_dlib(pixels: NDArray[np.uint8], face: Face) -> NDArray[np.float32]:
    """dlib's embedding of a face: float32, 128 dimensions, unit length.

    Args:
        pixels: uint8 H x W x 3, RGB.
        face: a face in these pixels; see `proface.faces.recognition.embed`.

    Raises:
        MissingExtraError: dlib or the file with its weights is not installed.
        ModelError: the file is not the expected one.
        UsageError: landmarks that are not five points, or all in one place.
    """
    network = load_dlib()
    chip = np.ascontiguousarray(aligned(pixels, face, RECOGNITION, CHIP))
    with _running:
        vector = np.array(network.compute_face_descriptor(chip), np.float64)
    norm = float(np.linalg.norm(vector))
    return np.asarray(vector / norm if norm > 0 else vector, np.float32)


@lru_cache(maxsize=1)
def load_dlib() -> Any:
    """dlib's recognition network, loaded once.

    Raises:
        MissingExtraError, ModelError: see `embed_dlib`.
    """
    try:
        import dlib
    except ImportError:
        raise MissingExtraError(f"dlib is not installed; install it: {INSTALL}") from None
    path = packaged_file(PACKAGE, FILE, DIGEST, INSTALL)
    return dlib.face_recognition_model_v1(str(path))
