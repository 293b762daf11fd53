"""One video of a job: its progress, and its end before its time."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from proface.server.problems import TooSlow


class Cancelled(Exception):
    """The job of a video was cancelled."""


class VideoRun:
    """Told of every frame of a video that is worked on; ends the work that must not go on.

    Attributes:
        state: what is done, as JSON types; None before the first frame.
    """

    def __init__(self, most_seconds: float) -> None:
        self.state: dict[str, Any] | None = None
        self._most = most_seconds
        self._until: float | None = None
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End the work with its next frame."""
        self._cancelled.set()

    def __call__(self, source: Path, stage: str, done: int, total: int) -> None:
        """Take note of a frame. Called by the thread that works.

        Raises:
            Cancelled: the work is no longer wanted.
            TooSlow: it takes longer than it may.
        """
        if self._cancelled.is_set():
            raise Cancelled
        now = time.monotonic()
        self._until = self._until or now + self._most
        if now > self._until:
            raise TooSlow(self._most)
        self.state = {"input": source.name, "stage": stage, "done": done, "total": total}
