"""Runs an exported flow on ONNX Runtime, without torch."""

from proface.runtime.flow import Flow, load_flow
from proface.runtime.models import Card, list_models

__all__ = ["Card", "Flow", "list_models", "load_flow"]
