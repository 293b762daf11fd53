"""Code the protected picture as H.264.

The picture is coded in segments, each by an encoder of its own and beginning with a key frame, so
that an interrupted run can go on after the last whole segment. Packets keep no decoding time: it
follows from the frames' times (`decoding_times`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from proface.media.video.planes import I420
from proface.media.video.source import VideoInfo, require_av
from proface.types import Pixels

# x264 delays frames by as many as it uses forward references: two, with a pyramid of B-frames.
REORDER_DELAY = 2
KEY_INTERVAL = 250
RECOVERED_QUANTISER = 12


@dataclass(frozen=True)
class CodedPicture:
    """One coded frame: its time in units of the source's time base, its bytes."""

    pts: int
    key: bool
    data: bytes


@dataclass(frozen=True)
class Coding:
    """How the picture is coded.

    Attributes:
        lossless: RGB without loss, for pixels that carry a face; otherwise 4:2:0.
        crf: the constant rate factor of x264, 0 to 51; None for a fixed quantiser, which bounds
            the error of every frame.
    """

    lossless: bool = False
    crf: int | None = 25

    def options(self) -> dict[str, str]:
        """The options of x264."""
        if self.lossless:
            return {"preset": "ultrafast", "qp": "0", "g": str(KEY_INTERVAL)}
        common = {"preset": "medium", "bf": "3", "g": str(KEY_INTERVAL)}
        if self.crf is None:
            # B-frames at the quantiser of all others, so that none is worse.
            same = {"tune": "psnr", "x264-params": "pbratio=1.0"}
            return common | same | {"qp": str(RECOVERED_QUANTISER)}
        return common | {"crf": str(self.crf)}


class SegmentEncoder:
    """Codes the frames of one segment; decoders find parameter sets in its first packet."""

    def __init__(self, info: VideoInfo, coding: Coding) -> None:
        self._info, self._coding = info, coding
        self._context = make_context(info, coding)

    def add(self, picture: I420 | Pixels, pts: int) -> list[CodedPicture]:
        """Code one upright frame, I420 or, if lossless, RGB; returns what is finished."""
        av = require_av()
        name = "rgb24" if self._coding.lossless else self._info.pixel_format
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=name)
        frame.pts, frame.time_base = pts, self._info.time_base
        return self._packets(frame)

    def finish(self) -> list[CodedPicture]:
        """Code what is left."""
        return self._packets(None)

    def _packets(self, frame: Any) -> list[CodedPicture]:
        return [
            CodedPicture(packet.pts, packet.is_keyframe, bytes(packet))
            for packet in self._context.encode(frame)
        ]


def make_context(info: VideoInfo, coding: Coding, stream: Any = None) -> Any:
    """An encoder of PyAV for the picture; or set up that of an output's stream."""
    av = require_av()
    codec = "libx264rgb" if coding.lossless else "libx264"
    context = stream.codec_context if stream is not None else av.CodecContext.create(codec, "w")
    context.width, context.height = info.size
    context.pix_fmt = "rgb24" if coding.lossless else info.pixel_format
    context.time_base = info.time_base
    context.framerate = info.rate
    if info.aspect:
        context.sample_aspect_ratio = info.aspect
    if not coding.lossless:
        for name, value in info.colours.items():
            setattr(context, name, value)
    context.options = coding.options()
    return context


def decoding_times(times: list[int]) -> Iterator[int]:
    """The decoding time of each packet, in order of decoding, from all frames' times in order.

    A packet is decoded REORDER_DELAY frames before the frame of its place is shown.
    """
    step = times[1] - times[0] if len(times) > 1 else 1
    for ahead in range(REORDER_DELAY, 0, -1):
        yield times[0] - ahead * step
    yield from times
