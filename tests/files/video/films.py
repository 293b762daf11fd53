"""Looks into video files, as any other program does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np


def luma(path: Path) -> list[np.ndarray]:
    """Brightness of all frames."""
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format="gray").astype(np.int16) for frame in container.decode(video=0)
        ]


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def packets(path: Path, kind: str) -> list[tuple[bytes, float, float]]:
    """Bytes, time and duration of the packets of the first stream of a kind."""
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        found: list[Any] = [packet for packet in container.demux(stream) if packet.size]
        return [
            (bytes(p), float(p.pts * p.time_base), float(p.duration * p.time_base)) for p in found
        ]


def about(path: Path) -> tuple[dict[str, str], list[str]]:
    """Descriptions, and titles of chapters."""
    with av.open(str(path)) as container:
        titles = [chapter["metadata"].get("title", "") for chapter in container.chapters()]
        return dict(container.metadata), titles


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = np.mean((a.astype(float) - b.astype(float)) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")
