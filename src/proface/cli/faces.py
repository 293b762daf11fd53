"""`faces`: show the detected faces and the regions that would be hidden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proface.cli import options
from proface.cli.output import complain, say, say_json, say_table
from proface.cli.pipes import photo_from_pipe
from proface.cli.videos import faces_of_clip

if TYPE_CHECKING:
    from proface.types import Box, Face


def faces(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="A photo or video.")],
    draw: Annotated[
        Path | None,
        typer.Option(
            "--draw",
            metavar="OUT",
            help="Draw faces and regions into a copy of the photo; of a video, a contact sheet.",
        ),
    ] = None,
    skip: options.Skip = None,
    region: options.Regions = None,
    no_detect: options.NoDetect = False,
    threshold: options.Threshold = 0.5,
    careful: options.Careful = False,
    expand: options.Expand = 0.35,
    keep: options.Keep = None,
    only: options.Only = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    json: options.OneJson = False,
) -> None:
    """Show the detected faces and the regions that would be hidden.

    Option --skip of `proface protect` takes these face numbers; regions are drawn as R1, R2.
    Possible faces below the threshold, which are not hidden, are dashed.
    """
    chosen = options.detection(
        skip=skip,
        region=region,
        no_detect=no_detect,
        threshold=threshold,
        careful=careful,
        expand=expand,
    )
    from proface.batch.plan import check_name
    from proface.faces import missing_detector
    from proface.files.access import errors_name
    from proface.media.photo import read_photo
    from proface.media.video.formats import is_video
    from proface.pipeline.regions import describe_faces, describe_regions, find_regions

    if draw is not None:
        check_name(draw)
    chosen = replace(chosen, keep=_names(keep), only=_names(only))
    if is_video(photo):
        faces_of_clip(photo, chosen, draw, overwrite=overwrite, json=json)
        return
    if chosen.detect and (missing := missing_detector()):
        complain(missing)
    with photo_from_pipe(photo) as file:
        picture = read_photo(file)
        with errors_name(picture.source):
            found, possible, regions = find_regions(picture.pixels, chosen)
        if draw is not None:
            _draw(file, draw, (found, possible, regions), overwrite=overwrite)
        if json:
            record = {
                "file": str(file),
                "faces": describe_faces(found, regions),
                "regions": describe_regions(regions),
            }
            say_json({**record, "possible": [_scored(face) for face in possible]})
            return
        if not found:
            say(f"{file}: {'detection is off' if no_detect else 'no face found'}")
        else:
            columns = ("face", "x", "y", "w", "h", "score", "region")
            rows = [list(record.values()) for record in describe_faces(found, regions)]
            say_table(columns, [["-" if cell is None else cell for cell in row] for row in rows])
        if regions:
            boxes = describe_regions(regions)
            say_table(("region", "x", "y", "w", "h"), [list(box.values()) for box in boxes])
        if possible:
            rows = [list(_scored(face).values()) for face in possible]
            say_table(("possible", "x", "y", "w", "h", "score"), [["?", *row] for row in rows])
            say("possible faces are not hidden: give --careful, a lower --threshold, or --region")
        if draw is not None:
            say(f"drawn: {draw}")


def _names(photos: list[Path] | None) -> tuple[str, ...]:
    return tuple(map(str, photos or ()))


def _draw(
    photo: Path,
    target: Path,
    shown: tuple[tuple[Face, ...], tuple[Face, ...], list[Box]],
    *,
    overwrite: bool,
) -> None:
    from proface.batch.jobs import make_folder
    from proface.container.storage import write_photo
    from proface.errors import OutputError
    from proface.faces import draw
    from proface.media.atomic_output import atomic_output, same_file
    from proface.media.metadata import Metadata
    from proface.media.photo import read_photo

    if same_file(photo, target):
        raise OutputError(f"{target}: is the photo itself. Choose another name.")
    picture = read_photo(photo)
    found, possible, regions = shown
    picture.pixels = draw(picture.pixels, found, regions, possible)
    picture.mode, picture.metadata = "RGB", Metadata()
    make_folder(target)
    with atomic_output(target, overwrite=overwrite) as temporary:
        write_photo(picture, temporary)


def _scored(face: Face) -> dict[str, Any]:
    return {**vars(face.box), "score": round(face.score, 3)}
