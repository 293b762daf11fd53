"""Protect a video: cover its faces in the picture, seal their originals, write the file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from proface.container.video_header import Segment, TrackEntry, VideoHeader, picture_digest
from proface.container.video_records import RecordType, add_records, find_records, total_size
from proface.errors import (
    AlreadyProtectedError,
    CheckFailedError,
    OutputExistsError,
    ProfaceError,
    UsageError,
)
from proface.faces.networks import release_networks
from proface.files.video.access import METADATA, VIDEO
from proface.files.video.searched import Searched
from proface.files.video.segments import SegmentProtector, segments_of
from proface.files.video.survey import Progress, Survey, VideoTrack, survey
from proface.files.video.work import Secrets, Segments, Work, fingerprint
from proface.keys import KdfParameters, Key, derive, header_mac, seal
from proface.looks import get_look
from proface.media.atomic_output import atomic_output
from proface.media.freed_memory import return_freed_memory
from proface.media.video.descriptions import safe_descriptions
from proface.media.video.formats import output_kind
from proface.media.video.mux import coded_pictures, write_video
from proface.media.video.source import open_video
from proface.models.store import ModelStore
from proface.options import Options
from proface.pipeline.people import load_people


@dataclass(frozen=True)
class ProtectedVideo:
    """The outcome of `protect_video`.

    Attributes:
        survey: the tracks that were found.
        psnr: the worst recovery of a face in a segment, in dB, as checked on every tenth frame.
        left_out: streams that were not copied.
        written: whether there was a face to protect, so that the file was written.
        resumed: how many segments an interrupted run had finished.
        searched: in how many frames it had searched for faces.
    """

    survey: Survey
    psnr: float = float("inf")
    left_out: tuple[str, ...] = field(default=())
    written: bool = False
    resumed: int = 0
    searched: int = 0

    @property
    def tracks(self) -> list[VideoTrack]:
        """The protected tracks."""
        return self.survey.protected


def protect_video(
    source: Path,
    output: Path,
    key: Key,
    options: Options | None = None,
    *,
    also: Sequence[Key] = (),
    kdf: KdfParameters | None = None,
    models: ModelStore | None = None,
    overwrite: bool = False,
    check: bool = True,
    progress: Progress | None = None,
) -> ProtectedVideo:
    """Protect the faces of a video and write it.

    The output appears under its name when it is whole. A run that is killed leaves a hidden folder
    beside it, from which the next run with the same source, options and keys goes on.

    Args:
        source: the video.
        output: .mp4 or .mkv, of the source's kind.
        key: password or key file.
        options: see `Options`; those that videos do not have are refused.
        also: more passwords and key files, each of which opens the file too.
        kdf: salt and costs of a batch.
        models: loads the flow of carry "pixels".
        overwrite: replace an existing output.
        check: decode what was sealed and compare it with the original.
        progress: is told of every frame.

    Raises:
        UsageError, ImageError, UnsupportedImageError, AlreadyProtectedError, MissingExtraError,
        OutputExistsError, OutputError, CheckFailedError.
    """
    options, models = options or Options(), models or ModelStore()
    check_video_options(options)
    output_kind(output)
    if os.path.lexists(output) and not overwrite:  # known before minutes of work
        raise OutputExistsError(f"{output}: exists already. Give option `overwrite` to replace it.")
    look = get_look(options.look)
    if find_records(source):
        raise AlreadyProtectedError(
            f"{source}: protected already. Recover it first, and protect all of it at once."
        )
    with open_video(source) as reader:
        info = reader.info
    flow = models.load(options.model or "padded") if options.carry == "pixels" else None
    work, keys = Work(output), (key, *also)
    mark = fingerprint(source, options, flow.digest if flow else "")
    with work.claimed():
        found = work.load(keys, mark, info)
        if found is None:
            secrets, surveyed, segments, searched = _search(
                source, options, keys, kdf, work, mark, progress
            )
            if not surveyed.protected:
                return ProtectedVideo(surveyed)
            work.create(secrets, surveyed, segments, mark)
        else:
            secrets, surveyed, segments = found
            searched = surveyed.detected
        protector = SegmentProtector(
            surveyed, segments, options, look, flow, secrets, work, check=check
        )
        try:
            resumed = protector.run(source, progress)
            _write(source, output, surveyed, options, secrets, protector, overwrite=overwrite)
        except ProfaceError:
            work.remove()
            raise
        work.remove()
    return ProtectedVideo(surveyed, protector.worst_psnr, info.left_out, True, resumed, searched)


def _search(
    source: Path,
    options: Options,
    keys: Sequence[Key],
    kdf: KdfParameters | None,
    work: Work,
    mark: str,
    progress: Progress | None,
) -> tuple[Secrets, Survey, Segments, int]:
    """Find the faces, going on where an interrupted run was; how many frames it had searched."""
    secrets, searched = work.load_search(keys, mark) or (
        Secrets.fresh(keys, kdf or KdfParameters.fresh()),
        Searched(),
    )
    before = len(searched.faces)
    searched.save = partial(work.save_search, secrets, fingerprint=mark)
    try:
        people = load_people(options.keep, options.only)
        surveyed = survey(source, options, people, searched=searched, progress=progress)
        _check_skip(options, surveyed, source)
        segments = segments_of(surveyed)
    except ProfaceError:
        work.forget_search()
        raise
    release_networks()  # of no use from here on
    return_freed_memory()
    if not surveyed.protected:
        work.forget_search()
    return secrets, surveyed, segments, before


def check_video_options(options: Options) -> None:
    """Refuse options that a video does not have.

    Raises:
        UsageError: naming the option.
    """
    refused = {
        "deniable": options.deniable,
        "exact": options.exact,
        "again": options.again,
        "fit": options.fit is not None,
        "survive": options.survive != Options.survive,
    }
    for name, given in refused.items():
        if given:
            raise UsageError(f"Option `{name}` is for photos only: videos do not have it.")
    if options.look.startswith("swap"):
        raise UsageError("The looks that swap faces are for photos only. Choose another look.")
    if options.model is not None and options.carry != "pixels":
        raise UsageError("Option `model` of a video needs option `carry` pixels.")
    if options.model not in (None, "padded"):
        raise UsageError("A video is protected with the model padded only.")
    if not 0 <= options.crf <= 51:
        raise UsageError(f"Option `crf` {options.crf}: give a number from 0 (best) to 51.")


def _check_skip(options: Options, surveyed: Survey, source: Path) -> None:
    faces = len(surveyed.tracks) - len(options.regions)
    unknown = [n for n in options.skip if not 1 <= n <= faces]
    if unknown:
        raise UsageError(
            f"{source}: there is no face {unknown[0]} to skip: {faces} found. Check option `skip`."
        )


def _write(
    source: Path,
    output: Path,
    surveyed: Survey,
    options: Options,
    secrets: Secrets,
    protector: SegmentProtector,
    *,
    overwrite: bool,
) -> None:
    """Put the segments together, add the header and the chunks."""
    work, info = protector.work, surveyed.info
    film = work.folder / f"film{output.suffix}"
    public: dict[str, str] = {}
    if options.keep_metadata:
        public = safe_descriptions(info.metadata, place=options.keep_place)
    write_video(
        film,
        output_kind(output),
        source,
        info,
        protector.coding,
        work.read_pictures(len(protector.segments)),
        surveyed.pts.tolist(),
        public,
    )
    header = _header(film, surveyed, options, secrets, protector)
    lengths = [len(header)]
    lengths += [len(chunk) for n in range(len(protector.segments)) for chunk in work.read_chunks(n)]

    def records() -> Iterator[tuple[RecordType, bytes]]:
        yield b"head", header
        for number in range(len(protector.segments)):
            for chunk in work.read_chunks(number):
                yield b"chnk", chunk

    with atomic_output(output, overwrite=overwrite) as temporary:
        add_records(film, temporary, records(), total_size(lengths))


def _header(
    film: Path, surveyed: Survey, options: Options, secrets: Secrets, protector: SegmentProtector
) -> bytes:
    """The header of the file, with digests of the frames as the file has them."""
    frames = 0

    def counted() -> Iterator[bytes]:
        nonlocal frames
        for data in coded_pictures(film):
            frames += 1
            yield data

    coded = counted()
    segments = []
    for first, count in protector.segments:
        digest = picture_digest(coded, count)
        start, end = surveyed.seconds(first), surveyed.seconds(first + count - 1)
        segments.append(Segment(first, count, round(1000 * start), round(1000 * end), digest))
    if next(coded, None) is not None or frames != len(surveyed.pts):
        raise CheckFailedError("The video has other frames than were coded. Nothing was written.")
    sealed = {}
    info = surveyed.info
    if info.metadata:
        texts = json.dumps(info.metadata, ensure_ascii=False, sort_keys=True).encode()
        sealed[METADATA] = seal(derive(secrets.file_key, METADATA, model=VIDEO), texts)
    flow = protector.flow
    header = VideoHeader(
        carry=options.carry,
        model_name="" if flow is None else flow.name,
        model_sha256="" if flow is None else flow.digest,
        look=str(protector.look),
        pixel_format="yuvj420p" if info.pixel_format == "yuvj420p" else "yuv420p",
        size=info.size,
        frames=len(surveyed.pts),
        segments=tuple(segments),
        tracks=tuple(_entry(track, surveyed) for track in surveyed.protected),
        id=secrets.id,
        stanzas=secrets.stanzas,
        sealed=sealed,
    )
    mac = header_mac(secrets.file_key, VIDEO, header.signed_bytes())
    return header.with_mac(mac).to_bytes()


def _entry(track: VideoTrack, surveyed: Survey) -> TrackEntry:
    first, last = track.track.first, track.track.last
    start, end = (round(1000 * surveyed.seconds(frame)) for frame in (first, last))
    return TrackEntry(track.n, first, last, start, end)
