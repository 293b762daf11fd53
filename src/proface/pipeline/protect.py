"""Hide the originals of regions in their own obfuscated pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from proface.embedding.base import Change
from proface.embedding.cover import soften
from proface.faces.regions import faces_inside
from proface.inference.cores import cores
from proface.keys import derive, keystream
from proface.looks import Look, obfuscate
from proface.media.orientation import as_stored, stored_box, upright
from proface.models.flow import Flow
from proface.pipeline.covered import check_covered
from proface.types import Box, Face, Pixels


def protect_regions(
    pixels: Pixels,
    boxes: Sequence[Box],
    faces: Sequence[Face],
    look: Look,
    flow: Flow,
    file_key: bytes,
    *,
    orientation: int = 1,
    describe: Callable[[int], bytes] | None = None,
) -> Pixels:
    """Protect regions of a picture; all other pixels are unchanged.

    Args:
        pixels: H x W x 3; not modified.
        boxes: the disjoint regions, numbered from 1.
        faces: what the look must cover, detected or marked by hand; some looks cover it one by one.
        look: what is shown instead.
        flow: hides the original in the look.
        file_key: 32 random bytes, new for every file: each region's pad is derived from it and the
            region's number, so that no keystream is reused.
        orientation: how the file stores the picture: the flow works on stored rows and columns.
        describe: the public bytes of region n, for flows whose pixels describe themselves.

    Returns:
        H x W x 3.

    Raises:
        CheckFailedError: the look would leave one of the faces visible.
    """

    def hide(n: int) -> Pixels:
        box = boxes[n - 1]
        original = as_stored(pixels[box.slices], orientation)
        shown = cover_region(pixels, box, look, faces, flow)
        check_covered(pixels[box.slices], shown, faces_inside(faces, box), look)
        obfuscated = as_stored(shown, orientation)
        height, width = original.shape[:2]
        key = derive(file_key, "face", model=flow.digest, face=n, height=height, width=width)
        pad = keystream(key, flow.words(height, width))
        public = describe(n) if describe and flow.public_bytes(height, width) else b""
        seen = [
            stored_box(face.box, orientation, (box.w, box.h)) for face in faces_inside(faces, box)
        ]
        return upright(flow.hide(original, obfuscated, pad, public, seen), orientation)

    protected = pixels.copy()
    with ThreadPoolExecutor(flow.workers) as pool:
        hidden = pool.map(hide, range(1, len(boxes) + 1))
        for box, region in zip(boxes, hidden, strict=True):
            protected[box.slices] = region
    return protected


def obfuscate_region(pixels: Pixels, box: Box, look: str | Look, faces: Sequence[Face]) -> Pixels:
    """Apply the look to a region of a picture; faces in the picture's coordinates."""
    return obfuscate(pixels[box.slices], look, faces_inside(faces, box))


def cover_regions(
    pixels: Pixels, boxes: Sequence[Box], look: Look, faces: Sequence[Face], flow: Flow
) -> list[Pixels]:
    """`cover_region` of several regions, on all cores."""
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(lambda box: cover_region(pixels, box, look, faces, flow), boxes))


def cover_region(pixels: Pixels, box: Box, look: Look, faces: Sequence[Face], flow: Flow) -> Pixels:
    """What will be seen of a region: its look.

    A mosaic's edges are softer if the flow lets the region be scaled later.
    """
    cover = obfuscate_region(pixels, box, look, faces)
    return soften(cover) if look.name == "pixelate" and Change.RESIZING in flow.survives else cover
