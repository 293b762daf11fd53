"""Atomic writes: a file appears complete or not at all, and nothing is overwritten unasked."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proface.errors import OutputError, OutputExistsError

# A killed process leaves such a file behind: recognisable, hidden, safe to delete.
TEMPORARY_PREFIX = ".proface-"

_REMEDIES = {
    errno.ENOSPC: "The disk is full. Free some space, or choose another folder",
    errno.EDQUOT: "Your quota is used up. Free some space, or choose another folder",
    errno.EACCES: "You may not write there. Choose another folder, or change its permissions",
    errno.EPERM: "You may not write there. Choose another folder, or change its permissions",
    errno.EROFS: "The disk is read-only. Choose another folder",
    errno.ENOENT: "The folder does not exist. Create it first",
    errno.ENOTDIR: "The path goes through a file. Choose another folder",
    errno.ENAMETOOLONG: "The name is too long. Choose a shorter one",
    errno.ELOOP: "Its symbolic links form a loop. Choose another folder",
    errno.EISDIR: "It is a folder. Choose a file name",
}


@contextmanager
def atomic_output(
    path: str | os.PathLike[str], overwrite: bool = False, *, mode: int = 0o666
) -> Iterator[Path]:
    """Yield a temporary path in the same folder with the same suffix; rename it after the block.

    When the block ends, the file and its folder are flushed to disk and the file is renamed
    atomically. On any exception, KeyboardInterrupt included, the temporary file is removed and
    `path` is unchanged. Without `overwrite` an existing file is never replaced, even one created
    meanwhile.

    mode: permissions of a new file, reduced by the umask.

    Raises OutputExistsError, if possible before the block; OutputError for an error of the system
    (full disk, permissions, no such folder), with the remedy.
    """
    target = Path(path)
    try:
        _check(target, overwrite)
        temporary = _create(target, mode)
    except OSError as error:
        raise output_error(target, error) from error
    try:
        yield temporary
        _flush(temporary)
        _publish(temporary, target, overwrite)
        _flush_folder(target.parent)
    except OSError as error:
        raise output_error(target, error) from error
    except OutputError as error:
        # The writer knows only the temporary name; the user knows the target.
        raise type(error)(str(error).replace(str(temporary), str(target))) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def same_file(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> bool:
    """Whether two paths are the same file, also through symbolic or hard links.

    Paths that do not exist yet are compared after resolving links.
    """
    try:
        return os.path.samefile(a, b)
    except OSError:
        return os.path.realpath(a) == os.path.realpath(b)


def output_error(path: Path, error: OSError) -> OutputError:
    """Turn an error of the system into an OutputError with a remedy."""
    remedy = _REMEDIES.get(
        error.errno or 0, "Check the free space and your permissions, or choose another folder"
    )
    reason = error.strerror or str(error) or type(error).__name__
    return OutputError(f"{path}: the file cannot be written ({reason}). {remedy}.")


def _check(target: Path, overwrite: bool) -> None:
    # lstat: a dangling link also occupies the name.
    try:
        os.lstat(target)
    except FileNotFoundError:
        return
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not overwrite:
        raise _exists(target)


def _create(target: Path, mode: int) -> Path:
    temporary = target.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}{target.suffix}")
    # Not mkstemp, whose mode is always 0600. The mode is set on creation, so that a private file is
    # never readable by others.
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    return temporary


def _publish(temporary: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, target)
        return
    try:
        os.link(temporary, target)  # unlike a rename, it fails if the name exists
    except FileExistsError:
        raise _exists(target) from None
    except OSError:
        _publish_by_reservation(temporary, target)


def _publish_by_reservation(temporary: Path, target: Path) -> None:
    """For file systems without hard links (FAT, some network shares): reserve the name, rename."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        raise _exists(target) from None
    try:
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            target.unlink()
        raise


def _flush(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the rename survive a power failure, on systems that can flush a folder (not Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _exists(target: Path) -> OutputExistsError:
    return OutputExistsError(
        f"{target}: the file exists already. Choose another name, or ask to overwrite or skip it."
    )
