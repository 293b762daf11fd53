"""Loads models, each once for a process and device."""

from __future__ import annotations

import threading
from functools import lru_cache

from proface.errors import ModelError
from proface.inference.engine import DEFAULT_DEVICE, check_device
from proface.models.cards import Card, find_model, list_models, model_names
from proface.models.flow import Flow
from proface.models.keyed import Keyed
from proface.models.padded import Padded
from proface.models.robust import Robust

# Card's kind -> flow. A new flow is one line here.
FLOWS: dict[str, type[Keyed] | type[Padded] | type[Robust]] = {
    "keyed": Keyed,
    "padded": Padded,
    "robust": Robust,
}

_loading = threading.Lock()  # so that two threads do not load the same model twice


def load_flow(name: str = "padded", device: str = DEFAULT_DEVICE) -> Flow:
    """The model of this name, loaded on first use and cached.

    Args:
        name: as listed by `proface models`.
        device: one of `inference.engine.DEVICES`.

    Raises:
        ModelError: there is no such model, or its files are missing or altered.
        UsageError, MissingExtraError: the device is unknown or not available.
    """
    with _loading:
        return _load(name, device)


def make_flow(card: Card, device: str = DEFAULT_DEVICE) -> Flow:
    """Load the model of a card, uncached; raises as `load_flow`."""
    return FLOWS[card.kind](card, device)


class ModelStore:
    """All models on one device, loaded on first use.

    Args:
        device: see `load_flow`.

    Raises:
        UsageError, MissingExtraError: as `load_flow`.
    """

    def __init__(self, device: str = DEFAULT_DEVICE) -> None:
        check_device(device)
        self.device = device

    def load(self, name: str) -> Flow:
        """The model of this name; see `load_flow`."""
        return load_flow(name, self.device)

    def find(self, name: str, digest: str, mode: str) -> Flow:
        """The model that a file was made with: by its name, or else by its digest and mode.

        Raises:
            ModelError: it is not installed; the message says which one to import.
        """
        same_name = find_model(name) if name in model_names() else None
        if same_name is not None and same_name.digest == digest:
            return self.load(name)
        for card in list_models():  # imported under another name
            if (card.digest, card.mode) == (digest, mode):
                return self.load(card.name)
        if same_name is None:
            raise ModelError(
                f"The file was made with the model {name!r} ({digest[:12]}), which is not "
                f"installed. Import it with `proface models import FILE --name {name}`."
            )
        remedy = "Import the one that made it, under another name: proface models import FILE"
        if same_name.is_shipped:
            remedy = "Install the version of proface that made it"
        raise ModelError(
            f"The file was made with another model {name!r} ({digest[:12]}) than the one installed "
            f"({same_name.digest[:12]}). {remedy}."
        )


@lru_cache(maxsize=4)
def _load(name: str, device: str) -> Flow:
    return make_flow(find_model(name), device)
