"""`models`: list the models, import flows and published weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from proface.cli import options
from proface.cli.output import say, say_facts, say_json
from proface.errors import UsageError

models = typer.Typer(invoke_without_command=True)


@models.callback()
def listed(context: typer.Context, json: options.JsonLines = False) -> None:
    """List the models and their figures; import more."""
    if context.invoked_subcommand is None:
        _list(json)


@models.command("import")
def imported(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A checkpoint saved by torch, safetensors, or a model's card."
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help="Import a flow under this name, for `--model`."
        ),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            help="What the flow shows for a wrong key: random (the default) or obfuscated.",
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NETWORK",
            help="Import a look's network: simswap, simswap-identity, faceshifter, or "
            "faceshifter-identity.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an import of the same name.")
    ] = False,
) -> None:
    """Check and import a flow, or the weights of a face swap.

    FILE has the weights of the published flow (--name), is the card of a model made by
    `proface train`, which has a name already, or has the weights of a look (--as). Only tensors
    are read: code in it never runs. Imports are stored in the folder given by PROFACE_MODELS, or
    in ~/.local/share/proface/models. Checkpoints of flows need the extra `train`, those of looks
    the extra `swap`.
    """
    if network is not None:
        if name is not None or mode is not None:
            raise UsageError("Give --as for a look, or --name and --mode for a flow, not both.")
        from proface.looks.swaps.import_weights import import_checkpoint

        say(f"{file} -> {import_checkpoint(file, network, overwrite=overwrite)}")
        return
    if name is None and file.suffix.lower() != ".json":
        raise UsageError(
            f"{file}: give --name NAME to import a flow, or --as NETWORK to import a look."
        )
    from proface.models.importer import import_model

    card = import_model(file, name, mode, overwrite=overwrite)
    say(f"{file} -> {card.folder / card.name}.json: now --model {card.name}")


def _list(json: bool) -> None:
    """List the models with their data and figures."""
    from proface.models.cards import list_models

    for number, card in enumerate(list_models()):
        if json:
            say_json({**card.facts, "digest": card.digest, "imported": not card.is_shipped})
            continue
        if number:
            say("")
        facts = card.facts
        rows: list[tuple[str, object]] = [(card.name, facts.get("flow", ""))]
        yields = {"random": "yields noise", "obfuscated": "yields the look"}
        rows += [("digest", card.digest), ("a wrong key", yields[card.mode])]
        if not card.is_shipped:
            rows.append(("imported", f"in {card.folder}"))
        rows += [("trained on", text) for text in facts.get("trained_on", ())]
        rows += [(name, _short(facts[name])) for name in ("parameters", "licence") if name in facts]
        measured = facts.get("measured", {}).get("figures", {})
        rows += [("measured", f"{n}: {_figures(row, card.mode)}") for n, row in measured.items()]
        say_facts(rows)
    if not json:
        _say_faces()
        _say_swaps()


def _say_faces() -> None:
    """List the networks for faces, and where they are."""
    from proface.errors import MissingExtraError, ModelError
    from proface.faces.model_files import KNOWN, model_file

    rows: list[tuple[str, object]] = []
    for name, known in KNOWN.items():
        try:
            where = str(model_file(name))
        except (MissingExtraError, ModelError) as error:
            where = f"MISSING: {error}"
        rows.append((name, f"{known.title}; {where}"))
    say("")
    say_facts(rows)


def _say_swaps() -> None:
    """List the imported networks of looks."""
    from proface.inference.user_folder import weights_file
    from proface.looks.swaps.import_weights import NETWORKS

    here = [name for name in NETWORKS if weights_file(name).exists()]
    if here:
        say("")
        say_facts([(name, f"{NETWORKS[name].title}, for a look; imported") for name in here])


def _figures(row: dict[str, Any], mode: str) -> str:
    names = {"protected": "protected", "recovered": "recovered", "wrong_key": "wrong key"}
    if mode == "obfuscated":
        names["wrong_key_to_look"] = "to the look"
    known = [(text, row.get(f"{name}_psnr")) for name, text in names.items()]
    return ", ".join(f"{text} {figure:.1f} dB" for text, figure in known if figure is not None)


def _short(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
