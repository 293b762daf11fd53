"""Videos of many kinds: handled, or refused by name."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from proface import Key
from proface.errors import ImageError, UnsupportedImageError
from proface.files.video.protect import protect_video
from proface.files.video.verify import verify_video
from proface.media.video.formats import is_video, output_suffix
from proface.media.video.source import open_video
from tests.clips import frames, make, sliding, write
from tests.files.video.films import packets, times

FACE = [sliding(60, 40, 2, 0, 0.7)]


def protected(path: Path) -> Path:
    output = path.with_name(f"out{output_suffix(path)}")
    key = Key.generate()
    result = protect_video(path, output, key)
    assert len(result.tracks) == 1
    report = verify_video(output, key, original=path)
    assert report.fault is None
    assert (report.tracks[0].psnr or 0) > 40
    return output


def test_variable_frame_rate(tmp_path: Path) -> None:
    steps = [512 + (i % 4) * 300 for i in range(30)]
    when = np.cumsum([0, *steps[:-1]]).tolist()
    clip = make(tmp_path / "a.mp4", FACE, 30, times=when)
    assert times(protected(clip.path)) == times(clip.path)
    assert len(set(np.diff(times(clip.path)).round(6))) > 2


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_without_sound(tmp_path: Path, suffix: str) -> None:
    clip = make(tmp_path / f"a{suffix}", FACE, 20, sound=False)
    with av.open(str(protected(clip.path))) as container:
        assert [stream.type for stream in container.streams] == ["video"]
    assert times(tmp_path / f"out{suffix}") == times(clip.path)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotated(tmp_path: Path, rotation: int) -> None:
    pictures, _boxes = frames(FACE, 20)
    lying = [np.ascontiguousarray(np.rot90(p, -rotation // 90)) for p in pictures]
    write(tmp_path / "a.mp4", lying, rotation=rotation)
    with open_video(tmp_path / "a.mp4") as reader:
        upright = next(reader.frames()).rgb(reader.info)
        assert reader.info.size == (320, 240)
    assert np.mean(np.abs(upright.astype(int) - pictures[0])) < 12
    protected(tmp_path / "a.mp4")


def test_odd_size(tmp_path: Path) -> None:
    clip = make(
        tmp_path / "a.mkv",
        FACE,
        20,
        size=(321, 241),
        codec="ffv1",
        pixel_format="yuv420p",
        options={},
    )
    with av.open(str(protected(clip.path))) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (322, 242)


@pytest.mark.parametrize("pixel_format", ["yuv444p", "yuv422p", "yuvj420p"])
def test_other_samplings(tmp_path: Path, pixel_format: str) -> None:
    clip = make(tmp_path / "a.mp4", FACE, 20, pixel_format=pixel_format)
    protected(clip.path)


def test_b_frames_and_mkv(tmp_path: Path) -> None:
    options = {"crf": "18", "bf": "3"}
    clip = make(tmp_path / "a.mkv", FACE, 30, options=options)
    output = protected(clip.path)
    assert times(output) == times(clip.path)
    assert packets(output, "audio") == packets(clip.path, "audio")


def test_avi_becomes_mkv(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.avi", FACE, 20, codec="mpeg4", sound=False, options={"qscale": "2"})
    assert len(times(protected(clip.path))) == 20


def test_ten_bits_are_refused(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", FACE, 5, pixel_format="yuv420p10le")
    with pytest.raises(UnsupportedImageError, match="10 bits"), open_video(clip.path):
        pass


def test_interlaced_is_refused(tmp_path: Path) -> None:
    options = {"crf": "18", "x264-params": "tff=1", "flags": "+ilme+ildct"}
    clip = make(tmp_path / "a.mp4", FACE, 5, options=options)
    with pytest.raises(UnsupportedImageError, match="interlaced"), open_video(clip.path):
        pass


def test_a_broken_tail(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mkv", FACE, 60)
    content = clip.path.read_bytes()
    clip.path.write_bytes(content[: len(content) * 3 // 4])
    key, output = Key.generate(), tmp_path / "out.mkv"
    protect_video(clip.path, output, key)
    assert 20 < len(times(output)) < 60
    assert verify_video(output, key, original=clip.path).fault is None


def test_a_truncated_mp4_is_named(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", FACE, 20)
    clip.path.write_bytes(clip.path.read_bytes()[:-2000])
    with pytest.raises(ImageError, match="truncated or damaged"), open_video(clip.path):
        pass


def test_only_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as output:
        voice = output.add_stream("aac", rate=44100, layout="mono")
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        tone.sample_rate, tone.pts = 44100, 0
        output.mux(voice.encode(tone))
        output.mux(voice.encode(None))
    with pytest.raises(ImageError, match="only sound"), open_video(path):
        pass


def test_what_is_a_video(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", FACE, 2, sound=False)
    clip.path.rename(tmp_path / "noname")
    assert is_video(tmp_path / "noname")
    (tmp_path / "b.mp4").write_bytes(b"\xff\xd8\xff\xe0" + bytes(500))  # a JPEG
    (tmp_path / "c.mov").write_bytes(b"nothing at all")
    assert [is_video(tmp_path / name) for name in ("b.mp4", "c.mov")] == [False, True]


def test_a_file_opens_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg also knows lists of files, and names that mean several."""
    monkeypatch.chdir(tmp_path)
    make(Path("other.mp4"), FACE, 5)
    Path("list.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    Path("concat:other.mp4").write_bytes(b"no video")
    for name in ("list.mp4", "concat:other.mp4"):
        with pytest.raises(ImageError), open_video(Path(name)):
            pass


def test_names_that_look_like_protocols_are_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("a.mp4"), FACE, 5)
    for name in ("concat:a.mp4", "http:%20a.mp4", "file:a.mp4", "-a#?.mp4"):
        Path(name).write_bytes(Path("a.mp4").read_bytes())
        with open_video(Path(name)) as reader:
            assert len(list(reader.frames())) == 5
