"""What tests of faults share: two small photos, and what must hold of a folder afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

import proface
from proface.container.header import Header
from proface.files.recover import recover
from proface.media.atomic_output import TEMPORARY_PREFIX
from proface.media.photo import read_photo
from tests.cli.forks import Ended, Forks
from tests.cli.runs import files

INTERRUPTIONS = int(os.environ.get("INTERRUPTIONS", "100"))
KILLED = -9
NAMES = ("a", "b")
HIDE = ("--no-detect", "--region", "0,0,32,32")


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
    back = recover(path, key)
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
