"""The finder: which rectangles it reports in pictures without metadata, and what it spends."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, coffee, immunohistochemistry, rocket

import proface
from proface.embedding.block_transform import to_luma
from proface.embedding.cover import soften
from proface.embedding.dct_lattice import DctLattice
from proface.embedding.equaliser import parse_equalisers
from proface.embedding.error_correction import UNKNOWN, code_size, make_code
from proface.embedding.finder.evidence import parse_finder_tables
from proface.embedding.finder.find import find_regions
from proface.embedding.finder.grid import (
    MOST_AREAS,
    MOST_CHECKS,
    MOST_DECODINGS,
    MOST_FAILURES,
    Tools,
    merge_of,
)
from proface.embedding.finder.scales import candidate_sizes, rank_sizes
from proface.embedding.layer_tables import base_table
from proface.embedding.layers import TRIES, Layer
from proface.embedding.resample import enlarged, enlarged_part
from proface.models.robust import Robust
from proface.models.store import load_flow
from proface.types import Box, Pixels, Place

LOOKS = ("blur:25", "pixelate:32", "mask", "another")


@pytest.fixture(scope="module")
def flow() -> Robust:
    flow = load_flow("robust")
    assert isinstance(flow, Robust)
    return flow


def scene(width: int, height: int) -> Pixels:
    return np.array(Image.fromarray(coffee()).resize((width, height), Image.Resampling.LANCZOS))


def protect(flow: Robust, picture: Pixels, boxes: list[Box], look: str) -> Pixels:
    """A picture with random words in regions that show a face under a look."""
    rng = np.random.default_rng(7)
    for box in boxes:
        part = astronaut()[0:260, 250:510] if look == "another" else astronaut()[0:260, 90:350]
        face = np.asarray(Image.fromarray(part).resize((box.w, box.h), Image.Resampling.LANCZOS))
        cover = face if look == "another" else proface.obfuscate(face, look)
        cover = soften(cover) if look.startswith("pixelate") else cover
        count = int(flow.embedding.capacity(box.h, box.w).max())
        words = rng.integers(0, 1 << 16, (2, count), np.uint16)
        picture[box.slices] = flow.embedding.embed(cover, words)
    return picture


def saved(picture: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def scaled(picture: Pixels, long: int) -> Pixels:
    size = (long, round(picture.shape[0] * long / picture.shape[1]))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def found(flow: Robust, picture: Pixels, size: tuple[int, int] | None) -> set[Box]:
    """The rectangles that are reported, in pixels of the original."""
    boxes = set()
    for _public, place, (across, down) in flow.find(picture, size):
        boxes.add(
            Box(
                round(place.x / across),
                round(place.y / down),
                round(place.w / across),
                round(place.h / down),
            )
        )
    return boxes


def corners(boxes: list[Box] | set[Box]) -> set[tuple[int, int]]:
    return {(box.x, box.y) for box in boxes}


@pytest.mark.parametrize("look", LOOKS)
def test_exact_rectangles_at_the_same_scale(flow: Robust, look: str) -> None:
    boxes = [Box(32, 48, 128, 160), Box(240, 16, 192, 256), Box(16, 304, 320, 240)]
    boxes += [Box(480, 64, 96, 96), Box(400, 352, 256, 176)]
    picture = saved(protect(flow, scene(720, 560), boxes, look), 80)
    assert found(flow, picture, (720, 560)) == set(boxes)


def test_regions_that_touch(flow: Robust) -> None:
    boxes = [Box(64, 64, 192, 224), Box(256, 96, 160, 192), Box(64, 288, 128, 128)]
    picture = saved(protect(flow, scene(560, 480), boxes, "blur:25"), 80)
    assert found(flow, picture, (560, 480)) == set(boxes)


@pytest.mark.parametrize("crop", [(3, 5), (16, 0), (23, 31), (8, 8), (24, 16)])
def test_cropped_pictures(flow: Robust, crop: tuple[int, int]) -> None:
    boxes = [Box(64, 64, 192, 224), Box(320, 128, 256, 256)]
    across, down = crop
    picture = protect(flow, scene(640, 480), boxes, "blur:25")[down:, across:]
    shifted = {Box(box.x - across, box.y - down, box.w, box.h) for box in boxes}
    assert found(flow, picture, picture.shape[1::-1]) == shifted
    if crop == (3, 5):  # as with a header, which tells the size before the crop
        places = {place for _public, place, _scale in flow.find(picture, (640, 480))}
        assert places == {Place(box.x, box.y, box.w, box.h) for box in shifted}


@pytest.mark.parametrize("crop", [(5, 3), (8, 0), (0, 24)])
@pytest.mark.parametrize("look", ["blur:25", "another"])
def test_a_cropped_picture_that_is_mostly_one_region(
    flow: Robust, look: str, crop: tuple[int, int]
) -> None:
    """A screenshot of a portrait: little of the picture shows what the grid is not."""
    across, down = crop
    picture = saved(protect(flow, scene(352, 352), [Box(48, 48, 256, 256)], look), 90)
    assert found(flow, picture[down:, across:], None) == {Box(48 - across, 48 - down, 256, 256)}


LARGE = [Box(48, 64, 480, 512), Box(720, 160, 656, 752)]


@pytest.fixture(scope="module")
def large(flow: Robust) -> dict[str, Pixels]:
    """Photos of 1600 x 1200 with two faces, by their look."""
    return {look: protect(flow, scene(1600, 1200), LARGE, look) for look in LOOKS}


@pytest.mark.parametrize("look", LOOKS)
def test_scaled_pictures_of_a_known_size(flow: Robust, look: str, large: dict[str, Pixels]) -> None:
    for long in (800, 1200):
        boxes = found(flow, saved(scaled(large[look], long), 80), (1600, 1200))
        assert corners(boxes) == corners(LARGE)
        assert all(box.w <= 656 + 48 and box.h <= 752 + 48 for box in boxes)


def test_a_scale_as_services_have_it(flow: Robust, large: dict[str, Pixels]) -> None:
    boxes = found(flow, saved(scaled(large["blur:25"], 813), 75), (1600, 1200))
    assert corners(boxes) == corners(LARGE)


@pytest.mark.parametrize("look", ["blur:25", "pixelate:32", "mask"])
def test_an_unknown_size(flow: Robust, look: str) -> None:
    """A photo with one small face, scaled to 0.508 as 12 megapixels to 2048: its size is first."""
    box = Box(1600, 640, 416, 448)
    picture = protect(flow, scene(2592, 1944), [box], look)
    sent = saved(scaled(picture, 1316), 75)
    sizes = candidate_sizes(sent.shape[:2])
    assert len(sizes) > 8
    assert rank_sizes(to_luma(sent), flow.embedding.tables, sizes)[0][0] == (1944, 2592)
    assert found(flow, sent, None) == {box}


def test_what_one_region_tells_helps_to_read_another(flow: Robust) -> None:
    """A region with a hole is found, but not read until most of its bits are known."""
    whole, holed = Box(64, 96, 480, 496), Box(720, 208, 416, 416)
    picture = protect(flow, scene(1260, 945), [whole, holed], "blur:25")
    sent = scaled(picture, 640).copy()
    hole = slice(173, 249), slice(433, 509)
    sent[hole] = np.random.default_rng(1).integers(0, 256, (76, 76, 3))
    sent = saved(sent, 75)
    card, lattice = flow.card, flow.embedding
    tables = parse_finder_tables(card.read("finder"), {**lattice.tables, "shaped": lattice.shaped})
    tools = Tools(lattice, tables, lambda _h, _w: "base", parse_equalisers(card.read("scaled")))
    (alone,) = find_regions(sent, tools, (945, 1260))
    assert (alone.left, alone.top) == (64, 96)

    rng = np.random.default_rng(7)
    for box in (whole, holed):  # as `protect` draws them
        words = rng.integers(0, 1 << 16, (2, lattice.capacity(box.h, box.w).max()), np.uint16)
    said = words[0, : lattice.capacity(holed.h, holed.w)[0]]
    bits = np.unpackbits(said.astype(">u2").view(np.uint8))
    bits[::4] = UNKNOWN
    asked = []

    def alike(layer: Layer, left: int, top: int) -> np.ndarray:
        asked.append((left, top))
        assert np.array_equal(layer.words, alone.content.words)
        return bits

    both = find_regions(sent, replace(tools, alike=alike), (945, 1260))
    assert [(one.left, one.top) for one in both] == [(64, 96), (720, 208)]
    assert np.array_equal(both[1].content.words, said)
    assert (720, 208) in asked


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often parity was checked, and how often a codeword was decoded."""
    count: Counter[str] = Counter()
    for name in ("agreement", "read_layer"):
        real = getattr(DctLattice, name)

        def counted(*args: object, name: str = name, real: object = real) -> object:
            count[name] += 1
            return real(*args)  # type: ignore[operator]

        monkeypatch.setattr(DctLattice, name, counted)
    return count


def hostile(flow: Robust, kind: str) -> Pixels:
    rng = np.random.default_rng(3)
    if kind == "noise":
        return rng.integers(0, 256, (600, 800, 3), np.uint8)
    if kind == "grain":
        return saved(np.clip(rng.normal(128, 12, (600, 800, 3)), 0, 255).astype(np.uint8), 80)
    if kind == "photo":
        return saved(scene(800, 600), 75)
    # All that shows a region, but no codeword: a region whose blocks changed places.
    whole = protect(flow, scene(800, 608), [Box(0, 0, 800, 608)], "blur:25")
    side = {"fakes of blocks": 16, "fakes of regions": 96}[kind]
    high, wide = whole.shape[0] // side, whole.shape[1] // side
    part = whole[: high * side, : wide * side].reshape(high, side, wide, side, 3)
    blocks = part.transpose(0, 2, 1, 3, 4).reshape(-1, side, side, 3)
    mixed = blocks[rng.permutation(len(blocks))].reshape(high, wide, side, side, 3)
    return mixed.transpose(0, 2, 1, 3, 4).reshape(high * side, wide * side, 3)


@pytest.mark.parametrize("kind", ["noise", "grain", "photo", "fakes of blocks", "fakes of regions"])
def test_nothing_is_found_in_pictures_without_regions_and_the_effort_is_bounded(
    flow: Robust, kind: str, counts: Counter[str]
) -> None:
    picture = hostile(flow, kind)
    counts.clear()
    assert flow.find(picture, None) == []
    # Of the same scale, then of other scales; the last try may go beyond the bound.
    assert counts["agreement"] <= MOST_FAILURES + MOST_CHECKS + 2
    assert counts["read_layer"] <= 2 * (MOST_DECODINGS + TRIES)
    assert MOST_AREAS < 1000


def test_codes_are_those_that_files_were_written_with() -> None:
    digest, n = hashlib.sha256(), 0
    for length in [*range(640, 6400, 389), 11520, 30016]:
        for rate in (0.25, 0.4, 0.58, 0.7, 0.8):
            try:
                code = make_code(length, rate)
            except ValueError:
                continue
            assert code.size == code_size(length, rate)
            data = np.frombuffer(hashlib.shake_128(bytes([n])).digest(code.size // 8 + 1), np.uint8)
            word = code.encode(np.unpackbits(data)[: code.size])
            digest.update(np.packbits(word).tobytes())
            n += 1
    assert n == 85
    assert digest.hexdigest() == "3c8a19c52151dac8c5a7269e1df1b23e9ef5105605c331d04a38916e67aad606"


def test_a_part_is_enlarged_as_the_whole_is() -> None:
    picture = scene(400, 300).astype(np.float32)
    whole = enlarged(picture, (591, 788))
    down, across = 300 / 591, 400 / 788
    for top, left, height, width in ((16, 32, 160, 192), (0, 0, 64, 64), (501, 688, 90, 100)):
        place = Place(left * across, top * down, width * across, height * down)
        part = enlarged_part(picture, place, (height, width))
        np.testing.assert_allclose(part, whole[top : top + height, left : left + width], atol=0.01)


def test_the_finder_knows_every_size_s_base_layer(flow: Robust) -> None:
    """Its table by area says what the lattice says."""
    tables = flow.embedding.tables
    for height, width in itertools.product(range(64, 1600, 48), range(64, 2600, 80)):
        assert merge_of(height, width) == base_table(tables, height, width).merge


@pytest.mark.parametrize("dark", [40, 64])
def test_a_black_edge_of_a_region_shows_nothing(flow: Robust, dark: int) -> None:
    """What is black there is neither like a region nor like its surroundings."""
    picture, box = scene(1200, 800), Box(320, 208, 416, 480)
    face = Image.fromarray(astronaut()[0:260, 90:350]).resize((box.w, box.h))
    cover = proface.obfuscate(np.asarray(face), "pixelate:32")
    cover[:, box.w - dark :] = 0
    count = int(flow.embedding.capacity(box.h, box.w).max())
    words = np.random.default_rng(3).integers(0, 1 << 16, (2, count), np.uint16)
    picture[box.slices] = flow.embedding.embed(soften(cover), words)
    assert found(flow, saved(saved(picture, 92), 75), None) == {box}


@pytest.mark.parametrize("quality", [75, 70])
@pytest.mark.parametrize("texture", [rocket, immunohistochemistry])
def test_regions_in_textured_looks(
    flow: Robust, texture: Callable[[], Pixels], quality: int
) -> None:
    """A file of quality 92 that was saved again: lattice points are hardest to tell there."""
    picture, box = scene(1200, 800), Box(320, 208, 272, 272)
    cover = np.asarray(Image.fromarray(texture()[:300, :300]).resize((box.w, box.h)))
    count = int(flow.embedding.capacity(box.h, box.w).max())
    words = np.random.default_rng(3).integers(0, 1 << 16, (2, count), np.uint16)
    picture[box.slices] = flow.embedding.embed(cover, words)
    assert found(flow, saved(saved(picture, 92), quality), None) == {box}
