"""The film of one face has the quality that is asked for, and not much more."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from proface.errors import DamagedFileError
from proface.faces.tracks import Track
from proface.files.video.sealed_faces import FIRST_QUANTISER, FaceFilm, least_psnr
from proface.files.video.segments import MOST_HELD, segments_of
from proface.files.video.survey import Survey, VideoTrack
from proface.media.video.face_film import decode_faces, encode_faces
from proface.media.video.source import VideoInfo
from proface.pipeline.video_cover import windows_of
from proface.types import Box
from tests.media.video.test_face_film import SIZE, pictures


def noise() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(90, 150, (168, 96)).astype(np.uint8) for _ in range(6)]


@pytest.mark.parametrize("first", [5, 35.25, 60])
@pytest.mark.parametrize("hard", [False, True])
def test_the_quality_holds_whatever_is_tried_first(first: float, hard: bool) -> None:
    source, face = noise() if hard else pictures(), Box(20, 15, 50, 60)
    film = FaceFilm(SIZE, 42.0)
    for one in source:
        film.add(one, face, None)
    coded = film.code(first)
    back = list(decode_faces(coded.data, SIZE, len(source)))
    difference = np.array(back).astype(float)[:, :112] - np.array(source)[:, :112]
    for part in (difference, difference[:, 15:75, 20:70]):
        assert 10 * np.log10(255**2 / np.mean(part**2)) >= 41.99
    assert 42 <= coded.psnr < 43.5
    # The next segment begins with what was found, which costs no quality.
    assert 42 <= film.code(coded.quantiser).psnr < 43.5


def test_a_film_without_any_error() -> None:
    """A black scene: its quality is no number."""
    film = FaceFilm(SIZE, 42.0)
    for _ in range(4):
        film.add(np.full((168, 96), 128, np.uint8), Box(20, 15, 50, 60), None)
    coded = film.code(FIRST_QUANTISER)
    assert coded.psnr > 42
    assert film.code(coded.quantiser).psnr > 42


@pytest.mark.parametrize("spoilt", [1, 2])
def test_a_film_that_cannot_be_decoded_is_coded_once_more(
    monkeypatch: pytest.MonkeyPatch, spoilt: int
) -> None:
    film = FaceFilm(SIZE, 42.0)
    for one in pictures():
        film.add(one, Box(20, 15, 50, 60), None)
    right, left = film.code(30).data, spoilt

    def cut_off(*arguments: Any) -> bytes:
        nonlocal left
        data = encode_faces(*arguments)
        left -= 1
        return data[: len(data) // 2] if left >= 0 else data

    monkeypatch.setattr("proface.files.video.sealed_faces.encode_faces", cut_off)
    if spoilt == 1:
        assert film.code(30).data == right
    else:
        with pytest.raises(DamagedFileError):
            film.code(30)


def test_faces_are_as_good_as_the_picture() -> None:
    assert least_psnr(25) == least_psnr(40)
    assert least_psnr(18) > least_psnr(20) > least_psnr(25)


def of_one_face(side: int, *, moves: int = 0) -> Survey:
    info = VideoInfo((3840, 2160), 0, "yuv420p", Fraction(1, 30), Fraction(30), 20.0, 600, None)
    boxes = np.tile(np.array([100, 100, side, side]), (600, 1))
    boxes[:, 0] += moves * np.arange(600)
    boxes[:, 2:] += moves * np.arange(600)[:, None]  # comes nearer, so that its window is larger
    track = VideoTrack(1, Track(0, boxes, (0, 599), 100))
    return Survey(info, np.arange(600), (track,))


@pytest.mark.parametrize(("side", "moves"), [(2000, 0), (400, 2), (1500, 1)])
def test_segments_hold_no_more_pixels_than_memory_should(side: int, moves: int) -> None:
    film = of_one_face(side, moves=moves)
    found = segments_of(film)
    assert sum(count for _first, count in found) == 600
    assert all(a + n == b for (a, n), (b, _m) in pairwise(found))
    held = []
    for first, count in found:
        regions = [film.tracks[0].region(n, film.info.size) for n in range(first, first + count)]
        windows = windows_of([region for region in regions if region], film.info.size)
        held.append(sum(box.w * box.h * 3 // 2 for box in windows))
    assert max(held) <= MOST_HELD
    cut = [size for size, (_, count) in zip(held[:-1], found, strict=False) if count < 240]
    assert min(cut) > 0.9 * MOST_HELD


def test_a_segment_of_small_faces_lasts_eight_seconds() -> None:
    assert segments_of(of_one_face(200)) == [(0, 240), (240, 240), (480, 120)]
