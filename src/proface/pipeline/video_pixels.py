"""Hide faces in the pixels of lossless video frames, each frame under a keystream of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from proface.embedding.base import Words
from proface.faces import regions_for
from proface.faces.regions import faces_inside
from proface.keys import TrackKey, keystream
from proface.keys.track_keys import SHARED
from proface.looks import Look
from proface.models.flow import Flow
from proface.pipeline.covered import check_covered
from proface.pipeline.protect import obfuscate_region
from proface.types import Box, Face, Pixels


def regions_of(windows: Mapping[int, Box], size: tuple[int, int]) -> list[tuple[Box, int]]:
    """The disjoint regions of a frame, each with the track whose key opens it.

    Windows that overlap make one region, which shows several people: only the file's key opens it
    (track 0).
    """
    found = []
    for box in regions_for(list(windows.values()), size, expand=0, align=16):
        inside = [n for n, window in windows.items() if box.union(window) == box]
        found.append((box, inside[0] if len(inside) == 1 else SHARED))
    return found


def hide(
    frame: Pixels,
    windows: Mapping[int, Box],
    faces: Mapping[int, Box],
    look: Look,
    flow: Flow,
    key_of: Callable[[int], TrackKey],
    number: int,
    salt: bytes,
) -> Pixels:
    """Hide the originals of all windows in the look that covers them.

    Args:
        frame: H x W x 3; not modified.
        windows, faces: by the tracks' numbers.
        look: what is shown instead.
        flow: hides the original in the look.
        key_of: the key of a track.
        number: of the frame in the video, from 0: each frame has a keystream of its own.
        salt: random, of the segment: a frame that is coded again gets another keystream.

    Returns:
        H x W x 3.

    Raises:
        CheckFailedError: the look leaves a face visible.
    """
    protected = frame.copy()
    people = [Face(face) for face in faces.values()]
    for box, track in regions_of(windows, (frame.shape[1], frame.shape[0])):
        shown = obfuscate_region(frame, box, look, people)
        check_covered(frame[box.slices], shown, faces_inside(people, box), look)
        pad = _pad(key_of(track), flow, number, box, salt)
        protected[box.slices] = flow.hide(frame[box.slices], shown, pad)
    return protected


def reveal(
    frame: Pixels,
    windows: Mapping[int, Box],
    flow: Flow,
    key_of: Callable[[int], TrackKey | None],
    number: int,
    salt: bytes,
    *,
    draft: bool = False,
) -> Pixels:
    """Recover the regions of a frame whose key there is; the rest stays as it is.

    draft: by the flow's draft, where it has one: slightly less good, and the same under every pad.
    """
    recovered = frame.copy()
    for box, track in regions_of(windows, (frame.shape[1], frame.shape[0])):
        key = key_of(track)
        if key is not None:
            pad = _pad(key, flow, number, box, salt)
            hidden = frame[box.slices]
            found = flow.draft(hidden, pad) if draft else None
            recovered[box.slices] = flow.reveal(hidden, pad) if found is None else found
    return recovered


def _pad(key: TrackKey, flow: Flow, number: int, box: Box, salt: bytes) -> Words:
    frame_key = key.frame_key(
        number, model=flow.digest, height=box.h, width=box.w, salt=salt + _place(box)
    )
    return keystream(frame_key, flow.words(box.h, box.w))


def _place(box: Box) -> bytes:
    """Where a region lies: two of one size, opened by the same key, are in one frame at times."""
    return box.x.to_bytes(4, "big") + box.y.to_bytes(4, "big")
