"""`-` for standard input and output: photos through pipes.

A pipe is read whole into a private folder, since pictures are read more than once and files appear
only when they are complete. The folder is in memory where the system has room for it, and is
removed afterwards, also after an error or Ctrl-C, and after a kill by the next command that needs
one.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from proface.cli import output, state
from proface.errors import ImageError, OutputError, UsageError
from proface.media.memory_folder import private_folder, remove_leftovers
from proface.media.video.formats import is_video

PIPE = "-"
MOST_BYTES = 1 << 30  # of a photo from a pipe
_INPUT, _OUTPUT = "standard input", "standard output"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Pipes:
    """Files in place of pipes: what a command gets as its inputs and its output."""

    inputs: tuple[Path, ...]
    output: str


@contextmanager
def photo_from_pipe(file: Path, password_fd: int | None = None) -> Iterator[Path]:
    """A file with what standard input holds for `-`, or the file itself."""
    with pipes([file], ".", None, password_fd) as found:
        yield found.inputs[0]


@contextmanager
def pipes(
    inputs: Sequence[Path], target: str, format_name: str | None, password_fd: int | None
) -> Iterator[Pipes]:
    """Replace `-` among the inputs and as the output by files in a private folder.

    After the block, a file for standard output is copied there. Messages call both by name.

    Raises:
        UsageError: `-` twice, with other inputs, or for the password too; output to a terminal.
    """
    reads = [path for path in inputs if str(path) == PIPE]
    if not reads and target != PIPE:
        yield Pipes(tuple(inputs), target)
        return
    _check(inputs, reads, target, password_fd)
    remove_leftovers()
    with private_folder() as folder:
        found = list(inputs)
        if reads:
            found = [folder / "stdin"]
            state.names[str(found[0])] = _INPUT
            _read(found[0])
        out = target
        if target == PIPE:
            sys.stdout.flush()
            out = str(folder / f"stdout{_suffix(found[0], format_name)}")
            state.names[out] = _OUTPUT
            output.report_on_stderr()
        try:
            yield Pipes(tuple(found), out)
        finally:
            if target == PIPE and os.path.exists(out):
                _write(Path(out))


def _check(
    inputs: Sequence[Path], reads: Sequence[Path], target: str, password_fd: int | None
) -> None:
    if reads and password_fd == 0:
        raise UsageError("Standard input cannot give both photo and password. Use another option.")
    if reads and len(inputs) > 1:
        raise UsageError("`-`, standard input, is one photo: give no others.")
    if target == PIPE and (len(inputs) != 1 or inputs[0].is_dir()):
        raise UsageError("`-o -`, standard output, takes one photo: give a single one.")
    if target == PIPE and not reads and is_video(inputs[0]):
        raise UsageError("`-o -`, standard output, takes a photo: name the video's output.")
    if target == PIPE and sys.stdout.isatty():
        raise UsageError("`-o -` would write a picture to the terminal. Redirect it to a file.")
    if reads and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError("`-` reads a photo from standard input, which is a terminal. Pipe one in.")


def _read(path: Path) -> None:
    left = MOST_BYTES
    with open(0, "rb", closefd=False) as source, open(path, "xb") as file:
        while block := source.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise ImageError(f"{_INPUT}: holds over {MOST_BYTES >> 20} MiB. Is it a photo?")
            file.write(block)


def _suffix(source: Path, format_name: str | None) -> str:
    """The suffix of a picture that goes to standard output."""
    from proface.batch.plan import SUFFIXES
    from proface.media.formats import is_jpeg

    if format_name is not None:
        return SUFFIXES.get(format_name, ".png")
    return ".jpg" if is_jpeg(source) else ".png"


def _write(path: Path) -> None:
    try:
        with open(path, "rb") as file, open(1, "wb", closefd=False) as out:
            shutil.copyfileobj(file, out, _BLOCK)
    except BrokenPipeError:
        raise OutputError(f"{_OUTPUT}: the reader is gone. Nobody has the picture.") from None
