"""`models`: lists the models, and imports flows and published weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proface.cli import listing
from proface.cli.output import say
from proface.errors import UsageError

models = typer.Typer(invoke_without_command=True)


@models.callback()
def listed(context: typer.Context, json: listing.AsJson = False) -> None:
    """List the models and their figures; import further ones."""
    if context.invoked_subcommand is None:
        listing.models(json)


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
        typer.Option("--name", metavar="NAME", help="A flow: what `--model` shall call it."),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            help="What the flow was trained to show a wrong key: random, the default, or "
            "obfuscated.",
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NETWORK",
            help="A look's network: simswap, simswap-identity, faceshifter, or "
            "faceshifter-identity.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what was imported under this name.")
    ] = False,
) -> None:
    """Check a flow, or the weights of a face swap, and keep them.

    FILE holds the weights of the published flow (--name), or is the card of a model that
    `proface train` made, which has a name already; or it holds weights of a look (--as). It is
    read as tensors only: no code in it runs. What is imported is kept in the folder that
    PROFACE_MODELS names, or in ~/.local/share/proface/models. Checkpoints of flows need the extra
    `train`, those of looks the extra `swap`.
    """
    if network is not None:
        if name is not None or mode is not None:
            raise UsageError("Give --as for a look, or --name and --mode for a flow: not both.")
        from proface.obfuscators.swaps.checkpoints import import_checkpoint

        say(f"{file} -> {import_checkpoint(file, network, overwrite=overwrite)}")
        return
    if name is None and file.suffix.lower() != ".json":
        raise UsageError("What is it? Give --name NAME for a flow, or --as NETWORK for a look.")
    from proface.importing import import_model

    card = import_model(file, name, mode, overwrite=overwrite)
    say(f"{file} -> {card.folder / card.name}.json: now --model {card.name}")
