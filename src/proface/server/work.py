"""Work on photos and videos: in threads, a few at a time, within limits of pixels and time."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from proface.batch.threads import MOST_PIXELS, MemoryLimit
from proface.errors import ImageError
from proface.media.decode import open_image_header
from proface.server.problems import TooLarge, TooSlow
from proface.server.settings import Limits

T = TypeVar("T")


class Workers:
    """The threads that work on photos, first come first served.

    A thread cannot be stopped: work over its time goes on until it ends, in its place, and only its
    client is told. What it may cost is bounded by the photo's pixels.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.workers, thread_name_prefix="proface-serve")
        # One video at a time, beside the photos: it takes minutes, and memory of its own.
        self._videos = ThreadPoolExecutor(1, thread_name_prefix="proface-serve-video")
        self._memory = MemoryLimit(MOST_PIXELS)

    def submit(self, photo: Path | None, function: Callable[[], T]) -> Future[T]:
        """Do something with a photo when its turn comes. None: with no photo."""
        return self._pool.submit(self._one, photo, function)

    def submit_video(self, function: Callable[[], T]) -> Future[T]:
        """Do something with a video when its turn comes."""
        return self._videos.submit(function)

    def _one(self, photo: Path | None, function: Callable[[], T]) -> T:
        if photo is None:
            return function()
        with self._memory.reserve(self.check(photo)):
            return function()

    def check(self, photo: Path) -> int:
        """The pixels that a photo's header states; 0 if unreadable, which the work will report.

        Raises:
            TooLarge: more than the service takes.
        """
        try:
            with open_image_header(photo) as image:
                width, height = image.size
        except ImageError:
            return 0
        if width * height > self._limits.pixels:
            raise TooLarge(
                f"{photo.name}: {width} x {height} pixels are over "
                f"{self._limits.pixels / 1e6:.3g} megapixels, the service's limit. Scale the photo "
                "down, or use the command."
            )
        return max(1, width * height)

    async def wait(self, future: Future[T]) -> T:
        """The result of work.

        Raises:
            TooSlow: it takes longer than it may.
        """
        waiting = asyncio.wrap_future(future)
        try:
            return await asyncio.wait_for(asyncio.shield(waiting), self._limits.seconds)
        except asyncio.TimeoutError:
            future.cancel()
            waiting.add_done_callback(_retrieve)
            raise TooSlow(self._limits.seconds) from None

    def close(self) -> None:
        """Cancel what has not begun, and wait for the rest."""
        for pool in (self._pool, self._videos):
            pool.shutdown(cancel_futures=True)


class Space(AbstractAsyncContextManager["Space"]):
    """A folder for one request; removed once its work has ended, even if nobody waits any more."""

    def __init__(self, parent: Path, workers: Workers) -> None:
        self.folder = parent / secrets.token_hex(16)
        self._workers = workers
        self._futures: list[Future[object]] = []

    async def __aenter__(self) -> Space:
        self.folder.mkdir(mode=0o700)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        left = [future for future in self._futures if not future.done()]
        for future in left:
            future.add_done_callback(lambda _future: self._remove())
        if not left:
            self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    async def run(self, photo: Path | None, function: Callable[..., T], *arguments: object) -> T:
        """Do something with a photo in a thread.

        Raises:
            TooLarge, TooSlow: a limit of the service.
        """
        future = self._workers.submit(photo, partial(function, *arguments))
        self._futures.append(future)  # type: ignore[arg-type]
        return await self._workers.wait(future)


def _retrieve(future: asyncio.Future[T]) -> None:
    """Look at an exception that nobody waits for, so that it is not reported as forgotten."""
    if not future.cancelled():
        future.exception()
