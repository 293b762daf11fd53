"""AV1 frames without their container: the frame alone gives the file's picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from proface.codec.av1_payload import (
    COARSEST,
    FINEST,
    MAX_FRAME,
    MAX_PIXELS,
    decode_frame,
    encode_frame,
    rebuild,
    strip,
)
from proface.errors import DamagedFileError
from proface.types import Pixels


def waves(height: int, width: int) -> Pixels:
    y, x = np.mgrid[:height, :width]
    plane = 128 + 60 * np.sin(x / 17) + 50 * np.cos(y / 23)
    return np.stack([plane, plane * 0.8, plane * 0.6], -1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("speed", [4, 5, 6, 7, 9])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 600), (81, 97), (512, 496)])
@pytest.mark.parametrize("quantiser", [COARSEST, 30, FINEST])
def test_the_frame_alone_gives_the_files_picture(
    height: int, width: int, quantiser: int, speed: int
) -> None:
    x = waves(height, width)
    frame = encode_frame(x, quantiser, speed)
    y = decode_frame(frame, height, width)
    np.testing.assert_array_equal(y, decode_frame(frame + bytes(99), height, width))
    assert np.mean((x.astype(float) - y) ** 2) < (3 if quantiser == FINEST else 3000)
    with Image.open(io.BytesIO(rebuild(frame, height, width))) as image:
        np.testing.assert_array_equal(y, np.asarray(image))


def test_the_largest_picture_is_coded() -> None:
    height, width = 1024, MAX_PIXELS // 1024
    frame = encode_frame(waves(height, width), 10, 9)
    assert decode_frame(frame, height, width).shape == (height, width, 3)


@pytest.mark.parametrize("length", [1, 127, 128, 20_000])
def test_a_rebuilt_file_is_stripped_to_the_same_frame(length: int) -> None:
    frame = bytes(length)
    assert strip(rebuild(frame, 80, 96), 80, 96) == frame


def test_a_file_laid_out_otherwise_is_not_stripped() -> None:
    file = io.BytesIO()
    Image.fromarray(waves(64, 64)).save(file, "AVIF", subsampling="4:2:0")
    with pytest.raises(RuntimeError, match="Pillow"):
        strip(file.getvalue(), 64, 64)


@pytest.mark.parametrize("frame", [b"", b"\0", bytes(40), b"\xff" * 40, bytes(MAX_FRAME + 1)])
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(DamagedFileError):
        decode_frame(frame, 64, 64)


@pytest.mark.parametrize(("height", "width"), [(7, 64), (0, 0), (1 << 20, 64)])
def test_sizes_out_of_range_are_refused(height: int, width: int) -> None:
    with pytest.raises(ValueError, match="pixels"):
        decode_frame(bytes(40), height, width)
