"""Runs `proface` many times over in forks of a process that has loaded it, and breaks it anywhere.

A process start costs half a second, most of it imports; a fork has them behind it, and is as much a
process of its own: it has its own exit code, can be killed, and what it took is measured for it
alone. The code that runs is the command's, unchanged: faults are put in from outside.

A *step* is a line executed in one of the modules that touch files. A *call* is one of the system's
functions that they use.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

STEPS_IN = (
    *("proface/batch/jobs.py", "proface/media/atomic_output.py", "proface/media/photo.py"),
    *("proface/container/replace.py", "proface/container/storage.py", "proface/container/png.py"),
    *("proface/files/protect.py", "proface/files/save.py", "proface/files/recover.py"),
    *("proface/keys/keyfile.py", "PIL/PngImagePlugin.py"),
)
# What commands import as they need it; importing takes longer than what most of them do.
LOADED = (
    *("proface.__main__", "proface.batch.runners", "proface.media.jpeg", "proface.models.store"),
    *("proface.files.face_keys", "proface.files.key_slots", "proface.files.protect"),
    *(
        "proface.files.locate",
        "proface.files.recover",
        "proface.files.save",
        "proface.files.verify",
    ),
    *("proface.container.storage", "proface.container.jpeg", "proface.container.png"),
    *("proface.models.padded", "proface.models.robust", "proface.faces.networks"),
)
CALLS = ("open", "fsync", "link", "replace", "unlink", "mkdir")
ALL = ("/proface/", "/PIL/")  # whose lines are counted where the work is the subject
SECONDS = 600  # after which a run counts as hanging, on a machine however busy


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code (negative: the signal), what it said, and what it took."""

    code: int
    out: str
    err: str
    peak: float  # MB
    steps: int | None = None


class Forks:
    """A process that has loaded proface and runs commands in forks of itself."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # no terminal to ask on
        )

    def run(self, *arguments: object, **fault: Any) -> Ended:
        """Run `proface` with these arguments.

        Args:
            count: say how many steps there were; "work": how many lines in all of proface and PIL.
            kill: SIGKILL at this step.
            raises: with `at`, raise "MemoryError" or "KeyboardInterrupt" at this step.
            refuse: with `at`, fail with this errno from this call of the system on.
            limits: resource limits by name, such as {"FSIZE": 20000}.
            clock: seconds by which each look at the clock is off, one after the other, repeated.
            env: further environment variables.
        """
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        job = {"argv": [os.fspath(a) if isinstance(a, os.PathLike) else str(a) for a in arguments]}
        self._server.stdin.write(json.dumps({**job, **fault}) + "\n")
        self._server.stdin.flush()
        return Ended(**json.loads(self._server.stdout.readline()))

    def close(self) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        assert self._server.wait(timeout=60) == 0


def serve() -> None:
    """Read jobs, one a line; answer each."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: threads do not outlive a fork
    importlib.import_module("proface")  # first: it keeps ONNX Runtime from reporting
    import cv2  # noqa: F401
    import onnxruntime  # noqa: F401
    import rich.table  # noqa: F401
    from PIL import Image

    Image.init()
    for name in LOADED:
        importlib.import_module(name)
    with contextlib.suppress(ImportError):  # what parsing arguments loads, where typer does
        import typer._adapters  # noqa: F401
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


def _run(job: dict[str, Any]) -> dict[str, Any]:
    # Pipes, not files: a limit on the size of files is for the command's own.
    pipes = [os.pipe() for _ in range(3)]
    child = os.fork()
    if child == 0:
        _child(job, *(write for _, write in pipes))
    for read, write in pipes:
        os.close(write)
        os.set_blocking(read, False)
    status, used, texts = _wait(child, [read for read, _ in pipes])
    out, err, told = (text.decode("utf-8", "backslashreplace") for text in texts)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "out": out,
        "err": err,
        "peak": used.ru_maxrss / 1024,
        "steps": int(told) if told else None,
    }


def _wait(child: int, pipes: list[int]) -> tuple[int, resource.struct_rusage, list[bytearray]]:
    """Until the child has ended, read what it says."""
    deadline = time.monotonic() + SECONDS
    texts = [bytearray() for _ in pipes]
    ended = 0
    while not ended:
        select.select(pipes, [], [], 0.002)
        ended, status, used = os.wait4(child, os.WNOHANG)
        for pipe, text in zip(pipes, texts, strict=True):
            with contextlib.suppress(BlockingIOError):
                while block := os.read(pipe, 1 << 16):
                    text += block
        if not ended and time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.001)
    for pipe in pipes:
        os.close(pipe)
    return status, used, texts


def _child(job: dict[str, Any], out: int, err: int, told: int) -> NoReturn:
    code = 70
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (out, 1), (err, 2)):
            os.dup2(source, target)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)
        os.environ.update(job.get("env", {}))
        sys.argv = ["proface", *job["argv"]]
        steps = _prepare(job)
        from proface.__main__ import main

        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
        if job.get("count"):
            os.write(told, str(steps()).encode())
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # the harness's own fault, or a traceback that no user may see
        import traceback

        with contextlib.suppress(OSError):
            os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _prepare(job: dict[str, Any]) -> Callable[[], int]:
    """Put the job's fault in; returns what says how many steps there were."""
    for name, value in job.get("limits", {}).items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    if "clock" in job:
        _disturb_clock(job["clock"])
    if "refuse" in job:
        return _refuse(job["refuse"], job["at"])
    if "kill" in job:
        return _at_step(job["kill"], lambda: os.kill(os.getpid(), signal.SIGKILL))
    if "raises" in job:
        return _at_step(job["at"], lambda: _raise(getattr(builtins, job["raises"])()))
    if job.get("count") == "work":
        return _count_lines()
    return _at_step(-1, lambda: None) if job.get("count") else lambda: 0


def _raise(error: BaseException) -> NoReturn:
    raise error


def _count_lines() -> Callable[[], int]:
    """Of one thread, and at little cost: there may be millions."""
    count = 0

    def local(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return local

    def every(frame: Any, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename
        return local if ALL[0] in name or ALL[1] in name else None

    sys.settrace(every)
    return lambda: count


def _at_step(number: int, act: Callable[[], object]) -> Callable[[], int]:
    lock, count = threading.Lock(), 0

    def local(frame: Any, event: str, argument: object) -> Any:
        nonlocal count
        if event == "line":
            with lock:
                count += 1
                reached = count == number
            if reached:
                act()
        return local

    def every(frame: Any, event: str, argument: object) -> Any:
        return local if frame.f_code.co_filename.endswith(STEPS_IN) else None

    threading.settrace(every)
    sys.settrace(every)
    return lambda: count


def _refuse(code: int, number: int) -> Callable[[], int]:
    """From its `number`th call on the system refuses, as a full disk goes on being full."""
    lock, count = threading.Lock(), 0

    def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            reading = real is os_open and not arguments[1] & (os.O_WRONLY | os.O_RDWR)
            if reading or (arguments and arguments[0] == os.devnull):  # not on that disk
                return real(*arguments, **named)
            with lock:
                count += 1
                refused = number and count >= number and real is not os_unlink
            if refused:
                raise OSError(code, os.strerror(code))
            return real(*arguments, **named)

        return call

    os_open, os_unlink = os.open, os.unlink
    for name in CALLS:
        setattr(os, name, wrapped(getattr(os, name)))
    return lambda: count


def _disturb_clock(offsets: Sequence[float]) -> None:
    real, state = time.time, iter(range(1 << 60))

    def disturbed() -> float:
        return real() + offsets[next(state) % len(offsets)]

    time.time = disturbed
    time.monotonic = disturbed  # a clock that must not jump, jumping all the same


if __name__ == "__main__":
    serve()
