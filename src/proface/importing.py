"""Models that the user brings: checked, and kept in the user's folder for `--model`.

    a checkpoint of the published flow, saved by torch       (extra `train`)
    a safetensors file of the same entries
    the card NAME.json of a model, with its files beside it: as `proface train` leaves it, or of
    another machine's folder

Files are read as data only: no code in them runs.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from proface.errors import ModelError, OutputExistsError, UsageError
from proface.media import atomic_output
from proface.media.header_fields import NAME
from proface.obfuscators.swaps.checkpoints import NETWORKS
from proface.runtime.folder import models_folder
from proface.runtime.keyed import weight_shapes
from proface.runtime.models import FOLDER, Card, read_card

Arrays = dict[str, "np.ndarray[Any, Any]"]
Files = dict[str, tuple[str, bytes]]  # part -> the end of its file's name, and its content


def import_model(
    file: Path, name: str | None = None, mode: str | None = None, *, overwrite: bool = False
) -> Card:
    """Check a model and keep it.

    Args:
        file: a checkpoint, a safetensors file, or a card.
        name: what `--model` shall call it; a card has a name of its own.
        mode: what a wrong key yields by its training: "random" (the default) or "obfuscated"; a
            card says it itself.
        overwrite: replace a model that was imported under this name before.

    Returns:
        Its card.

    Raises:
        UsageError: no name, or one that cannot be had; a mode that there is not.
        ModelError: not such a file; the message names what is missing, too much, or wrong.
        MissingExtraError: a checkpoint, and torch is not installed.
        OutputExistsError, OutputError: there is such a model, or it cannot be written.
    """
    if mode not in (None, "random", "obfuscated"):
        raise UsageError(f"--mode {mode}: choose random or obfuscated.")
    if file.suffix.lower() == ".json":
        card = read_card(file)
        if mode is not None and mode != card.mode:
            raise UsageError(f"{file}: the card says that its mode is {card.mode}.")
        name = name or card.name
        facts: dict[str, Any] = {**card.facts, "name": name}
        # A keyed flow's networks are the package's own.
        parts = ("weights",) if card.kind == "keyed" else tuple(facts["files"])
        files = {part: (card.path(part).suffix, card.read(part)) for part in parts}
        if card.kind == "keyed":
            _check_keyed(_from_safetensors(files["weights"][1], file), file)
        _check_runs(card, file)
    else:
        if name is None:
            raise UsageError("Give the model a name: --name NAME.")
        facts = {
            "name": name,
            "kind": "keyed",
            "mode": mode or "random",
            "flow": f"the published keyed flow, 3 blocks; weights imported from {file.name}",
        }
        files = {"weights": (".safetensors", _keyed_weights(file))}
    _check_name(name)
    return _keep(facts, files, overwrite=overwrite)


def _check_name(name: str) -> None:
    shipped = {path.stem.casefold() for path in FOLDER.glob("*.json")}
    if not NAME.fullmatch(name):
        raise UsageError(
            f"--name {name}: 1 to 64 letters, digits and . _ : + , - are a name, the first a "
            "letter or a digit."
        )
    if name.casefold() in shipped | set(NETWORKS):
        raise UsageError(f"--name {name}: that is the name of a part of proface. Choose another.")


def _check_runs(card: Card, file: Path) -> None:
    """A card's files must load as what they are: found out now, not at a photo."""
    from proface.runtime.loading import make_flow

    try:
        make_flow(card)
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from None
    except Exception as error:  # whatever a foreign network makes the engine raise
        raise ModelError(f"{file}: its network cannot be run ({type(error).__name__}).") from error


def _keyed_weights(file: Path) -> bytes:
    """A keyed flow's weights, checked, as safetensors."""
    from safetensors.numpy import save

    found = _read(file)
    _check_keyed(found, file)
    return save({key: np.ascontiguousarray(found[key], np.float32) for key in weight_shapes()})


def _check_keyed(found: Arrays, file: Path) -> None:
    from proface.checkpoints import faults

    finite = {key: bool(np.isfinite(value).all()) for key, value in found.items()}
    if wrong := faults(found, weight_shapes(), finite):
        hint = ""
        if "colour" in found:
            hint = " These are of a padded flow, which is more than its weights: import its card."
        raise ModelError(
            f"{file}: not the weights of the published flow with 3 blocks. {wrong}.{hint}"
        )


def _read(file: Path) -> Arrays:
    """The numbers in a checkpoint or a safetensors file, by name."""
    try:
        with file.open("rb") as opened:
            start = opened.read(9)
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror}).") from None
    if start[8:] == b"{" or file.suffix == ".safetensors":  # the length of what follows, then JSON
        return _from_safetensors(file.read_bytes(), file)
    from proface.checkpoints import read_checkpoint, require_torch

    require_torch("Reading a checkpoint", "train")
    return {name: value.float().numpy() for name, value in read_checkpoint(file).items()}


def _from_safetensors(data: bytes, file: Path) -> Arrays:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(data))
    except (SafetensorError, TypeError, KeyError, ValueError):
        raise ModelError(f"{file}: damaged, or not in safetensors' form.") from None


def _keep(facts: dict[str, Any], files: Files, *, overwrite: bool) -> Card:
    """Write the files, then the card that vouches for them."""
    from proface.media.output import output_error

    name, folder = facts["name"], models_folder()
    path = folder / f"{name}.json"
    if path.exists() and not overwrite:
        raise OutputExistsError(
            f"{path}: a model {name!r} was imported before. Use --overwrite, or another --name; "
            "files that it made need it to be recovered."
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
