"""Coefficients out of a JPEG: libjpeg-turbo, as Pillow brings it, in a process of its own.

In a process of its own, since libjpeg says only on standard error that a picture is damaged, and
so that a hostile file can neither crash ours nor keep it busy. Pillow's wheels for Linux and macOS
hold the library as a file; where there is none (Windows), the package jpeglib has one.
"""

from __future__ import annotations

import contextlib
import importlib.util
import mmap
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from proface.errors import ImageError, MissingExtraError
from proface.media.jpeg.frame import Frame
from proface.media.jpeg.segments import REMEDY

# Where each package keeps the library, from its own folder.
_PLACES = (
    ("libjpeg", "PIL", ("../pillow.libs/libjpeg-*.so*", ".dylibs/libjpeg.*.dylib")),
    ("jpeglib", "jpeglib", tuple(f"cjpeglib/cjpeglib_turbo210.*{end}" for end in ("so", "pyd"))),
)
_WORKER = Path(__file__).with_name("worker.py")
# What many cameras leave behind the last pixel, and no sign of damage, unless a restart marker
# was looked for.
_HARMLESS = re.compile(rb"Corrupt JPEG data: \d+ extraneous bytes before marker 0xd9\s*")
_SECONDS, _PIXELS_A_SECOND = 15, 4_000_000  # tenfold what an old machine takes
_ROOM = 256 << 20
_IN_MEMORY = sys.platform == "linux"
_Load = Callable[[], NDArray[np.int16]]


def read_planes(clean: bytes, frame: Frame, source: str = "image") -> list[NDArray[np.int16]]:
    """The coefficients of each plane: rows x columns of blocks x 64, each in the order of rows.

    clean, frame: of `read_frame`. Blocks that only fill up the last MCU are left out. Raises
    ImageError for a picture that libjpeg gives up on, finds damaged, or takes too long for.
    """
    shapes = [(part.rows, part.columns, 64) for part in frame.components]
    sizes = [rows * columns * depth for rows, columns, depth in shapes]
    room = 2 * sum(sizes)
    limit = _SECONDS + frame.width * frame.height / _PIXELS_A_SECOND
    # libjpeg's own copy, padded to whole MCUs; ours; the file, and what Python takes.
    most = 2 * room + 8 * 128 * sum(max(part.rows, part.columns) * 4 for part in frame.components)
    most += len(clean) + _ROOM
    with _no_room(source), _shared(clean, room) as (names, descriptors, load):
        command = [sys.executable, "-I", "-S", str(_WORKER), *map(str, library()), *names]
        try:
            done = subprocess.run(
                [*command, str(most), *map(str, sizes)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=limit,
                check=False,
                pass_fds=descriptors,
            )
        except subprocess.TimeoutExpired:
            raise ImageError(f"{source}: the JPEG takes too long to read. {REMEDY}") from None
        said = done.stderr
        if not any(scan.restart for scan in frame.scans):
            said = _HARMLESS.sub(b"", said)
        _judge(done.returncode, said.strip(), source)
        everything = load()
    bounds = np.cumsum([0, *sizes])
    return [everything[bounds[i] : bounds[i + 1]].reshape(shape) for i, shape in enumerate(shapes)]


@contextlib.contextmanager
def _no_room(source: str) -> Iterator[None]:
    """Name the cause where neither memory nor the temporary folder holds the file."""
    try:
        yield
    except OSError as error:
        raise ImageError(
            f"{source}: there is no room to decode the JPEG ({error.strerror}). Free some memory "
            "and space in the temporary folder."
        ) from error


def library() -> tuple[str, Path]:
    """The kind and the file of the library, found without importing what brings it.

    Raises MissingExtraError where neither Pillow nor jpeglib has one.
    """
    for kind, package, patterns in _PLACES:
        spec = importlib.util.find_spec(package)
        for folder in () if spec is None else spec.submodule_search_locations or ():
            for pattern in patterns:
                found = sorted((Path(folder) / pattern).parent.glob(Path(pattern).name))
                if found:
                    return kind, found[0].resolve()
    raise MissingExtraError(
        "This build of Pillow brings no libjpeg-turbo, which reads JPEGs. "
        "Run `pip install jpeglib`."
    )


def _judge(status: int, said: bytes, source: str) -> None:
    if status == 0 and not said:
        return
    if said:  # the status may be a crash: jpeglib's libjpeg-turbo does after some errors
        first = said.decode("ascii", "replace").splitlines()[0][:120].rstrip(".")
        what = "cut off or damaged" if b"remature end" in said else "damaged"
        raise ImageError(f"{source}: the JPEG is {what} ({first}). {REMEDY}")
    raise ImageError(f"{source}: the JPEG cannot be read (the decoder failed). {REMEDY}")


@contextlib.contextmanager
def _shared(clean: bytes, room: int) -> Iterator[tuple[list[str], list[int], _Load]]:
    """The file, and room for the coefficients, where another process sees them; what reads them.

    On Linux in memory; elsewhere in a folder that only the user can read, and gone at the end.
    """
    if _IN_MEMORY:
        files = [os.memfd_create(name) for name in ("jpeg", "coefficients")]
        try:
            with open(files[0], "wb", closefd=False) as file:
                file.write(clean)
            os.ftruncate(files[1], room)
            yield (
                [f"/proc/self/fd/{number}" for number in files],
                files,
                lambda: np.frombuffer(mmap.mmap(files[1], room), np.int16),
            )
        finally:
            for number in files:
                os.close(number)
        return
    with tempfile.TemporaryDirectory() as folder:
        names = [str(Path(folder) / name) for name in ("jpeg", "coefficients")]
        Path(names[0]).write_bytes(clean)
        with open(names[1], "wb") as file:
            file.truncate(room)
        yield names, [], lambda: np.fromfile(names[1], np.int16)
