"""Generated clips with known faces: they move, grow, cross, leave and come back."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from proface.types import Box, Pixels

# Of scikit-image's astronaut: the head with some background, and the face in it.
HEAD = (slice(10, 190), slice(150, 300))
FACE = Box(21, 40, 108, 125)

FacePath = Callable[[float], tuple[float, float, float] | None]  # part of the clip -> x, y, scale


@dataclass(frozen=True)
class Clip:
    """A clip, and the faces in each frame."""

    path: Path
    faces: list[list[Box]]


def face_path(
    rng: random.Random, size: tuple[int, int], slot: tuple[int, int] | None = None
) -> FacePath:
    """A path of a face: a swing across the picture, with a change of size and mostly an absence.

    slot: number and count, for faces that stay side by side.
    """
    width, height = size
    scale = rng.uniform(0.35, 0.6) * height / 360
    speed, phase = rng.uniform(0.5, 2), rng.uniform(0, 2 * math.pi)
    away = (1.0, 1.0) if slot else sorted((rng.random(), rng.random()))

    def place(t: float) -> tuple[float, float, float] | None:
        if away[0] < t < min(away[1], away[0] + 0.3):
            return None
        swing = math.sin(2 * math.pi * speed * t + phase)
        grown = scale * (1 + 0.25 * math.sin(2 * math.pi * t + phase))
        if slot:
            x = width * (slot[0] + 0.5) / slot[1] + width / slot[1] * 0.2 * swing
        else:
            x = width / 2 + 0.4 * width * swing
        y = height * (0.5 + 0.2 * math.cos(2 * math.pi * t + phase))
        return x - 75 * grown, y - 90 * grown, grown

    return place


def four_faces(path: Path, seconds: float) -> Clip:
    """A clip of 1080p, 30 frames a second, in which four faces stay side by side."""
    rng = random.Random(4)
    size = (1920, 1080)
    paths = [face_path(rng, size, slot=(n, 4)) for n in range(4)]
    return write_clip(path, paths, round(30 * seconds), size, rate=30)


def repeated(clip: Path, times: int, path: Path) -> Path:
    """The same clip several times, one after another; packets are copied."""
    with av.open(str(path), "w") as output:
        for number in range(times):
            with av.open(str(clip)) as source:
                if not number:
                    copies = [output.add_stream_from_template(one) for one in source.streams]
                film = source.streams.video[0]
                seconds = number * Fraction(film.frames) / (film.average_rate or 1)
                for packet in source.demux():
                    if packet.dts is not None and packet.pts is not None:
                        later = round(seconds / packet.time_base)
                        packet.pts, packet.dts = packet.pts + later, packet.dts + later
                        packet.stream = copies[packet.stream.index]
                        output.mux(packet)
    return path


def write_clip(
    path: Path,
    paths: Sequence[FacePath],
    count: int,
    size: tuple[int, int],
    *,
    rate: int = 25,
    seed: int = 0,
) -> Clip:
    """Draw and write a clip with sound, frame by frame."""
    faces: list[list[Box]] = []
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "20", "preset": "veryfast"}
        voice = output.add_stream("aac", rate=44100, layout="mono")
        voice.codec_context.time_base = Fraction(1, 44100)
        noise = np.random.default_rng(seed)
        for index in range(int(count / rate * 44100 / 1024)):
            sound = noise.normal(0, 0.1, (1, 1024)).astype(np.float32)
            tone = av.AudioFrame.from_ndarray(sound, "fltp", "mono")
            tone.sample_rate, tone.pts = 44100, index * 1024
            output.mux(voice.encode(tone))
        for picture, found in _pictures(paths, count, size, seed):
            faces.append(found)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        output.mux(stream.encode(None))
        output.mux(voice.encode(None))
    return Clip(path, faces)


def _pictures(
    paths: Sequence[FacePath], count: int, size: tuple[int, int], seed: int
) -> Iterator[tuple[Pixels, list[Box]]]:
    random_ = np.random.default_rng(seed)
    width, height = size
    rough = random_.integers(60, 200, (height // 24 + 4, width // 24 + 12, 3)).astype(np.uint8)
    texture = cv2.resize(rough, None, fx=24, fy=24, interpolation=cv2.INTER_CUBIC)
    grain = random_.normal(0, 3, texture.shape)
    texture = np.clip(texture + grain, 0, 255).astype(np.uint8)
    head: Pixels = np.ascontiguousarray(data.astronaut()[HEAD])  # type: ignore[no-untyped-call]
    rows, columns = np.mgrid[: head.shape[0], : head.shape[1]]
    oval = (((columns - 75) / 62) ** 2 + ((rows - 95) / 85) ** 2 <= 1).astype(np.float32)
    for index in range(count):
        shift = round(60 + 60 * math.sin(index / 40))
        picture = texture[8 : 8 + height, shift : shift + width].copy()
        found = []
        for path in paths:
            place = path(index / count)
            box = None if place is None else _draw(picture, head, oval, *place)
            if box is not None:
                found.append(box)
        _number(picture, index)
        yield picture, found


def _draw(
    picture: Pixels, head: Pixels, oval: NDArray[np.float32], x: float, y: float, scale: float
) -> Box | None:
    """Draw a head; the box of its face inside the picture, or None."""
    height, width = picture.shape[:2]
    part = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(oval, part.shape[1::-1])[..., None]
    left, top = round(x), round(y)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + part.shape[1]), min(height, top + part.shape[0])
    if x1 <= x0 or y1 <= y0:
        return None
    inner = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    area = picture[y0:y1, x0:x1]
    area[...] = area * (1 - mask[inner]) + part[inner] * mask[inner]
    fx, fy = round(left + FACE.x * scale), round(top + FACE.y * scale)
    right, bottom = round(fx + FACE.w * scale), round(fy + FACE.h * scale)
    fx, fy, right, bottom = max(0, fx), max(0, fy), min(width, right), min(height, bottom)
    if right <= fx or bottom <= fy:
        return None
    return Box(fx, fy, right - fx, bottom - fy)


def _number(picture: Pixels, index: int) -> None:
    """The frame's number in the corner, as blocks of black and white, lowest bit first."""
    for bit in range(12):
        picture[0:12, 4 + 12 * bit : 16 + 12 * bit] = 255 if index >> bit & 1 else 0
