"""`data`: prepares training and test sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proface.cli import options
from proface.cli.output import say
from proface.errors import ImageError, UsageError

if TYPE_CHECKING:
    from proface.research.training.dataset_layouts import Item

data = typer.Typer(help="Crop faces; lists of pairs and triplets.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A dataset with identities.")]
Layout = Annotated[str, typer.Option(metavar="NAME", help="auto, people, lfw or celeba.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Random seed.")]
ListFile = Annotated[
    Path, typer.Option("-o", "--output", metavar="FILE", help="The list to write.")
]
Replace = Annotated[bool, typer.Option("--overwrite", help="Replace the list if it exists.")]


@data.command("crop")
def crop(
    inputs: options.Inputs,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", help="A folder for the crops.")
    ],
    size: Annotated[int, typer.Option(metavar="N", help="Side of the crops.")] = 256,
    around: Annotated[
        float, typer.Option(metavar="PART", help="Margin around the aligned face.")
    ] = 0.35,
    no_align: Annotated[
        bool, typer.Option("--no-align", help="Do not rotate faces upright.")
    ] = False,
    threshold: options.Threshold = 0.6,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Crop the largest face of every photo, upright and of one size, as PNG.

    The folder structure is kept. Existing crops are skipped: the same command resumes an
    interrupted run. Unreadable files and photos without a face are reported.
    """
    from proface.batch import Job, Outcome, Target, make_plan
    from proface.cli.run_batch import run
    from proface.research.training.cropping import Cropping

    if not 16 <= size <= 4096:
        raise UsageError(f"--size {size}: give 16 to 4096.")
    if not 0 <= around <= 2:
        raise UsageError(f"--around {around}: give 0 to 2.")
    if not 0 < threshold < 1:
        raise UsageError(f"--threshold {threshold}: give a number between 0 and 1, such as 0.6.")
    plan = make_plan(inputs, Target(output, is_file=False, suffix=".png"))
    if not plan.total:
        raise UsageError(f"{inputs[0]}: no photos there. Name another folder.")
    work = Cropping(size, not no_align, around, threshold, "overwrite" if overwrite else "skip")
    found = []

    def crop_one(job: Job) -> Outcome:
        outcome = work(job)
        found.append(outcome.status != "no faces")
        return outcome

    try:
        run(plan, lambda: crop_one, json=json, quiet=quiet)
    except typer.Exit as end:
        if end.exit_code == 0 and not any(found):
            raise ImageError(
                f"{inputs[0]}: no face in any of {plan.total} photos. Lower --threshold, or look "
                "at what they show."
            ) from None
        raise


@data.command("pairs")
def pairs(
    folder: Folder,
    output: ListFile,
    folds: Annotated[int, typer.Option(metavar="N", help="Number of folds.")] = 10,
    each: Annotated[
        int | None,
        typer.Option(
            "--pairs",
            metavar="N",
            help="Matched pairs of a fold, and as many mismatched; as many as fit, up to 300.",
        ),
    ] = None,
    layout: Layout = "auto",
    seed: Seed = 0,
    overwrite: Replace = False,
) -> None:
    """List verification pairs, matched and mismatched, in LFW's format.

    No identity is in two folds. The same seed gives the same list.
    """
    from proface.research.training.pair_lists import pairs as draw

    if folds < 1:
        raise UsageError(f"--folds {folds}: give 1 or more.")
    text, count = draw(_items(folder, layout), folds, each, seed)
    _write(output, text, overwrite)
    say(f"{output}: {folds} folds, {count} matched and {count} mismatched pairs in each")


@data.command("triplets")
def triplets(
    folder: Folder,
    output: ListFile,
    count: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Number of triplets; default: one for each image that has a match."
        ),
    ] = None,
    layout: Layout = "auto",
    seed: Seed = 0,
    overwrite: Replace = False,
) -> None:
    """List identity triplets: anchor, positive, negative, a tab between them."""
    from proface.research.training.pair_lists import triplets as draw

    if count is not None and count < 1:
        raise UsageError(f"--count {count}: give 1 or more.")
    text, made = draw(_items(folder, layout), folder, count, seed)
    _write(output, text, overwrite)
    say(f"{output}: {made} triplets")


def _items(folder: Path, layout: str) -> list[Item]:
    from proface.research.training.dataset_layouts import read_items
    from proface.research.training.settings import CHOICES

    if layout not in CHOICES["layout"]:
        raise UsageError(f"--layout {layout}: choose {', '.join(CHOICES['layout'])}.")
    return read_items([folder], layout)


def _write(path: Path, text: str, overwrite: bool) -> None:
    from proface.media.atomic_output import atomic_output

    with atomic_output(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, "utf-8")
