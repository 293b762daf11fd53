"""A photo of one smiling face, which scikit-image brings, and what is found in it."""

from __future__ import annotations

from functools import cache

import numpy as np
from skimage import data

from proface.faces import detect
from proface.faces.mesh import face_mesh
from proface.types import Face

PHOTO = np.ascontiguousarray(data.astronaut()[:300, 90:390])


@cache
def her_face() -> Face:
    return detect(PHOTO)[0]


def her_mesh() -> np.ndarray:
    mesh = face_mesh(PHOTO, her_face())
    assert mesh is not None
    return mesh
