"""Loads a model once a process, on the device that the process was told to use."""

from __future__ import annotations

import threading
from functools import lru_cache

from proface.runtime.engine import DEFAULT_DEVICE, check_device
from proface.runtime.flow import Flow
from proface.runtime.keyed import Keyed
from proface.runtime.models import Card, find_model
from proface.runtime.padded import Padded

_loading = threading.Lock()  # of two threads that want a model, one loads it
_device = DEFAULT_DEVICE


def load_flow(name: str = "padded", device: str | None = None) -> Flow:
    """The model of this name, loaded once a process.

    Args:
        name: as `proface models` lists them.
        device: what it runs on, one of `DEVICES`; None for that of `use_device`, or "cpu".

    Raises:
        ModelError: there is none of this name, or its files are missing or altered.
        UsageError: there is no such device.
        MissingExtraError: the device is not installed, or not on this machine.
    """
    with _loading:
        return _load(name, device or _device)


def make_flow(card: Card, device: str = DEFAULT_DEVICE) -> Flow:
    """The model of a card, loaded anew.

    Raises:
        ModelError, UsageError, MissingExtraError: as `load_flow`.
    """
    return (Keyed if card.kind == "keyed" else Padded)(card, device)


def use_device(device: str) -> None:
    """Let this process run its flows on a device, wherever none is asked for by name.

    What a flow runs on belongs to the machine, not to a photo: nothing in a file depends on it.
    No model is loaded yet.

    Raises:
        UsageError, MissingExtraError: as `load_flow`; nothing was changed.
    """
    global _device
    check_device(device)
    _device = device


@lru_cache(maxsize=4)
def _load(name: str, device: str) -> Flow:
    return make_flow(find_model(name), device)
