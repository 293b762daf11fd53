"""The options that several commands share, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proface.errors import UsageError

if TYPE_CHECKING:
    from proface.batch import Existing
    from proface.settings import Settings


Inputs = Annotated[
    list[Path], typer.Argument(metavar="INPUT", help="Photos, or folders of photos.")
]
Output = Annotated[
    str,
    typer.Option(
        "-o",
        "--output",
        metavar="OUT",
        help="A folder; for a single photo also a file name. a.jpg becomes a.png.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="FORMAT", help="png (the default), webp or tiff."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace outputs that exist.")]
SkipExisting = Annotated[
    bool,
    typer.Option("--skip-existing", help="Leave outputs that exist; completes an interrupted run."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one line for each file.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.")]
Sidecar = Annotated[
    Path | None,
    typer.Option(
        "--sidecar",
        metavar="FILE",
        help="The header's file, where it is neither in the picture nor beside it.",
    ),
]

Model = Annotated[
    str, typer.Option("--model", metavar="NAME", help="As `proface models` lists them.")
]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="NAME",
        help="What networks run on: cpu, openvino, openvino-bf16, cuda, rocm or directml.",
    ),
]

PasswordFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Read the password from a file, less one newline at its end."
    ),
]
PasswordEnv = Annotated[
    str | None, typer.Option(metavar="NAME", help="Take it from an environment variable.")
]
PasswordFd = Annotated[
    int | None, typer.Option(metavar="N", help="Read it from an open file descriptor; 0 is stdin.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Use a key file of `proface keys generate` instead."),
]
AnyKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        help="Use a key file of `proface keys generate`, or of `keys export` for its faces alone.",
    ),
]
AlsoPasswordFile = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE", help="Let the password in this file open the result too. Repeatable."
    ),
]
AlsoKeyFile = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Let this key file open the result too. Repeatable."),
]

Skip = Annotated[
    list[int] | None,
    typer.Option(
        "--skip", metavar="N", help="Leave out face N as `proface faces` numbers it. Repeatable."
    ),
]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region", metavar="x,y,w,h", help="Add a region by hand, in pixels. Repeatable."
    ),
]
NoDetect = Annotated[
    bool, typer.Option("--no-detect", help="Search for no faces: regions by hand only.")
]
Threshold = Annotated[
    float, typer.Option(metavar="P", help="Least score of a face, 0 to 1; lower finds more.")
]
Expand = Annotated[
    float, typer.Option(metavar="PART", help="How far a region reaches beyond the face's box.")
]


def detection(
    *,
    skip: list[int] | None,
    region: list[str] | None,
    no_detect: bool,
    threshold: float,
    expand: float,
) -> Settings:
    """Settings that say which faces are meant.

    Raises:
        UsageError: a value out of range, before any file is read.
    """
    from proface.faces import parse_region, regions_for
    from proface.settings import Settings

    if not 0 < threshold < 1:
        raise UsageError(f"--threshold {threshold}: give a number between 0 and 1, such as 0.6.")
    regions_for([], (1, 1), expand=expand)
    if no_detect and not region:
        raise UsageError("--no-detect leaves nothing to protect: give --region x,y,w,h.")
    if no_detect and skip:
        raise UsageError("--skip goes with detected faces, not with --no-detect.")
    return Settings(
        detect=not no_detect,
        threshold=threshold,
        expand=expand,
        skip=tuple(skip or ()),
        regions=tuple(parse_region(text) for text in region or ()),
    )


def existing(*, overwrite: bool, skip_existing: bool) -> Existing:
    """What to do with outputs that are there already."""
    if overwrite and skip_existing:
        raise UsageError("Give one of --overwrite and --skip-existing.")
    return "overwrite" if overwrite else "skip" if skip_existing else "refuse"
