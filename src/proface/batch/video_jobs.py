"""Protect or recover one video of a batch."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

from proface.batch.copies import copy_bytes
from proface.batch.plan import Job
from proface.batch.records import Outcome
from proface.container.video_header import TrackEntry
from proface.errors import FacesRequiredError, UsageError
from proface.files.video.protect import ProtectedVideo, protect_video
from proface.files.video.recover import recover_video
from proface.files.video.survey import Survey, VideoTrack
from proface.keys import FaceKeys, KdfParameters, Key, TrackKeys
from proface.models.store import ModelStore
from proface.options import Options

# The video, the stage ("faces" or "picture"), frames done, frames in total.
FrameProgress = Callable[[Path, str, int, int], None]


def protect_clip(
    job: Job,
    key: Key,
    options: Options,
    *,
    also: tuple[Key, ...],
    kdf: KdfParameters,
    models: ModelStore,
    overwrite: bool,
    sidecar: bool,
    check: bool,
    copy_faceless: bool,
    require_faces: bool,
    progress: FrameProgress | None,
) -> Outcome:
    """Protect a video; options as `Protecting`.

    Raises:
        ProfaceError: it failed, and nothing was written under its name.
    """
    if sidecar:
        raise UsageError(f"{job.source}: a video has no sidecar. Leave out option `sidecar`.")
    result = protect_video(
        job.source,
        job.output,
        key,
        options,
        also=also,
        kdf=kdf,
        models=models,
        overwrite=overwrite,
        check=check,
        progress=None if progress is None else _of(job, progress),
    )
    facts = _facts(result, options)
    if result.written:
        return Outcome(job.source, job.output, "protected", facts)
    if require_faces:
        raise FacesRequiredError(
            f"{job.source}: no face to protect. Give option `region`, or lower option `threshold`."
        )
    if not copy_faceless:
        return Outcome(job.source, None, "no faces", facts)
    copy_bytes(job.source, job.output, overwrite=overwrite)
    return Outcome(job.source, job.output, "copied", facts | {"as_it_is": True})


def recover_clip(
    job: Job,
    key: Key | FaceKeys | TrackKeys,
    *,
    force: bool,
    models: ModelStore,
    overwrite: bool,
    progress: FrameProgress | None,
) -> Outcome:
    """Recover a video; options as `Recovering`.

    Raises:
        ProfaceError: it failed, and nothing was written.
    """
    result = recover_video(
        job.source,
        job.output,
        key,
        force=force,
        models=models,
        overwrite=overwrite,
        progress=None if progress is None else _of(job, progress),
    )
    facts = {
        "video": True,
        "carry": result.header.carry,
        "opened": None if result.opened is None else list(result.opened),
        "closed": len(result.closed),
        "warnings": list(result.warnings),
    }
    return Outcome(job.source, job.output, "recovered", facts)


def track_record(track: VideoTrack, survey: Survey) -> dict[str, Any]:
    """A track as JSON."""
    return {
        "n": track.n,
        "from": round(survey.seconds(track.track.first), 3),
        "to": round(survey.seconds(track.track.last), 3),
        "detections": track.track.detections,
        "protected": not track.left_out,
    }


def entry_record(entry: TrackEntry) -> dict[str, Any]:
    """A track of a header as JSON."""
    return {"n": entry.n, "from": entry.start_ms / 1000, "to": entry.end_ms / 1000}


def _of(job: Job, progress: FrameProgress) -> Callable[[str, int, int], None]:
    return lambda stage, done, total: progress(job.source, stage, done, total)


def _facts(result: ProtectedVideo, options: Options) -> dict[str, Any]:
    survey = result.survey
    return {
        "video": True,
        "carry": options.carry,
        "frames": len(survey.pts),
        "faces": len(survey.tracks),
        "possible": 0,
        "uncovered": sum(track.left_out for track in survey.tracks),
        "tracks": [track_record(track, survey) for track in survey.tracks],
        "psnr": round(result.psnr, 2) if isfinite(result.psnr) else None,
        "left_out": list(result.left_out),
        "undecodable": survey.broken,
        "resumed": result.resumed,
    }
