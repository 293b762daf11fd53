"""What a run tells: lines of JSON, TensorBoard, sample pictures, and how long it will take.

log.jsonl      a line for each report, each save, and each thing that happened
tensorboard/   the same figures
samples/       a sheet of pictures now and then
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from proface.errors import MissingExtraError
from proface.media import atomic_output
from proface.media.output import output_error

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_EVERY = 20  # seconds between two lines about progress, where there is no terminal


class Log:
    """The run's records on disk, and its progress on stderr.

    Args:
        folder: of the run.
        step, steps: where it begins, and how many there are in all.
        tensorboard: whether TensorBoard's files are written too.
        say: told what the user should read, a line at a time.

    Raises:
        MissingExtraError: TensorBoard is wanted and not installed.
    """

    def __init__(
        self, folder: Path, step: int, steps: int, *, tensorboard: bool, say: Callable[[str], None]
    ) -> None:
        self._file, self._folder, self._say = folder / "log.jsonl", folder, say
        self._board: Any = None
        if tensorboard:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise MissingExtraError(
                    "TensorBoard is not installed. Run pip install tensorboard, or give "
                    "--no-tensorboard."
                ) from None
            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step)
        self._clock = Clock(step, steps)
        self._bar = _bar(step, steps)
        self._last_line = time.monotonic()

    def record(self, step: int, figures: Mapping[str, float]) -> None:
        """Figures of a step."""
        self._append({"step": step} | {k: float(f"{v:.6g}") for k, v in figures.items()})
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(name, value, step)

    def happened(self, step: int, what: str) -> None:
        """Something the user should know: told, and kept."""
        self._append({"step": step, "event": what})
        self._say(what)

    def measured(self, step: int, figures: Mapping[str, float]) -> None:
        """Figures of a validation: kept and told."""
        self.record(step, {f"validation/{name}": value for name, value in figures.items()})
        text = ", ".join(f"{name} {value:.2f}" for name, value in figures.items())
        self._say(f"step {step}: validation {text}")

    def advance(self, step: int, loss: float) -> None:
        """A step was done: the bar moves, or now and then a line says how far it is."""
        left = self._clock.left(step)
        if self._bar is not None:
            progress, task = self._bar
            progress.update(task, completed=step, loss=f"{loss:.4f}")
        elif time.monotonic() - self._last_line >= LINE_EVERY:
            self._last_line = time.monotonic()
            self._say(f"step {step} of {self._clock.steps}: loss {loss:.4f}, {spoken(left)} left")

    def picture(self, step: int, sheet: Image.Image) -> None:
        """Keep a sheet of samples."""
        folder = self._folder / "samples"
        path = folder / f"{step:07}.png"
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise output_error(path, error) from error
        with atomic_output(path, overwrite=True) as temporary:
            sheet.save(temporary)

    def close(self) -> None:
        """The end of the run, good or bad."""
        if self._bar is not None:
            self._bar[0].stop()
        if self._board is not None:
            self._board.close()

    def _append(self, record: Mapping[str, object]) -> None:
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise output_error(self._file, error) from error


class Clock:
    """How long the rest takes, by the pace of this process."""

    def __init__(self, step: int, steps: int) -> None:
        self.first, self.steps, self._began = step, steps, time.monotonic()

    def left(self, step: int) -> float | None:
        """Seconds; None before the first step."""
        done = step - self.first
        if done <= 0:
            return None
        return (time.monotonic() - self._began) / done * (self.steps - step)


def spoken(seconds: float | None) -> str:
    """ "2 h 05 min", "3 min 20 s", "12 s"."""
    if seconds is None:
        return "unknown time"
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 60} min {whole % 60:02} s" if whole >= 60 else f"{whole} s"


def _bar(step: int, steps: int) -> tuple[Progress, TaskID] | None:
    """A bar, on a terminal."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    progress = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    )
    progress.start()
    return progress, progress.add_task("", total=steps, completed=step, loss="-")
