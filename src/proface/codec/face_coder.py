"""A face in a given number of bytes: an AV1 frame of the face, scaled, without its container.

    pixels -> scaled down -> AV1 frame -> scale, frame, zeros -> AV1 -> scaled up -> pixels

The stream's length is the caller's choice alone: nothing about the content shows in it. The first
byte is the coded picture's size in 240ths of the face's, or zero before a single colour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from proface.codec import av1_payload
from proface.codec.av1_payload import COARSEST, FINEST
from proface.errors import DamagedFileError
from proface.types import Pixels

MIN_SIDE, MAX_SIDE = 16, 4096
MIN_LENGTH, MAX_LENGTH = 24, 200_000

_FULL = 240  # has many divisors
_ONE_COLOUR = 0

# What a choice changes in the logarithm of the bytes; much the same for all faces.
_PER_QUANTISER = 0.07
_PER_QUANTISER_ENLARGED = 0.035  # at least, for a photo that was enlarged, on its own grid
_PER_PIXEL = 0.65  # for 1 in the logarithm of coded pixels
_ERROR = 0.9  # 1 more in the logarithm of the bytes takes this from that of the mean square error

# The best scale is the smallest whose own loss is this share of the whole error (6.5 dB less):
# within 0.05 dB of the best of seven scales from 0.01 to 0.1 bytes a pixel.
_SHARE = 0.22
# Plain ratios: a photo that was enlarged once, or is a JPEG, is cheapest on its own grid of pixels.
_SCALES = (240, 200, 180, 160, 140, 120, 100, 90, 80, 70, 60, 50, 40, 30, 24, 20, 15, 12, 10, 8, 6)
_SCOUTS = 3  # fast encodings to find scale and quantiser
# Logarithm of bytes left empty that is worth no further slow encoding, after one, two, three.
_SLACKS = (0.02, 0.05, math.inf)
_FAST = 7  # libaom's speed from which on an encoding is fast
_SMALL = 1 << 14  # coded pixels, of which an encoding takes milliseconds
_SLACKS_SMALL = (0.02, 0.02, 0.03, 0.03, 0.05, 0.05, math.inf)
_COARSE = 3  # coarser quantisers are so far apart that a smaller scale does better
_SLOWER = 0.035  # by which a slow encoding is shorter than a fast one
_AIM = 0.012  # how much is left empty on purpose, for what the estimate misses
_LITTLE = 0.1  # a change in bytes that needs no other quantiser


@dataclass(frozen=True)
class _Choice:
    scale: int
    quantiser: int


@dataclass(frozen=True)
class _Coded:
    choice: _Choice
    frame: bytes
    error: float  # mean square, at full size


def encode(pixels: Pixels, length: int) -> bytes:
    """A face in exactly `length` bytes, as good as fits.

    Args:
        pixels: H x W x 3, sides from `MIN_SIDE` to `MAX_SIDE`.
        length: from `MIN_LENGTH` to `MAX_LENGTH`.

    Raises:
        ValueError: Sides or length are out of range.
    """
    _check_size(*pixels.shape[:2])
    _check_length(length)
    best = _Search(pixels, length - 1).best()
    if best is None:
        stream = bytes([_ONE_COLOUR, *map(round, pixels.mean((0, 1)).tolist())])
    else:
        stream = bytes([best.choice.scale]) + best.frame
    return stream.ljust(length, b"\0")


def decode(data: bytes, height: int, width: int) -> Pixels:
    """The face of a stream made by `encode`, height x width x 3.

    Raises:
        DamagedFileError: The bytes are no such stream. Some damage shows only in the picture.
        ValueError: Sides or length are out of range.
    """
    _check_size(height, width)
    _check_length(len(data))
    scale = data[0]
    if scale == _ONE_COLOUR:
        return np.broadcast_to(np.frombuffer(data[1:4], np.uint8), (height, width, 3)).copy()
    if scale > _largest_scale(height, width):
        raise DamagedFileError("A face's stream is damaged.")
    small = av1_payload.decode_frame(data[1:], *_coded_size(height, width, scale))
    return _resized(small, height, width)


def scale_of(data: bytes) -> float:
    """The side of a stream's coded picture over that of the face; 0 for a single colour."""
    return data[0] / _FULL


class _Search:
    """The search for the scale and the quantiser that show a picture best in some bytes."""

    def __init__(self, pixels: Pixels, room: int) -> None:
        self._height, self._width = pixels.shape[:2]
        self._largest = _largest_scale(self._height, self._width)
        # All is measured at the largest size that can be coded, so that time is bounded.
        self._pixels = _resized(pixels, *self._size(self._largest))
        self._room = room
        self._losses: dict[int, float] = {self._largest: 0.0}
        self._tried: set[_Choice] = set()
        self._fast: dict[_Choice, float] = {}  # how much longer than the room, a logarithm

    def best(self) -> _Coded | None:
        """The best frame that fits, if any does."""
        choice, best = self._scout(), None
        trials, nearest = 0, -math.inf
        while choice not in self._tried:
            self._tried.add(choice)
            coded = self._code(choice, _patience(self._pixel_count(choice.scale)))
            over = self._over(coded)
            trials += 1
            if over <= 0 and (best is None or coded.error < best.error):
                best = coded
            slacks = _SLACKS_SMALL if self._pixel_count(choice.scale) <= _SMALL else _SLACKS
            slack = slacks[min(trials, len(slacks)) - 1]
            nearest = max(nearest, over if over <= 0 else -math.inf)
            if nearest > -slack:
                break
            # The more trials were too long, the more is left empty: so it ends.
            choice = self._adjusted(choice, -over - _AIM * trials)
        return best

    def _scout(self) -> _Choice:
        """The scale and quantiser for about the right length, from fast encodings."""
        density = self._room / self._pixel_count(self._largest)
        share = min(1.0, (density / 0.07) ** 0.4)  # about right for most faces
        choice = _Choice(max(1, math.floor(share * self._largest)), 18)
        for scout in range(_SCOUTS):
            coarse = scout == 0 or self._pixel_count(choice.scale) > 1 << 18
            coded = self._code(choice, 9 if coarse else _FAST)
            over = self._over(coded)
            wanted = self._best_scale(coded.error * math.exp(_ERROR * over))
            smaller = self._pixel_count(choice.scale) / self._pixel_count(wanted)
            near = abs(over) < 0.1 and 0.75 < smaller < 1.35
            moved = _Choice(wanted, choice.quantiser)
            change = -over + _PER_PIXEL * math.log(smaller)
            if near and scout:
                break
            choice = self._requantised(moved, change)
        choice = self._adjusted(moved, change + _SLOWER - _AIM)
        if self._pixel_count(choice.scale) <= _SMALL or len(self._known(choice.scale)) > 1:
            return choice
        # Another fast encoding takes a sixth of the time of a slow one that it may save.
        return self._adjusted(choice, -self._over(self._code(choice, _FAST)) + _SLOWER - _AIM)

    def _adjusted(self, choice: _Choice, change: float) -> _Choice:
        """A choice whose frame is longer by `change`, a logarithm.

        What is little is left to the scale, which is finer and does what is expected of it, unless
        the scale is that of a photo before it was enlarged: another one would lose much.
        """
        coarsest = COARSEST if self._size(choice.scale) == self._size(1) else _COARSE
        if self._is_own_grid(choice.scale):
            steps = math.floor(change / self._per_quantiser(choice.scale))
            if coarsest <= choice.quantiser + steps <= FINEST:
                return _Choice(choice.scale, choice.quantiser + steps)
        steps = round(change / _PER_QUANTISER) if abs(change) > _LITTLE else 0
        quantiser = min(max(choice.quantiser + steps, coarsest), FINEST)
        change -= (quantiser - choice.quantiser) * _PER_QUANTISER
        scale = round(choice.scale * math.exp(change / _PER_PIXEL / 2))
        return _Choice(min(max(scale, 1), self._largest), quantiser)

    def _per_quantiser(self, scale: int) -> float:
        """What a step of the quantiser changes at a scale: measured, if there was more than one."""
        known = self._known(scale)
        if len(known) < 2:
            return _PER_QUANTISER_ENLARGED
        (low, shorter), (high, longer) = known[0], known[-1]
        return max(_PER_QUANTISER_ENLARGED, (longer - shorter) / (high - low))

    def _known(self, scale: int) -> list[tuple[int, float]]:
        """Quantisers of fast encodings at a scale, and how much longer than the room each is."""
        fast = self._fast.items()
        return sorted((one.quantiser, over) for one, over in fast if one.scale == scale)

    def _requantised(self, choice: _Choice, change: float) -> _Choice:
        """A choice like `_adjusted`, at the same scale unless no quantiser will do."""
        wanted = choice.quantiser + math.floor(change / _PER_QUANTISER)
        if _COARSE <= wanted <= FINEST:
            return _Choice(choice.scale, wanted)
        return self._adjusted(choice, change)

    def _best_scale(self, error: float) -> int:
        """The smallest scale that loses little against an error."""
        low, high = 0, len(_SCALES) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self._loss(min(_SCALES[middle], self._largest)) <= _SHARE * error:
                low = middle
            else:
                high = middle - 1
        return min(_SCALES[low], self._largest)

    def _is_own_grid(self, scale: int) -> bool:
        """Whether a scale loses less than the next finer one."""
        finer = scale + max(1, scale // 24)
        return finer <= self._largest and self._loss(scale) < self._loss(finer)

    def _loss(self, scale: int) -> float:
        """Mean square error of scaling down and up alone."""
        if scale not in self._losses:
            self._losses[scale] = self._error(_resized(self._pixels, *self._size(scale)))
        return self._losses[scale]

    def _code(self, choice: _Choice, speed: int) -> _Coded:
        height, width = self._size(choice.scale)
        small = _resized(self._pixels, height, width)
        frame = av1_payload.encode_frame(small, choice.quantiser, speed)
        shown = av1_payload.decode_frame(frame, height, width)
        coded = _Coded(choice, frame, self._error(shown))
        if speed >= _FAST:
            self._fast[choice] = self._over(coded)
        return coded

    def _error(self, small: Pixels) -> float:
        shown = _resized(small, *self._pixels.shape[:2])
        return float(np.square(shown.astype(np.int16) - self._pixels, dtype=np.float32).mean())

    def _over(self, coded: _Coded) -> float:
        """Logarithm of a frame's length over the room for it."""
        return math.log(len(coded.frame) / self._room)

    def _size(self, scale: int) -> tuple[int, int]:
        return _coded_size(self._height, self._width, scale)

    def _pixel_count(self, scale: int) -> int:
        return math.prod(self._size(scale))


def _patience(pixel_count: int) -> int:
    """libaom's speed for a final encoding."""
    for speed, most in ((4, 1 << 16), (5, 1 << 18), (6, 1 << 20)):
        if pixel_count <= most:
            return speed
    return 7


def _coded_size(height: int, width: int, scale: int) -> tuple[int, int]:
    """Sides of the coded picture; halves are rounded up."""

    def coded(side: int) -> int:
        return max(av1_payload.MIN_SIDE, (side * scale + _FULL // 2) // _FULL)

    return coded(height), coded(width)


def _largest_scale(height: int, width: int) -> int:
    """The largest scale at which a face is small enough to be coded."""
    scale = _FULL
    while math.prod(_coded_size(height, width, scale)) > av1_payload.MAX_PIXELS:
        scale -= 1
    return scale


def _resized(pixels: Pixels, height: int, width: int) -> Pixels:
    """Another size; Pillow computes it in integers, the same on every machine."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def _check_size(height: int, width: int) -> None:
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        raise ValueError(f"a face's sides are {MIN_SIDE} to {MAX_SIDE} pixels")


def _check_length(length: int) -> None:
    if not MIN_LENGTH <= length <= MAX_LENGTH:
        raise ValueError(f"a face's stream has {MIN_LENGTH} to {MAX_LENGTH} bytes")
