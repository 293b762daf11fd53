"""A service that tests share, and photos for it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.server.services import PASSWORD, Running, serving


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture
def client(service: Running) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


@pytest.fixture(scope="session")
def astronaut() -> Image.Image:
    data = pytest.importorskip("skimage.data", reason="its photo comes with scikit-image")
    return Image.fromarray(data.astronaut())


@pytest.fixture(scope="session")
def portrait(astronaut: Image.Image) -> bytes:
    """One face, JPEG, 230 x 230."""
    return saved(astronaut.crop((110, 0, 340, 230)), "JPEG", quality=92)


@pytest.fixture(scope="session")
def three_faces(astronaut: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three faces of different sizes, JPEG, 900 x 500."""
    photo = Image.new("RGB", (900, 500), (120, 130, 125))
    for x, y, side in ((20, 40, 400), (440, 120, 260), (720, 40, 160)):
        photo.paste(astronaut.resize((side, side)), (x, y))
    path = tmp_path_factory.mktemp("photos") / "three.jpg"
    path.write_bytes(saved(photo, "JPEG", quality=92))
    return path


@pytest.fixture(scope="session")
def protected(service: Running, portrait: bytes) -> bytes:
    """The portrait, protected by the service."""
    with service.client() as client:
        answer = client.post(
            "/v1/protect", files={"photo": ("portrait.jpg", portrait)}, data={"password": PASSWORD}
        )
    assert answer.status_code == 200
    return answer.content


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB").tobytes()
