"""The models that the package ships: cards, and files whose digests the cards vouch for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from proface.errors import ModelError

FOLDER = Path(str(files("proface"))) / "models"

# The files that recovery depends on, in the order that the model's digest takes them.
RUNNING = ("network", "codebook")


@dataclass(frozen=True)
class Card:
    """What a model is, what it was trained on, and what it measured.

    Attributes:
        name: as `--model` takes it.
        mode: what a wrong key yields: "random" or "obfuscated".
        digest: SHA-256 over the digests of the files that run; names the model in a header.
        facts: the whole card, as its JSON has it.
    """

    name: str
    mode: Literal["random", "obfuscated"]
    digest: str
    facts: dict[str, Any]
    folder: Path

    def read(self, part: str) -> bytes:
        """The bytes of one of the model's files, checked against its digest.

        Raises:
            ModelError: the file is missing or is not the one that the card describes, or the model
                has no such part.
        """
        if part not in self.facts["files"]:
            raise ModelError(
                f"The model {self.name!r} is for comparison only and protects no photos. "
                "Use another one of `proface models`."
            )
        entry: dict[str, str] = self.facts["files"][part]
        path: Path = self.folder / entry["name"]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: the model file is missing. Reinstall proface.") from error
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise ModelError(f"{path}: not the file that its card describes. Reinstall proface.")
        return data


def digest_of(file_digests: dict[str, str]) -> str:
    """The model's digest from those of its running files, or of its weights alone, hex."""
    parts = RUNNING if RUNNING[0] in file_digests else ("weights",)
    return hashlib.sha256("".join(file_digests[part] for part in parts).encode()).hexdigest()


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        ModelError: it is not one.
    """
    try:
        facts = json.loads(path.read_text("utf-8"))
        digest = digest_of({part: entry["sha256"] for part, entry in facts["files"].items()})
        return Card(facts["name"], facts["mode"], digest, facts, path.parent)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: not a model card. Reinstall proface.") from error


def list_models() -> list[Card]:
    """The cards of all models at hand, by name."""
    return [read_card(path) for path in sorted(FOLDER.glob("*.json"))]


def find_model(name: str) -> Card:
    """The card of the model of this name.

    Raises:
        ModelError: there is none; the message names those there are.
    """
    cards = list_models()
    for card in cards:
        if card.name == name:
            return card
    known = ", ".join(card.name for card in cards)
    raise ModelError(f"There is no model {name!r}. Choose one of: {known}.")
