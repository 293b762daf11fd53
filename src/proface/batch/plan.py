"""Where each photo goes, settled before any work is done.

A plan is refused as a whole if two photos would get one name, or if an output is an input.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from proface.batch.inputs import PHOTO_SUFFIXES, Found, find_photos, identity
from proface.errors import OutputError, ProfaceError, UsageError

SUFFIXES = {"png": ".png", "webp": ".webp", "tiff": ".tiff"}


@dataclass(frozen=True)
class Job:
    """One photo to be read, and the file to be written."""

    source: Path
    output: Path


@dataclass(frozen=True)
class Target:
    """Where outputs go: one file, or a folder in which each keeps its place and takes `suffix`."""

    path: Path
    is_file: bool
    suffix: str = ".png"

    def of(self, found: Found) -> Path:
        """The output of a photo."""
        if self.is_file:
            return self.path
        return self.path / found.place.parent / (found.place.stem + self.suffix)


@dataclass(frozen=True)
class Plan:
    """The jobs, what cannot even be read, and what the user should know about the search."""

    jobs: tuple[Job, ...]
    failed: tuple[tuple[Path, ProfaceError], ...]
    notes: tuple[str, ...]

    @property
    def total(self) -> int:
        """How many inputs there are, the unreadable ones counted."""
        return len(self.jobs) + len(self.failed)


def make_target(inputs: Sequence[Path], output: str, format_name: str | None) -> Target:
    """Whether `-o OUTPUT` names a file or a folder.

    A file: a single photo goes in, and the name ends in an image's suffix and is no folder.

    Raises:
        OutputError: a lossy format.
        UsageError: a file for several photos, or two formats.
    """
    path = Path(output)
    suffix = SUFFIXES.get(format_name or "png")
    if suffix is None:
        raise UsageError(f"--format {format_name}: choose one of {', '.join(SUFFIXES)}.")
    names_image = path.suffix.lower() in PHOTO_SUFFIXES and not output.endswith(("/", os.sep))
    if path.is_dir() or not (names_image or os.path.lexists(path)):
        return Target(path, is_file=False, suffix=suffix)
    if len(inputs) != 1 or inputs[0].is_dir():
        raise UsageError(f"{output}: names a file, but folders and several photos need a folder.")
    from proface.media import check_suffix

    check_suffix(path)
    same = {suffix, ".tif"} if suffix == ".tiff" else {suffix}
    if format_name and path.suffix.lower() not in same:
        raise UsageError(f"{output}: is not the format that --format {format_name} asks for.")
    return Target(path, is_file=True)


def make_plan(inputs: Sequence[Path], target: Target) -> Plan:
    """Find the photos and give each its output.

    Raises:
        UsageError: two photos would get the same name; or a folder is to go into itself.
        OutputError: an output is one of the inputs, through links too.
    """
    folder = target.path.parent if target.is_file else target.path
    if not target.is_file:
        _refuse_into_itself(inputs, target.path)
    findings = find_photos(inputs, leave_out=None if target.is_file else folder)
    by_output: dict[Path, Job] = {}
    for found in findings.photos:
        job = Job(found.path, target.of(found))
        other = by_output.setdefault(Path(os.path.abspath(job.output)), job)
        if identity(other.source) != identity(job.source):
            raise UsageError(
                f"{other.source} and {job.source}: both would become {job.output}. "
                "Rename one, or protect them into two folders."
            )
    jobs = tuple(by_output.values())
    _refuse_inputs_as_outputs(jobs)
    notes = list(findings.notes)
    if findings.others:
        notes.append(f"{_count(findings.others, 'file')} in the folders left out: no photos.")
    return Plan(jobs, tuple(findings.failed), tuple(notes))


def _refuse_into_itself(inputs: Sequence[Path], folder: Path) -> None:
    for path in inputs:
        if path.is_dir() and identity(path) == identity(folder):
            raise UsageError(
                f"{folder}: is the input folder too; its outputs would be read the next time. "
                "Give another folder, or one inside it."
            )


def _refuse_inputs_as_outputs(jobs: Sequence[Job]) -> None:
    sources = {identity(job.source): job.source for job in jobs}
    for job in jobs:
        source = sources.get(identity(job.output))
        if source is not None and identity(source) is not None:
            raise OutputError(
                f"{job.output}: is the input {source} itself, and an input is never replaced. "
                "Choose another output."
            )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
