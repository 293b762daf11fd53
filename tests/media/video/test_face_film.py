"""The coder of single faces."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from proface.errors import DamagedFileError
from proface.media.video.face_film import decode_faces, encode_faces
from tests.clips import frames, sliding

SIZE = (96, 112)


def pictures(count: int = 12) -> list[np.ndarray]:
    found, _boxes = frames([sliding(10, 5, 1)], count, SIZE)
    return [
        av.VideoFrame.from_ndarray(one, "rgb24").reformat(format="yuv420p").to_ndarray()
        for one in found
    ]


def error(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    return float(np.mean((np.array(a).astype(float) - np.array(b)) ** 2))


@pytest.mark.parametrize("size", [SIZE, (16, 16), (62, 34)])
def test_every_picture_comes_back_in_order(size: tuple[int, int]) -> None:
    width, height = size
    source = [one[: height * 3 // 2, :width] for one in pictures()]
    back = list(decode_faces(encode_faces(source, size, 20), size, len(source)))
    assert len(back) == len(source)
    assert error(source, back) < 12
    assert error(source[:-6], back[6:]) > 4 * error(source, back)  # not those of other frames


def test_a_finer_quantiser_is_better_and_larger() -> None:
    source = pictures()
    fine, coarse = (encode_faces(source, SIZE, quantiser) for quantiser in (15, 50))
    assert len(fine) > 2 * len(coarse)
    better, worse = (error(source, list(decode_faces(x, SIZE, 12))) for x in (fine, coarse))
    assert 2 * better < worse


def test_the_encoder_writes_nothing_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    encode_faces(pictures(), SIZE, 30)
    assert capfd.readouterr() == ("", "")


def test_older_files_hold_h264() -> None:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = SIZE
    encoder.pix_fmt, encoder.options = "yuv420p", {"qp": "19", "bf": "3"}
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    source, data = pictures(), b""
    for number, one in enumerate(source):
        frame = av.VideoFrame.from_ndarray(one, format="yuv420p")
        frame.pts = number
        data += b"".join(bytes(packet) for packet in encoder.encode(frame))
    data += b"".join(bytes(packet) for packet in encoder.encode(None))
    assert error(source, list(decode_faces(data, SIZE, 12))) < 6


def test_what_is_no_such_film() -> None:
    data = encode_faces(pictures(), SIZE, 30)
    for wrong, size, count in [
        (data, SIZE, 11),
        (data, SIZE, 13),
        (data, (96, 96), 12),
        (data[: len(data) // 2], SIZE, 12),
        (b"\x12\x00" + bytes(500), SIZE, 12),
        (bytes(500), SIZE, 12),
        (b"", SIZE, 12),
    ]:
        with pytest.raises(DamagedFileError):
            list(decode_faces(wrong, size, count))
