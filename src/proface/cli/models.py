"""`models`: lists the models, and imports published weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proface.cli import listing
from proface.cli.output import say

models = typer.Typer(invoke_without_command=True)


@models.callback()
def listed(context: typer.Context, json: listing.AsJson = False) -> None:
    """List the models and their figures; import weights."""
    if context.invoked_subcommand is None:
        listing.models(json)


@models.command("import")
def imported(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A checkpoint saved by torch.")],
    name: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="NETWORK",
            help="simswap, simswap-identity, faceshifter, or faceshifter-identity.",
        ),
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace weights imported before.")
    ] = False,
) -> None:
    """Check the weights of a face swap, and keep them.

    The file is read as tensors only: no code in it runs. They are kept in the folder that
    PROFACE_MODELS names, or in ~/.local/share/proface/models. Needs the extra `swap`.
    """
    from proface.obfuscators.swaps.checkpoints import import_checkpoint

    say(f"{file} -> {import_checkpoint(file, name, overwrite=overwrite)}")
