"""One-time pads: what is hidden is uniform whatever it is, and no pad is ever used twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut

import proface
from proface.codec.mixed_radix import WORDS
from proface.codec.transform import grid
from proface.container.header import Header
from proface.container.storage import find_header
from proface.embedding.lattice import strips
from proface.files.access import face_keys, open_file_key
from proface.keys import keystream
from proface.types import Box
from tests.codec.words import LATTICE

# 255 degrees of freedom: beyond it once in some millions, for each of the examples.
MOST_CHI_SQUARE = 400


@settings(max_examples=40, deadline=None)
@given(
    key=st.binary(min_size=32, max_size=32),
    pattern=st.lists(st.integers(0, 65535), min_size=1, max_size=40),
)
def test_words_are_uniform_for_any_latents(key: bytes, pattern: list[int]) -> None:
    """Also for latents that nobody's face would give: constants, extremes, short periods."""
    rows, columns = grid(128, 128)
    latents = np.resize(np.array(pattern, np.uint16), (rows, columns, WORDS))
    hidden = latents + keystream(key, latents.size).reshape(latents.shape)
    p = LATTICE.embed(np.full((128, 128, 3), 128, np.uint8), hidden)
    carried = LATTICE.extract(p)[..., : strips(128, 128)[0].words]
    np.testing.assert_array_equal(carried, hidden[..., : carried.shape[-1]])
    for byte in (carried >> 8, carried & 255):
        counts = np.bincount(byte.ravel(), minlength=256)
        expected = carried.size / 256
        assert np.square(counts - expected).sum() / expected < MOST_CHI_SQUARE


def test_no_pad_is_used_twice(tmp_path: Path) -> None:
    """Over regions, layers, runs, formats and several keys, all of one photo and one password."""
    key, other = proface.Key.generate(), proface.Key.generate()
    image = Image.fromarray(np.tile(astronaut()[60:124, 160:224], (2, 2, 1)))
    boxes = [Box(0, 0, 64, 64), Box(64, 0, 64, 64)]
    again = [Box(0, 64, 64, 64), Box(64, 64, 64, 64)]
    made: list[Path] = []
    for number, (suffix, also) in enumerate(
        [(".png", []), (".png", []), (".webp", []), (".tif", []), (".png", [other])]
    ):
        path = tmp_path / f"{number}{suffix}"
        proface.protect(
            image,
            key,
            proface.Options(detect=False, regions=boxes),
            also=also,
        ).save(path)
        made.append(path)
    for path in list(made):
        twice = tmp_path / f"again-{path.name}"
        proface.protect(
            path,
            key,
            proface.Options(again=True, detect=False, regions=again),
        ).save(twice)
        made.append(twice)
    pads: list[bytes] = []
    for path in made:
        data = find_header(path)
        assert data
        layers = Header.from_bytes(data).chain
        # A file that was protected again still has its first layer, and that one's pads.
        for layer in layers[:1]:
            found = face_keys(layer, open_file_key(layer, key, path.name))
            pads += [keystream(one.pad, 64).tobytes() for one in found]
            pads += [one.seal for one in found]
    assert len(pads) == 4 * len(made)
    assert len(set(pads)) == len(pads)
