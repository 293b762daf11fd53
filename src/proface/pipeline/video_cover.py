"""Cover faces in the frames of a video so that what is shown stands still where it can.

What moves costs a video codec bytes. Windows therefore lie on the codec's blocks and stay where
they are until a face leaves them. The blocks of a mosaic lie on a grid of the picture, not of the
face, and keep their colour until it changes visibly, which also shows less of the face over time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from proface.faces.regions import faces_inside, regions_for
from proface.looks import Look, obfuscate
from proface.looks.look import FACE_SHARE, PAPER_SIDE
from proface.looks.pixelate import mosaic
from proface.media.video.planes import I420
from proface.pipeline.covered import check_covered
from proface.pipeline.video_frames import owned, paste, window
from proface.types import Box, Face, Pixels

STEP = 16  # pixels: the blocks of H.264, and the least of a mosaic
_HELD = 16  # levels by which a block of a mosaic may differ from what it shows
_NEVER_SHOWN = -1000


def windows_of(regions: Sequence[Box], size: tuple[int, int]) -> list[Box]:
    """Windows of one size around the regions of a face, which move as seldom as they can.

    Args:
        regions: of one face, one in each frame of a segment.
        size: width and height of the picture, both even.

    Returns:
        Boxes whose sides and places are multiples of STEP where the picture has room.
    """
    w, h = window_size(max(box.w for box in regions), max(box.h for box in regions), size)
    found: list[Box] = []
    for box in regions:
        last = found[-1] if found else None
        x = _place(box.x, box.w, None if last is None else last.x, w, size[0])
        y = _place(box.y, box.h, None if last is None else last.y, h, size[1])
        found.append(Box(x, y, w, h))
    return found


def window_size(w: int, h: int, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the windows around regions of at most w x h in a picture of a size."""
    # One step more than the largest region, to move in.
    room = tuple(-(-side // STEP) * STEP + STEP for side in (w, h))
    return min(room[0], size[0]), min(room[1], size[1])


def _place(start: int, length: int, last: int | None, room: int, limit: int) -> int:
    """Where a span of `room` begins that contains another: where it was, or else around it."""
    if last is not None and last <= start and start + length <= last + room:
        return last
    middle = start - (room - length) / 2
    return min(max(0, round(middle / STEP) * STEP), limit - room)


class Cover:
    """Shows a look over the windows of a segment's frames, given one after the other.

    Args:
        look: what is shown.
        regions: of each track, all in the segment.
        faces: of each track, all in the segment, which some looks need.
        size: width and height of the picture.
    """

    def __init__(
        self,
        look: Look,
        regions: Mapping[int, Sequence[Box]],
        faces: Mapping[int, Sequence[Box]],
        size: tuple[int, int],
    ) -> None:
        self._look, self._size = look, size
        self._mosaics: dict[int, _StillMosaic] = {}
        if look.name == "pixelate":
            for n in regions:
                side = _block(float(look.strength), regions[n], faces[n])
                self._mosaics[n] = _StillMosaic(side, size)

    def __call__(self, frame: I420, windows: Mapping[int, Box], faces: Mapping[int, Box]) -> I420:
        """A copy of a frame, H * 3/2 x W, in which every window shows the look.

        windows, faces: of this frame, by their track's number.

        Raises:
            CheckFailedError: the look leaves a face visible.
        """
        covered = frame.copy()
        people = [Face(face) for face in faces.values()]
        for n, box in windows.items():
            if n in self._mosaics:
                part = self._mosaics[n].of(frame, box)
            else:
                # A window may own pixels of a neighbour's face: it covers all that reach into it.
                shown = obfuscate(_rgb(window(frame, box)), self._look, faces_inside(people, box))
                part = _i420(shown)
            # Every pixel of an overlap belongs to one window, whose look it shows.
            paste(covered, part, box, owned(windows, n))
        self._check(frame, covered, faces.values())
        return covered

    def _check(self, frame: I420, covered: I420, faces: Iterable[Box]) -> None:
        """Raises CheckFailedError where the look leaves a face visible."""
        for box in (regions_for([face], self._size, expand=0, align=2)[0] for face in faces):
            before, after = (_rgb(window(picture, box)) for picture in (frame, covered))
            check_covered(before, after, [Face(Box(0, 0, box.w, box.h))], self._look)


def _block(strength: float, regions: Sequence[Box], faces: Sequence[Box]) -> int:
    """The side of a mosaic's blocks: as in a photo (`strength_scale`), rounded up to STEP."""
    region = max(math.sqrt(box.w * box.h) for box in regions)
    face = max(math.sqrt(box.w * box.h) for box in faces)
    side = strength * max(region, FACE_SHARE * face) / PAPER_SIDE
    return max(1, math.ceil(round(side) / STEP)) * STEP


class _StillMosaic:
    """A mosaic over one face, whose blocks lie on a grid of the picture and hold their colours."""

    def __init__(self, side: int, size: tuple[int, int]) -> None:
        self._side, self._size = side, size
        shape = -(-size[1] // side), -(-size[0] // side), 3
        self._shown: NDArray[np.int16] = np.full(shape, _NEVER_SHOWN, np.int16)

    def of(self, frame: I420, box: Box) -> I420:
        """What a window of the frame shows, box.h * 3/2 x box.w."""
        side, (width, height) = self._side, self._size
        left, top = box.x // side, box.y // side
        right, bottom = -(-(box.x + box.w) // side), -(-(box.y + box.h) // side)
        x, y = left * side, top * side
        whole = Box(x, y, min(right * side, width) - x, min(bottom * side, height) - y)
        means = mosaic(_rgb(window(frame, whole)), side)[::side, ::side].astype(np.int16)
        shown = self._shown[top:bottom, left:right]
        changed = np.abs(means - shown).max(axis=2) >= _HELD
        shown[changed] = means[changed]
        blocks = shown.astype(np.uint8).repeat(side, axis=0).repeat(side, axis=1)
        part = _i420(np.ascontiguousarray(blocks[: whole.h, : whole.w]))
        return window(part, Box(box.x - x, box.y - y, box.w, box.h))


def _rgb(part: I420) -> Pixels:
    return np.asarray(cv2.cvtColor(part, cv2.COLOR_YUV2RGB_I420), np.uint8)


def _i420(pixels: Pixels) -> I420:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV_I420), np.uint8)
