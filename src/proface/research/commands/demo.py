"""`demo`: protects and recovers one photo in every look."""

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
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Output folder.")
    ] = Path("proface-demo"),
    model: options.Model = "padded",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the files of an earlier demo.")
    ] = False,
) -> None:
    """Make contact sheets of the looks, and of a JPEG that is saved again, and recover all.

    The files are protected with a password that everybody knows: do not publish them. The sample
    photo needs the extra `demo`.
    """
    from proface.research.evaluation.demo_sheet import PASSWORD, Figures, demonstrate

    def show(figures: Figures) -> None:
        say(
            f"{figures.look}: protected {figures.protected:.1f} dB to the look, recovered "
            f"{figures.recovered:.1f} dB to the original, with a wrong key {figures.wrong:.1f} dB"
        )

    sheet, journey = demonstrate(photo, output, model, overwrite=overwrite, on_look=show)
    say(f"contact sheet: {sheet}")
    say(f"a JPEG saved again without its metadata, and recovered: {journey}")
    say(f'the files beside it open with the password "{PASSWORD}"')
