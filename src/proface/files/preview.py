"""Show what protecting would show, without hiding anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from proface.container.storage import find_header
from proface.errors import ImageError
from proface.faces import Grid, detect
from proface.files.access import errors_name
from proface.looks import get_look
from proface.media.decode import open_image_header, read_bytes
from proface.media.exif import orientation_of
from proface.media.formats import is_jpeg
from proface.media.jpeg import MAX_FILE_BYTES, frame_grid
from proface.media.jpeg.parse import read_frame
from proface.media.orientation import grid_origin
from proface.media.photo import fitted, read_photo
from proface.models.store import ModelStore
from proface.options import Options
from proface.pipeline.protect import cover_regions
from proface.pipeline.recover import paste
from proface.pipeline.regions import choose_regions, marked
from proface.types import Box, Face, Pixels, Place


@dataclass(frozen=True)
class Subject:
    """A photo decoded once, to try looks and regions on.

    Attributes:
        pixels: H x W x 3, upright.
        small: the same, its longer side at most `side` pixels: what previews show.
        faces: as detected with `threshold`, or None if they were not looked for.
        grid: where edges of regions lie if it becomes a JPEG.
        protected: whether the file has a header of ours.
    """

    pixels: Pixels
    small: Pixels
    faces: tuple[Face, ...] | None
    grid: Grid
    jpeg: bool
    protected: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


def open_subject(file: Path, *, side: int, threshold: float | None = None) -> Subject:
    """Read a photo to try looks on.

    Args:
        file: the photo.
        side: of previews, at most, in pixels.
        threshold: the minimum score of a face, 0..1; None does not look for faces.

    Raises:
        UsageError: a threshold out of range.
        ImageError, UnsupportedImageError: it cannot be read.
    """
    photo = read_photo(file)
    jpeg = is_jpeg(file)
    faces = None
    with errors_name(photo.source):
        if threshold is not None:
            faces = tuple(detect(photo.pixels, threshold=threshold))
    return Subject(
        photo.pixels,
        fitted(photo.pixels, side),
        faces,
        _jpeg_grid(file, photo.size) if jpeg else Grid(),
        jpeg,
        find_header(file) is not None,
    )


def show(
    subject: Subject, options: Options, models: ModelStore | None = None
) -> tuple[Pixels, list[Box]]:
    """The picture as people will see it, without the noise of what is hidden (about ±1 level).

    Args:
        subject: from `open_subject`, with faces unless `options.detect` is off.
        options: as for `protect`; `jpeg` decides the regions' grid and the model.
        models: loads the flow, which softens a mosaic.

    Returns:
        The scaled picture, and the regions in pixels of the photo.

    Raises:
        UsageError: an unknown look, a face that does not exist, a region outside the picture.
    """
    look = get_look(options.look)
    flow = (models or ModelStore()).load(options.model_name)
    grid = None
    if flow.kind == "robust":
        grid = subject.grid if options.jpeg else Grid()
    faces = subject.faces if options.detect and subject.faces else ()
    boxes = choose_regions(subject.size, faces, options, (), grid)
    covered = marked(faces, options, subject.size)
    picture = subject.small.copy()
    scale = picture.shape[1] / subject.size[0], picture.shape[0] / subject.size[1]
    covers = cover_regions(subject.pixels, boxes, look, covered, flow)
    for box, cover in zip(boxes, covers, strict=True):
        place = Place(box.x * scale[0], box.y * scale[1], box.w * scale[0], box.h * scale[1])
        paste(picture, cover, place)
    return picture, boxes


def _jpeg_grid(file: Path, size: tuple[int, int]) -> Grid:
    """The grid of a JPEG's regions, in the upright picture. size: upright width and height."""
    try:
        frame, _clean = read_frame(read_bytes(file, MAX_FILE_BYTES), str(file))
    except ImageError:  # a kind that only becomes a lossless file, as protecting will say
        return Grid()
    with open_image_header(file) as image:
        orientation = orientation_of(image)
    step = max(frame_grid(frame))
    return Grid(step, grid_origin(orientation, size, step))
