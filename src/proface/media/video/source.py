"""Open a video, refuse by name what is not supported, and decode its frames one by one.

Frames are handed on upright (a rotation that the file states is applied), in one array of
height * 3/2 x width: Y, then U and V at half size ("I420"). An odd size grows by one column or
row, which repeats the last one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from proface.errors import ImageError, MissingExtraError, UnsupportedImageError
from proface.media.freed_memory import return_large_blocks
from proface.media.video.formats import DEMUXERS
from proface.media.video.planes import I420, i420, upright
from proface.types import Pixels

MAX_SIDE = 8192
_BROKEN_LIMIT = 100_000  # undecodable packets after which reading stops


def require_av() -> Any:
    """PyAV; raises MissingExtraError if it is not installed."""
    try:
        import av
    except ImportError:
        raise MissingExtraError(
            "Videos need PyAV, which is not installed. Install it: pip install 'proface[video]'."
        ) from None
    return av


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a video before its frames are decoded.

    Attributes:
        size: width and height of the upright picture, made even.
        rotation: how far stored frames are turned to be upright, 0, 90, 180 or 270 degrees
            counter-clockwise.
        pixel_format: yuv420p, or yuvj420p where the source uses all levels 0 to 255.
        time_base: the unit of the frames' times, in seconds.
        rate: frames per second, on average.
        duration: in seconds, as the file states it; 0 if it does not.
        frames: number of frames as stated or estimated; 0 if unknown.
        colours: codec numbers of range, primaries, transfer and matrix.
        metadata: the file's own and its streams' descriptions: place, time, camera.
        left_out: streams that a protected copy does not get.
    """

    size: tuple[int, int]
    rotation: int
    pixel_format: str
    time_base: Fraction
    rate: Fraction
    duration: float
    frames: int
    aspect: Fraction | None
    colours: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frame:
    """A decoded frame: its number from 0, its time in units of `time_base`, and PyAV's frame."""

    index: int
    pts: int
    raw: Any

    def i420(self, info: VideoInfo) -> I420:
        """The upright frame, H * 3/2 x W."""
        return upright(i420(self.raw), info.rotation)

    def rgb(self, info: VideoInfo) -> Pixels:
        """The upright frame, H x W x 3; chroma of half size is interpolated, as players do.

        Repeated instead, each value of four pixels, it is hard to code: faces in pixels recover
        5 dB worse.
        """
        kinds = require_av().video.reformatter.Interpolation
        smooth = kinds.BICUBIC | kinds.FULL_CHR_H_INT | kinds.ACCURATE_RND | kinds.BITEXACT
        reformatted = self.raw.reformat(format="rgb24", interpolation=smooth)
        pixels = np.asarray(reformatted.to_ndarray())
        height, width = (side + side % 2 for side in pixels.shape[:2])
        missing = height - pixels.shape[0], width - pixels.shape[1]
        if any(missing):
            pixels = np.pad(pixels, ((0, missing[0]), (0, missing[1]), (0, 0)), "edge")
        return np.ascontiguousarray(np.rot90(pixels, info.rotation // 90))

    def small(self, info: VideoInfo, side: int) -> tuple[Pixels, float]:
        """The upright frame in RGB with a longer side of at most `side`, and its scale."""
        scale = min(1.0, side / max(self.raw.width, self.raw.height))
        width, height = (
            max(2, round(length * scale)) for length in (self.raw.width, self.raw.height)
        )
        reduced = self.raw.reformat(
            width=width, height=height, format="rgb24", interpolation="AREA"
        )
        pixels = np.rot90(reduced.to_ndarray(), info.rotation // 90)
        return np.ascontiguousarray(pixels), scale


class VideoReader:
    """An open video: its `info`, and its frames in order.

    Attributes:
        broken: packets that could not be decoded so far: the file is damaged.
    """

    def __init__(self, container: Any, path: Path) -> None:
        self._container, self._path = container, path
        self._stream = _picture_stream(container, path)
        self._stream.thread_type = "AUTO"
        first = self._first_frame()
        self.info = _info(container, self._stream, first, path)
        self._shape = (first.width, first.height)
        self.broken = 0

    def _first_frame(self) -> Any:
        av = require_av()
        try:
            for packet in self._container.demux(self._stream):
                with suppress(av.error.InvalidDataError):
                    for frame in packet.decode():
                        self._container.seek(0)
                        self._container.streams.video[0].codec_context.flush_buffers()
                        return frame
        except av.error.FFmpegError:
            pass
        raise ImageError(f"{self._path}: no picture can be decoded. Use another copy of the file.")

    def frames(self) -> Iterator[Frame]:
        """Decode all frames, in the order of their times.

        Packets that cannot be decoded are counted in `broken`, as a damaged end of the file.

        Raises:
            UnsupportedImageError: a frame is interlaced or has another size than the first.
        """
        av = require_av()
        index, last = 0, None
        packets = self._container.demux(self._stream)
        step = max(1, round(1 / self.info.rate / self.info.time_base))
        while True:
            try:
                decoded = next(packets).decode()
            except StopIteration:
                return
            except av.error.FFmpegError:
                self.broken += 1
                if self.broken >= _BROKEN_LIMIT:
                    return
                continue
            for raw in decoded:
                _check_frame(raw, self._shape, self._path)
                pts = raw.pts if raw.pts is not None else raw.dts
                if pts is None or (last is not None and pts <= last):
                    pts = 0 if last is None else last + step
                yield Frame(index, pts, raw)
                index, last = index + 1, pts


@contextmanager
def open_video(path: Path) -> Iterator[VideoReader]:
    """Open a video to decode it.

    Raises:
        ImageError: it cannot be read.
        UnsupportedImageError: it is interlaced, has more than 8 bits, is encrypted or has several
            pictures.
        MissingExtraError: PyAV is not installed.
    """
    with open_container(path) as container:
        yield VideoReader(container, path)


@contextmanager
def open_container(path: Path) -> Iterator[Any]:
    """Open PyAV's container of a file for reading. Raises ImageError."""
    av = require_av()
    return_large_blocks()
    try:
        # By these names and formats alone, FFmpeg opens this file and no other.
        container = av.open(
            f"file:{path}",
            metadata_errors="replace",
            container_options={"format_whitelist": DEMUXERS},
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no video"
        raise ImageError(
            f"{path}: the video cannot be opened ({reason}). It is truncated or damaged: use "
            "another copy."
        ) from None
    with container:
        yield container


def _picture_stream(container: Any, path: Path) -> Any:
    streams = [s for s in container.streams.video if not _is_cover(s)]
    if not streams:
        raise ImageError(f"{path}: there is no picture in this file, only sound.")
    if len(streams) > 1:
        raise UnsupportedImageError(
            f"{path}: the file has {len(streams)} pictures (angles, stereo). Split it into one "
            "file each first."
        )
    if streams[0].codec_context is None:
        raise UnsupportedImageError(f"{path}: no decoder knows this video codec.")
    return streams[0]


def _is_cover(stream: Any) -> bool:
    """Whether a stream is a picture beside the film, such as an album's cover."""
    av = require_av()
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _info(container: Any, stream: Any, frame: Any, path: Path) -> VideoInfo:
    depth = max(part.bits for part in frame.format.components)
    if depth > 8:
        raise UnsupportedImageError(
            f"{path}: the video has {depth} bits per channel (HDR or 10-bit), which is not "
            "supported. Export it with 8 bits (SDR) first."
        )
    width, height = frame.width, frame.height
    if max(width, height) > MAX_SIDE or min(width, height) < 16:
        raise UnsupportedImageError(
            f"{path}: the picture has {width} x {height} pixels; 16 to {MAX_SIDE} a side are "
            "supported."
        )
    _check_frame(frame, (width, height), path)
    rotation = round((frame.rotation or 0) / 90) * 90 % 360
    even = width + width % 2, height + height % 2
    full = frame.format.name.startswith("yuvj") or int(frame.color_range or 0) == 2
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    # Of a real frame rate; some files state thousands.
    rate = min(max(Fraction(rate), Fraction(1)), Fraction(240))
    duration = float(container.duration or 0) / 1e6
    context = stream.codec_context
    return VideoInfo(
        size=even[::-1] if rotation % 180 else even,
        rotation=rotation,
        pixel_format="yuvj420p" if full else "yuv420p",
        time_base=Fraction(stream.time_base),
        rate=rate,
        duration=duration,
        frames=stream.frames or round(duration * rate),
        aspect=_aspect(stream.sample_aspect_ratio, rotation),
        colours={
            "color_range": int(context.color_range or 0),
            "color_primaries": int(context.color_primaries or 2),
            "color_trc": int(context.color_trc or 2),
            "colorspace": int(context.colorspace or 2),
        },
        metadata=dict(container.metadata),
        left_out=tuple(_left_out(container)),
    )


def _aspect(ratio: Fraction | None, rotation: int) -> Fraction | None:
    if not ratio or ratio == 1:
        return None
    return 1 / ratio if rotation % 180 else ratio


def _left_out(container: Any) -> Iterator[str]:
    """Streams that are not copied: they may show faces, or tell the place."""
    for stream in container.streams:
        if stream.type == "video" and _is_cover(stream):
            yield "a cover picture"
        elif stream.type == "attachment":
            yield "an attachment"
        elif stream.type == "data" and not _is_chapter_text(stream):
            yield "a data stream"


def _is_chapter_text(stream: Any) -> bool:
    """QuickTime's track of chapter titles, which the muxer writes anew."""
    return bool(stream.metadata.get("handler_name") == "SubtitleHandler")


def _check_frame(frame: Any, shape: tuple[int, int], path: Path) -> None:
    if frame.interlaced_frame:
        raise UnsupportedImageError(
            f"{path}: the video is interlaced, which is not supported. Deinterlace it first."
        )
    if (frame.width, frame.height) != shape:
        raise UnsupportedImageError(
            f"{path}: the picture's size changes within the video. Convert it to one size first."
        )
