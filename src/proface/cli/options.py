"""Options shared by several commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proface.errors import UsageError

if TYPE_CHECKING:
    from proface.batch import Existing
    from proface.options import Options


ProtectedPhoto = Annotated[Path, typer.Argument(metavar="FILE", help="A protected photo or video.")]
Inputs = Annotated[
    list[Path], typer.Argument(metavar="INPUT", help="Photos and videos, or folders of them.")
]
InputsOrUrls = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Photos, videos, or folders of them; photos also on a store: s3://bucket/folder.",
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Where photos are protected: local, on this machine, or ray, on a cluster.",
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "-o",
        "--output",
        metavar="OUT",
        help="Output folder; for a single photo also a file. a folder mirrors the inputs.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="png, webp, tiff or jpeg. By default, a JPEG becomes a JPEG, and all else a PNG.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing outputs.")]
SkipExisting = Annotated[
    bool,
    typer.Option("--skip-existing", help="Skip existing outputs; resumes an interrupted run."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one line per file.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Print JSON, one line per entry.")]
OneJson = Annotated[bool, typer.Option("--json", help="Print JSON, one line.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.")]
Sidecar = Annotated[
    Path | None,
    typer.Option(
        "--sidecar",
        metavar="FILE",
        help="The header's file, if it is neither in the picture nor beside it.",
    ),
]

ProtectModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="A model of `proface models`. By default robust for JPEG, padded for all else.",
    ),
]
Model = Annotated[str, typer.Option("--model", metavar="NAME", help="A model of `proface models`.")]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="NAME",
        help="Device for the networks: cpu, openvino, openvino-bf16, cuda, rocm or directml.",
    ),
]

PasswordFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Read the password from a file; a newline at its end is removed."
    ),
]
PasswordEnv = Annotated[
    str | None, typer.Option(metavar="NAME", help="Read it from an environment variable.")
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
        help="Use a key file of `proface keys generate`, or of `keys export` for single faces.",
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
        "--skip", metavar="N", help="Leave face N of `proface faces` unprotected. Repeatable."
    ),
]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region", metavar="x,y,w,h", help="Add a region by hand, in pixels. Repeatable."
    ),
]
Keep = Annotated[
    list[Path] | None,
    typer.Option(
        "--keep", metavar="PHOTO", help="Leave the person in this photo unprotected. Repeatable."
    ),
]
Only = Annotated[
    list[Path] | None,
    typer.Option(
        "--only", metavar="PHOTO", help="Protect nobody but the person in this photo. Repeatable."
    ),
]
NoDetect = Annotated[
    bool, typer.Option("--no-detect", help="Do not detect faces; protect only --region.")
]
Threshold = Annotated[
    float,
    typer.Option(
        metavar="P", help="Minimum score of a face, above 0 and below 1; lower finds more."
    ),
]
Careful = Annotated[
    bool, typer.Option("--careful", help="Protect possible faces below the threshold too.")
]
Expand = Annotated[
    float,
    typer.Option(
        metavar="PART", help="How far a region extends beyond the face, as a fraction of it."
    ),
]


def detection(
    *,
    skip: list[int] | None,
    region: list[str] | None,
    no_detect: bool,
    threshold: float,
    careful: bool,
    expand: float,
) -> Options:
    """Build the options of detection.

    Raises:
        UsageError: a value is out of range.
    """
    from proface.faces import parse_region, regions_for
    from proface.options import Options

    if not 0 < threshold < 1:
        raise UsageError(
            f"--threshold {threshold}: give a number above 0 and below 1, such as 0.5."
        )
    regions_for([], (1, 1), expand=expand)
    if no_detect and not region:
        raise UsageError("--no-detect leaves nothing to protect: give --region x,y,w,h.")
    if no_detect and skip:
        raise UsageError("--skip needs detected faces: leave out --no-detect.")
    return Options(
        detect=not no_detect,
        threshold=threshold,
        careful=careful,
        expand=expand,
        skip=tuple(skip or ()),
        regions=tuple(parse_region(text) for text in region or ()),
    )


def existing(*, overwrite: bool, skip_existing: bool) -> Existing:
    """What to do with existing outputs."""
    if overwrite and skip_existing:
        raise UsageError("Give --overwrite or --skip-existing, not both.")
    return "overwrite" if overwrite else "skip" if skip_existing else "refuse"
