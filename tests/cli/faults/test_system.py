"""A full disk, too little memory, a clock that jumps, a folder without write permission."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from PIL import Image

import proface
from tests.cli.faults.helpers import (
    HIDE,
    NAMES,
    check_whole,
    protect,
    state,
    visible,
)
from tests.cli.forks import Forks
from tests.cli.runs import files


@pytest.mark.parametrize(
    ("code", "remedy", "calls"),
    [(errno.ENOSPC, "disk is full", range(1, 13)), (errno.EROFS, "read-only", (1, 4, 8))],
)
def test_a_disk_that_refuses_from_some_call_on(
    forks: Forks,
    shelf: Path,
    key: proface.Key,
    tmp_path: Path,
    code: int,
    remedy: str,
    calls: Iterable[int],
) -> None:
    before = state(shelf)
    for call in calls:
        out = tmp_path / str(call)
        ended = protect(forks, shelf, out, refuse=code, at=call)
        assert ended.code in (0, 3), ended
        assert "Traceback" not in ended.err
        made = visible(out)
        assert len(made) + ended.err.count("\n") == len(NAMES)
        assert all(remedy in line for line in ended.err.splitlines())
        assert files(out) == made if out.exists() else not made  # no temporary file either
        for name in made:
            check_whole(out / name, key, shelf)
        assert protect(forks, shelf, out, "--skip-existing").code == 0
        assert len(visible(out)) == len(NAMES)
        assert state(shelf) == before


def test_a_disk_with_room_for_so_many_bytes(
    forks: Forks, shelf: Path, key: proface.Key, tmp_path: Path
) -> None:
    """The system's own limit on files, so that a write ends in the middle."""
    size = (shelf / "safe" / "a.png").stat().st_size
    # Noise compresses to a few bytes more or less each time: nine tenths are never enough.
    for part in (0, 1, 100, 600, size // 2, size * 9 // 10):
        out = tmp_path / str(part)
        ended = protect(forks, shelf, out, limits={"FSIZE": part})
        assert ended.code == 3
        assert ended.err.count("cannot be written") == len(NAMES)
        assert files(out) == visible(out)
        assert protect(forks, shelf, out, "--skip-existing").code == 0
        for name in NAMES:
            check_whole(out / f"{name}.png", key, shelf)


def test_too_little_memory(forks: Forks, shelf: Path, key: proface.Key, tmp_path: Path) -> None:
    """A real limit strikes anywhere, in libraries that may end the process; never in a file."""
    before = state(shelf)
    whole = protect(forks, shelf, tmp_path / "whole")
    assert whole.code == 0
    # Of address space, of which libraries reserve far more than they use.
    for megabytes in (400, 500, 700, 900, 1200, 1600):
        out = tmp_path / str(megabytes)
        ended = protect(forks, shelf, out, limits={"AS": megabytes << 20})
        assert "Traceback" not in ended.err
        for name in visible(out):
            check_whole(out / name, key, shelf)
        assert protect(forks, shelf, out, "--skip-existing").code == 0
        assert [Path(name).stem for name in visible(out)] == list(NAMES)
        assert state(shelf) == before


def test_a_photo_larger_than_the_memory(forks: Forks, shelf: Path, tmp_path: Path) -> None:
    """Small photos may find room among what is held already; this one cannot."""
    photo, out = tmp_path / "large.png", tmp_path / "out.png"
    Image.new("RGB", (6000, 6000), "grey").save(photo)
    command = ("protect", photo, "-o", out, "--key-file", shelf / "key", *HIDE)
    ended = forks.run(*command, limits={"AS": 400 << 20})
    assert ended.code != 0
    assert "Traceback" not in ended.err
    assert not out.exists()
    assert photo.exists()


@pytest.mark.parametrize("offsets", [[-(10**9)], [10**10], [0, 3600, -7200, 86400, -(10**8)]])
def test_a_clock_that_is_wrong_or_jumps(
    forks: Forks, shelf: Path, key: proface.Key, tmp_path: Path, offsets: list[float]
) -> None:
    album = tmp_path / "album"
    shutil.copytree(shelf / "album", album)
    for number, path in enumerate(sorted(album.iterdir())):
        year = 31_536_000
        os.utime(path, (2_000_000_000 + number * 50 * year,) * 2)  # from the future
    before = state(album)
    out = tmp_path / "out"
    command = ("protect", album, "-o", out, "--key-file", shelf / "key", "--exact", *HIDE)
    assert forks.run(*command, clock=offsets).code == 0
    again = forks.run(*command, "--skip-existing", "--json", clock=[-sum(offsets)])
    assert again.code == 0
    records = [json.loads(line) for line in again.out.splitlines()]
    assert [record["status"] for record in records] == ["skipped"] * len(NAMES)
    for name in NAMES:
        check_whole(out / f"{name}.png", key, shelf)
    assert state(album) == before


def test_a_folder_that_may_not_be_written(forks: Forks, shelf: Path, tmp_path: Path) -> None:
    """Root may write everywhere; then there is no such folder, and the disk's refusal stands in."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere; EROFS above takes the same way")
    out = tmp_path / "out"
    out.mkdir(mode=0o500)
    ended = protect(forks, shelf, out)
    out.chmod(0o700)
    assert ended.code == 3
    assert ended.err.count("may not write") == len(NAMES)
    assert files(out) == []
