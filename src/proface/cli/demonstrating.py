"""`demo`: what proface does, on one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proface.cli import options
from proface.cli.output import say


def demo(
    photo: Annotated[
        Path | None,
        typer.Argument(metavar="[PHOTO]", help="A photo with faces; a sample if none is given."),
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where the files go.")
    ] = Path("proface-demo"),
    model: options.Model = "padded",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the files of an earlier demo.")
    ] = False,
) -> None:
    """Show every look, recovered and not, on one sheet.

    The files are protected with a password that everybody knows: do not publish them. The sample
    photo needs the extra `demo`.
    """
    from proface.evaluation.demonstration import PASSWORD, Figures, demonstrate

    def tell(figures: Figures) -> None:
        say(
            f"{figures.look}: protected {figures.protected:.1f} dB to the look, recovered "
            f"{figures.recovered:.1f} dB to the original, with a wrong key {figures.wrong:.1f} dB"
        )

    sheet = demonstrate(photo, output, model, overwrite=overwrite, tell=tell)
    say(f"contact sheet: {sheet}")
    say(f'the files beside it open with the password "{PASSWORD}"')
