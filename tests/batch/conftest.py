"""Small photos with a face, and an S3 server in a process of its own."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A PNG of 200 x 200 pixels with one face."""
    return portrait(0)


def portrait(level: int, kind: str = "PNG") -> bytes:
    """A photo with one face; another level gives another file."""
    pixels = _face().copy()
    pixels[0, 0] = level
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@lru_cache
def _face() -> np.ndarray:
    return np.asarray(Image.fromarray(astronaut()[0:256, 96:352]).resize((200, 200)))


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


@contextlib.contextmanager
def s3_server(every: int) -> Iterator[str]:
    """The endpoint of a running server, of which one request in `every` fails; 0 for none.

    The environment tells clients, also in other processes, of the server; they do not try again
    by themselves, so that every fault reaches proface.
    """
    import s3fs

    command = [sys.executable, "-m", "tests.batch.s3_server", str(every)]
    with (
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port, "the S3 server did not start"
        endpoint = f"http://127.0.0.1:{port}"
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        s3fs.S3FileSystem.clear_instance_cache()
        try:
            yield endpoint
        finally:
            s3fs.S3FileSystem.clear_instance_cache()
            server.kill()


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A reliable S3 server."""
    pytest.importorskip("s3fs", reason="needs proface[cluster]")
    pytest.importorskip("moto", reason="needs moto's S3 server")
    with s3_server(0) as endpoint:
        yield endpoint
