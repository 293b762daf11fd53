"""The test image of a photo: the crop of its central face, 256 x 256."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from proface.errors import FacesRequiredError
from proface.faces import detect
from proface.media.photo import read_photo
from proface.types import Box, Face, Pixels

SIDE = 256  # of a crop, as published
AROUND = 1.7  # the crop's side, relative to the longer side of the face's box
ABOVE = 0.07  # offset of the crop's centre above the box's, likewise, to include the hair


@dataclass(frozen=True)
class Subject:
    """A test face.

    Attributes:
        pixels: the crop, uint8 256 x 256 x 3, RGB.
        face: the face in these pixels. Recognisers are given this one, detected in the original,
            for the protected image too: the best alignment that an attacker could have.
    """

    pixels: Pixels
    face: Face


def read_subject(path: Path) -> Subject:
    """Crop the face nearest to the photo's centre, which is the labelled person in LFW.

    Raises:
        ImageError: the photo cannot be read.
        FacesRequiredError: no face is found.
    """
    pixels = read_photo(path).pixels
    height, width = pixels.shape[:2]
    face = nearest_face(pixels, width / 2, height / 2)
    if face is None:
        raise FacesRequiredError(f"{path}: no face found.")
    return _cropped(pixels, face)


def nearest_face(pixels: Pixels, x: float, y: float, *, within: float = math.inf) -> Face | None:
    """The face whose box has its centre nearest to a point, closer than `within` pixels."""
    faces = [face for face in detect(pixels) if face.landmarks]
    face = min(faces, key=lambda face: _distance(face.box, x, y), default=None)
    return face if face is not None and _distance(face.box, x, y) < within else None


def _distance(box: Box, x: float, y: float) -> float:
    return float(np.hypot(box.x + box.w / 2 - x, box.y + box.h / 2 - y))


def _cropped(pixels: Pixels, face: Face) -> Subject:
    """A square around the face, within the photo, resized to 256 x 256."""
    height, width = pixels.shape[:2]
    box, longer = face.box, max(face.box.w, face.box.h)
    side = min(round(AROUND * longer), height, width)
    left = _inside(box.x + box.w / 2 - side / 2, side, width)
    top = _inside(box.y + box.h / 2 - ABOVE * longer - side / 2, side, height)
    area = Image.fromarray(pixels[top : top + side, left : left + side])
    scale = SIDE / side
    x0, y0 = (round((start - offset) * scale) for start, offset in ((box.x, left), (box.y, top)))
    marks = tuple((_scaled(x, left, scale), _scaled(y, top, scale)) for x, y in face.landmarks)
    moved = Face(Box(x0, y0, round(box.w * scale), round(box.h * scale)), face.score, marks)
    return Subject(np.asarray(area.resize((SIDE, SIDE), Image.Resampling.LANCZOS)), moved)


def _inside(start: float, side: int, limit: int) -> int:
    return min(max(0, round(start)), limit - side)


def _scaled(place: float, origin: int, scale: float) -> float:
    return (place + 0.5 - origin) * scale - 0.5  # pixels are squares, and places their centres
