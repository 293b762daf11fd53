"""Logging of a training run: JSON lines, TensorBoard, sample sheets, progress and time left.

log.jsonl      a line for each report, checkpoint and event
tensorboard/   the same scalars
samples/       contact sheets of validation images
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
from proface.media.atomic_output import atomic_output, output_error

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_EVERY = 20  # seconds between progress lines, without a terminal


class Log:
    """The run's log files, and its progress on stderr.

    Args:
        folder: of the run.
        step, steps: the first step, and their total number.
        tensorboard: whether to write TensorBoard files.
        say: called with messages for the user.

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
        self._first, self._steps, self._began = step, steps, time.monotonic()
        self._bar = _bar(step, steps)
        self._last_line = time.monotonic()

    def record(self, step: int, figures: Mapping[str, float]) -> None:
        """Log scalars of a step."""
        self._append({"step": step} | {k: float(f"{v:.6g}") for k, v in figures.items()})
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(name, value, step)

    def event(self, step: int, what: str) -> None:
        """Log an event and tell the user."""
        self._append({"step": step, "event": what})
        self._say(what)

    def validation(self, step: int, figures: Mapping[str, float]) -> None:
        """Log validation figures and tell the user."""
        self.record(step, {f"validation/{name}": value for name, value in figures.items()})
        text = ", ".join(f"{name} {value:.2f}" for name, value in figures.items())
        self._say(f"step {step}: validation {text}")

    def advance(self, step: int, loss: float) -> None:
        """Show progress: a bar on a terminal, otherwise a line now and then."""
        pace = (time.monotonic() - self._began) / max(1, step - self._first)
        left = pace * (self._steps - step)
        if self._bar is not None:
            progress, task = self._bar
            progress.update(task, completed=step, loss=f"{loss:.4f}")
        elif time.monotonic() - self._last_line >= LINE_EVERY:
            self._last_line = time.monotonic()
            self._say(
                f"step {step} of {self._steps}: loss {loss:.4f}, {format_duration(left)} left"
            )

    def sample_sheet(self, step: int, sheet: Image.Image) -> None:
        """Save a contact sheet."""
        folder = self._folder / "samples"
        path = folder / f"{step:07}.png"
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise output_error(path, error) from error
        with atomic_output(path, overwrite=True) as temporary:
            sheet.save(temporary)

    def close(self) -> None:
        """Close the progress bar and TensorBoard."""
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


def format_duration(seconds: float) -> str:
    """A duration as text: "2 h 05 min", "3 min 20 s", "12 s"."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 60} min {whole % 60:02} s" if whole >= 60 else f"{whole} s"


def _bar(step: int, steps: int) -> tuple[Progress, TaskID] | None:
    """A progress bar, if stderr is a terminal."""
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
