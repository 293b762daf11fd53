"""One inference of CenterFace on one picture: from pixels to candidate boxes.

CenterFace (Xu, Yan, Yang, Shu, Zhao: "CenterFace: Joint Face Detection and Alignment Using Face as
Point", 2019) predicts at stride 4: a heat map of face centres, and for each cell the size of the
face, the offset of its centre and five landmarks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proface.faces.networks import network, planes
from proface.inference.onnxruntime_engine import releasing_memory

STRIDE = 4
HEAT, SIZE, OFFSET, MARKS = "537", "538", "539", "540"  # the network's names


def candidates(pixels: NDArray[np.uint8], threshold: float) -> NDArray[np.float32]:
    """The predictions that score at least `threshold`, before non-maximum suppression.

    Args:
        pixels: uint8 H x W x 3, RGB, of any size.
        threshold: least score, in 0..1.

    Returns:
        float32 n x 15: x, y, w, h, ten landmark coordinates, score; in pixels of `pixels`.
        Boxes may extend beyond the picture.

    Raises:
        MissingExtraError: the network is not installed.
        ModelError: its file was altered.
    """
    session = network("centerface")
    names = [HEAT, SIZE, OFFSET, MARKS]
    inputs = {session.get_inputs()[0].name: planes(pixels)}
    heat, size, offset, marks = session.run(names, inputs, releasing_memory())
    rows, columns = np.nonzero(heat[0, 0] >= threshold)
    tall, wide = np.exp(np.minimum(size[0][:, rows, columns], 10)) * STRIDE
    down, right = offset[0][:, rows, columns]
    y = (rows + 0.5 + down) * STRIDE - tall / 2
    x = (columns + 0.5 + right) * STRIDE - wide / 2
    points = marks[0][:, rows, columns].reshape(5, 2, -1)  # y, x in parts of the box
    found = [x, y, wide, tall]
    for point_y, point_x in points:
        found += [x + point_x * wide, y + point_y * tall]
    return np.stack([*found, heat[0, 0, rows, columns]], 1).astype(np.float32)
