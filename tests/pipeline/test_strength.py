"""A look is as strong as its strength says, however tight the region is around the face."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proface.looks import get_look
from proface.options import Options
from proface.pipeline.protect import obfuscate_region
from proface.pipeline.regions import choose_regions, marked
from proface.types import Box, Face

SIZE = 640, 480
BUSY = np.random.default_rng(3).integers(0, 256, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
USUAL = math.sqrt(1.7 * 1.875)  # a region's side by its face's, at the default `expand`


def block(row: np.ndarray) -> int:
    """The side of a mosaic's blocks: the distance of its first edge from the left."""
    edges = np.flatnonzero((row[1:] != row[:-1]).any(axis=1)) + 1
    return int(edges[0]) if len(edges) else len(row)


@settings(max_examples=60, deadline=None)
@given(
    expand=st.sampled_from([0.0, 0.05, 0.2, 0.35, 1.0]),
    x=st.integers(-60, 600),
    y=st.integers(-60, 440),
    side=st.integers(60, 240),
    strength=st.sampled_from([20, 32]),
    by_hand=st.booleans(),
)
def test_blocks_keep_their_size_relative_to_the_face(expand, x, y, side, strength, by_hand):
    """At `expand` 0 a face of 256 pixels got blocks of 32 where 57 are meant; likewise at edges."""
    box = Box(x, y, side, side)
    if not box.overlaps(Box(0, 0, *SIZE)):
        return
    clipped_side = math.sqrt(
        (min(x + side, SIZE[0]) - max(x, 0)) * (min(y + side, SIZE[1]) - max(y, 0))
    )
    faces = [] if by_hand else [Face(box, 0.9)]
    options = Options(expand=expand, regions=[box] if by_hand else [])
    (region,) = choose_regions(SIZE, faces, options)

    look = get_look(f"pixelate:{strength}")
    shown = obfuscate_region(BUSY, region, look, marked(faces, options, SIZE))

    meant = strength / 256 * USUAL * (clipped_side if by_hand else side)
    assert block(shown[0]) >= min(math.floor(meant), region.w)


@pytest.mark.parametrize("look", ["blur:25", "median:61"])
def test_filters_leave_no_more_detail_of_a_tight_region(look):
    face = Face(Box(200, 150, 160, 160), 0.9)
    left = []
    for expand in (0.0, 0.35):
        (region,) = choose_regions(SIZE, [face], Options(expand=expand))
        shown = obfuscate_region(BUSY, region, get_look(look), [face]).astype(float)
        inner = shown[(slice(40, -40), slice(40, -40))]
        left.append(inner.std())
    assert left[0] < 1.25 * left[1]
