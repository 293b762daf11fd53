"""Frames as one array of height * 3/2 x width: Y, then U and V at half size ("I420")."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

I420 = NDArray[np.uint8]  # H * 3/2 x W


def i420(raw: Any) -> I420:
    """The planes of PyAV's frame as stored, H * 3/2 x W, made even; levels are not changed."""
    if raw.format.name not in ("yuv420p", "yuvj420p"):
        raw = raw.reformat(format="yuvj420p" if raw.format.name.startswith("yuvj") else "yuv420p")
    if raw.width % 2 == 0 and raw.height % 2 == 0:
        return np.asarray(raw.to_ndarray())
    width, height = raw.width + raw.width % 2, raw.height + raw.height % 2
    planes: list[NDArray[np.uint8]] = []
    for plane in raw.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        rows = rows[: plane.height, : plane.width]
        down, across = (height, width) if not planes else (height // 2, width // 2)
        missing = ((0, down - rows.shape[0]), (0, across - rows.shape[1]))
        planes.append(np.pad(rows, missing, "edge").ravel())
    return np.concatenate(planes).reshape(height * 3 // 2, width)


def upright(frame: I420, rotation: int) -> I420:
    """The frame turned counter-clockwise by 0, 90, 180 or 270 degrees."""
    if not rotation:
        return frame
    parts = [np.rot90(part, rotation // 90) for part in split(frame)]
    width = parts[0].shape[1]
    return np.concatenate([part.ravel() for part in parts]).reshape(-1, width)


def split(frame: I420) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Views of Y (H x W), U and V (H/2 x W/2) of an I420 frame, which must be contiguous."""
    rows, width = frame.shape
    height = rows * 2 // 3
    quarter = height * width // 4
    flat = frame.reshape(-1)
    u = flat[height * width :][:quarter].reshape(height // 2, width // 2)
    v = flat[height * width + quarter :].reshape(height // 2, width // 2)
    return frame[:height], u, v
