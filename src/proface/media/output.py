"""Output files: there whole or not at all, and replacing nothing that nobody gave up."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proface.errors import OutputError, OutputExistsError

# A process that is killed leaves one behind: recognisable, hidden, safe to delete.
TEMPORARY_PREFIX = ".proface-"

_REMEDIES = {
    errno.ENOSPC: "The disk is full. Free some space, or choose another folder",
    errno.EDQUOT: "Your quota is used up. Free some space, or choose another folder",
    errno.EACCES: "You may not write there. Choose another folder, or change its rights",
    errno.EPERM: "You may not write there. Choose another folder, or change its rights",
    errno.EROFS: "The disk is read-only. Choose another folder",
    errno.ENOENT: "The folder does not exist. Make it first",
    errno.ENOTDIR: "The folder is a file. Choose another folder",
    errno.ENAMETOOLONG: "The name is too long. Choose a shorter one",
    errno.ELOOP: "Its links lead in a circle. Choose another folder",
    errno.EISDIR: "It is a folder. Choose a file name",
}


@contextmanager
def atomic_output(path: str | os.PathLike[str], overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path in the same folder, with the same suffix; then give it its name.

    When the block ends, the file and its folder are flushed to disk and the name appears at once.
    If anything is raised, cancelling included, the temporary file is removed and `path` is as
    before. Without `overwrite` a file of that name is never replaced, even one that appears
    meanwhile.

    Raises OutputExistsError, before the block where it can; OutputError for what the system
    refuses (full disk, rights, no such folder), with the remedy.
    """
    target = Path(path)
    try:
        _check(target, overwrite)
        temporary = _create(target)
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
        # Whoever writes knows the temporary name alone; the user knows the other.
        raise type(error)(str(error).replace(str(temporary), str(target))) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def same_file(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> bool:
    """Whether two names lead to one file, through symbolic or hard links too.

    Also for names that do not exist yet, as far as their folders tell.
    """
    try:
        return os.path.samefile(a, b)
    except OSError:
        return os.path.realpath(a) == os.path.realpath(b)


def output_error(path: Path, error: OSError) -> OutputError:
    """The system's refusal in the user's words."""
    remedy = _REMEDIES.get(
        error.errno or 0, "Check the free space and your rights in the folder, or choose another"
    )
    reason = error.strerror or str(error) or type(error).__name__
    return OutputError(f"{path}: the file cannot be written ({reason}). {remedy}.")


def _check(target: Path, overwrite: bool) -> None:
    # lstat: a link that leads nowhere is a name in use as well.
    try:
        os.lstat(target)
    except FileNotFoundError:
        return
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not overwrite:
        raise _exists(target)


def _create(target: Path) -> Path:
    temporary = target.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}{target.suffix}")
    # Not mkstemp, whose files only their owner may read: the umask decides, as for any file.
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    return temporary


def _publish(temporary: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, target)
        return
    try:
        os.link(temporary, target)  # unlike a rename, it fails where the name is taken
    except FileExistsError:
        raise _exists(target) from None
    except OSError:
        _publish_by_reservation(temporary, target)


def _publish_by_reservation(temporary: Path, target: Path) -> None:
    """For file systems without hard links (FAT, some network shares): take the name, then move."""
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
    """So that the name survives a power cut. Not every system can (Windows): then it is left."""
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
