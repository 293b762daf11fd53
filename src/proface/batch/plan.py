"""Plan the output of each photo before any work starts.

A plan is rejected as a whole if two photos have the same output, or if an output is an input.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from proface.batch.inputs import PHOTO_SUFFIXES, Found, find_photos, identity
from proface.container.storage import check_suffix
from proface.errors import OutputError, ProfaceError, UsageError, plural
from proface.media.formats import is_jpeg
from proface.media.video.formats import OUTPUT_SUFFIXES, is_video, output_suffix
from proface.models.cards import find_model
from proface.options import Options

# A name that means a file: a folder would rarely be called "out.mp4".
_FILE_SUFFIX = re.compile(r"\.(?=.*[A-Za-z])[A-Za-z0-9]{2,5}")
SUFFIXES = {"png": ".png", "webp": ".webp", "tiff": ".tiff", "jpeg": ".jpg"}


def needs_lossless(options: Options) -> bool:
    """Whether these options need a lossless file, whatever the photo is.

    Only robust flows survive JPEG, and they cannot be deniable.

    Raises:
        ModelError: there is no such model.
    """
    if options.deniable:
        return True
    return options.model is not None and find_model(options.model).kind != "robust"


@dataclass(frozen=True)
class Job:
    """A photo to read and the file to write.

    format_asked: whether the user chose the output's format.
    """

    source: Path
    output: Path
    format_asked: bool = False


@dataclass(frozen=True)
class Target:
    """The output: one file, or a folder that mirrors the inputs with another suffix.

    suffix: of every output; None for .jpg where the input is a JPEG, and .png elsewhere.
    format_asked: whether the user chose it.
    """

    path: Path
    is_file: bool
    suffix: str | None = None
    format_asked: bool = False

    def of(self, found: Found) -> Path:
        """The output path of a photo."""
        if self.is_file:
            return self.path
        suffix = output_suffix(found.path) if is_video(found.path) else self.suffix
        if suffix is None:
            suffix = ".jpg" if is_jpeg(found.path) else ".png"
        return self.path / found.place.parent / (found.place.stem + suffix)


@dataclass(frozen=True)
class Plan:
    """The jobs, the inputs that cannot be read, and notes for the user."""

    jobs: tuple[Job, ...]
    failed: tuple[tuple[Path, ProfaceError], ...]
    notes: tuple[str, ...]

    @property
    def total(self) -> int:
        """The number of inputs, including unreadable ones."""
        return len(self.jobs) + len(self.failed)


def make_target(
    inputs: Sequence[Path], output: str, format_name: str | None, *, lossless: bool = False
) -> Target:
    """Decide whether `-o OUTPUT` is a file or a folder.

    It is a file if it has an image's suffix and is not an existing folder.

    Args:
        inputs: photos and folders.
        output: as given.
        format_name: a key of `SUFFIXES`; None for JPEG where the input is, and else PNG.
        lossless: PNG for every input, unless a format is given.

    Raises:
        UsageError: a format that cannot be written, a file for several photos, or contradicting
            formats.
    """
    path = Path(output)
    suffix = SUFFIXES.get(format_name or "", ".png" if lossless else None)
    if format_name and format_name not in SUFFIXES:
        raise UsageError(f"Option `format` {format_name}: give one of {', '.join(SUFFIXES)}.")
    is_folder = output.endswith(("/", os.sep)) or path.is_dir()
    names_image = path.suffix.lower() in PHOTO_SUFFIXES and not is_folder
    single = len(inputs) == 1 and not inputs[0].is_dir()
    if single and not is_folder and is_video(inputs[0]) and path.suffix:
        return _video_target(path, format_name)
    if single and not (is_folder or names_image) and _FILE_SUFFIX.fullmatch(path.suffix):
        raise UsageError(
            f"{output}: {path.suffix} is not an image format that can be written. Use .png, .webp, "
            f".tif or .jpg; for a folder of this name give {output}/."
        )
    if path.is_dir() or not (names_image or os.path.lexists(path)):
        return Target(path, is_file=False, suffix=suffix, format_asked=format_name is not None)
    if len(inputs) != 1 or inputs[0].is_dir():
        raise UsageError(
            f"{output}: is a file, but folders and several photos need an output folder."
        )
    check_name(path, coefficients=True)
    same = {".tiff": {".tiff", ".tif"}, ".jpg": {".jpg", ".jpeg"}}.get(suffix or "", {suffix})
    if format_name and path.suffix.lower() not in same:
        raise UsageError(
            f"{output}: the suffix contradicts option `format` {format_name}. Change one of them."
        )
    return Target(path, is_file=True, format_asked=True)


def check_name(path: Path, *, coefficients: bool = False) -> None:
    """As `check_suffix`, of a name given to a command: UsageError."""
    try:
        check_suffix(path, coefficients=coefficients)
    except OutputError as error:
        raise UsageError(str(error)) from None


def _video_target(path: Path, format_name: str | None) -> Target:
    if format_name is not None:
        raise UsageError("Option `format` is for photos: name the video .mp4 or .mkv.")
    if path.suffix.lower() not in OUTPUT_SUFFIXES:
        raise UsageError(
            f"{path}: {path.suffix} is not a video format that can be written. Use .mp4 or .mkv."
        )
    return Target(path, is_file=True, format_asked=True)


def make_plan(inputs: Sequence[Path], target: Target) -> Plan:
    """Find the photos and plan the output of each.

    Raises:
        UsageError: two photos have the same output, or an input folder is the output folder.
        OutputError: an output is one of the inputs, also through links.
    """
    folder = target.path.parent if target.is_file else target.path
    if not target.is_file:
        _reject_into_itself(inputs, target.path)
    findings = find_photos(inputs, leave_out=None if target.is_file else folder)
    by_output: dict[Path, Job] = {}
    for found in findings.photos:
        job = Job(found.path, target.of(found), target.format_asked)
        other = by_output.setdefault(Path(os.path.abspath(job.output)), job)
        if identity(other.source) != identity(job.source):
            raise UsageError(
                f"{other.source} and {job.source}: both would be written to {job.output}. "
                "Rename one, or use two output folders."
            )
    jobs = tuple(by_output.values())
    _reject_inputs_as_outputs(jobs)
    notes = [*findings.notes, *_collisions([job.output for job in jobs])]
    if findings.others:
        notes.append(f"{plural(findings.others, 'file')} in the folders left out: not photos.")
    return Plan(jobs, tuple(findings.failed), tuple(notes))


def _collisions(outputs: Sequence[Path]) -> list[str]:
    """Notes on outputs whose names are one name elsewhere: on Windows, macOS, a USB stick."""
    groups: dict[str, list[Path]] = {}
    for output in outputs:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(output)).lower())
        groups.setdefault(key, []).append(output)
    return [
        f"{' and '.join(map(str, group))}: these names differ only in case or in how accents are "
        "stored. On Windows, macOS and many USB sticks they are one file: rename one before you "
        "copy them there."
        for group in groups.values()
        if len(group) > 1
    ]


def _reject_into_itself(inputs: Sequence[Path], folder: Path) -> None:
    for path in inputs:
        if path.is_dir() and identity(path) == identity(folder):
            raise UsageError(
                f"{folder}: is also an input folder, so that the next run would read the outputs. "
                "Choose another folder, or one inside it."
            )


def _reject_inputs_as_outputs(jobs: Sequence[Job]) -> None:
    sources = {identity(job.source): job.source for job in jobs}
    for job in jobs:
        source = sources.get(identity(job.output))
        if source is not None and identity(source) is not None:
            raise OutputError(
                f"{job.output}: is the input {source} itself, which is never replaced. Choose "
                "another output."
            )
