"""Killed, refused, out of memory, under a clock that jumps: no photo is lost, none half there.

A hundred interruptions here; `make faults` makes a thousand.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from forks import Ended, Forks
from PIL import Image
from runs import files

import proface
from proface.media import TEMPORARY_PREFIX, Header, find_header, read_photo
from proface.recovering import recover_photo

INTERRUPTIONS = int(os.environ.get("INTERRUPTIONS", "100"))
KILLED = -9
NAMES = ("a", "b")
HIDE = ("--no-detect", "--region", "0,0,32,32")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Path:
    """A key, two small originals, and their protected files: never written again."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "album").mkdir()
    y, x = np.mgrid[0:40, 0:40]
    for number, name in enumerate(NAMES, 3):
        pixels = np.stack([x * number % 256, y * 5 % 256, (x + y) * 3 % 256], 2)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "album" / f"{name}.png")
        os.utime(folder / "album" / f"{name}.png", ns=(10**18, 10**18 + number))
    proface.Key.generate().save(folder / "key")
    assert protect(forks, folder, folder / "safe").code == 0
    return folder


@pytest.fixture(scope="module")
def key(shelf: Path) -> proface.Key:
    return proface.Key.from_file(shelf / "key")


def protect(forks: Forks, shelf: Path, out: Path, *more: object, **fault: object) -> Ended:
    command = ("protect", shelf / "album", "-o", out, "--key-file", shelf / "key", "--exact")
    return forks.run(*command, *HIDE, *more, **fault)


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file's bytes and time."""
    return {
        name: ((folder / name).read_bytes(), (folder / name).stat().st_mtime_ns)
        for name in files(folder)
    }


def visible(folder: Path) -> list[str]:
    """The files that have a name; all others must be recognisable as what a killed run leaves."""
    found = files(folder) if folder.exists() else []
    hidden = [name for name in found if Path(name).name.startswith(".")]
    assert all(Path(name).name.startswith(TEMPORARY_PREFIX) for name in hidden)
    return [name for name in found if name not in hidden]


def check_whole(path: Path, key: proface.Key, shelf: Path) -> Header:
    """The protected file gives back every pixel of its original."""
    back = recover_photo(path, key)
    assert back.exact
    original = read_photo(shelf / "album" / f"{path.stem}.png")
    np.testing.assert_array_equal(back.photo.pixels, original.pixels)
    return back.header


def spread(steps: int, wanted: int) -> list[int]:
    """So many of the steps 1 to `steps`, evenly."""
    return sorted({1 + round(i * (steps - 1) / max(wanted - 1, 1)) for i in range(wanted)})


def secrets(header: Header) -> list[str]:
    """What must be new every time."""
    (stanza,) = header.stanzas
    sealed = [data[:12].hex() for data in header.sealed.values()]
    return [stanza["nonce"], stanza["wrapped"], *sealed, *(r.sha256 for r in header.regions)]


def test_protecting_is_killed_everywhere(
    forks: Forks, shelf: Path, key: proface.Key, tmp_path: Path
) -> None:
    before = state(shelf)
    wanted = [f"{name}.png" for name in NAMES]
    fresh: list[str] = []
    for sidecar, share in (((), 0.45), (("--sidecar",), 0.15)):
        every = protect(forks, shelf, tmp_path / "whole", *sidecar, count=True)
        assert every.code == 0
        assert every.steps
        shutil.rmtree(tmp_path / "whole")
        killed = 0
        for step in spread(every.steps, round(INTERRUPTIONS * share)):
            out = tmp_path / f"{step}{''.join(sidecar)}"
            ended = protect(forks, shelf, out, *sidecar, kill=step)
            killed += ended.code == KILLED  # threads may take a step less another time
            assert ended.code in (KILLED, 0)
            for name in visible(out):
                if name.endswith(".png"):
                    check_whole(out / name, key, shelf)
            done = {name: (out / name).read_bytes() for name in visible(out) if "json" not in name}

            again = protect(forks, shelf, out, *sidecar, "--skip-existing")
            assert (again.code, again.err) == (0, "")
            assert [name for name in visible(out) if "json" not in name] == wanted
            for name in wanted:
                fresh += secrets(check_whole(out / name, key, shelf))
            assert all((out / name).read_bytes() == data for name, data in done.items())
            assert state(shelf) == before
            shutil.rmtree(out)
        assert killed >= 0.9 * INTERRUPTIONS * share
    assert len(set(fresh)) == len(fresh)


def test_recovering_is_killed_everywhere(forks: Forks, shelf: Path, tmp_path: Path) -> None:
    command = ("recover", shelf / "safe", "--key-file", shelf / "key")
    before = state(shelf)
    every = forks.run(*command, "-o", tmp_path / "whole", count=True)
    assert every.steps
    killed = 0
    for step in spread(every.steps, round(INTERRUPTIONS * 0.2)):
        out = tmp_path / str(step)
        killed += forks.run(*command, "-o", out, kill=step).code == KILLED
        made = visible(out)
        assert forks.run(*command, "-o", out, "--skip-existing").code == 0
        assert set(made) <= set(visible(out))
        for name in NAMES:
            original = read_photo(shelf / "album" / f"{name}.png")
            back = read_photo(out / f"{name}.png")
            np.testing.assert_array_equal(back.pixels, original.pixels)
        assert state(shelf) == before
    assert killed >= 0.9 * INTERRUPTIONS * 0.2


def test_changing_the_keys_is_killed_everywhere(
    forks: Forks, shelf: Path, key: proface.Key, tmp_path: Path
) -> None:
    """In place, in the file and its sidecar: whenever it ends, the file opens."""
    other = tmp_path / "other"
    proface.Key.generate().save(other)
    photo, beside = tmp_path / "a.png", tmp_path / "a.png.proface.json"

    def add(**fault: object) -> Ended:
        for path in visible(tmp_path):
            if path != "other":
                (tmp_path / path).unlink()
        shutil.copy(shelf / "safe" / "a.png", photo)
        beside.write_bytes(find_header(photo) or b"")
        command = ("keys", "add", photo, "--key-file", shelf / "key", "--also-key-file", other)
        return forks.run(*command, **fault)

    every = add(count=True)
    assert every.steps
    killed = 0
    for step in spread(every.steps, round(INTERRUPTIONS * 0.15)):
        killed += add(kill=step).code == KILLED
        stanzas = len(check_whole(photo, key, shelf).stanzas)
        assert stanzas in (1, 2)
        if stanzas == 2:
            check_whole(photo, proface.Key.from_file(other), shelf)
    assert killed >= 0.9 * INTERRUPTIONS * 0.15


def test_making_key_files_is_killed_everywhere(forks: Forks, shelf: Path, tmp_path: Path) -> None:
    command = ("keys", "export", shelf / "safe" / "a.png", "--face", 1, "--key-file", shelf / "key")
    every = forks.run(*command, "-o", tmp_path / "whole", count=True)
    assert every.steps
    for step in spread(every.steps, max(2, round(INTERRUPTIONS * 0.05))):
        out = tmp_path / str(step)
        assert forks.run(*command, "-o", out, kill=step).code in (KILLED, 0)
        if out.exists():
            assert len(proface.FaceKeys.from_file(out).faces) == 1
            assert stat.S_IMODE(out.stat().st_mode) == 0o600
    visible(tmp_path)


@pytest.mark.parametrize("fault", ["MemoryError", "KeyboardInterrupt"])
def test_what_python_raises_anywhere(
    forks: Forks, shelf: Path, key: proface.Key, tmp_path: Path, fault: str
) -> None:
    """Memory that runs out, and Ctrl-C, on any line: told in one line, and nothing half there."""
    command = ("protect", shelf / "album" / "a.png", "--key-file", shelf / "key", "--exact", *HIDE)
    every = forks.run(*command, "-o", tmp_path / "whole", count=True)
    assert every.steps
    for step in spread(every.steps, 12):
        out = tmp_path / str(step)
        ended = forks.run(*command, "-o", out, raises=fault, at=step)
        assert "Traceback" not in ended.err
        assert ended.err.count("\n") <= 1
        assert ended.code in ((0, 1) if fault == "MemoryError" else (0, 130, 1))
        for name in visible(out):
            check_whole(out / name, key, shelf)


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


def test_randomness_is_fresh_in_every_fork(
    forks: Forks, shelf: Path, key: proface.Key, tmp_path: Path
) -> None:
    """All of these processes are forks of one, and none repeats what another drew."""
    fresh, salts = [], []
    for number in range(4):
        out = tmp_path / str(number)
        ended = protect(forks, shelf, out, "--also-password-file", __file__)
        assert ended.code == 0, ended
        for name in NAMES:
            header = recover_photo(out / f"{name}.png", key).header
            fresh += [s["nonce"] for s in header.stanzas] + [r.sha256 for r in header.regions]
            salts.append({s["kdf"]["salt"] for s in header.stanzas if "kdf" in s})
    assert len(set(fresh)) == len(fresh)
    # One salt for the files of a run, another for every run.
    assert all(len(salt) == 1 for salt in salts)
    assert len(set.union(*salts)) == 4
    assert resource.getrlimit(resource.RLIMIT_FSIZE)  # limits were the children's alone
