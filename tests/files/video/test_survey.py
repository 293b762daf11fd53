"""The first pass searches as many frames as the faces' motion asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from proface import Options
from proface.files.video.survey import survey
from tests.clips import make, sliding

FRAMES = 17


@pytest.mark.parametrize(("step", "least", "most"), [(1, 5, 5), (8, 8, 11), (16, 17, 17)])
def test_fast_faces_are_searched_in_more_frames(
    step: int, least: int, most: int, tmp_path: Path
) -> None:
    path = sliding(0, 60, step, 0, 0.6)
    clip = make(tmp_path / "clip.mp4", [path], FRAMES, size=(640, 240), sound=False)
    found = survey(clip.path, Options())
    assert least <= found.detected <= most
    (track,) = found.tracks
    for index, (face,) in enumerate(clip.faces):
        region = track.region(index, (640, 240))
        assert region is not None
        assert region.union(face).w * region.union(face).h <= 1.05 * region.w * region.h
