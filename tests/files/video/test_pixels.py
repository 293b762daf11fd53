"""A video whose frames hold the faces."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation

from proface.files.video.access import read_video_file
from proface.files.video.recover import recover_video
from proface.files.video.verify import verify_video
from proface.keys import TrackKey
from tests.files.video.conftest import Done
from tests.files.video.films import packets, psnr

SMOOTH = (
    Interpolation.BICUBIC
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
)


def rgb(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [
            frame.reformat(format="rgb24", interpolation=SMOOTH).to_ndarray()
            for frame in container.decode(video=0)
        ]


def test_faces_come_back_and_all_else_is_equal(in_pixels: Done, tmp_path: Path) -> None:
    recover_video(in_pixels.path, tmp_path / "back.mkv", in_pixels.key)
    source, shown = rgb(in_pixels.clip.path), rgb(in_pixels.path)
    back = rgb(tmp_path / "back.mkv")
    chunk = read_video_file(in_pixels.path).chunk(0, 1)
    for before, after, last, (face,), (x, y) in zip(
        source, shown, back, in_pixels.clip.faces, chunk.places, strict=True
    ):
        outside = np.ones(before.shape[:2], bool)
        outside[y : y + chunk.size[1], x : x + chunk.size[0]] = False
        assert np.array_equal(before[outside], after[outside])
        assert np.array_equal(before[outside], last[outside])
        assert psnr(before[face.slices], after[face.slices]) < 26
        assert psnr(before[face.slices], last[face.slices]) > 36
    assert packets(in_pixels.path, "audio") == packets(in_pixels.clip.path, "audio")


def test_nothing_of_a_face_is_beside_the_pixels(in_pixels: Done) -> None:
    assert len(read_video_file(in_pixels.path).chunk(0, 1).sealed) == 12 + 256 + 16


def test_it_verifies(in_pixels: Done) -> None:
    report = verify_video(in_pixels.path, in_pixels.key, original=in_pixels.clip.path)
    assert report.fault is None
    assert report.outside == float("inf")


def test_equal_pictures_get_unequal_noise(in_pixels: Done) -> None:
    """Each frame has a keystream of its own."""
    video = read_video_file(in_pixels.path)
    salt = video.chunk(0, 1).salt
    track = TrackKey.derive(bytes(32), video.header.id, 1)
    keys = {track.frame_key(n, model="m", height=96, width=96, salt=salt) for n in range(20)}
    assert len(keys) == 20
