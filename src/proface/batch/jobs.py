"""Protect or recover one file of a batch; each succeeds or fails on its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from proface.batch.copies import as_source, copy_bytes, copy_converted, is_same_kind
from proface.batch.plan import Job
from proface.batch.records import Outcome
from proface.batch.video_jobs import FrameProgress, protect_clip, recover_clip
from proface.container.storage import JPEG_SUFFIXES
from proface.errors import CheckFailedError, FacesRequiredError, OutputExistsError, UsageError
from proface.files.protect import Protected, protect
from proface.files.recover import recover
from proface.files.save import set_aside_sidecar
from proface.files.seals import is_exact
from proface.keys import FaceKeys, KdfParameters, Key, TrackKeys
from proface.media.ancillary.parts import names_of_all
from proface.media.atomic_output import output_error
from proface.media.orientation import upright_box, upright_size
from proface.media.video.formats import is_video
from proface.models.store import ModelStore
from proface.options import Options

# A face in a JPEG that just fails the check mostly passes it with another pad.
ATTEMPTS = 3

Existing = Literal["refuse", "overwrite", "skip"]


@dataclass(frozen=True)
class Protecting:
    """Protects photos, with one key derivation for all of them.

    Attributes:
        unlinkable: a salt of its own for each file, and so a key derivation: with one for all,
            anyone sees which files were protected together.
        also: more keys, each of which opens every file.
        existing: what to do if the output exists.
        sidecar: write the header to a file beside the picture.
        check: read back, recover and compare before the file appears.
        copy_faceless: also write photos without a face, unprotected.
        require_faces: fail if there is nothing to protect.
        progress: is told of every frame of a video.
    """

    key: Key
    options: Options
    also: tuple[Key, ...] = ()
    existing: Existing = "refuse"
    sidecar: bool = False
    check: bool = True
    copy_faceless: bool = False
    require_faces: bool = False
    unlinkable: bool = False
    kdf: KdfParameters = field(default_factory=KdfParameters.fresh)
    models: ModelStore = field(default_factory=ModelStore)
    progress: FrameProgress | None = None

    def __call__(self, job: Job) -> Outcome:
        """Protect one photo or video.

        Raises:
            ProfaceError: it failed, and nothing was written.
        """
        if is_done(job, self.existing):
            return Outcome(job.source, job.output, "skipped")
        options = replace(self.options, jpeg=job.output.suffix.lower() in JPEG_SUFFIXES)
        kdf = KdfParameters.fresh() if self.unlinkable else self.kdf
        if is_video(job.source):
            make_folder(job.output)
            return protect_clip(
                job,
                self.key,
                self.options,
                also=self.also,
                kdf=kdf,
                models=self.models,
                overwrite=self.existing == "overwrite",
                sidecar=self.sidecar,
                check=self.check,
                copy_faceless=self.copy_faceless,
                require_faces=self.require_faces,
                progress=self.progress,
            )
        figures: list[float] = []
        aside: Path | None = None
        for attempt in range(ATTEMPTS):
            result = protect(
                job.source, self.key, options, also=self.also, kdf=kdf, models=self.models
            )
            facts: dict[str, Any] = {
                "faces": len(result.faces),
                "possible": len(result.possible),
            }
            if not result.regions:
                return self._faceless(job, result, facts)
            make_folder(job.output)
            try:
                aside = aside or self._set_aside(job.output)
                figures = self._save(result, job.output)
                break
            except CheckFailedError:
                if not options.jpeg or attempt == ATTEMPTS - 1:
                    raise
        # Both `skip` and earlier protections can leave a face uncovered.
        facts["uncovered"] = _uncovered(result)
        facts["exact"] = is_exact(result.header)
        facts["regions"] = _regions(result, figures)
        facts |= _other_parts(result)
        facts["set_aside"] = None if aside is None else str(aside)
        return Outcome(job.source, job.output, "protected", facts)

    def _faceless(self, job: Job, result: Protected, facts: dict[str, Any]) -> Outcome:
        if self.require_faces:
            raise FacesRequiredError(
                f"{job.source}: no face to protect. Give option `region`, or lower option "
                "`threshold`."
            )
        if not self.copy_faceless:
            return Outcome(job.source, None, "no faces", facts)
        target = job.output if job.format_asked else as_source(job.source, job.output)
        if target != job.output and is_done(replace(job, output=target), self.existing):
            return Outcome(job.source, target, "skipped")
        make_folder(target)
        overwrite = self.existing == "overwrite"
        facts["as_it_is"] = self.options.fit is None and is_same_kind(job.source, target)
        if facts["as_it_is"]:
            copy_bytes(job.source, target, overwrite=overwrite)
        else:
            lost = copy_converted(job.source, result, target, overwrite=overwrite)
            facts["left_out"] = list(lost)
        return Outcome(job.source, target, "copied", facts)

    def _set_aside(self, output: Path) -> Path | None:
        """Move an older sidecar, of another picture or of a run that was killed, out of the way."""
        if self.existing == "refuse" or not (self.sidecar or self.existing == "overwrite"):
            return None
        return set_aside_sidecar(output)

    def _save(self, result: Protected, output: Path) -> list[float]:
        overwrite = self.existing == "overwrite"
        return result.save(output, overwrite=overwrite, sidecar=self.sidecar, check=self.check)


@dataclass(frozen=True)
class Recovering:
    """Recovers photos.

    Attributes:
        existing: what to do if the output exists.
        sidecar: the header's file, if it is neither in the picture nor beside it.
        force: recover what is possible if the file was altered.
        original_size: see `recover`.
        progress: is told of every frame of a video.
    """

    key: Key | FaceKeys | TrackKeys
    existing: Existing = "refuse"
    sidecar: Path | None = None
    force: bool = False
    original_size: tuple[int, int] | None = None
    models: ModelStore = field(default_factory=ModelStore)
    progress: FrameProgress | None = None

    def __call__(self, job: Job) -> Outcome:
        """Recover one photo or video.

        Raises:
            ProfaceError: it failed, and nothing was written.
        """
        if is_done(job, self.existing):
            return Outcome(job.source, job.output, "skipped")
        if is_video(job.source):
            make_folder(job.output)
            return recover_clip(
                job,
                self.key,
                force=self.force,
                models=self.models,
                overwrite=self.existing == "overwrite",
                progress=self.progress,
            )
        if isinstance(self.key, TrackKeys):
            raise UsageError(f"{job.source}: this key file opens faces of videos, not of photos.")
        result = recover(
            job.source,
            self.key,
            sidecar=self.sidecar,
            force=self.force,
            models=self.models,
            original_size=self.original_size,
        )
        make_folder(job.output)
        lost = result.save(job.output, overwrite=self.existing == "overwrite")
        restored = names_of_all(result.photo.metadata, result.ancillary)
        facts = {
            "restored": [name for name in restored if name not in lost],
            "not_restored": list(lost),
            "left_out": list(result.ancillary.dropped),
            "warnings": list(result.warnings),
            "exact": result.exact,
            "changed": list(result.changed),
            "from_pixels": result.from_pixels,
            "turned": result.turned,
            "verified": result.verified,
            "deniable": any(one.scheme == "deniable" for one in result.header.chain),
            "faces": [
                {"n": face.n, "how": face.how, "condition": face.condition} for face in result.faces
            ],
            "opened": None if result.opened is None else list(result.opened),
            "closed": len(result.closed),
        }
        return Outcome(job.source, job.output, "recovered", facts)


def is_done(job: Job, existing: Existing) -> bool:
    """Whether the output exists and may be skipped.

    Raises:
        OutputExistsError: it exists and must be neither skipped nor replaced.
    """
    try:
        job.output.lstat()
    except OSError:
        return False
    if existing == "refuse":
        raise OutputExistsError(
            f"{job.output}: exists already. Give option `overwrite` to replace it, or option "
            "`skip_existing` to skip it."
        )
    return existing == "skip"


def make_folder(output: Path) -> None:
    """Create the folder of an output."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(output, error) from error


def _other_parts(result: Protected) -> dict[str, Any]:
    """What became of all else in the source."""
    return {
        "sealed": list(result.parts.sealed),
        "left_out": list(result.parts.left_out),
        "converted": list(result.parts.converted),
    }


def _uncovered(result: Protected) -> int:
    """Count the faces that no region covers completely, earlier protections included."""
    photo = result.photo
    size = upright_size(photo.size, photo.orientation)
    boxes = [
        upright_box(region.box, photo.orientation, size)
        for header in result.header.chain
        for region in header.regions
    ]
    covered = [any(box.union(face.box) == box for box in boxes) for face in result.faces]
    return covered.count(False)


def _regions(result: Protected, figures: list[float]) -> list[dict[str, Any]]:
    """The regions as JSON; if checked with `psnr` in dB, null for equal pixels."""
    records = [region.describe() for region in result.regions]
    for record, figure in zip(records, figures, strict=False):  # no figures without a check
        record["psnr"] = round(figure, 2) if isfinite(figure) else None
    return records
