"""Protecting and recovering one file of many: each is done or failed by itself."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from proface.batch.outcome import Outcome
from proface.batch.plan import Job
from proface.errors import FacesRequiredError, OutputExistsError
from proface.keys import FaceKeys, KdfParameters, Key
from proface.media import (
    Photo,
    atomic_output,
    sidecar_path,
    write_photo,
)
from proface.media.output import output_error
from proface.originals import is_exact
from proface.pipeline import Protected, protect_photo
from proface.recovering import recover_photo
from proface.settings import Settings

Existing = Literal["refuse", "overwrite", "skip"]


@dataclass(frozen=True)
class Protecting:
    """Protects one file after the other. One key derivation serves all of them.

    Attributes:
        also: further keys, each of which opens every file.
        existing: what to do where the output is there already.
        sidecar: put the header beside the picture.
        check: read back, recover and compare before the file gets its name.
        copy_faceless: write photos without a face too, as they are.
        require_faces: a photo in which nothing is to protect fails.
    """

    key: Key
    settings: Settings
    also: tuple[Key, ...] = ()
    existing: Existing = "refuse"
    sidecar: bool = False
    check: bool = True
    copy_faceless: bool = False
    require_faces: bool = False
    kdf: KdfParameters = field(default_factory=KdfParameters.fresh)

    def __call__(self, job: Job) -> Outcome:
        """Protect one photo.

        Raises:
            ProfaceError: it was not done, and nothing was written.
        """
        if is_done(job, self.existing):
            return Outcome(job.source, job.output, "skipped")
        result = protect_photo(job.source, self.key, self.settings, self.kdf, also=self.also)
        facts: dict[str, Any] = {"faces": len(result.faces)}
        if not result.regions:
            return self._faceless(job, result, facts)
        make_folder(job.output)
        # Not the user's wish to skip alone: an earlier protection may have been in a region's way.
        facts["uncovered"] = _uncovered(result)
        figures = self._save(result, job.output)
        facts["exact"] = is_exact(result.header)
        facts["regions"] = _regions(result, figures)
        return Outcome(job.source, job.output, "protected", facts)

    def _faceless(self, job: Job, result: Protected, facts: dict[str, Any]) -> Outcome:
        if self.require_faces:
            raise FacesRequiredError(
                f"{job.source}: no face to protect. Give it with --region, or lower --threshold."
            )
        if not self.copy_faceless:
            return Outcome(job.source, None, "no faces", facts)
        earlier = result.header.previous  # with `again`, the copy must go on saying so
        header = None if earlier is None else earlier.to_bytes()
        _write(result.photo, job.output, header, self.existing)
        return Outcome(job.source, job.output, "copied", facts)

    def _save(self, result: Protected, output: Path) -> list[float]:
        # A run that was killed between the two files leaves the sidecar, which is written first.
        orphan = self.existing == "skip" and self.sidecar and os.path.exists(sidecar_path(output))
        overwrite = self.existing == "overwrite" or orphan
        return result.save(output, overwrite=overwrite, sidecar=self.sidecar, check=self.check)


@dataclass(frozen=True)
class Recovering:
    """Recovers one file after the other.

    Attributes:
        existing: what to do where the output is there already.
        sidecar: the header's file, where it is neither in the picture nor beside it.
        force: go on where the picture was altered.
    """

    key: Key | FaceKeys
    existing: Existing = "refuse"
    sidecar: Path | None = None
    force: bool = False

    def __call__(self, job: Job) -> Outcome:
        """Recover one photo.

        Raises:
            ProfaceError: it was not done, and nothing was written.
        """
        if is_done(job, self.existing):
            return Outcome(job.source, job.output, "skipped")
        result = recover_photo(job.source, self.key, sidecar=self.sidecar, force=self.force)
        closed = result.still
        # What another password protected stays protected: the file must go on saying so. With
        # keys of single faces nobody can: their holder cannot make the MAC of a new header.
        header = None if closed is None else closed.to_bytes()
        _write(result.photo, job.output, header, self.existing)
        facts: dict[str, Any] = {"warnings": list(result.warnings)}
        facts["exact"] = result.exact
        facts["opened"] = None if result.opened is None else list(result.opened)
        facts["closed"] = len(result.closed)
        if closed is not None:
            facts["closed"] += sum(len(h.regions) for h in closed.chain)
        return Outcome(job.source, job.output, "recovered", facts)


def is_done(job: Job, existing: Existing) -> bool:
    """Whether the output is there and may stay. Looked up first, as all else takes seconds."""
    try:
        job.output.lstat()
    except OSError:
        return False
    if existing == "refuse":
        raise OutputExistsError(
            f"{job.output}: exists already. Use --overwrite, or --skip-existing to go on with "
            "the others."
        )
    return existing == "skip"


def _write(photo: Photo, output: Path, header: bytes | None, existing: Existing) -> None:
    make_folder(output)
    with atomic_output(output, overwrite=existing == "overwrite") as temporary:
        write_photo(photo, temporary, header=header)


def make_folder(output: Path) -> None:
    """Make the folder that an output goes into."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(output, error) from error


def _uncovered(result: Protected) -> int:
    """How many faces no region covers wholly, earlier ones counted."""
    boxes = [region.box for header in result.header.chain for region in header.regions]
    covered = [any(box.union(face.box) == box for box in boxes) for face in result.faces]
    return covered.count(False)


def _regions(result: Protected, figures: list[float]) -> list[dict[str, Any]]:
    """The regions as JSON; with `psnr` in dB where it was checked, null for equal pixels."""
    records = []
    for index, region in enumerate(result.regions):
        box = region.box
        record: dict[str, Any] = {"n": region.n, "x": box.x, "y": box.y, "w": box.w, "h": box.h}
        record["look"] = region.look
        if figures:
            record["psnr"] = round(figures[index], 2) if isfinite(figures[index]) else None
        records.append(record)
    return records
