"""Jobs: many photos and videos in the background, their progress, one archive of the results."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from proface.batch import FrameProgress, Job, Outcome, sentence
from proface.media.video.formats import is_video
from proface.server.problems import Busy, Refusal, wording
from proface.server.settings import Limits
from proface.server.uploads import Upload
from proface.server.video_run import VideoRun
from proface.server.work import Workers

PlanOne = Callable[[Path, Path], Job]
Work = Callable[[Job, FrameProgress], Outcome]


@dataclass
class BatchJob:
    """One job.

    Attributes:
        id: 128 random bits; who knows it may use the job.
        folder: holds the archive, one result at a time for each worker, and the look's picture.
        total: the number of photos and videos.
        records: as `--json` prints them, in the order in which they were done.
        state: what it is doing.
        used: when it was last asked for, in seconds of the monotonic clock.
        names: of the results so far, in lower case.
        waiting: what was not begun.
        videos: those that were begun and not done.
    """

    id: str
    folder: Path
    total: int
    records: list[dict[str, Any]] = field(default_factory=list)
    state: Literal["running", "done", "cancelled"] = "running"
    used: float = field(default_factory=time.monotonic)
    names: set[str] = field(default_factory=set)
    waiting: list[Upload] = field(default_factory=list)
    videos: list[VideoRun] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    @property
    def archive(self) -> Path:
        """The results, as a ZIP file."""
        return self.folder / "results.zip"

    def to_json(self) -> dict[str, Any]:
        """Progress as JSON types."""
        failed = sum("error" in record for record in self.records)
        return {
            "id": self.id,
            "state": self.state,
            "total": self.total,
            "done": len(self.records),
            "failed": failed,
            "videos": [video.state for video in self.videos if video.state is not None],
            "records": self.records,
        }


class Jobs:
    """The jobs of a running service; used by its event loop only."""

    def __init__(self, folder: Path, limits: Limits, workers: Workers) -> None:
        self._folder, self._limits, self._workers = folder, limits, workers
        self._jobs: dict[str, BatchJob] = {}

    def check_room(self) -> None:
        """Raise Busy if there are as many jobs as may be."""
        if len(self._jobs) >= self._limits.jobs:
            raise Busy("The service keeps as many jobs as it may. Try again later.", 30)

    @contextmanager
    def new_folder(self) -> Iterator[Path]:
        """A folder for a job that is about to start; removed if it does not."""
        folder = self._folder / secrets.token_hex(16)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            if folder.name not in self._jobs:
                _remove(folder)

    def start(
        self, folder: Path, uploads: Sequence[Upload], plan_one: PlanOne, work: Work
    ) -> BatchJob:
        """Begin a job, which owns the folder and the uploads from now on.

        Args:
            folder: of `new_folder`, inside its context.
            uploads: the photos and videos.
            plan_one: gives the job of one, with its output in a folder.
            work: does one, and tells of a video's frames.
        """
        job = BatchJob(folder.name, folder, len(uploads), waiting=[*uploads])
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job, plan_one, work))
        return job

    def get(self, number: str) -> BatchJob:
        """A job by its id.

        Raises:
            Refusal: there is none (any more).
        """
        job = self._jobs.get(number)
        if job is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "There is no such job (any more).")
        job.used = time.monotonic()
        return job

    async def remove(self, number: str) -> None:
        """Cancel a job if it runs, and remove it with its results."""
        job = self._jobs.pop(number, None)
        if job is None:
            return
        if job.task is not None:
            job.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await job.task
        _remove(job.folder, *(upload.path.parent for upload in job.waiting))

    async def remove_old(self) -> None:
        """Remove finished jobs that nobody asked for in a while."""
        oldest = time.monotonic() - self._limits.keep_seconds
        for job in list(self._jobs.values()):
            if job.state != "running" and job.used < oldest:
                await self.remove(job.id)

    async def close(self) -> None:
        """Cancel all."""
        for number in list(self._jobs):
            await self.remove(number)

    async def _run(self, job: BatchJob, plan_one: PlanOne, work: Work) -> None:
        """Do them, as many at a time as there are workers."""
        job.waiting.reverse()
        try:
            with zipfile.ZipFile(job.archive, "w", zipfile.ZIP_STORED) as archive:

                async def some() -> None:
                    while job.waiting:
                        await self._one(job, job.waiting.pop(), archive, plan_one, work)

                helpers = [asyncio.ensure_future(some()) for _ in range(self._limits.workers)]
                try:
                    await asyncio.gather(*helpers)
                finally:
                    for helper in helpers:
                        helper.cancel()
                    await asyncio.gather(*helpers, return_exceptions=True)
                lines = "".join(json.dumps(record) + "\n" for record in job.records)
                archive.writestr("records.jsonl", lines)
            job.state = "done"
        except asyncio.CancelledError:
            job.state = "cancelled"
        finally:
            job.used = time.monotonic()

    async def _one(
        self,
        job: BatchJob,
        upload: Upload,
        archive: zipfile.ZipFile,
        plan_one: PlanOne,
        work: Work,
    ) -> None:
        """Do one photo or video, and put its result into the archive."""
        source, own = upload.path, job.folder / upload.id
        video = VideoRun(self._limits.video_seconds)
        filming = is_video(source)

        def do() -> Outcome:
            return work(plan_one(source, own), video)

        if filming:
            job.videos.append(video)
            future = self._workers.submit_video(do)
        else:
            future = self._workers.submit(source, do)
        try:
            # A video watches its own time, from its first frame.
            waiting = asyncio.wrap_future(future) if filming else self._workers.wait(future)
            outcome = await waiting
            job.records.append(self._stored(job, outcome, archive))
        except asyncio.CancelledError:
            future.cancel()
            video.cancel()
            raise
        except Exception as error:
            job.records.append(self._failed(source, error))
        finally:
            if filming:
                job.videos.remove(video)
            # A thread may still be at it: its folders go when it is done.
            future.add_done_callback(lambda _future: self._clear(job, source.parent, own))

    def _clear(self, job: BatchJob, *folders: Path) -> None:
        """Remove what one needed, and what it made anew in the folder of a removed job."""
        _remove(*folders)
        if job.id not in self._jobs:
            _remove(job.folder)

    def _stored(self, job: BatchJob, outcome: Outcome, archive: zipfile.ZipFile) -> dict[str, Any]:
        name = None
        if outcome.output is not None:
            name = _free_name(Path(outcome.output).name, job.names)
            archive.write(outcome.output, name)
        named = replace(
            outcome,
            source=Path(Path(outcome.source).name),
            output=None if name is None else Path(name),
        )
        return {**named.to_json(), "sentence": sentence(named)}

    def _failed(self, source: Path, error: Exception) -> dict[str, Any]:
        record = Outcome(Path(source.name), None, "failed", error=error).to_json()
        return record | {"error": wording(error, self._folder)}


def _free_name(name: str, taken: set[str]) -> str:
    """A name that no other result has: "photo.jpg", "photo (2).jpg". Case does not count."""
    stem, dot, suffix = name.rpartition(".")
    number, free = 1, name
    while free.lower() in taken:
        number += 1
        free = f"{stem} ({number}){dot}{suffix}"
    taken.add(free.lower())
    return free


def _remove(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
