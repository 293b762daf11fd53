"""Outputs are whole or absent, and nothing is replaced by accident."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from proface.container.storage import write_photo
from proface.errors import OutputError, OutputExistsError
from proface.media.atomic_output import TEMPORARY_PREFIX, atomic_output, same_file
from proface.media.photo import Photo


def only(folder: Path, *names: str) -> bool:
    return sorted(p.name for p in folder.iterdir()) == sorted(names)


def test_the_name_appears_when_all_is_written(tmp_path: Path) -> None:
    with atomic_output(tmp_path / "a.png") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".png"
        assert temporary.name.startswith(TEMPORARY_PREFIX)
        temporary.write_bytes(b"new")
        assert not (tmp_path / "a.png").exists()
    assert (tmp_path / "a.png").read_bytes() == b"new"
    assert only(tmp_path, "a.png")


def test_the_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    with atomic_output(tmp_path / "a.png"):
        pass
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_fault_leaves_everything_as_before(
    tmp_path: Path, fault: type[BaseException], overwrite: bool
) -> None:
    if overwrite:
        (tmp_path / "a.png").write_bytes(b"old")
    with pytest.raises(fault):
        write(tmp_path / "a.png", b"half", overwrite, fault)
    assert only(tmp_path, *(["a.png"] if overwrite else []))
    assert not overwrite or (tmp_path / "a.png").read_bytes() == b"old"


def test_an_existing_file_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    with (
        pytest.raises(OutputExistsError, match=r"a\.png.*exists"),
        atomic_output(tmp_path / "a.png"),
    ):
        pytest.fail("the block ran")


def test_a_link_that_leads_nowhere_is_a_name_in_use(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "none")
    with pytest.raises(OutputExistsError), atomic_output(tmp_path / "a.png"):
        pytest.fail("the block ran")


def test_overwriting_replaces_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    with atomic_output(tmp_path / "a.png", overwrite=True) as temporary:
        temporary.write_bytes(b"new")
        assert (tmp_path / "a.png").read_bytes() == b"old"
    assert (tmp_path / "a.png").read_bytes() == b"new"
    assert only(tmp_path, "a.png")


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", refusing(errno.EPERM))

    def somebody_else() -> None:
        (tmp_path / "a.png").write_bytes(b"theirs")

    with pytest.raises(OutputExistsError):
        write(tmp_path / "a.png", b"ours", False, somebody_else)
    assert (tmp_path / "a.png").read_bytes() == b"theirs"
    assert only(tmp_path, "a.png")


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    with atomic_output(tmp_path / "a.png") as temporary:
        temporary.write_bytes(b"new")
    assert (tmp_path / "a.png").read_bytes() == b"new"
    assert only(tmp_path, "a.png")

    monkeypatch.setattr(os, "replace", refusing(errno.EIO))
    with pytest.raises(OutputError), atomic_output(tmp_path / "b.png"):
        pass
    assert only(tmp_path, "a.png")


@pytest.mark.parametrize("call", ["fsync", "open", "link"])
@pytest.mark.parametrize(
    ("code", "remedy"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only")]
)
def test_the_system_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, remedy: str
) -> None:
    monkeypatch.setattr(os, call, refusing(code))
    if call == "link":
        monkeypatch.setattr(os, "replace", refusing(code))
    with pytest.raises(OutputError, match=remedy) as caught, atomic_output(tmp_path / "a.png"):
        pass
    assert str(tmp_path / "a.png") in str(caught.value)
    assert only(tmp_path)


def test_a_full_disk_while_writing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Free some space"), atomic_output(tmp_path / "a.png"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert only(tmp_path)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("none/a.png", "does not exist"),
        ("file/a.png", "goes through a file"),
        ("folder", "is a folder"),
        ("x" * 300, "too long"),
    ],
)
def test_impossible_places(tmp_path: Path, name: str, remedy: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=remedy), atomic_output(tmp_path / name):
        pytest.fail("the block ran")


def test_what_a_format_cannot_hold_is_told_with_the_name_that_was_asked_for(tmp_path: Path) -> None:
    wide = Photo(np.zeros((2, 17_000, 3), np.uint8))
    with (
        pytest.raises(OutputError, match=r"wide\.webp.*16383") as caught,
        atomic_output(tmp_path / "wide.webp") as temporary,
    ):
        write_photo(wide, temporary)
    assert TEMPORARY_PREFIX not in str(caught.value)
    assert only(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may all")
def test_a_folder_without_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="may not write"), atomic_output(tmp_path / "a.png"):
            pass
    finally:
        tmp_path.chmod(0o700)


def test_odd_names(tmp_path: Path) -> None:
    for name in ("-rf.png", " a b .png", "é\n日本.png", "*.png", "n" * 251 + ".png"):
        with atomic_output(tmp_path / name) as temporary:
            temporary.write_bytes(b"new")
        assert (tmp_path / name).read_bytes() == b"new"


def test_the_same_file_under_two_names(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    (tmp_path / "soft").symlink_to("a")
    os.link(tmp_path / "a", tmp_path / "hard")
    (tmp_path / "folder").symlink_to(tmp_path)
    for other in ("a", "soft", "hard", "folder/a"):
        assert same_file(tmp_path / "a", tmp_path / other)
    assert not same_file(tmp_path / "a", tmp_path / "b")
    assert not same_file(tmp_path / "a", tmp_path / "none")
    assert same_file(tmp_path / "none", tmp_path / "folder" / "none")


def write(
    path: Path,
    data: bytes,
    overwrite: bool,
    meanwhile: type[BaseException] | Callable[[], None],
) -> None:
    """Write, and let something happen, or be raised, before the file has its name."""
    with atomic_output(path, overwrite) as temporary:
        temporary.write_bytes(data)
        if isinstance(meanwhile, type):
            raise meanwhile
        meanwhile()


def refusing(code: int) -> Callable[..., None]:
    def refuse(*_args: object, **_named: object) -> None:
        raise OSError(code, os.strerror(code))

    return refuse
