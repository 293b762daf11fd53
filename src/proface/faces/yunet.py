"""One inference of YuNet on one picture: from pixels to candidate boxes.

YuNet (Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", 2023) predicts at strides 8,
16 and 32, one for each cell: class and object score, box and five landmarks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proface.faces.networks import network, planes

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
    seen = planes(pixels[..., ::-1])  # BGR
    names = [f"{kind}_{stride}" for stride in STRIDES for kind in ("cls", "obj", "bbox", "kps")]
    outputs = session.run(names, {session.get_inputs()[0].name: seen})
    columns = seen.shape[3]
    found = []
    for i, stride in enumerate(STRIDES):
        cls, obj, box, points = (output[0] for output in outputs[4 * i : 4 * i + 4])
        found.append(_decode(cls, obj, box, points, stride, columns // stride, threshold))
    return np.concatenate(found)


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
