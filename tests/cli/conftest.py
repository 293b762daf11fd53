"""Real files that are made once and shared.

A process start costs half a second and a protected photo a second more: what several tests only
read is a session fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.forks import Forks
from tests.cli.runs import WITH, call


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of things that tests read and do not change."""
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture(scope="session")
def portrait(shelf: Path) -> Path:
    """One face, JPEG, 230 x 230, with EXIF, GPS and a resolution."""
    data = pytest.importorskip("skimage.data", reason="its photo comes with scikit-image")
    image = Image.fromarray(data.astronaut()).crop((110, 0, 340, 230))
    exif = Image.Exif()
    exif[0x013B] = "Ada Photographer"
    exif.get_ifd(0x8825)[1] = "N"
    path = shelf / "portrait.jpg"
    image.save(path, quality=92, exif=exif, dpi=(300, 300))
    return path


@pytest.fixture(scope="session")
def meadow(shelf: Path) -> Path:
    """No face: a JPEG of 160 x 120, one colour running into another."""
    ramp = np.linspace(0, 255, 160)[None, :, None] * np.array([0.2, 0.7, 0.3])
    path = shelf / "meadow.jpg"
    Image.fromarray(np.repeat(ramp, 120, axis=0).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="session")
def protected(portrait: Path, shelf: Path) -> Path:
    """The portrait, protected."""
    path = shelf / "protected.png"
    assert call("protect", portrait, "-o", path, *WITH).code == 0
    return path


@pytest.fixture(scope="session")
def deniable(portrait: Path, shelf: Path) -> Path:
    """The portrait, protected deniably."""
    path = shelf / "deniable.png"
    assert call("protect", portrait, "-o", path, "--deniable", *WITH).code == 0
    return path


@pytest.fixture(scope="session")
def region(protected: Path) -> tuple[slice, slice]:
    """Rows and columns of the portrait's one region."""
    from proface.container.header import Header
    from proface.container.storage import find_header

    data = find_header(protected)
    assert data is not None
    (one,) = Header.from_bytes(data).regions
    return one.box.slices


@pytest.fixture(scope="session")
def outside(region: tuple[slice, slice]) -> np.ndarray:
    """True where the portrait has no region."""
    mask = np.ones((230, 230), bool)
    mask[region] = False
    return mask


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    """A loaded process whose forks run commands, with faults if wanted."""
    server = Forks()
    yield server
    server.close()
