"""Antialiased shapes in face coordinates, and compositing them into a region.

Every shape is an approximate signed distance function: negative inside, positive outside, and
accurate near its edge, so that the edge is antialiased alike at any resolution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proface.types import Pixels

Floats = NDArray[np.float32]
Colour = tuple[int, int, int]

STRIP_PIXELS = 1 << 18  # painted at a time, which bounds the memory for float copies

EXPONENT = (
    2.5  # of the outline, a superellipse: 2 would be an ellipse; this fills a face's box better
)


@dataclass(frozen=True)
class Frame:
    """A sticker's place: centre and half axes in pixels, rotated clockwise by `angle` radians."""

    x: float
    y: float
    a: float
    b: float
    angle: float = 0.0


@dataclass(frozen=True)
class Grid:
    """Some pixels of a region in a frame's coordinates, and which pixels they are.

    u and v are -1..1 from edge to edge of the frame. x and y are the same measured by the smaller
    half axis, so that a circle stays round. `unit` is that half axis in pixels.
    """

    rows: slice
    columns: slice
    u: Floats
    v: Floats
    x: Floats
    y: Floats
    unit: float


@dataclass(frozen=True)
class Layer:
    """A colour, or one for every pixel (H x W x 3), and its coverage (alpha), H x W in 0..1."""

    colour: Colour | Floats
    cover: Floats


Sticker = Callable[[Grid], Iterable[Layer]]


def grids_of(frame: Frame, shape: tuple[int, ...]) -> Iterator[Grid]:
    """The pixels that the frame's outline may touch, in strips of about STRIP_PIXELS pixels."""
    cos, sin = math.cos(frame.angle), math.sin(frame.angle)
    # Half sides of the bounding box of the rotated frame, plus a pixel for its antialiased edge.
    half_width = abs(frame.a * cos) + abs(frame.b * sin) + 1
    half_height = abs(frame.a * sin) + abs(frame.b * cos) + 1
    left, right = max(0, math.floor(frame.x - half_width)), math.ceil(frame.x + half_width)
    top, bottom = max(0, math.floor(frame.y - half_height)), math.ceil(frame.y + half_height)
    right, bottom = min(shape[1], right), min(shape[0], bottom)
    if right <= left:
        return
    unit = min(frame.a, frame.b)
    rows = max(1, STRIP_PIXELS // (right - left))
    dx = np.arange(left, right, dtype=np.float32)[None, :] + (0.5 - frame.x)
    for start in range(top, bottom, rows):
        end = min(start + rows, bottom)
        dy = np.arange(start, end, dtype=np.float32)[:, None] + (0.5 - frame.y)
        along, down = dx * cos + dy * sin, dy * cos - dx * sin
        yield Grid(
            slice(start, end),
            slice(left, right),
            np.asarray(along / frame.a, np.float32),
            np.asarray(down / frame.b, np.float32),
            np.asarray(along / unit, np.float32),
            np.asarray(down / unit, np.float32),
            unit,
        )


def paint(pixels: Pixels, frame: Frame, sticker: Sticker) -> None:
    """Composites the sticker's layers, lowest first, into `pixels`, in place."""
    for grid in grids_of(frame, pixels.shape):
        window = pixels[grid.rows, grid.columns].astype(np.float32)
        for layer in sticker(grid):
            window += (np.asarray(layer.colour, np.float32) - window) * layer.cover[..., None]
        pixels[grid.rows, grid.columns] = to_uint8(window)


def to_uint8(values: NDArray[Any]) -> Pixels:
    """Rounded and clipped to 0..255."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def smoothstep(values: NDArray[Any]) -> NDArray[Any]:
    """Clipped to 0..1, and with a slope of 0 at both ends."""
    t = np.clip(values, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def blend(pixels: Pixels, new: NDArray[Any], alpha: NDArray[Any]) -> None:
    """Alpha compositing of `new` (H x W x 3) over `pixels`, in place; `alpha`: H x W in 0..1."""
    old = pixels.astype(np.float32)
    pixels[...] = to_uint8(old + (new.astype(np.float32) - old) * alpha[..., None])


def cover(shape: Floats, unit: float) -> Floats:
    """Antialiased coverage, 0..1, of a signed distance function in multiples of `unit` pixels."""
    return np.asarray(np.clip(np.float32(0.5) - shape * np.float32(unit), 0, 1), np.float32)


def outline(grid: Grid, size: float = 1.0) -> Floats:
    """The shape that every sticker fills: a superellipse, between ellipse and rectangle."""
    radius = (np.abs(grid.u) ** EXPONENT + np.abs(grid.v) ** EXPONENT) ** (1 / EXPONENT)
    return np.asarray(radius - size, np.float32)


def ellipse(u: Floats, v: Floats, cu: float, cv: float, ru: float, rv: float) -> Floats:
    """An ellipse around (cu, cv) with half axes ru and rv."""
    radius = np.hypot((u - np.float32(cu)) / ru, (v - np.float32(cv)) / rv)
    return np.asarray((radius - 1) * min(ru, rv), np.float32)


def arc(u: Floats, v: Floats, cv: float, radius: float, spread: float, half: float) -> Floats:
    """A smile: an arc below (0, cv), `spread` radians to each side, 2 x half thick, round ends."""
    down = v - np.float32(cv)
    angle = np.clip(np.arctan2(u, down), -spread, spread)
    gap = np.hypot(u - radius * np.sin(angle), down - radius * np.cos(angle))
    return np.asarray(gap - half, np.float32)


def star(x: Floats, y: Floats, radius: float, inner: float, rounding: float) -> Floats:
    """A five-pointed star, one point up, rounded; `inner` is the radius of its inner corners."""
    # By symmetry, one half of one point is enough: there the star is a single straight edge.
    fold = 2 * math.pi / 5
    angle = np.arctan2(x, -y)
    angle = np.abs(angle - fold * np.rint(angle / fold))
    distance = np.hypot(x, y)
    px, py = distance * np.sin(angle), distance * np.cos(angle)
    corner = np.array([inner * math.sin(fold / 2), inner * math.cos(fold / 2)])
    edge = corner - np.array([0.0, radius])
    along = np.clip((px * edge[0] + (py - radius) * edge[1]) / (edge @ edge), 0, 1)
    gap = np.hypot(px - along * edge[0], py - radius - along * edge[1])
    side = px * edge[1] - (py - radius) * edge[0]  # positive towards the centre
    return np.asarray(np.where(side > 0, -gap, gap) - rounding, np.float32)


def rounded_box(
    u: Floats, v: Floats, cv: float, half_u: float, half_v: float, corner: float
) -> Floats:
    """A box around (0, cv) with rounded corners."""
    du = np.abs(u) - (half_u - corner)
    dv = np.abs(v - np.float32(cv)) - (half_v - corner)
    outside = np.hypot(np.maximum(du, 0), np.maximum(dv, 0))
    return np.asarray(outside + np.minimum(np.maximum(du, dv), 0) - corner, np.float32)
