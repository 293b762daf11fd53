"""Protect all photos of folders on stores, on this machine or on a Ray cluster.

    list_photos -> StoreJob -> ProtectObjects, here or on workers -> Outcome -> manifest

Everything streams: names, jobs and outcomes are in memory only while they are worked on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Literal

from proface.batch.inputs import PHOTO_SUFFIXES
from proface.batch.jobs import Existing
from proface.batch.listing import Counted, list_photos
from proface.batch.manifest import Index, ManifestWriter, open_index
from proface.batch.objects import ProtectObjects, StoreJob
from proface.batch.photo_bytes import BatchKeys, ProtectBytes, Settings
from proface.batch.records import Outcome, RecordedError
from proface.batch.stores import Store, open_store
from proface.batch.threads import run_in_threads
from proface.errors import ProfaceError, UsageError, describe
from proface.files.protect import check_usage
from proface.keys import Key

Engine = Literal["local", "ray"]
ENGINES: tuple[Engine, ...] = ("local", "ray")


def check(
    inputs: Sequence[str], output: str, settings: Settings, engine: str, also: Sequence[Key] = ()
) -> None:
    """Check what can be checked before a password is asked for.

    Raises:
        UsageError: no such engine; options that contradict each other; the output is a file, an
            input, or around an input, whose next run would then take outputs for inputs.
        MissingExtraError: Ray or a store's package is not installed.
    """
    if engine not in ENGINES:
        raise UsageError(f"Option `engine` {engine}: give one of {', '.join(ENGINES)}.")
    check_usage(settings.options, also, 1 + len(also))
    if engine == "ray":
        from proface.batch.ray_cluster import require

        require()
    target = open_store(output)
    if PurePosixPath(target.path).suffix.lower() in PHOTO_SUFFIXES:
        raise UsageError(f"{output}: give a folder; on a store, and with Ray, outputs are folders.")
    for place in inputs:
        source = open_store(place)
        if _same(source, target) and f"{source.path}/".startswith(f"{target.path}/"):
            raise UsageError(
                f"{output}: the input {place} is this folder or lies in it, so that outputs would "
                "be taken for inputs. Choose another folder, or one inside the input."
            )


def protect_stores(
    inputs: Sequence[str],
    output: str,
    key: Key,
    settings: Settings | None = None,
    *,
    also: Sequence[Key] = (),
    engine: Engine = "local",
    existing: Existing = "refuse",
    counted: Counted | None = None,
) -> Iterator[Outcome]:
    """Protect the photos below folders of any store; a photo that fails does not stop the others.

    What the manifest below the output proves done is skipped (see `manifest`). With Ray, the
    cluster of `ray.init()` or RAY_ADDRESS is used, or one is started on this machine.

    Args:
        inputs: URLs (`s3://bucket/folder`) and paths of folders or single photos.
        output: a folder's URL or path, which will mirror the inputs.
        key: derived once, here; workers get a `BatchKey`.
        settings: how to protect.
        also: more keys, each of which opens every file.
        engine: `local`, threads of this process, or `ray`.
        existing: what to do with outputs of which the manifest does not tell; "overwrite" does
            everything again.
        counted: gets the number of files that are not photos.

    Yields:
        An outcome for each photo; `local` in the order of the listing, `ray` as they are done. On
        KeyboardInterrupt begun photos are finished and yielded first.

    Raises:
        UsageError, MissingExtraError: before anything is done.
        OutputError: the manifest cannot be written.
    """
    settings = settings or Settings()
    check(inputs, output, settings, engine, also)
    target = open_store(output)
    keys = BatchKeys.derive(key, also)
    with open_index() as index:
        if existing != "overwrite":
            index.load(target, settings.digest())
        jobs = plan(inputs, target, settings, index, counted)
        manifest = ManifestWriter(target, settings.digest())
        try:
            for outcome in _run(jobs, keys, settings, target.url, existing, engine):
                if not outcome.facts.get("earlier") and outcome.status != "skipped":
                    manifest.add(record_of(outcome))
                yield outcome
        finally:
            manifest.flush()


def plan(
    inputs: Sequence[str],
    target: Store,
    settings: Settings,
    index: Index,
    counted: Counted | None = None,
) -> Iterator[StoreJob]:
    """The jobs of a batch, one at a time, as the stores list them.

    Faults found on the way (an input that cannot be listed, two photos with one output) are jobs
    that fail.
    """
    for place in inputs:
        source = open_store(place)
        inside = _same(source, target) and target.path.startswith(f"{source.path}/")
        try:
            for found in list_photos(source, target.path if inside else None, counted):
                place_out = PurePosixPath(found.place)
                name = place_out.with_name(place_out.stem + settings.suffix(found.place))
                earlier = index.find(found.url)
                job = StoreJob(found.url, f"{target.url}/{name}", source.url, found.size, earlier)
                other = index.claim(job.output, job.source)
                if other == job.source:  # named twice
                    continue
                if other is not None:
                    text = (
                        f"{job.source}: would be written to {job.output}, as {other} is. Rename "
                        "one, or use two output folders."
                    )
                    yield replace(job, fault=(text, UsageError.exit_code, "UsageError"))
                    continue
                yield job
        except ProfaceError as error:
            fault = (describe(error), error.exit_code, type(error).__name__)
            earlier = index.find(source.url)
            yield StoreJob(source.url, "", source.url, earlier=earlier, fault=fault)


def record_of(outcome: Outcome) -> dict[str, Any]:
    """The manifest's record of an outcome."""
    record = outcome.to_json()
    if outcome.error is not None:
        error = outcome.error
        record["error_type"] = (
            error.kind if isinstance(error, RecordedError) else type(error).__name__
        )
    return record


def _run(
    jobs: Iterable[StoreJob],
    keys: BatchKeys,
    settings: Settings,
    output: str,
    existing: Existing,
    engine: Engine,
) -> Iterator[Outcome]:
    if engine == "ray":
        from proface.batch.ray_cluster import run_on_ray

        return run_on_ray(jobs, keys, settings, output, existing)
    work = ProtectObjects(ProtectBytes(lambda: keys, settings), output, existing)
    return run_in_threads(jobs, work)


def _same(a: Store, b: Store) -> bool:
    return a.fs == b.fs or (a.is_local and b.is_local)
