"""Runs an exported flow without torch, on the engine of the user's choice."""

from proface.runtime.engine import DEFAULT_DEVICE, DEVICES, Engine, available_devices, make_engine
from proface.runtime.flow import Flow
from proface.runtime.loading import load_flow, make_flow, use_device
from proface.runtime.models import Card, list_models

__all__ = [
    "DEFAULT_DEVICE",
    "DEVICES",
    "Card",
    "Engine",
    "Flow",
    "available_devices",
    "list_models",
    "load_flow",
    "make_engine",
    "make_flow",
    "use_device",
]
