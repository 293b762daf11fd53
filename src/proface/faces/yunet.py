"""One inference of YuNet on one picture: from pixels to candidate boxes.

YuNet (Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", 2023) predicts at strides 8,
16 and 32, one for each cell: class and object score, box and five landmarks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proface.faces.networks import network

STRIDES = (8, 16, 32)


def candidates(pixels: NDArray[np.uint8], threshold: float) -> NDArray[np.float32]:
    """The predictions that score at least `threshold`, before non-maximum suppression.

    Args:
        pixels: uint8 H x W x 3, RGB, of any size.
        threshold: least score, in 0..1.

    Returns:
        float32 n x 15: x, y, w, h, ten landmark coordinates, score; in pixels of `pixels`.
        Boxes may extend beyond the picture.
    """
    session = network("yunet")
    planes = _planes(pixels)
    names = [f"{kind}_{stride}" for stride in STRIDES for kind in ("cls", "obj", "bbox", "kps")]
    outputs = session.run(names, {session.get_inputs()[0].name: planes})
    columns = planes.shape[3]
    found = []
    for i, stride in enumerate(STRIDES):
        cls, obj, box, points = (output[0] for output in outputs[4 * i : 4 * i + 4])
        found.append(_decode(cls, obj, box, points, stride, columns // stride, threshold))
    return np.concatenate(found)


def _planes(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """1 x 3 x H' x W', BGR, 0..255, padded with black to multiples of the largest stride."""
    height, width = pixels.shape[:2]
    shape = (1, 3, -(-height // 32) * 32, -(-width // 32) * 32)
    planes = np.zeros(shape, np.float32)
    planes[0, :, :height, :width] = pixels[..., ::-1].transpose(2, 0, 1)
    return planes


def _decode(
    cls: NDArray[np.float32],  # cells x 1
    obj: NDArray[np.float32],  # cells x 1
    box: NDArray[np.float32],  # cells x 4: centre offset in strides, log size in strides
    points: NDArray[np.float32],  # cells x 10: offsets in strides
    stride: int,
    columns: int,
    threshold: float,
) -> NDArray[np.float32]:
    score = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
    cells = np.flatnonzero(score >= threshold)
    corner = np.stack([cells % columns, cells // columns], 1).astype(np.float32)  # n x 2
    centre = (corner + box[cells, :2]) * stride
    size = np.exp(np.minimum(box[cells, 2:], 10)) * stride
    marks = (np.tile(corner, 5) + points[cells]) * stride
    return np.concatenate([centre - size / 2, size, marks, score[cells, None]], 1).astype(
        np.float32
    )
