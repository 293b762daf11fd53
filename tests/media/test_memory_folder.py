"""Private folders hold originals: nothing of them stays, however a process ends."""

from __future__ import annotations

import os
import stat
import tempfile

from proface.media.memory_folder import PREFIX, private_folder, remove_leftovers


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    for number in (pid, os.getpid()):
        folder = tmp_path / f"{PREFIX}{number}-abc"
        folder.mkdir()
        (folder / "photo.png").write_bytes(b"original")
    remove_leftovers()
    with private_folder() as mine:
        assert stat.S_IMODE(mine.stat().st_mode) == 0o700
        assert not (tmp_path / f"{PREFIX}{pid}-abc").exists()
    assert not mine.exists()
    assert (tmp_path / f"{PREFIX}{os.getpid()}-abc" / "photo.png").exists()
