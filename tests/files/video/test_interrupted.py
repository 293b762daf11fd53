"""A run that is killed leaves nothing under its name, and the next one goes on."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from proface import Key, Options
from proface.container.video_chunk import Chunk
from proface.errors import OutputError, UsageError
from proface.files.video import segments
from proface.files.video.access import read_video_file
from proface.files.video.protect import protect_video
from proface.files.video.verify import verify_video
from tests.clips import Clip, make, sliding
from tests.files.video.films import packets

KILLED = """
import os, signal, sys, time
from pathlib import Path
from proface import Key
from proface.files.video.protect import protect_video

source, output, key, stage, frame, pause = sys.argv[1:]

def die(now, done, total):
    if (now, done) == (stage, int(pause)):
        time.sleep(5.1)  # what was found is saved every five seconds
    if (now, done) == (stage, int(frame)):
        os.kill(os.getpid(), signal.SIGKILL)

protect_video(Path(source), Path(output), Key.from_file(key), progress=die)
"""


def run_until(
    stage: str, frame: int, source: Path, output: Path, key: Path, *, pause: int = -1
) -> None:
    """Protect a video in a process that pauses at a frame, and is killed at another one."""
    run = [sys.executable, "-c", KILLED, *map(str, (source, output, key, stage, frame, pause))]
    assert subprocess.run(run).returncode == -signal.SIGKILL


def slow(count: int) -> list[int]:
    """Times of twelve and a half frames a second: a segment has 100."""
    return [1024 * index for index in range(count)]


def of_two_segments(folder: Path) -> Clip:
    path = folder / "clip.mp4"
    return make(path, [sliding(20, 30, 0.5)], 110, size=(192, 160), times=slow(110))


@pytest.mark.parametrize(
    ("stage", "frame", "resumed"), [("faces", 30, 0), ("picture", 60, 0), ("picture", 205, 2)]
)
def test_killed_and_run_again(tmp_path: Path, stage: str, frame: int, resumed: int) -> None:
    clip = make(
        tmp_path / "clip.mp4", [sliding(20, 30, 0.5)], 210, size=(192, 160), times=slow(210)
    )
    key, output = tmp_path / "key", tmp_path / "out" / "clip.mp4"
    Key.generate().save(key)
    output.parent.mkdir()
    run_until(stage, frame, clip.path, output, key)
    assert not output.exists()
    found = protect_video(clip.path, output, Key.from_file(key))
    assert found.resumed == resumed
    assert [path.name for path in output.parent.iterdir()] == ["clip.mp4"]
    report = verify_video(output, Key.from_file(key), original=clip.path)
    assert report.fault is None
    assert report.tracks[0].frames == 210
    assert packets(output, "audio") == packets(clip.path, "audio")


def test_what_was_searched_is_not_searched_again(tmp_path: Path) -> None:
    clip = make(tmp_path / "clip.mp4", [sliding(0, 60, 8)], 60, size=(640, 240), sound=False)
    key, output = tmp_path / "key", tmp_path / "out" / "clip.mp4"
    Key.generate().save(key)
    output.parent.mkdir()
    run_until("faces", 50, clip.path, output, key, pause=40)
    (work,) = output.parent.iterdir()
    assert [path.name for path in work.iterdir()] == ["search"]
    kept = shutil.copytree(work, tmp_path / "kept")
    with pytest.raises(UsageError, match="no face 9"):
        protect_video(clip.path, output, Key.from_file(key), Options(skip=(9,)))
    assert list(output.parent.iterdir()) == []
    shutil.move(kept, work)
    other = tmp_path / "other.mp4"
    whole = protect_video(clip.path, other, Key.generate())
    found = protect_video(clip.path, output, Key.from_file(key))
    assert whole.searched == 0
    assert found.searched >= 10
    assert [path.name for path in output.parent.iterdir()] == ["clip.mp4"]
    for track, same in zip(found.tracks, whole.tracks, strict=True):
        assert (track.track.boxes == same.track.boxes).all()
    assert found.survey.detected == whole.survey.detected


def test_two_runs_do_not_write_one_output(tmp_path: Path) -> None:
    clip = make(tmp_path / "clip.mp4", [sliding(20, 30, 0.5)], 20, size=(192, 160))
    key, output = tmp_path / "key", tmp_path / "out" / "clip.mp4"
    Key.generate().save(key)
    refused = []

    def meanwhile(stage: str, done: int, _total: int) -> None:
        if (stage, done) in (("faces", 5), ("picture", 5)):
            with pytest.raises(OutputError, match="another run"):
                protect_video(clip.path, output, Key.from_file(key))
            refused.append(stage)

    protect_video(clip.path, output, Key.from_file(key), progress=meanwhile)
    assert refused == ["faces", "picture"]
    assert [path.name for path in output.parent.iterdir()] == ["clip.mp4"]
    assert verify_video(output, Key.from_file(key), original=clip.path).fault is None


def test_a_run_without_faces_leaves_no_folder(tmp_path: Path) -> None:
    clip = make(tmp_path / "clip.mp4", [], 10, size=(192, 160))
    output = tmp_path / "out" / "clip.mp4"
    assert not protect_video(clip.path, output, Key.generate()).written
    assert list(output.parent.iterdir()) == []


def test_a_run_goes_on_with_the_segments_that_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version may cut a video otherwise."""
    clip = of_two_segments(tmp_path)
    key, output = tmp_path / "key", tmp_path / "out.mp4"
    Key.generate().save(key)
    run_until("picture", 105, clip.path, output, key)
    monkeypatch.setattr(segments, "SEGMENT_SECONDS", 3)
    assert protect_video(clip.path, output, Key.from_file(key)).resumed == 1
    assert len(read_video_file(output).header.segments) == 2
    assert verify_video(output, Key.from_file(key), original=clip.path).fault is None


def test_a_part_that_is_coded_again_gets_another_salt(tmp_path: Path) -> None:
    """A frame that was hidden before is never hidden with the same keystream."""
    clip = make(
        tmp_path / "clip.mp4", [sliding(20, 20, 0.2, 0, 0.4)], 110, size=(128, 112), times=slow(110)
    )
    key, output = tmp_path / "key", tmp_path / "out.mp4"
    Key.generate().save(key)
    run_until("picture", 105, clip.path, output, key)
    (work,) = tmp_path.glob(".proface-*")
    data = (work / "00000.chunks").read_bytes()[4:]
    before = Chunk.from_bytes(data, (128, 112))
    (work / "00000.pictures").unlink()  # as if it had been killed just before the part was whole
    assert protect_video(clip.path, output, Key.from_file(key)).resumed == 0
    video = read_video_file(output)
    salts = {before.salt, *(video.chunk(number, 1).salt for number in (0, 1))}
    assert len(salts) == 3
    assert before.number == 0


def test_another_key_or_option_begins_anew(tmp_path: Path) -> None:
    clip = of_two_segments(tmp_path)
    key, output = tmp_path / "key", tmp_path / "p.mp4"
    Key.generate().save(key)
    run_until("picture", 105, clip.path, output, key)
    other = Key.generate()
    anew = protect_video(clip.path, output, other)
    assert (anew.resumed, anew.searched) == (0, 0)
    assert verify_video(output, other, original=clip.path).fault is None
