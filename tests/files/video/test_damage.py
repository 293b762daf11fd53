"""Altered, truncated and mixed-up files: named with time and face, and what is whole comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from proface.container.video_records import find_records
from proface.errors import DamagedFileError, NotProtectedError
from proface.files.video.access import read_video_file
from proface.files.video.recover import recover_video
from proface.files.video.verify import verify_video
from proface.media.video.mux import coded_pictures
from tests.files.video.conftest import Done
from tests.files.video.films import luma, psnr

# Chunks in the file's order: face 1 and 2 of the first eight seconds, then of the rest.


def altered(done: Done, path: Path, at: int, data: bytes | None = None) -> Path:
    content = bytearray(done.path.read_bytes())
    content[at : at + len(data or b"x")] = data or bytes([content[at] ^ 1])
    path.write_bytes(content)
    return path


def test_an_altered_chunk(sealed: Done, tmp_path: Path) -> None:
    record = find_records(sealed.path)[2]
    path = altered(sealed, tmp_path / "a.mp4", record.offset + record.length - 1)
    with pytest.raises(DamagedFileError, match=r"face 2 is damaged from 0\.0 s to 7\.9 s"):
        verify_video(path, sealed.key)
    with pytest.raises(DamagedFileError):
        recover_video(path, tmp_path / "back.mp4", sealed.key)
    assert not (tmp_path / "back.mp4").exists()
    outcome = recover_video(path, tmp_path / "back.mp4", sealed.key, force=True)
    assert "face 2 is damaged from 0.0 s to 7.9 s" in outcome.warnings[0]
    source, back = luma(sealed.clip.path), luma(tmp_path / "back.mp4")
    one, two = sealed.clip.faces[0]
    assert psnr(source[0][one.slices], back[0][one.slices]) > 38
    assert psnr(source[0][two.slices], back[0][two.slices]) < 26
    one, two = sealed.clip.faces[105]
    assert psnr(source[105][two.slices], back[105][two.slices]) > 38


def test_altered_places_are_not_believed(sealed: Done, tmp_path: Path) -> None:
    record = find_records(sealed.path)[1]
    path = altered(sealed, tmp_path / "a.mp4", record.offset + 37, b"\x00\x02")
    with pytest.raises(DamagedFileError, match="face 1 is damaged"):
        verify_video(path, sealed.key)


def test_swapped_chunks(sealed: Done, tmp_path: Path) -> None:
    _head, first, _other, third, _last = find_records(sealed.path)
    content = sealed.path.read_bytes()
    a, b = (slice(r.offset - 28, r.offset + r.length) for r in (first, third))
    swapped = content[: a.start] + content[b] + content[a.stop : b.start] + content[a]
    path = tmp_path / "a.mp4"
    path.write_bytes(swapped + content[b.stop :])
    with pytest.raises(DamagedFileError, match="another's place"):
        verify_video(path, sealed.key)


def test_a_truncated_file(sealed: Done, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    content = sealed.path.read_bytes()
    path.write_bytes(content[: -len(content) // 12])
    with pytest.raises(DamagedFileError, match=r"from \d\.0 s to \d\.\d s"):
        verify_video(path, sealed.key)
    outcome = recover_video(path, tmp_path / "back.mp4", sealed.key, force=True)
    assert outcome.warnings
    source, back = luma(sealed.clip.path), luma(tmp_path / "back.mp4")
    assert 20 < len(back) <= len(source)
    for face in sealed.clip.faces[10]:
        assert psnr(source[10][face.slices], back[10][face.slices]) > 38


def test_an_altered_picture(sealed: Done, tmp_path: Path) -> None:
    picture = max(coded_pictures(sealed.path), key=len)
    at = sealed.path.read_bytes().index(picture) + len(picture) // 2
    path = altered(sealed, tmp_path / "a.mp4", at, bytes(200))
    assert read_video_file(path).changed
    with pytest.raises(DamagedFileError, match="picture is altered or missing from"):
        verify_video(path, sealed.key)


def test_an_altered_header(sealed: Done, tmp_path: Path) -> None:
    head = find_records(sealed.path)[0]
    path = altered(sealed, tmp_path / "a.mp4", head.offset + head.length // 2)
    with pytest.raises(DamagedFileError, match="header"):
        read_video_file(path)


def test_a_video_without_a_header(sealed: Done) -> None:
    with pytest.raises(NotProtectedError, match="converted"):
        read_video_file(sealed.clip.path)
