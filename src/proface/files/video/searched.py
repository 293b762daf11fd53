"""What a search for faces has found so far, so that an interrupted run need not search again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from proface.types import Box, Face

_LEAST_INTERVAL = 5.0  # seconds between two savings
_INTERVAL = 50  # times what the last one took: of a long film there is much to save


@dataclass
class Searched:
    """The faces of each frame that was searched, by its number.

    Attributes:
        save: is told of them every few seconds.
    """

    faces: dict[int, Sequence[Face]] = field(default_factory=dict)
    save: Callable[[Searched], None] | None = None
    _next: float = field(default_factory=lambda: time.monotonic() + _LEAST_INTERVAL)

    def save_at_times(self) -> None:
        """Save, unless that was done just before."""
        began = time.monotonic()
        if self.save is not None and began >= self._next:
            self.save(self)
            now = time.monotonic()
            self._next = now + max(_LEAST_INTERVAL, _INTERVAL * (now - began))

    def to_arrays(self) -> dict[str, Any]:
        """As arrays: the frames, the number of faces in each, and the faces."""
        found = dict(self.faces)  # other threads add to it
        faces = [face for one in found.values() for face in one]
        rows = [(*vars(f.box).values(), f.score, *chain(*f.landmarks)) for f in faces]
        return {
            "frames": np.array(list(found), np.int64),
            "counts": np.array([len(one) for one in found.values()], np.int64),
            "faces": np.array(rows, np.float64).reshape(len(rows), -1 if rows else 5),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Searched:
        """What `to_arrays` made."""
        faces = []
        for x, y, w, h, score, *marks in arrays["faces"].tolist():
            points = tuple(zip(marks[::2], marks[1::2], strict=True))
            faces.append(Face(Box(int(x), int(y), int(w), int(h)), score, points))
        ends = np.cumsum(arrays["counts"]).tolist()
        starts = [0, *ends]
        parts = zip(arrays["frames"].tolist(), starts, ends, strict=False)
        return cls({frame: faces[start:end] for frame, start, end in parts})
