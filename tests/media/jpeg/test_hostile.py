from __future__ import annotations

import contextlib
import random

import pytest

from proface.errors import ImageError, OutputError
from proface.media.jpeg import jpeg_bytes, read_jpeg
from proface.media.jpeg.passengers import passengers
from tests.hostile.jpegs import HOSTILE, Case, behind_soi, plain, progressive
from tests.media.jpeg.pieces import decoded
from tests.work import counted


@pytest.mark.parametrize("case", HOSTILE, ids=[case[0] for case in HOSTILE])
def test_ends_in_one_line_with_bounded_work_and_memory(case: Case) -> None:
    _, make, error = case
    data = make()
    with counted() as work, pytest.raises(ImageError) as caught:
        read_jpeg(data, "photo.jpg")
    assert type(caught.value) is error
    message = str(caught.value)
    assert message.startswith("photo.jpg: ")
    assert message.endswith(".")
    assert "\n" not in message
    assert work.lines < 1_000_000
    assert work.peak < 4 << 20


def test_what_is_harmless_is_read() -> None:
    whole = plain()
    expected = decoded(whole)
    for data in (
        whole[:-2],  # no end
        whole + b"anything",
        behind_soi(b"\xff" * 40),  # filling
        whole.replace(b"\xff\xc4", b"\xff\xef"),  # the usual Huffman tables, as in films
        behind_soi(b"\xff\xe5\x00\x02" * 60),  # more than jpeglib's own reader takes
        whole[:-2] + bytes(5) + whole[-2:],  # zeros behind the pixels, as cameras leave
    ):
        written = jpeg_bytes(read_jpeg(data))
        assert (decoded(written) == expected).all()


@pytest.mark.parametrize("make", [plain, progressive])
def test_flipped_bytes_end_in_an_error_or_a_picture(make: object) -> None:
    assert callable(make)
    whole, rng = make(), random.Random(4)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 3, 30))):
            data[rng.randrange(2, rng.choice((700, len(data))))] = rng.randrange(256)
        cut = bytes(data[: rng.choice((len(data), rng.randrange(len(data))))])
        with contextlib.suppress(ImageError, OutputError):
            jpeg_bytes(read_jpeg(cut))
        with contextlib.suppress(ImageError):
            passengers(cut)
