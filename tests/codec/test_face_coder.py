"""The face coder: lengths, sizes, contents, and bytes that no encoder wrote."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut

from proface.codec import av1_payload, face_coder
from proface.codec.av1_payload import MAX_PIXELS
from proface.codec.face_coder import MAX_LENGTH, MAX_SIDE, MIN_LENGTH, decode, encode, scale_of
from proface.errors import DamagedFileError
from proface.types import Pixels


def face(height: int, width: int) -> Pixels:
    image = Image.fromarray(astronaut()[:220, 120:340])
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))


def decibels(x: Pixels, y: Pixels) -> float:
    assert x.shape == y.shape
    assert y.dtype == np.uint8
    return float(10 * np.log10(255**2 / max(np.mean((x.astype(float) - y) ** 2), 1e-9)))


def pictures() -> dict[str, Pixels]:
    noise = np.random.default_rng(3).integers(0, 256, (90, 70, 3), np.uint8)
    grey = np.repeat(face(90, 70)[..., :1], 3, axis=2)
    flat = np.full((90, 70, 3), (200, 30, 90), np.uint8)
    stripes = np.zeros((90, 70, 3), np.uint8)
    stripes[:, ::2] = 255
    return {
        "noise": noise,
        "grey": grey,
        "flat": flat,
        "black": flat * 0,
        "stripes": stripes,
        "one odd pixel": np.where(np.arange(6300).reshape(90, 70, 1) == 99, 255, flat),
    }


@pytest.mark.parametrize(
    ("height", "width", "length", "least"),
    [
        (16, 16, 120, 19),
        (64, 64, 24, 13),
        (128, 96, 700, 24),
        (256, 256, 1024, 26),
        (256, 200, 4000, 31),
    ],
)
def test_a_face_comes_back(height: int, width: int, length: int, least: float) -> None:
    x = face(height, width)
    stream = encode(x, length)
    assert len(stream) == length
    assert decibels(x, decode(stream, height, width)) > least


@pytest.mark.parametrize("length", [2600, 3000, 3500])
def test_an_enlarged_photo_keeps_its_own_grid_and_uses_its_bytes(length: int) -> None:
    """Any scale but half loses much, and leaves nothing for the quantiser."""
    small = Image.fromarray(face(128, 128))
    x = np.asarray(small.resize((256, 256), Image.Resampling.LANCZOS))
    stream = encode(x, length)
    assert scale_of(stream) == 0.5
    assert len(stream.rstrip(b"\0")) > 0.93 * length


def test_the_same_face_gives_the_same_stream() -> None:
    x = face(96, 96)
    assert encode(x, 500) == encode(x.copy(), 500)


def test_a_view_into_a_photo_is_coded_as_its_copy() -> None:
    photo = face(128, 128)
    view = photo[10:90, 20:100]
    assert encode(view, 300) == encode(np.ascontiguousarray(view), 300)


@pytest.mark.parametrize("side", [64, 160])
def test_more_bytes_show_more(side: int) -> None:
    x = face(side, side)
    shown = [decibels(x, decode(encode(x, n), side, side)) for n in (24, 60, 150, 400, 1000, 3000)]
    assert shown == sorted(shown)
    assert shown[-1] > shown[0] + 15


@settings(max_examples=25)
@given(st.integers(16, 130), st.integers(16, 130), st.integers(MIN_LENGTH, 2500))
def test_every_size_and_length(height: int, width: int, length: int) -> None:
    x = face(height, width)
    stream = encode(x, length)
    assert len(stream) == length
    assert decibels(x, decode(stream, height, width)) > 9


@pytest.mark.parametrize(
    ("height", "width", "length"),
    [
        (16, MAX_SIDE, MIN_LENGTH),
        (MAX_SIDE, 16, 2000),
        (1500, 1300, MIN_LENGTH),
        (16, 16, MAX_LENGTH),
        (2000, 2100, 3000),
        (MAX_SIDE, MAX_SIDE, 5000),
    ],
)
def test_extreme_sizes_and_lengths(height: int, width: int, length: int) -> None:
    x = face(height, width)
    stream = encode(x, length)
    assert len(stream) == length
    assert decibels(x, decode(stream, height, width)) > 9


@pytest.mark.parametrize("length", [MIN_LENGTH, 200, 3000])
@pytest.mark.parametrize("name", sorted(pictures()))
def test_every_content_fits(name: str, length: int) -> None:
    x = pictures()[name]
    y = decode(encode(x, length), 90, 70)
    assert decibels(x, y) > {"noise": 7, "stripes": 5}.get(name, 13)


def test_grey_stays_grey_and_flat_stays_flat() -> None:
    grey, flat = pictures()["grey"], pictures()["flat"]
    shown = decode(encode(grey, 2000), 90, 70).astype(int)
    assert np.ptp(shown, axis=2).max() <= 2
    assert np.abs(decode(encode(flat, MIN_LENGTH), 90, 70).astype(int) - flat).max() <= 6


def test_where_no_frame_fits_the_mean_colour_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_coder._Search, "best", lambda self: None)
    x = face(40, 30)
    y = decode(encode(x, 50), 40, 30)
    assert len(np.unique(y.reshape(-1, 3), axis=0)) == 1
    assert np.abs(y[0, 0] - x.mean((0, 1))).max() <= 0.5


@pytest.mark.parametrize(("height", "width"), [(0, 64), (15, 64), (64, MAX_SIDE + 1), (-64, 64)])
def test_sides_out_of_range_are_refused(height: int, width: int) -> None:
    with pytest.raises(ValueError, match="sides"):
        decode(bytes(400), height, width)
    with pytest.raises(ValueError, match="sides"):
        encode(np.zeros((max(height, 0), width, 3), np.uint8), 400)


@pytest.mark.parametrize("length", [0, MIN_LENGTH - 1, MAX_LENGTH + 1])
def test_lengths_out_of_range_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        decode(bytes(length), 64, 64)
    with pytest.raises(ValueError, match="bytes"):
        encode(face(64, 64), length)


HOSTILE = """
import sys
import numpy as np
from proface.codec.face_coder import decode
from proface.errors import DamagedFileError

random = np.random.default_rng(int(sys.argv[1]))
good = bytes.fromhex(sys.argv[2])
shown = 0
for i in range(3000):
    if i % 3 == 0:
        data = random.bytes(random.integers(24, 700))
    else:
        altered = bytearray(good)
        for at in random.integers(0, 12 if i % 3 == 1 else len(good), random.integers(1, 9)):
            altered[at] = random.integers(256)
        data = bytes(altered[: random.integers(24, len(good) + 1)])
    height, width = (96, 80) if i % 2 else map(int, random.integers(16, 200, 2))
    try:
        assert decode(data, height, width).shape == (height, width, 3)
        shown += 1
    except DamagedFileError:
        pass
print(shown)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_hostile_streams_end_quietly_in_a_picture_or_an_error(seed: int) -> None:
    good = encode(face(96, 80), 600)
    result = subprocess.run(
        [sys.executable, "-c", HOSTILE, str(seed), good.hex()],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert int(result.stdout) > 50  # some damage shows only in the picture


def test_the_largest_hostile_picture_is_one_frame_of_bounded_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a stream costs its reader; `benchmarks/hostile.py` says it in seconds."""
    random = np.random.default_rng(5)
    good = encode(face(300, 300), 8000)
    opened: list[int] = []
    real = Image.open

    def counted(*arguments: object, **options: object) -> Image.Image:
        image = real(*arguments, **options)  # type: ignore[arg-type]
        opened.append(image.width * image.height)
        return image

    monkeypatch.setattr(av1_payload.Image, "open", counted)
    for scale in (1, 60, 90, 255):
        for data in (random.bytes(100_000), good):
            opened.clear()
            with contextlib.suppress(DamagedFileError):
                decode(bytes([scale]) + data[1:], MAX_SIDE, MAX_SIDE)
            assert len(opened) <= 1
            assert max(opened, default=0) <= MAX_PIXELS
