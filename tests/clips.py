"""Small generated clips: faces with known places over textured, moving backgrounds, with sound."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from skimage import data

from proface.types import Box

RATE = 25
# Of scikit-image's astronaut: the head with some background, and the face in it.
HEAD = (slice(10, 190), slice(150, 300))
FACE = Box(21, 40, 108, 125)


@dataclass(frozen=True)
class Clip:
    """A clip, and the faces in each frame."""

    path: Path
    faces: list[list[Box]]
    times: list[int]


def still(path: str = "astronaut") -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[HEAD])


def frames(
    paths: list[Any], count: int, size: tuple[int, int] = (320, 240), seed: int = 0
) -> tuple[list[np.ndarray], list[list[Box]]]:
    """Pictures, and boxes of the faces.

    paths: for each face a function from the frame to (x, y, scale), or to None where it is away.
    """
    random = np.random.default_rng(seed)
    w, h = size
    rough = random.integers(90, 200, (h // 8 + 8, w // 8 + 40, 3)).astype(np.uint8)
    texture = cv2.resize(rough, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    head = still()
    oval = np.zeros(head.shape[:2], np.float32)
    cv2.ellipse(oval, (75, 95), (62, 85), 0, 0, 360, 1.0, -1)
    pictures, boxes = [], []
    for i in range(count):
        picture = texture[4 : 4 + h, 2 * i % 200 : 2 * i % 200 + w].copy()
        found = []
        for path in paths:
            place = path(i)
            if place is None:
                continue
            x, y, scale = place
            part = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            mask = cv2.resize(oval, part.shape[1::-1])[..., None]
            x, y = round(x), round(y)
            x0, y0 = max(0, x), max(0, y)
            x1, y1 = min(w, x + part.shape[1]), min(h, y + part.shape[0])
            if x1 <= x0 or y1 <= y0:
                continue
            inner = slice(y0 - y, y1 - y), slice(x0 - x, x1 - x)
            area = picture[y0:y1, x0:x1]
            area[...] = area * (1 - mask[inner]) + part[inner] * mask[inner]
            fx, fy = x + FACE.x * scale, y + FACE.y * scale
            box = Box(round(fx), round(fy), round(FACE.w * scale), round(FACE.h * scale))
            left, top = max(0, box.x), max(0, box.y)
            right, bottom = min(w, box.x + box.w), min(h, box.y + box.h)
            if right > left and bottom > top:
                found.append(Box(left, top, right - left, bottom - top))
        pictures.append(picture)
        boxes.append(found)
    return pictures, boxes


def write(
    path: Path,
    pictures: list[np.ndarray],
    *,
    times: list[int] | None = None,
    sound: bool = True,
    rotation: int = 0,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    chapters: bool = False,
) -> list[int]:
    """Write pictures as a film; times in units of 1/12800 s. Returns them."""
    unit = Fraction(1, 12800)
    times = times or [512 * i for i in range(len(pictures))]
    kind = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".avi": "avi"}[path.suffix]
    with av.open(str(path), "w", format=kind) as output:
        output.metadata.update(metadata or {})
        if chapters:
            one = {"id": 0, "start": 0, "end": 500, "time_base": Fraction(1, 1000)}
            output.set_chapters([{**one, "metadata": {"title": "one"}}])
        stream = output.add_stream(codec, rate=RATE)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixel_format
        stream.options = options or {"crf": "18", "preset": "veryfast"}
        stream.codec_context.time_base = unit
        if rotation:
            stream.set_display_rotation(rotation)
        voice = output.add_stream("aac", rate=44100, layout="mono") if sound else None
        if voice is not None:
            random = np.random.default_rng(1)
            seconds = times[-1] / 12800
            for i in range(int(seconds * 44100 / 1024) + 1):
                samples = random.normal(0, 0.1, (1, 1024)).astype(np.float32)
                tone = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
                tone.sample_rate, tone.pts = 44100, i * 1024
                output.mux(voice.encode(tone))
        for picture, time in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = time, unit
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if voice is not None:
            output.mux(voice.encode(None))
    return times


def make(path: Path, paths: list[Any], count: int = 50, **options: Any) -> Clip:
    """Draw and write a clip."""
    size, seed = options.pop("size", (320, 240)), options.pop("seed", 0)
    pictures, boxes = frames(paths, count, size, seed)
    return Clip(path, boxes, write(path, pictures, **options))


def sliding(x: float, y: float, dx: float, dy: float = 0.0, scale: float = 0.5) -> Any:
    """A face that moves at a constant speed, in pixels a frame."""
    return lambda i: (x + dx * i, y + dy * i, scale)
