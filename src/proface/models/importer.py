"""Imports the user's models: checks them, and copies them to the user's folder.

    a checkpoint of the published flow, saved by torch       (extra `train`)
    a safetensors file of the same entries
    the card NAME.json of a model with its files beside it, as `proface train` writes it

Files are read as data only: no code in them is executed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from proface.errors import ModelError, OutputExistsError, UsageError
from proface.inference.engine import DEFAULT_DEVICE
from proface.inference.user_folder import SWAP_NETWORKS, models_folder
from proface.media.atomic_output import atomic_output, output_error
from proface.models.cards import FOLDER, Card, read_card
from proface.models.checkpoints import (
    read_checkpoint,
    read_safetensors,
    require_torch,
    state_errors,
)
from proface.models.keyed import weight_shapes
from proface.types import PLAIN_NAME

Arrays = dict[str, "np.ndarray[Any, Any]"]
Files = dict[str, tuple[str, bytes]]  # part -> file name suffix and content


def import_model(
    file: Path, name: str | None = None, mode: str | None = None, *, overwrite: bool = False
) -> Card:
    """Check a model and copy it to the user's folder.

    Args:
        file: a checkpoint, a safetensors file, or a card.
        name: its name for option `model`; by default a card's own.
        mode: what a wrong key yields, "random" (the default) or "obfuscated"; a card's own.
        overwrite: replace a model that was imported under this name before.

    Returns:
        Its card.

    Raises:
        UsageError: no name, a reserved or invalid one, or an unknown mode.
        ModelError: an invalid file; the message says what is missing, unexpected, or wrong.
        MissingExtraError: a checkpoint, and torch is not installed.
        OutputExistsError, OutputError: the name is taken, or a file cannot be written.
    """
    if mode not in (None, "random", "obfuscated"):
        raise UsageError(f"option `mode` {mode}: choose random or obfuscated.")
    if file.suffix.lower() == ".json":
        card = read_card(file)
        if mode is not None and mode != card.mode:
            raise UsageError(f"option `mode` {mode}: the mode of {file} is {card.mode}.")
        name = name or card.name
        facts: dict[str, Any] = {**card.facts, "name": name}
        # A keyed flow's networks are part of the package.
        parts = ("weights",) if card.kind == "keyed" else tuple(facts["files"])
        files = {part: (card.path(part).suffix, card.read(part)) for part in parts}
        if card.kind == "keyed":
            _check_keyed(read_safetensors(files["weights"][1], file), file)
        _check_runs(card, file)
    else:
        if name is None:
            raise UsageError("Give the model a name: option `name`.")
        facts = {
            "name": name,
            "kind": "keyed",
            "mode": mode or "random",
            "flow": f"the published keyed flow, 3 blocks; weights imported from {file.name}",
        }
        files = {"weights": (".safetensors", _keyed_weights(file))}
    _check_name(name)
    return _store(facts, files, overwrite=overwrite)


def _check_name(name: str) -> None:
    shipped = {path.stem.casefold() for path in FOLDER.glob("*.json")}
    if not PLAIN_NAME.fullmatch(name):
        raise UsageError(
            f"option `name` {name}: give 1 to 64 letters, digits and . _ : + , - that begin with a "
            "letter or a digit."
        )
    if name.casefold() in shipped | set(SWAP_NETWORKS):
        raise UsageError(f"option `name` {name}: reserved for a part of proface. Choose another.")


def _check_runs(card: Card, file: Path) -> None:
    """Load a card's model, so that invalid files are reported now and not at the first photo."""
    from proface.models.store import make_flow

    try:
        for device in (DEFAULT_DEVICE, "cpu-float32"):  # they may run different files
            make_flow(card, device)
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from None
    except Exception as error:  # engines raise various exceptions on invalid networks
        raise ModelError(f"{file}: its network cannot be run ({type(error).__name__}).") from error


def _keyed_weights(file: Path) -> bytes:
    """The checked weights of a keyed flow as a safetensors file."""
    from safetensors.numpy import save

    found = _read(file)
    _check_keyed(found, file)
    return save({key: np.ascontiguousarray(found[key], np.float32) for key in weight_shapes()})


def _check_keyed(found: Arrays, file: Path) -> None:
    finite = {key: bool(np.isfinite(value).all()) for key, value in found.items()}
    if wrong := state_errors(found, weight_shapes(), finite):
        hint = ""
        if "colour" in found:
            hint = (
                " These are weights of a padded flow, which needs more than that: import its card."
            )
        raise ModelError(
            f"{file}: not the weights of the published flow with 3 blocks. {wrong}.{hint}"
        )


def _read(file: Path) -> Arrays:
    """The arrays of a checkpoint or a safetensors file, by name."""
    try:
        with file.open("rb") as opened:
            start = opened.read(9)
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror}).") from None
    if start[8:] == b"{" or file.suffix == ".safetensors":  # header length, then JSON
        return read_safetensors(file.read_bytes(), file)
    require_torch("Reading a checkpoint", "train")
    return {name: value.float().numpy() for name, value in read_checkpoint(file).items()}


def _store(facts: dict[str, Any], files: Files, *, overwrite: bool) -> Card:
    """Write the files, then the card with their digests."""
    name, folder = facts["name"], models_folder()
    path = folder / f"{name}.json"
    if path.exists() and not overwrite:
        raise OutputExistsError(
            f"{path}: a model {name!r} was imported before. Use option `overwrite` or another "
            "`name`; recovering files made with a model needs that model."
        )
    entries = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    for part, (ending, data) in files.items():
        entries[part] = {
            "name": f"{name}.{part}{ending}",
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        with atomic_output(folder / entries[part]["name"], overwrite=True) as temporary:
            temporary.write_bytes(data)
    text = json.dumps(facts | {"files": entries}, indent=2, ensure_ascii=False) + "\n"
    with atomic_output(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, "utf-8")
    return read_card(path)
