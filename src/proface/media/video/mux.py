"""Write a video file from coded pictures and the other streams of a source, which are copied.

Sound, subtitles and chapters are copied packet by packet, with their times. Cover pictures,
attachments, data streams and descriptions are not, as they may show faces or tell the place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from itertools import pairwise
from pathlib import Path
from typing import Any

from proface.errors import OutputError
from proface.media.video.coding import CodedPicture, Coding, decoding_times, make_context
from proface.media.video.formats import VideoKind
from proface.media.video.source import VideoInfo, open_container, require_av

_FORMATS = {"MP4": "mp4", "MKV": "matroska"}
_COPIED = ("audio", "subtitle")


def write_video(
    path: Path,
    kind: VideoKind,
    source: Path,
    info: VideoInfo,
    coding: Coding,
    pictures: Iterable[CodedPicture],
    times: list[int],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write the file: the pictures, and the source's sound, subtitles and chapters.

    Args:
        path: the file to write, replaced if it exists.
        kind: MP4 or MKV.
        source: where the other streams come from.
        info, coding: as the pictures were coded.
        pictures: in the order in which they were coded.
        times: the times of all frames in ascending order, in units of `info.time_base`.
        metadata: descriptions of the file to write.

    Raises:
        OutputError: a stream does not fit this kind of file, a full disk.
    """
    av = require_av()
    with open_container(source) as container:
        try:
            with av.open(str(path), "w", format=_FORMATS[kind]) as output:
                _write(output, container, info, coding, pictures, times, metadata or {})
        except (av.error.FFmpegError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise OutputError(
                f"{path}: the video cannot be written ({reason}). Its sound or subtitles may not "
                "fit this kind of file: write .mkv."
            ) from error


def _write(
    output: Any,
    container: Any,
    info: VideoInfo,
    coding: Coding,
    pictures: Iterable[CodedPicture],
    times: list[int],
    metadata: Mapping[str, str],
) -> None:
    output.metadata.update(metadata)
    codec = "libx264rgb" if coding.lossless else "libx264"
    picture = output.add_stream(codec, rate=info.rate)
    make_context(info, coding, picture)
    picture.time_base = info.time_base
    copies = {}
    for stream in container.streams:
        if stream.type in _COPIED:
            copy = output.add_stream_from_template(stream)
            copy.time_base = stream.time_base
            if "language" in stream.metadata:
                copy.metadata["language"] = stream.metadata["language"]
            copies[stream.index] = (stream, copy)
    chapters = container.chapters()
    if chapters:
        output.set_chapters(chapters)
    shown = _picture_packets(pictures, times, picture, info)
    others = _copied_packets(container, copies)
    # Both in the order of their times, so that a player finds sound beside its picture.
    for _time, packet in merge(shown, others, key=lambda item: item[0]):
        output.mux(packet)


def _picture_packets(
    pictures: Iterable[CodedPicture], times: list[int], stream: Any, info: VideoInfo
) -> Iterator[tuple[float, Any]]:
    av = require_av()
    unit = float(info.time_base)
    durations = _durations(times)
    for picture, dts in zip(pictures, decoding_times(times), strict=False):
        packet = av.Packet(picture.data)
        packet.pts, packet.dts, packet.time_base = picture.pts, dts, info.time_base
        packet.duration = durations[picture.pts]
        packet.is_keyframe = picture.key
        packet.stream = stream
        yield dts * unit, packet


def _durations(times: list[int]) -> dict[int, int]:
    """How long each frame is shown; the last as long as the one before."""
    steps = [b - a for a, b in pairwise(times)]
    return dict(zip(times, [*steps, steps[-1] if steps else 1], strict=True))


def _copied_packets(
    container: Any, copies: Mapping[int, tuple[Any, Any]]
) -> Iterator[tuple[float, Any]]:
    if not copies:
        return
    av = require_av()
    last = 0.0
    # A damaged end: what comes before it is kept.
    with contextlib.suppress(av.error.InvalidDataError):
        for packet in container.demux([stream for stream, _copy in copies.values()]):
            if packet.size == 0 or (packet.dts is None and packet.pts is None):
                continue
            time = packet.dts if packet.dts is not None else packet.pts
            # Streams of a file are not always in order; the merge needs them to be.
            last = max(last, float(time * packet.time_base))
            packet.stream = copies[packet.stream_index][1]
            yield last, packet


def coded_pictures(path: Path) -> Iterator[bytes]:
    """The coded frames of a file's picture, in the order in which they are decoded."""
    av = require_av()
    with open_container(path) as container, contextlib.suppress(av.error.FFmpegError):
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                yield bytes(packet)
