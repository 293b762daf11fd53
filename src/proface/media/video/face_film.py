"""Code the pictures of a single face as AV1, and decode them; older files hold H.264."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from proface.errors import DamagedFileError, MissingExtraError
from proface.media.video.planes import I420, i420
from proface.media.video.source import require_av

FINEST, COARSEST, STEP = 1.0, 63.0, 0.25  # quantisers
_FORMAT = "yuv420p"  # also where levels run from 0 to 255: they are coded as they are
_RATE = 25  # frames per second as stated to the encoder; the film has no times of its own
_TEMPORAL_DELIMITER = b"\x12\x00"  # with which every AV1 stream begins
# SVT-AV1's preset (slow to fast) and parameters, by the pixels of a picture, so that large faces
# take no minutes. What presets from 3 on do for the eye (quantisers that differ over the picture,
# filtered references, long hierarchies) costs a quarter of the bytes at the same PSNR, or nothing.
_FOR_PSNR = ":aq-mode=0:enable-tf=0:hierarchical-levels=3"
_SETTINGS = (
    (40_000, 1, ""),
    (160_000, 2, ""),
    (640_000, 3, _FOR_PSNR),
    (math.inf, 6, _FOR_PSNR),
)

# SVT-AV1 writes its settings to standard error unless it is told to write errors only.
os.environ.setdefault("SVT_LOG", "1")


def encode_faces(pictures: Iterable[I420], size: tuple[int, int], quantiser: float) -> bytes:
    """Code pictures of one face: an AV1 byte stream ("low-overhead" format).

    Args:
        pictures: H * 3/2 x W.
        size: their width and height, even.
        quantiser: the constant rate factor, FINEST to COARSEST, in multiples of STEP.

    Raises:
        MissingExtraError: PyAV was built without SVT-AV1.
    """
    av = require_av()
    context = _encoder(av, size, quantiser)
    data = bytearray()
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=_FORMAT)
        frame.pts, frame.time_base = number, Fraction(1, _RATE)
        data += b"".join(bytes(packet) for packet in context.encode(frame))
    return bytes(data + b"".join(bytes(packet) for packet in context.encode(None)))


def _encoder(av: Any, size: tuple[int, int], quantiser: float) -> Any:
    try:
        context = av.CodecContext.create("libsvtav1", "w")
    except av.error.FFmpegError:
        raise MissingExtraError(
            "This build of PyAV lacks SVT-AV1, which videos need. Install PyAV's own wheel."
        ) from None
    context.width, context.height = size
    context.pix_fmt = _FORMAT
    context.time_base, context.framerate = Fraction(1, _RATE), Fraction(_RATE)
    pixels = size[0] * size[1]
    preset, more = next((p, more) for most, p, more in _SETTINGS if pixels <= most)
    context.options = {
        "preset": str(preset),
        "g": "100000",
        # Tuned for PSNR; on two threads. FFmpeg's own option crf takes whole numbers only.
        "svtav1-params": f"tune=1:lp=2:crf={quantiser:g}{more}",
    }
    return context


def decode_faces(data: bytes, size: tuple[int, int], count: int) -> Iterator[I420]:
    """Decode `count` pictures H * 3/2 x W of a stream, AV1 or H.264 (Annex B).

    Raises:
        DamagedFileError: it holds something else.
    """
    av = require_av()
    name = "obu" if data.startswith(_TEMPORAL_DELIMITER) else "h264"
    seen = 0
    try:
        with av.open(io.BytesIO(data), format=name) as film:
            stream = film.streams.video[0]
            stream.codec_context.thread_count = 1
            for frame in film.decode(stream):
                if (frame.width, frame.height) != size or seen >= count:
                    raise _unexpected()
                seen += 1
                yield i420(frame)
    except (av.error.FFmpegError, IndexError) as error:
        raise _unexpected() from error
    if seen != count:
        raise _unexpected()


def _unexpected() -> DamagedFileError:
    return DamagedFileError("A sealed part does not hold the pictures that it should.")
