"""Models: cards, and files whose digests the cards vouch for.

Shipped ones lie in the package, imported ones in the user's folder (`folder.models_folder`): for
each a card NAME.json beside its files. A model cannot take the name of a shipped one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from proface.errors import ModelError
from proface.runtime.folder import models_folder

FOLDER = Path(str(files("proface"))) / "models"

# Kind -> the files that recovery depends on, in the order that the model's digest takes them. A
# keyed flow's networks are the same for every model, and fixed by docs/FORMAT.md.
RUNNING: dict[str, tuple[str, ...]] = {"padded": ("network", "codebook"), "keyed": ("weights",)}


@dataclass(frozen=True)
class Card:
    """What a model is, what it was trained on, and what it measured.

    Attributes:
        name: as `--model` takes it.
        kind: which flow it is: "padded" or "keyed".
        mode: what a wrong key yields: "random" or "obfuscated".
        digest: SHA-256 over the digests of the files that run; names the model in a header.
        facts: the whole card, as its JSON has it.
        folder: where its files are.
    """

    name: str
    kind: Literal["padded", "keyed"]
    mode: Literal["random", "obfuscated"]
    digest: str
    facts: dict[str, Any]
    folder: Path

    @property
    def is_shipped(self) -> bool:
        """Whether it comes with the package."""
        return self.folder == FOLDER

    def path(self, part: str) -> Path:
        """Where one of the model's files is.

        Raises:
            ModelError: the model has no such part.
        """
        entry = self.facts["files"].get(part)
        if entry is None:
            raise ModelError(f"The model {self.name!r} has no file of the part {part!r}.")
        return self.folder / str(entry["name"])

    def read(self, part: str) -> bytes:
        """The bytes of one of the model's files, checked against its digest.

        Raises:
            ModelError: the file is missing or is not the one that the card describes, or the model
                has no such part.
        """
        path = self.path(part)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: the model file is missing. {_remedy(path)}") from error
        if hashlib.sha256(data).hexdigest() != self.facts["files"][part]["sha256"]:
            raise ModelError(f"{path}: not the file that its card describes. {_remedy(path)}")
        return data


def digest_of(kind: str, file_digests: dict[str, str]) -> str:
    """The digest of a model of this kind, hex, from those of its files."""
    return hashlib.sha256(
        "".join(file_digests[part] for part in RUNNING[kind]).encode()
    ).hexdigest()


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        ModelError: it is not one, or cannot be read.
    """
    try:
        facts = json.loads(path.read_text("utf-8"))
        digests = {part: str(entry["sha256"]) for part, entry in facts["files"].items()}
        digest = digest_of(facts["kind"], digests)
        if facts["name"] != path.stem or facts["mode"] not in ("random", "obfuscated"):
            raise ValueError
        if any(Path(entry["name"]).name != entry["name"] for entry in facts["files"].values()):
            raise ValueError  # a file elsewhere
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: not a model card. {_remedy(path)}") from error
    return Card(facts["name"], facts["kind"], facts["mode"], digest, facts, path.parent)


def _remedy(path: Path) -> str:
    return "Reinstall proface." if path.parent == FOLDER else "Import the model again."


def _cards() -> dict[str, Path]:
    """Where the cards are, by name; shipped ones first, and before imported ones of their name."""
    imported = {path.stem: path for path in sorted(models_folder().glob("*.json"))}
    shipped = {path.stem: path for path in sorted(FOLDER.glob("*.json"))}
    return shipped | {name: path for name, path in imported.items() if name not in shipped}


def model_names() -> list[str]:
    """The names of all models at hand: the shipped ones, then the imported ones."""
    return list(_cards())


def list_models() -> list[Card]:
    """The cards of all models at hand: the shipped ones by name, then the imported ones.

    Raises:
        ModelError: a card cannot be read.
    """
    return [read_card(path) for path in _cards().values()]


def find_model(name: str) -> Card:
    """The card of the model of this name.

    Raises:
        ModelError: there is none; the message names those there are. Or it cannot be read.
    """
    cards = _cards()
    if name not in cards:
        raise ModelError(f"There is no model {name!r}. Choose one of: {', '.join(cards)}.")
    return read_card(cards[name])


def find_shipped(name: str) -> Card:
    """The card of a model that comes with the package.

    Raises:
        ModelError: it is missing or cannot be read.
    """
    return read_card(FOLDER / f"{name}.json")
