"""Recognise people of whom a photo is given, to protect them alone or to leave them unprotected.

Both thresholds err towards protection: a face is left unprotected as one of `keep` only if it is
clearly that person, and is protected as one of `only` if it might be. They are cosines of SFace's
embeddings; OpenCV Zoo's threshold for one person is 0.363.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.faces import detect, embed
from proface.media.photo import read_photo
from proface.types import Face, Pixels

KEEP_THRESHOLD = 0.5
ONLY_THRESHOLD = 0.363
Embedding = NDArray[np.float32]


@dataclass(frozen=True)
class People:
    """Embeddings of the people to keep, and of those who alone are protected."""

    keep: tuple[Embedding, ...] = ()
    only: tuple[Embedding, ...] = ()

    def __bool__(self) -> bool:
        """Whether anybody was named."""
        return bool(self.keep or self.only)

    def is_left_out(self, seen: Sequence[Embedding]) -> bool:
        """Whether a face with these embeddings, from one picture or several, stays unprotected."""
        if not seen:  # never seen well enough: it is protected
            return False
        if any(_mean(one, seen) >= KEEP_THRESHOLD for one in self.keep):
            return True
        if not self.only:
            return False
        return all(float(one @ other) < ONLY_THRESHOLD for one in self.only for other in seen)


def load_people(keep: Sequence[str], only: Sequence[str]) -> People:
    """Read the photos of people; the largest face of each counts.

    Raises:
        UsageError: a photo shows no face.
        ImageError: a photo cannot be read.
    """
    return People(tuple(map(_embedding, keep)), tuple(map(_embedding, only)))


def left_out(pixels: Pixels, faces: Sequence[Face], people: People) -> list[int]:
    """The numbers, from 1, of the faces of a photo that stay unprotected."""
    if not people:
        return []
    return [n for n, face in enumerate(faces, 1) if people.is_left_out([embed(pixels, face)])]


def _embedding(path: str) -> Embedding:
    pixels = read_photo(Path(path)).pixels
    faces = detect(pixels)
    if not faces:
        raise UsageError(f"{path}: no face found, so that nobody can be recognised by this photo.")
    return embed(pixels, max(faces, key=lambda face: face.box.w * face.box.h))


def _mean(one: Embedding, seen: Sequence[Embedding]) -> float:
    return float(np.mean([one @ other for other in seen]))
