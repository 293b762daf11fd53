"""Choose the regions of a picture to hide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from proface.errors import UsageError
from proface.faces import POSSIBLE, Grid, detect, regions_for
from proface.faces.regions import clipped
from proface.options import Options
from proface.pipeline.people import left_out, load_people
from proface.types import Box, Face, Pixels


class Found(NamedTuple):
    """What was found in a picture, and what is hidden of it.

    Attributes:
        faces: numbered from 1, as in option `skip`.
        possible: faces below the threshold that nothing hides; with option `careful` they are
            among `faces`.
        regions: to hide.
    """

    faces: tuple[Face, ...]
    possible: tuple[Face, ...]
    regions: list[Box]


def find_regions(
    pixels: Pixels, options: Options, taken: Sequence[Box] = (), grid: Grid | None = None
) -> Found:
    """Detect faces and choose the regions to hide.

    Args:
        pixels: H x W x 3.
        options: which faces to hide.
        taken: regions that are protected already.
        grid: where the edges of regions must lie.

    Raises:
        UsageError: a face to skip does not exist; a given region is outside or taken.
    """
    least = min(options.threshold, POSSIBLE)
    found = detect(pixels, threshold=least) if options.detect else []
    threshold = least if options.careful else options.threshold
    faces = tuple(face for face in found if face.score >= threshold)
    if options.keep or options.only:
        people = load_people(options.keep, options.only)
        options = replace(options, skip=(*options.skip, *left_out(pixels, faces, people)))
    size = pixels.shape[1], pixels.shape[0]
    regions = choose_regions(size, faces, options, taken, grid)
    hidden = [*regions, *taken]
    possible = tuple(
        face
        for face in found
        if face.score < threshold and not any(box.union(face.box) == box for box in hidden)
    )
    return Found(faces, possible, regions)


def marked(faces: Sequence[Face], options: Options, size: tuple[int, int]) -> list[Face]:
    """What the look of a region must cover: faces, and what was marked by hand.

    A skipped face counts where a region lies over it. Boxes given by hand become faces without
    landmarks, clipped to the picture.

    Args:
        faces: all that were detected.
        options: what was marked.
        size: width and height of the picture.
    """
    by_hand = [clipped(box, size) for box in options.regions]
    return [*faces, *(Face(box) for box in by_hand if box is not None)]


def choose_regions(
    size: tuple[int, int],
    faces: Sequence[Face],
    options: Options,
    taken: Sequence[Box] = (),
    grid: Grid | None = None,
) -> list[Box]:
    """Regions of the unskipped faces and the given regions, except those that overlap `taken`.

    Args:
        size: width and height of the picture.
        faces: as detected.
        options, taken, grid: as `find_regions`, which raises the same.
    """
    unknown = [n for n in options.skip if not 1 <= n <= len(faces)]
    if unknown:
        raise UsageError(
            f"there is no face {unknown[0]} to skip: {len(faces)} found. Check option `skip`."
        )
    wanted = [face.box for n, face in enumerate(faces, 1) if n not in options.skip]
    check_inside(options.regions, size)
    boxes = regions_for(wanted, size, expand=options.expand, grid=grid)
    if options.regions:
        boxes = regions_for([*boxes, *options.regions], size, expand=0, grid=grid)
    free = [box for box in boxes if not any(box.overlaps(old) for old in taken)]
    if any(not any(box.overlaps(new) for new in free) for box in options.regions):
        raise UsageError("a given region lies over one protected already. Check option `region`.")
    return free


def check_inside(boxes: Sequence[Box], size: tuple[int, int]) -> None:
    """Raise UsageError for a region given by hand outside the picture.

    size: width and height of the picture.
    """
    for box in boxes:
        if not box.overlaps(Box(0, 0, *size)):
            raise UsageError(
                f"the region at {box.x},{box.y} is outside the picture. Check option `region`."
            )


def describe_faces(faces: Sequence[Face], regions: Sequence[Box]) -> list[dict[str, Any]]:
    """The faces as JSON types, each with the number of the region that hides it, or None."""
    records = []
    for n, face in enumerate(faces, 1):
        within = [i for i, box in enumerate(regions, 1) if box.union(face.box) == box]
        record = {"n": n, **vars(face.box), "score": round(face.score, 3)}
        records.append({**record, "region": within[0] if within else None})
    return records


def describe_regions(regions: Sequence[Box]) -> list[dict[str, int]]:
    """The regions as JSON types."""
    return [{"n": n, **vars(box)} for n, box in enumerate(regions, 1)]
