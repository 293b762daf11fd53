"""A target's photo as the texture of a mesh."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from proface.faces.crop import mirrored
from proface.faces.mesh import axes_of, face_mesh, size_of
from proface.faces.resize import shrunk
from proface.looks.mesh.render import Triangles, triangles_of
from proface.looks.mesh.skin import with_skin
from proface.looks.swap_target import Target
from proface.types import Pixels

Points = NDArray[np.float64]

UNMIRRORED = math.radians(6)  # the yaw a mirrored target must gain: mirroring alters faces


@dataclass(frozen=True)
class Texture:
    """A target's photo, without what hides its face, with its mesh."""

    pixels: Pixels
    mesh: Points
    triangles: Triangles

    def at_size(self, size: float) -> Texture:
        """Averaged to an eyes-to-mouth distance, if that is smaller: sampling would alias."""
        pixels = shrunk(self.pixels, size_of(self.mesh) / size)
        x, y = pixels.shape[1] / self.pixels.shape[1], pixels.shape[0] / self.pixels.shape[0]
        return replace(self, pixels=pixels, mesh=self.mesh * (x, y, (x + y) / 2))


@lru_cache(maxsize=16)
def _textures(target: Target) -> tuple[Texture, ...]:
    """The target as it is, and mirrored; none without a mesh."""
    out = []
    for pixels, face in ((target.pixels, target.face), mirrored(target.pixels, target.face)):
        mesh = face_mesh(pixels, face)
        if mesh is not None:
            out.append(Texture(with_skin(pixels, mesh), mesh, triangles_of(mesh)))
    return tuple(out)


def facing(target: Target, yaw: float) -> Texture | None:
    """The target, mirrored if that brings it closer to a yaw."""
    textures = _textures(target)
    costs = [abs(yaw_of(texture.mesh) - yaw) + n * UNMIRRORED for n, texture in enumerate(textures)]
    return textures[int(np.argmin(costs))] if textures else None


def yaw_of(mesh: Points) -> float:
    """How far the head is turned to the side, in radians."""
    turn = axes_of(mesh)
    return math.atan2(turn[0, 2], turn[0, 0])
