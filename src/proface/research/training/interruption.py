"""Let a signal end a training run between two steps, so that the last step can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """A signal that arrived and has not taken effect yet."""

    def __init__(self) -> None:
        self.number: int | None = None


@contextmanager
def deferred_interruption() -> Iterator[Interruption]:
    """Until the context ends, note Ctrl-C, SIGTERM and SIGHUP, which take effect at its end.

    A second signal takes effect at once. In other threads, which get no signals, nothing changes.
    """
    noted = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    numbers = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    found = {number: signal.getsignal(number) for number in numbers if number is not None}
    handlers = {number: handler for number, handler in found.items() if callable(handler)}

    def note(number: int, frame: FrameType | None) -> None:
        if noted.number is not None:
            handlers[number](number, frame)
        noted.number = number

    for number in handlers:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if noted.number is not None:
        signal.raise_signal(noted.number)
