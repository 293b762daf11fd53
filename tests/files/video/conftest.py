"""Clips that are made once, and protected once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from proface import Key, Options
from proface.files.video.protect import protect_video
from tests.clips import Clip, make, sliding

# Twelve and a half frames a second: a segment has 100.
SLOW = [1024 * index for index in range(110)]


@dataclass(frozen=True)
class Done:
    """A protected clip, its source and its key."""

    clip: Clip
    path: Path
    key: Key


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Two faces that meet, with sound, chapters and a place; two segments."""
    folder = tmp_path_factory.mktemp("clip")
    paths = [sliding(10, 20, 1), sliding(220, 60, -1, 0.2, 0.55)]
    about = {"location": "+48.1+011.5/", "comment": "made by Ada"}
    return make(folder / "clip.mp4", paths, 110, times=SLOW, metadata=about, chapters=True)


@pytest.fixture(scope="session")
def sealed(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> Done:
    path, key = tmp_path_factory.mktemp("sealed") / "clip.mp4", Key.generate()
    protect_video(clip.path, path, key)
    return Done(clip, path, key)


@pytest.fixture(scope="session")
def short(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """One face, a second, MKV."""
    folder = tmp_path_factory.mktemp("short")
    return make(folder / "short.mkv", [sliding(60, 40, 2, 0, 0.7)], 20)


@pytest.fixture(scope="session")
def in_pixels(short: Clip, tmp_path_factory: pytest.TempPathFactory) -> Done:
    path, key = tmp_path_factory.mktemp("pixels") / "short.mkv", Key.generate()
    protect_video(short.path, path, key, Options(carry="pixels"))
    return Done(short, path, key)
