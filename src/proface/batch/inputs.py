"""Find the input photos: files as given, and folders searched recursively."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from proface.container.storage import LOSSLESS_SUFFIXES, LOSSY_SUFFIXES, SIDECAR_SUFFIX
from proface.errors import ImageError, ProfaceError
from proface.media.formats import known_format
from proface.media.video.formats import VIDEO_SUFFIXES, looks_like_video

# Such files count as photos whatever their content, so that damaged ones are reported, not skipped.
PHOTO_SUFFIXES = {*LOSSLESS_SUFFIXES, *LOSSY_SUFFIXES}

Identity = tuple[int, int]


@dataclass(frozen=True, order=True)
class Found:
    """A photo: its path, and its path relative to the input folder."""

    path: Path
    place: Path


@dataclass
class Findings:
    """The result of a search.

    Attributes:
        photos: in the order of the inputs, sorted by path within a folder.
        failed: inputs that cannot be read, with the reason.
        notes: messages about folders that were left out.
        others: how many files in the folders are not photos.
    """

    photos: list[Found] = field(default_factory=list)
    failed: list[tuple[Path, ProfaceError]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    others: int = 0


def find_photos(inputs: Sequence[Path], leave_out: Path | None = None) -> Findings:
    """Find the photos among the inputs and in their folders, except hidden files.

    Symbolic links are followed, but every folder is read once, which ends link loops.

    Args:
        inputs: files and folders.
        leave_out: a folder not to search: the output folder inside an input.
    """
    findings = Findings()
    skipped = identity(leave_out) if leave_out else None
    for path in inputs:
        if path.is_dir():
            _search(path, skipped, findings)
        elif identity(path) is None:
            error = ImageError(
                f"{path}: there is no such file, or it may not be read. Check its name."
            )
            findings.failed.append((path, error))
        else:
            findings.photos.append(Found(path, Path(path.name)))
    return findings


def identity(path: Path) -> Identity | None:
    """Device and inode of the file at a path, links followed; None if there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _search(root: Path, skipped: Identity | None, findings: Findings) -> None:
    seen = {identity(root), skipped}
    photos: list[Found] = []
    folders = deque([(root, Path())])
    links: deque[tuple[Path, Path]] = deque()
    while folders or links:
        # Links come last, so that a folder is read under its real path if possible.
        if folders:
            folder, place = folders.popleft()
        else:
            folder, place = links.popleft()
            if identity(folder) in seen:
                if identity(folder) != skipped:
                    findings.notes.append(
                        f"{folder}: left out, as it links to a folder that was read already."
                    )
                continue
            seen.add(identity(folder))
        for entry in _entries(folder, findings):
            path, below = folder / entry.name, place / entry.name
            if entry.name.startswith("."):
                continue
            if path.is_dir():
                if entry.is_symlink():
                    links.append((path, below))
                elif identity(path) not in seen:
                    seen.add(identity(path))
                    folders.append((path, below))
            elif _is_photo(path):
                photos.append(Found(path, below))
            elif not entry.name.endswith(SIDECAR_SUFFIX):
                findings.others += 1
    findings.photos += sorted(photos)


def _entries(folder: Path, findings: Findings) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        reason = ImageError(
            f"{folder}: the folder cannot be read ({error.strerror}). Check its permissions."
        )
        findings.failed.append((folder, reason))
        return []


def _is_photo(path: Path) -> bool:
    """Whether a file is a photo or video by its suffix, or else by its signature."""
    if path.suffix.lower() in PHOTO_SUFFIXES | VIDEO_SUFFIXES:
        return True
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would block
            return False
        with open(path, "rb") as file:
            head = file.read(400)
            return known_format(head) is not None or looks_like_video(head)
    except OSError:
        return False
