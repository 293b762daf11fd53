"""Headers and chunks of videos: what is written is read, and all else is refused."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proface.container.video_chunk import Chunk
from proface.container.video_header import Segment, TrackEntry, VideoHeader
from proface.errors import DamagedFileError
from tests.container.test_header import summed
from tests.container.test_header_mutations import mutated, spliced

DIGEST = "0" * 64


def of(segments: list[int], tracks: list[tuple[int, int]]) -> VideoHeader:
    """A header with segments of these lengths, and tracks from and to these frames."""
    firsts = np.cumsum([0, *segments]).tolist()
    return VideoHeader(
        carry="sealed",
        model_name="",
        model_sha256="",
        look="blur:21",
        pixel_format="yuv420p",
        size=(64, 48),
        frames=firsts[-1],
        segments=tuple(
            Segment(first, count, 0, 0, DIGEST)
            for first, count in zip(firsts[:-1], segments, strict=True)
        ),
        tracks=tuple(TrackEntry(n, a, b, 0, 0) for n, (a, b) in enumerate(tracks, 1)),
        id=bytes(16),
        stanzas=({"type": "x"},),
        mac=DIGEST,
    )


films = st.lists(st.integers(1, 9), min_size=1, max_size=8).flatmap(
    lambda segments: st.tuples(
        st.just(segments),
        st.lists(
            st.tuples(*2 * (st.integers(0, sum(segments) - 1),)).map(lambda ab: tuple(sorted(ab))),
            min_size=1,
            max_size=6,
        ),
    )
)


@given(films)
def test_there_is_a_chunk_for_each_track_in_each_of_its_segments(film: Any) -> None:
    header = of(*film)
    assert VideoHeader.from_bytes(header.to_bytes(), "a.mp4") == header
    assert header.chunks() == [
        (number, track.n)
        for number, segment in enumerate(header.segments)
        for track in header.tracks
        if set(range(segment.first, segment.first + segment.frames))
        & set(range(track.first, track.last + 1))
    ]


def test_a_small_header_cannot_ask_for_millions_of_chunks() -> None:
    data = of([1] * 2000, [(0, 1999)] * 2000).to_bytes()
    began = time.process_time()
    with pytest.raises(DamagedFileError, match="too many"):
        VideoHeader.from_bytes(data, "a.mp4")
    assert time.process_time() - began < 5


@given(st.data())
def test_mutated_fields_never_give_another_error(data: st.DataObject) -> None:
    value = json.loads(of([4, 4, 2], [(0, 9), (3, 5)]).to_bytes())
    mutated(value, data)
    try:
        encoded = summed(value)
    except UnicodeEncodeError:
        return
    with contextlib.suppress(DamagedFileError):
        assert VideoHeader.from_bytes(encoded, "a.mp4").to_bytes() == encoded


@given(st.data())
def test_mutated_chunks_never_give_another_error(data: st.DataObject) -> None:
    places = np.array([[0, 2], [4, 6]], np.int64)
    good = Chunk(1, 0, 3, (16, 8), places, bytes(16), b"sealed").to_bytes()
    bad = spliced(good, data)
    with contextlib.suppress(DamagedFileError):
        assert Chunk.from_bytes(bad, (64, 48)).to_bytes() == bad


def test_segments_and_tracks_outside_the_video_are_refused() -> None:
    good = of([4, 4], [(0, 7)])
    for bad in (
        replace(good, frames=9),
        replace(good, segments=good.segments[::-1]),
        replace(good, tracks=(TrackEntry(1, 0, 8, 0, 0),)),
        replace(good, tracks=good.tracks * 2),
    ):
        with pytest.raises(DamagedFileError):
            VideoHeader.from_bytes(bad.to_bytes(), "a.mp4")
