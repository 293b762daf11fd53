"""Tracks: detections of the same face linked over time, with gaps filled and ends extended.

Detections are assigned to tracks by the Hungarian method (Kuhn 1955), on the distance from where
each track's motion predicts its face. What is missed afterwards is added: gaps are interpolated,
both ends extended by half a second, and boxes smoothed, but never made smaller than what was
detected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from proface.errors import MissingExtraError
from proface.types import Box, Face

Corners = NDArray[np.float64]  # ... x 4: left, top, right, bottom

EXTENSION = 0.5  # seconds before the first and after the last detection
LONGEST_GAP = 1.0  # seconds without a detection after which a face begins a new track
HOLDS = 0.4  # intersection over union of two detections between which a face is only interpolated
_GATE = 1.0  # distance of a detection from its prediction, in faces, over which they are no pair
_FASTEST = 6.0  # faces per second by which the gate widens for a face detected only once so far
_WIDENS = 0.25  # seconds for which it does
_SMOOTHED = 5  # frames
_GROWTH = 0.02  # of a box's size, for each frame between it and the nearest detection
_MOST_GROWTH = 0.15
_IMPOSSIBLE = 1e6


@dataclass
class _Open:
    """A track while it grows: frames, boxes, and times of its detections."""

    frames: list[int]
    boxes: list[Corners]
    times: list[float]

    def predicted(self, time: float) -> Corners:
        """Where its face is by now, at the speed of its latest detections."""
        return np.asarray(self.boxes[-1] + self.speed(-1) * (time - self.times[-1]))

    def speed(self, end: int) -> Corners:
        """Of its centre at the first (0) or last (-1) detections, per second, as a shift."""
        other = min(3, len(self.boxes) - 1)
        if not other:
            return np.zeros(4)
        a, b = (0, other) if end == 0 else (-1 - other, -1)
        move = (self.boxes[b] - self.boxes[a]) / (self.times[b] - self.times[a])
        across, down = (move[0] + move[2]) / 2, (move[1] + move[3]) / 2
        return np.array([across, down, across, down])


@dataclass(frozen=True)
class Track:
    """One face in a video.

    Attributes:
        first: the first frame in which it is covered.
        boxes: int, frames x 4: x, y, w, h of the face in each frame from `first` on.
        seen: the first and last frame in which it was detected.
        detections: how many frames it was detected in.
    """

    first: int
    boxes: NDArray[np.int64]
    seen: tuple[int, int]
    detections: int

    @property
    def last(self) -> int:
        """The last frame in which it is covered."""
        return self.first + len(self.boxes) - 1

    def at(self, frame: int) -> Box | None:
        """The face's box in a frame; None where the track is not."""
        if not self.first <= frame <= self.last:
            return None
        return Box(*(int(side) for side in self.boxes[frame - self.first]))


@dataclass
class Linker:
    """Links the detections of one frame after another; `tracks` completes the result."""

    _tracks: list[_Open] = field(default_factory=list)

    def holds(self, time: float, faces: Sequence[Face]) -> bool:
        """Whether these faces are those of the latest tracks, each close to where it was.

        If so, frames in between need no detection. It is not so while a face is missed that was
        there within LONGEST_GAP.
        """
        current = [track for track in self._tracks if time - track.times[-1] <= LONGEST_GAP]
        if len(current) != len(faces):
            return False
        boxes = corners(faces)
        pairs = _assigned(current, boxes, time)
        return len(pairs) == len(faces) and all(
            _overlap(current[a].boxes[-1], boxes[b]) >= HOLDS for a, b in pairs
        )

    def observe(self, frame: int, time: float, faces: Sequence[Face]) -> list[int]:
        """Add the detections of a frame, later than the last one; return the track of each.

        Args:
            frame: its number.
            time: in seconds.
            faces: the detections.
        """
        boxes = corners(faces)
        recent = [
            (n, track)
            for n, track in enumerate(self._tracks)
            if time - track.times[-1] <= LONGEST_GAP
        ]
        owner = [-1] * len(faces)
        for a, b in _assigned([track for _n, track in recent], boxes, time):
            owner[b] = recent[a][0]
        for index, box in enumerate(boxes):
            if owner[index] < 0:
                owner[index] = len(self._tracks)
                self._tracks.append(_Open([], [], []))
            track = self._tracks[owner[index]]
            track.frames.append(frame)
            track.boxes.append(box)
            track.times.append(time)
        return owner

    def tracks(self, times: Sequence[float], size: tuple[int, int]) -> list[Track]:
        """The completed tracks, in the order in which `observe` numbered them from 0.

        Args:
            times: of all frames, in seconds.
            size: width and height of the picture.
        """
        return [_completed(track, np.asarray(times), size) for track in self._tracks]


def corners(faces: Sequence[Face]) -> Corners:
    """Left, top, right and bottom of faces, n x 4."""
    found = [(f.box.x, f.box.y, f.box.x + f.box.w, f.box.y + f.box.h) for f in faces]
    return np.array(found, np.float64).reshape(-1, 4)


def _assigned(tracks: Sequence[_Open], boxes: Corners, time: float) -> list[tuple[int, int]]:
    """Pairs of a track and a box, none farther apart than the gate."""
    if not tracks or not len(boxes):
        return []
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        raise MissingExtraError(
            "Videos need SciPy, which is not installed. Install it: pip install 'proface[video]'."
        ) from None
    predicted = np.array([track.predicted(time) for track in tracks])
    last = np.array([track.boxes[-1] for track in tracks])
    # A face may stop as well as go on.
    distance = np.minimum(_distance(predicted, boxes), _distance(last, boxes))
    unknown = np.array([min(time - t.times[0], _WIDENS) * (len(t.times) == 1) for t in tracks])
    gate = _GATE + _FASTEST * unknown[:, None]
    cost = np.where(distance <= gate, distance, _IMPOSSIBLE)
    rows, columns = linear_sum_assignment(cost)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(a, b) for a, b in pairs if cost[a, b] < _IMPOSSIBLE]


def _distance(a: Corners, b: Corners) -> NDArray[np.float64]:
    """Of centres, in mean sides of both faces, plus how much their sizes differ: len a x len b."""
    centre_a, centre_b = ((x[:, :2] + x[:, 2:]) / 2 for x in (a, b))
    side_a, side_b = (np.sqrt(np.prod(np.maximum(x[:, 2:] - x[:, :2], 1), axis=1)) for x in (a, b))
    apart = np.linalg.norm(centre_a[:, None] - centre_b[None], axis=2)
    sizes = np.abs(np.log(side_a[:, None] / side_b[None]))
    return np.asarray(apart / ((side_a[:, None] + side_b[None]) / 2) + sizes / 2)


def _overlap(a: Corners, b: Corners) -> float:
    """Intersection over union."""
    shared = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))
    both = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared
    return float(shared / both) if both > 0 else 0.0


def _completed(track: _Open, times: NDArray[np.float64], size: tuple[int, int]) -> Track:
    seen = np.array(track.frames)
    first = int(np.searchsorted(times, times[seen[0]] - EXTENSION))
    last = int(np.searchsorted(times, times[seen[-1]] + EXTENSION, "right")) - 1
    frames = np.arange(first, last + 1)
    now, known = times[frames], np.array(track.times)
    raw = np.array(track.boxes)
    filled = np.stack([np.interp(now, known, raw[:, side]) for side in range(4)], axis=1)
    _extend(filled, now, known, track)
    filled = _smoothed(filled)
    # Where nothing was detected, the face may have moved otherwise.
    nearest = np.abs(frames[:, None] - seen[np.clip(_around(seen, frames), 0, len(seen) - 1)])
    spread = np.minimum(nearest.min(axis=1) * _GROWTH, _MOST_GROWTH)[:, None]
    sides = (filled[:, 2:] - filled[:, :2]) * spread
    filled[:, :2] -= sides
    filled[:, 2:] += sides
    return Track(first, _whole(filled, size), (int(seen[0]), int(seen[-1])), len(seen))


def _around(seen: NDArray[np.int64], frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the detections before and after each frame."""
    after = np.searchsorted(seen, frames)
    return np.stack([after - 1, after], axis=1)


def _extend(
    filled: Corners, now: NDArray[np.float64], known: NDArray[np.float64], track: _Open
) -> None:
    """At both ends, cover where the face was and where it would be if it went on, in place."""
    for end, before in ((0, now < known[0]), (-1, now > known[-1])):
        box = track.boxes[end]
        moved = track.speed(end) * (now[before] - known[end])[:, None]
        limit = np.tile(box[2:] - box[:2], 2)
        moved = np.clip(moved, -limit, limit)
        filled[before, :2] = np.minimum(box[:2], box[:2] + moved[:, :2])
        filled[before, 2:] = np.maximum(box[2:], box[2:] + moved[:, 2:])


def _smoothed(boxes: Corners) -> Corners:
    """A moving average, widened to what it leaves out."""
    if len(boxes) < 2:
        return boxes
    half = _SMOOTHED // 2
    padded = np.pad(boxes, ((half, half), (0, 0)), "edge")
    total = np.cumsum(np.vstack([np.zeros(4), padded]), axis=0)
    mean = (total[_SMOOTHED:] - total[:-_SMOOTHED]) / _SMOOTHED
    return np.hstack([np.minimum(mean[:, :2], boxes[:, :2]), np.maximum(mean[:, 2:], boxes[:, 2:])])


def _whole(boxes: Corners, size: tuple[int, int]) -> NDArray[np.int64]:
    """Corners rounded outwards to x, y, w, h inside a picture; at least one pixel."""
    limit = np.array(size)
    start = np.clip(np.floor(boxes[:, :2]), 0, limit - 1).astype(np.int64)
    end = np.clip(np.ceil(boxes[:, 2:]), start + 1, limit).astype(np.int64)
    return np.hstack([start, end - start])
