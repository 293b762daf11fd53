"""Small real photos and one valid header, for the tests of files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from proface.container.digests import photo_region_digest, rest_digest
from proface.container.header import Header, Region
from proface.faces import detect
from proface.faces.mesh import face_mesh
from proface.media.photo import Photo
from proface.types import Box, Face

# The same examples in every run, whatever the machine: a change fails where it is made. With
# `--hypothesis-profile=search` pytest looks for others.
settings.register_profile("search", deadline=None)
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")
# Models that whoever runs the tests has imported are no subject of theirs.
os.environ["PROFACE_MODELS"] = os.path.join(tempfile.gettempdir(), "proface-tests-no-models")

STANZA = {"type": "keyfile", "salt": "AAAA", "nonce": "AAAA", "wrapped": "AAAA"}
BOXES = (Box(4, 2, 8, 10), Box(20, 11, 12, 13))

MakePhoto = Callable[..., Photo]
MakeHeader = Callable[..., Header]


@pytest.fixture
def noise() -> MakePhoto:
    """A photo of random pixels, 32 x 24, with random alpha or none."""

    def make(*, alpha: bool = False, mode: str = "RGB", size: tuple[int, int] = (32, 24)) -> Photo:
        random = np.random.default_rng(7)
        pixels = random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        if mode == "L":
            pixels = np.repeat(pixels[..., :1], 3, axis=2)
        plane = random.integers(0, 256, size[::-1], dtype=np.uint8) if alpha else None
        return replace(Photo(pixels), alpha=plane, mode=mode)  # type: ignore[arg-type]

    return make


@pytest.fixture
def header_for() -> MakeHeader:
    """A header that fits a photo of at least 32 x 24."""

    def make(photo: Photo, boxes: tuple[Box, ...] = BOXES, **fields: object) -> Header:
        regions = tuple(
            Region(n, *(b.x, b.y, b.w, b.h), "blur:15", photo_region_digest(photo, b))
            for n, b in enumerate(boxes, 1)
        )
        header = Header(
            model_name="padded",
            model_sha256="ab" * 32,
            mode="random",
            size=photo.size,
            regions=regions,
            rest_sha256=rest_digest(photo, boxes),
            stanzas=(STANZA,),
            sealed={"metadata": b"sealed"},
        )
        return replace(header, **fields).with_mac(bytes(32))  # type: ignore[arg-type]

    return make


@pytest.fixture
def gradient() -> Image.Image:
    """An image on which every flip and turn shows, 40 x 24."""
    y, x = np.mgrid[0:24, 0:40]
    return Image.fromarray(np.stack([x * 6, y * 10, x * y % 256], 2).astype(np.uint8))


@pytest.fixture(scope="session")
def face() -> Face:
    """The face in `tests.astronaut`'s photo."""
    from tests.astronaut import PHOTO

    return detect(PHOTO)[0]


@pytest.fixture(scope="session")
def mesh(face: Face) -> np.ndarray:
    """And its mesh."""
    from tests.astronaut import PHOTO

    found = face_mesh(PHOTO, face)
    assert found is not None
    return found
