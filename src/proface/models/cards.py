"""Model cards: metadata of a model, and the SHA-256 of its files.

Shipped models are in the package, imported ones in the user's folder (`user_folder.models_folder`):
a card NAME.json beside the model's files. Shipped names cannot be reused.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from proface.errors import ModelError
from proface.inference.user_folder import models_folder
from proface.models.npz_limits import check_npz

FOLDER = Path(str(files("proface.models"))) / "shipped"

# Kind -> the files that recovery depends on, in the order in which they enter the model's digest. A
# keyed flow's networks are the same for every model, and specified in docs/FORMAT.md.
DIGESTED: dict[str, tuple[str, ...]] = {
    "padded": ("network", "codebook"),
    "keyed": ("weights",),
    "robust": ("tables",),
}


@dataclass(frozen=True)
class Card:
    """Metadata of a model: identity, files, training data, measurements.

    Attributes:
        name: the value of option `model`.
        kind: its flow, "padded", "robust" or "keyed".
        mode: what a wrong key yields, "random" or "obfuscated".
        digest: SHA-256 over the digests of the files in `DIGESTED`; identifies it in a header.
        facts: the card's JSON.
        folder: the folder of its files.
    """

    name: str
    kind: Literal["padded", "robust", "keyed"]
    mode: Literal["random", "obfuscated"]
    digest: str
    facts: dict[str, Any]
    folder: Path

    @property
    def is_shipped(self) -> bool:
        """Whether it is part of the package."""
        return self.folder == FOLDER

    @property
    def files(self) -> frozenset[str]:
        """The parts of which it has files: "network", "codebook"."""
        return frozenset(self.facts["files"])

    def path(self, part: str) -> Path:
        """The path of one of the model's files.

        Raises:
            ModelError: the model has no such part.
        """
        entry = self.facts["files"].get(part)
        if entry is None:
            raise ModelError(f"The model {self.name!r} has no file {part!r}.")
        return self.folder / str(entry["name"])

    def read(self, part: str) -> bytes:
        """The bytes of one of the model's files, verified by its SHA-256.

        Raises:
            ModelError: the file is missing or differs from the card's digest, the model has no such
                part, or an archive declares more than models have.
        """
        path = self.path(part)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: the model file is missing. {_remedy(path)}") from error
        if hashlib.sha256(data).hexdigest() != self.facts["files"][part]["sha256"]:
            raise ModelError(f"{path}: differs from its card's SHA-256. {_remedy(path)}")
        if path.suffix == ".npz":
            check_npz(data, path)
        return data


def digest_of(kind: str, file_digests: dict[str, str]) -> str:
    """The digest of a model of this kind, hex, from the digests of its files."""
    return hashlib.sha256(
        "".join(file_digests[part] for part in DIGESTED[kind]).encode()
    ).hexdigest()


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        ModelError: it is invalid or cannot be read.
    """
    try:
        facts = json.loads(path.read_text("utf-8"))
        digests = {part: str(entry["sha256"]) for part, entry in facts["files"].items()}
        digest = digest_of(facts["kind"], digests)
        if facts["name"] != path.stem or facts["mode"] not in ("random", "obfuscated"):
            raise ValueError
        if any(Path(entry["name"]).name != entry["name"] for entry in facts["files"].values()):
            raise ValueError  # a path outside the card's folder
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: not a model card. {_remedy(path)}") from error
    return Card(facts["name"], facts["kind"], facts["mode"], digest, facts, path.parent)


def _remedy(path: Path) -> str:
    return "Reinstall proface." if path.parent == FOLDER else "Import the model again."


def _card_paths() -> dict[str, Path]:
    """Paths of all cards by name, shipped ones first; these take precedence."""
    imported = {path.stem: path for path in sorted(models_folder().glob("*.json"))}
    shipped = {path.stem: path for path in sorted(FOLDER.glob("*.json"))}
    return shipped | {name: path for name, path in imported.items() if name not in shipped}


def model_names() -> list[str]:
    """The names of all models: the shipped ones, then the imported ones."""
    return list(_card_paths())


def list_models() -> list[Card]:
    """The cards of all models: the shipped ones by name, then the imported ones.

    Raises:
        ModelError: a card cannot be read.
    """
    return [read_card(path) for path in _card_paths().values()]


def find_model(name: str) -> Card:
    """The card of the model of this name.

    Raises:
        ModelError: there is none (the message lists the names), or it cannot be read.
    """
    cards = _card_paths()
    if name not in cards:
        raise ModelError(f"There is no model {name!r}. Choose one of: {', '.join(cards)}.")
    return read_card(cards[name])


def find_shipped(name: str) -> Card:
    """The card of a model that comes with the package.

    Raises:
        ModelError: it is missing or cannot be read.
    """
    return read_card(FOLDER / f"{name}.json")
