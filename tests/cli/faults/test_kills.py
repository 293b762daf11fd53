"""Killed, interrupted, raising anywhere: no photo is lost, none is left half written.

A hundred interruptions here; `make faults` makes a thousand.
"""

from __future__ import annotations

import resource
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

import proface
from proface.container.storage import find_header
from proface.files.recover import recover
from proface.media.photo import read_photo
from tests.cli.faults.helpers import (
    HIDE,
    INTERRUPTIONS,
    KILLED,
    NAMES,
    check_whole,
    protect,
    secrets,
    spread,
    state,
    visible,
)
from tests.cli.forks import Ended, Forks


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
            header = recover(out / f"{name}.png", key).header
            fresh += [s["nonce"] for s in header.stanzas] + [r.sha256 for r in header.regions]
            salts.append({s["kdf"]["salt"] for s in header.stanzas if "kdf" in s})
    assert len(set(fresh)) == len(fresh)
    # One salt for the files of a run, another for every run.
    assert all(len(salt) == 1 for salt in salts)
    assert len(set.union(*salts)) == 4
    assert resource.getrlimit(resource.RLIMIT_FSIZE)  # limits were the children's alone
