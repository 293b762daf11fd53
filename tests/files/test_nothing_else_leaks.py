"""Of a hidden face nothing reaches the file but by way of pad and seal: byte for byte.

Two photos differ inside the region, and in what rides along in their files. Whatever may depend on
the face is made equal by force (the look, the coder's streams, the random bytes, what is sealed),
so that any difference between the two protected files has come another way.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.keys import KdfParameters
from proface.media.jpeg.segments import packed
from proface.models.robust import Robust
from proface.types import Box

KDF = KdfParameters(bytes(16), memory_kib=16384, iterations=4, lanes=1)
REGION = Box(160, 64, 176, 192)
INSIDE = Box(192, 96, 112, 128)  # where the two photos differ


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Take look, streams and random bytes away from the photo; call it before each run."""
    drawn = 0

    def urandom(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.shake_128(drawn.to_bytes(4, "big")).digest(count)

    def grey(pixels: np.ndarray, box: Box, *_: object) -> np.ndarray:
        return np.full((box.h, box.w, 3), 128, np.uint8)

    def streams(self: Robust, x: np.ndarray, _faces: object = ()) -> tuple[bytes, ...]:
        return tuple(map(bytes, self.stream_bytes(*x.shape[:2])))

    def seal(subkey: bytes, plaintext: bytes) -> bytes:
        return bytes(len(subkey))

    def start() -> None:
        nonlocal drawn
        drawn = 0

    monkeypatch.setattr("os.urandom", urandom)
    monkeypatch.setattr("proface.files.seals.seal", seal)
    monkeypatch.setattr("proface.pipeline.protect.obfuscate_region", grey)
    monkeypatch.setattr(Robust, "streams", streams)
    return start


def pair(size: tuple[int, int]) -> list[np.ndarray]:
    """Two photos, alike but for the inside of the region."""
    one = np.array(Image.fromarray(astronaut()).resize(size, Image.Resampling.LANCZOS))
    other = one.copy()
    other[INSIDE.slices] = np.random.default_rng(1).integers(0, 256, (INSIDE.h, INSIDE.w, 3))
    return [one, other]


def passengers(pixels: np.ndarray) -> bytes:
    """Segments that show the photo: an EXIF thumbnail, a JFXX one, a comment, Photoshop's."""
    small = io.BytesIO()
    Image.fromarray(pixels).resize((64, 64)).save(small, "JPEG")
    jpeg = small.getvalue()
    exif = b"MM\0*\0\0\0\x08\0\0\0\0\0\x0e\0\x02\x02\x01\0\x04\0\0\0\x01\0\0\0\x2c"
    exif += b"\x02\x02\0\x04\0\0\0\x01" + len(jpeg).to_bytes(4, "big") + bytes(4) + jpeg
    return b"".join(
        (
            packed(0xE0, b"JFXX\0\x10" + jpeg),
            packed(0xE1, b"Exif\0\0" + exif),
            packed(0xE2, b"MPF\0" + jpeg),
            packed(0xEB, b"JP\0\x01" + jpeg),
            packed(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x0c\0\0" + jpeg),
            packed(0xFE, jpeg[:500]),
        )
    )


SMALL: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {
    "baseline": ((512, 512), {}),
    "progressive": ((512, 512), {"progressive": True}),
    "4:4:4": ((512, 512), {"subsampling": "4:4:4"}),
    "restart": ((512, 512), {"restart_marker_rows": 1}),
    "at odd edges": ((330, 250), {}),
    "grey": ((512, 512), {"mode": "L"}),
    "turned": ((512, 512), {"orientation": 6}),
}


@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO")
@pytest.mark.parametrize("kind", SMALL)
def test_a_jpeg_out_of_a_jpeg(blind: Callable[[], None], kind: str, tmp_path: Path) -> None:
    size, how = SMALL[kind]
    how = dict(how)
    mode, orientation = how.pop("mode", "RGB"), how.pop("orientation", 1)
    exif = Image.Exif()
    exif[0x0112] = orientation
    made = []
    for n, pixels in enumerate(pair(size)):
        file = io.BytesIO()
        image = Image.fromarray(pixels).convert(mode)
        image.save(file, "JPEG", quality=88, exif=exif, **how)
        data = file.getvalue()
        photo = tmp_path / str(n) / "photo.jpg"
        photo.parent.mkdir()
        at = data.index(b"\xff\xdb")
        photo.write_bytes(data[:at] + passengers(pixels) + data[at:] + data[200:900])
        box = REGION if orientation == 1 else Box(512 - 256, 160, 192, 176)
        made.append(protected(blind, photo, [box], exact=False))
    assert made[0] == made[1]


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("fit", [None, 640])
def test_a_file_out_of_a_png(
    blind: Callable[[], None], suffix: str, fit: int | None, tmp_path: Path
) -> None:
    made = []
    for n, pixels in enumerate(pair((720, 640))):
        photo = tmp_path / str(n) / "photo.png"
        photo.parent.mkdir()
        Image.fromarray(pixels).save(photo)
        more = {"fit": fit, "jpeg": suffix == ".jpg", "model": "robust"}
        made.append(protected(blind, photo, [Box(128, 48, 224, 208)], suffix, **more))
    assert made[0] == made[1]


def test_seals_are_all_that_the_default_adds(blind: Callable[[], None], tmp_path: Path) -> None:
    """With sealed originals: the pixels and all else of the header stay the same."""
    headers, pictures = [], []
    for n, pixels in enumerate(pair((512, 512))):
        photo = tmp_path / f"{n}.jpg"
        Image.fromarray(pixels).save(photo, quality=88)
        blind()
        result = proface.protect(photo, key(), options([REGION]), kdf=KDF)
        headers.append(result.header)
        pictures.append(result.photo.pixels)
    assert (pictures[0] == pictures[1]).all()
    one, other = headers
    assert set(one.sealed) == set(other.sealed) == {"coefficients-1"}
    assert one.regions == other.regions
    assert one.rest_sha256 == other.rest_sha256


def key() -> proface.Key:
    return proface.Key("file", bytes(range(32)))


def options(boxes: list[Box], **more: Any) -> proface.Options:
    return proface.Options(**{"jpeg": True, "look": "blur", "detect": False} | more, regions=boxes)


def protected(
    blind: Callable[[], None], photo: Path, boxes: list[Box], suffix: str = ".jpg", **more: Any
) -> bytes:
    """The bytes of the protected file."""
    blind()
    result = proface.protect(photo, key(), options(boxes, **more), kdf=KDF)
    assert len(result.regions) == len(boxes)
    target = photo.with_name("protected" + suffix)
    result.save(target, check=False)
    return target.read_bytes()
