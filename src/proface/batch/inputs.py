"""Which photos are meant: files as given, folders searched, each folder once."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from proface.errors import ImageError, ProfaceError
from proface.media.sniff import known_format

# Taken by name even where they turn out to be no photo: a cut-off photo must be named, not skipped.
PHOTO_SUFFIXES = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"),
    *(".avif", ".heic", ".heif", ".jxl", ".jp2"),
}
SIDECAR_SUFFIX = ".proface.json"

Identity = tuple[int, int]


@dataclass(frozen=True, order=True)
class Found:
    """A photo: where it is, and its place below the input that led to it."""

    path: Path
    place: Path


@dataclass
class Findings:
    """What a search found.

    Attributes:
        photos: in the order of the inputs, within a folder sorted by path.
        failed: what was meant but cannot be read, with the reason.
        notes: folders that were left out because they were met before.
        others: how many files in the folders are no photos.
    """

    photos: list[Found] = field(default_factory=list)
    failed: list[tuple[Path, ProfaceError]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    others: int = 0


def find_photos(inputs: Sequence[Path], leave_out: Path | None = None) -> Findings:
    """The photos among the inputs and in the folders among them, hidden files left out.

    Links are followed, but every folder is read once, so that a link loop ends.

    Args:
        inputs: files and folders.
        leave_out: a folder that is not searched: the output, where it lies inside an input.
    """
    findings = Findings()
    skipped = identity(leave_out) if leave_out else None
    for path in inputs:
        if path.is_dir():
            _search(path, skipped, findings)
        elif identity(path) is None:
            error = ImageError(f"{path}: there is no such file, or it may not be read.")
            findings.failed.append((path, error))
        else:
            findings.photos.append(Found(path, Path(path.name)))
    return findings


def identity(path: Path) -> Identity | None:
    """Device and number of the file that a path leads to; None where it leads nowhere."""
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
        # Links come last, so that a folder is read under its own name where it has one.
        if folders:
            folder, place = folders.popleft()
        else:
            folder, place = links.popleft()
            if identity(folder) in seen:
                if identity(folder) != skipped:
                    findings.notes.append(f"{folder}: a link to a folder read already, left out.")
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
            f"{folder}: the folder cannot be read ({error.strerror}). Check its rights."
        )
        findings.failed.append((folder, reason))
        return []


def _is_photo(path: Path) -> bool:
    """By its suffix, or by its first bytes where it has another or none."""
    if path.suffix.lower() in PHOTO_SUFFIXES:
        return True
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait for ever
            return False
        with open(path, "rb") as file:
            return known_format(file.read(64)) is not None
    except OSError:
        return False
