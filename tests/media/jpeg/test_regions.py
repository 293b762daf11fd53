"""Regions of a JPEG: replaced, taken out and put back; what changes, and what the digests say."""

from __future__ import annotations

import hashlib
import lzma
from dataclasses import replace
from pathlib import Path

import jpeglib  # type: ignore[import-untyped]
import numpy as np
import pytest

from proface.errors import DamagedFileError
from proface.media.jpeg import (
    Jpeg,
    aligned,
    coefficients_digest,
    grid,
    is_on_grid,
    jpeg_bytes,
    read_jpeg,
    region_coefficients,
    region_digest,
    replace_regions,
    with_region_coefficients,
)
from proface.media.jpeg.coefficients import Coefficients
from proface.media.jpeg.frame import Frame
from proface.media.jpeg.regions import _FILTERS
from proface.types import Box
from tests.media.jpeg.pieces import encoded, kinds, picture

KINDS = kinds()


def same(one: Jpeg, other: Jpeg) -> bool:
    frames: tuple[Frame, Frame] = (one.frame, other.frame)
    return (
        frames[0].components == frames[1].components
        and frames[0].marker == frames[1].marker
        and all(np.array_equal(frames[0].tables[n], frames[1].tables[n]) for n in frames[0].tables)
        and all(map(np.array_equal, one.coefficients.planes, other.coefficients.planes))
    )


def boxes_of(jpeg: Jpeg) -> list[Box]:
    """One in the middle and one in the lower right corner, or the only one that there is."""
    width, height = jpeg.size
    if min(width, height) < 100:
        return [aligned(jpeg, Box(0, 0, width, height))]
    return [aligned(jpeg, Box(40, 40, 20, 20)), aligned(jpeg, Box(width - 9, height - 9, 9, 9))]


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_regions_change_and_they_come_back(kind: str) -> None:
    before = read_jpeg(KINDS[kind])
    boxes = boxes_of(before)
    assert all(is_on_grid(before, box) for box in boxes)
    sealed = [region_coefficients(before, box) for box in boxes]
    regions = [(box, 255 - picture(box.w, box.h, n)) for n, box in enumerate(boxes, 5)]
    after = read_jpeg(jpeg_bytes(replace_regions(before, regions), b"header"))

    for n, (old, new) in enumerate(
        zip(before.coefficients.planes, after.coefficients.planes, strict=True)
    ):
        outside = np.ones(old.shape[:2], bool)
        for box in boxes:
            outside[before.coefficients.places(box)[n]] = False
        assert np.array_equal(old[outside], new[outside])
    assert coefficients_digest(after, boxes) == coefficients_digest(before, boxes)
    for box in boxes:
        assert region_digest(after, box) != region_digest(before, box)
    assert coefficients_digest(after, boxes[1:]) != coefficients_digest(before, boxes[1:])

    for box, data in zip(boxes, sealed, strict=True):
        after = with_region_coefficients(after, box, data)
    again = read_jpeg(jpeg_bytes(after))
    assert same(again, before)
    assert coefficients_digest(again, []) == coefficients_digest(before, [])


def test_the_grid_is_whole_mcus_and_at_least_16() -> None:
    grids = {
        name: grid(read_jpeg(KINDS[name])) for name in ("grey", "baseline 4:4:4", "4:1:1", "4:4:0")
    }
    assert grids == {
        "grey": (16, 16),
        "baseline 4:4:4": (16, 16),
        "4:1:1": (32, 16),
        "4:4:0": (16, 16),
    }
    jpeg = read_jpeg(KINDS["4:1:1"])  # 203 x 117
    assert is_on_grid(jpeg, Box(32, 16, 64, 32))
    assert is_on_grid(jpeg, Box(192, 112, 11, 5))
    for box in (
        Box(16, 16, 64, 32), Box(32, 16, 48, 32), Box(0, 0, 0, 16), Box(-32, 0, 32, 16),
        Box(192, 112, 32, 16), Box(224, 0, 32, 16), Box(0, 0, 10**9, 16),
    ):  # fmt: skip
        assert not is_on_grid(jpeg, box)


def test_misuse_is_refused() -> None:
    jpeg = read_jpeg(KINDS["baseline 4:2:0"])
    for call in (
        lambda: replace_regions(jpeg, [(Box(8, 0, 16, 16), picture(16, 16))]),
        lambda: replace_regions(jpeg, [(Box(0, 0, 16, 16), picture(16, 32))]),
        lambda: region_coefficients(jpeg, Box(0, 0, 24, 16)),
        lambda: with_region_coefficients(jpeg, Box(0, 0, 24, 16), b""),
        lambda: coefficients_digest(jpeg, [Box(0, 0, 999, 16)]),
    ):
        with pytest.raises(ValueError, match=r"pixels of|does not lie"):
            call()
    with pytest.raises(ValueError, match="read-only"):
        jpeg.coefficients.planes[0][0, 0, 0] = 1


def test_any_coefficients_come_back() -> None:
    jpeg = read_jpeg(KINDS["baseline 4:2:0"])
    rng = np.random.default_rng(3)
    box = Box(32, 16, 64, 48)
    wild = jpeg.coefficients.copy()
    wild.replace(
        box,
        [
            rng.integers(-32768, 32768, blocks.shape, dtype=np.int16)
            * rng.integers(0, 2, blocks.shape, dtype=np.int16)
            for blocks in wild.blocks(box)
        ],
    )
    data = region_coefficients(replace(jpeg, coefficients=wild), box)
    back = with_region_coefficients(jpeg, box, data)
    for wanted, found in zip(wild.blocks(box), back.coefficients.blocks(box), strict=True):
        assert np.array_equal(wanted, found)


def test_hostile_coefficients_are_refused() -> None:
    jpeg = read_jpeg(KINDS["baseline 4:2:0"])
    box = Box(32, 16, 64, 48)
    good = region_coefficients(jpeg, box)

    def packed(plain: bytes) -> bytes:
        return lzma.compress(plain, lzma.FORMAT_RAW, filters=_FILTERS)

    count = 64 * 48 * 3 // 2
    with_region_coefficients(jpeg, box, packed(bytes(count)))
    for data in (
        b"",
        b"\x00",
        good[:-1],
        good[: len(good) // 2],
        good + b"\x00",
        good + good,
        np.random.default_rng(0).bytes(500),
        region_coefficients(jpeg, Box(32, 16, 64, 32)),
        packed(bytes(count - 1)),
        packed(bytes(count + 1)),
        packed(bytes(100_000_000)),
        packed(b"\xff" * count),
        packed(b"\xff" + bytes(count - 1 + 3)),
    ):
        with pytest.raises(DamagedFileError, match="sealed coefficients are damaged"):
            with_region_coefficients(jpeg, box, data)


def test_sealed_regions_are_as_long_as_in_the_file() -> None:
    for quality, most in ((75, 1.15), (92, 1.1)):
        data = encoded(picture(640, 480), quality=quality, optimize=True)
        jpeg = read_jpeg(data)
        box = Box(160, 96, 320, 288)
        share = len(data) * box.w * box.h / (640 * 480)
        assert len(region_coefficients(jpeg, box)) < most * share


def changed(jpeg: Jpeg, **fields: object) -> Jpeg:
    frame = replace(jpeg.frame, **fields)  # type: ignore[arg-type]
    return replace(jpeg, coefficients=Coefficients(frame, jpeg.coefficients.planes))


def test_the_digest_covers_all_that_is_seen_and_no_more() -> None:
    jpeg = read_jpeg(KINDS["baseline 4:2:0"])
    digest = coefficients_digest(jpeg, [])
    for place in ((0, 0, 0), (14, 25, 63)):
        for plane in range(3):
            touched = jpeg.coefficients.copy()
            touched.planes[plane][tuple(np.minimum(place, touched.planes[plane].shape) - 1)] += 1
            assert coefficients_digest(replace(jpeg, coefficients=touched), []) != digest
    tables = {n: steps.copy() for n, steps in jpeg.frame.tables.items()}
    tables[1][5] += 1
    assert coefficients_digest(changed(jpeg, tables=tables), []) != digest
    assert coefficients_digest(changed(jpeg, width=204), []) != digest
    assert coefficients_digest(changed(jpeg, jfif=None, adobe=0), []) != digest
    # Lossless programs make progressive files, other Huffman tables, no restarts.
    assert coefficients_digest(changed(jpeg, marker=0xC2, scans=()), []) == digest
    assert coefficients_digest(read_jpeg(KINDS["optimised"]), []) == digest
    assert coefficients_digest(read_jpeg(KINDS["progressive 4:2:0"]), []) == digest
    assert coefficients_digest(read_jpeg(KINDS["restart 5 MCUs"]), []) == digest


def test_another_reader_finds_the_same_digest(tmp_path: Path) -> None:
    """As docs/FORMAT.md states it, from what libjpeg 6b reads."""
    (path := tmp_path / "a.jpg").write_bytes(KINDS["baseline 4:2:0"])
    other = jpeglib.read_dct(str(path))
    digest = hashlib.sha256(b"\x01" + (203).to_bytes(4, "little") + (117).to_bytes(4, "little"))
    digest.update(b"\x03")
    for plane, span, table in ((other.Y, 1, 0), (other.Cb, 2, 1), (other.Cr, 2, 1)):
        steps = other.qt[table].astype("<u2").tobytes()
        digest.update(bytes((span, span)) + steps + plane.astype("<i2").tobytes())
    assert coefficients_digest(read_jpeg(path), []) == digest.hexdigest()


def test_equal_regions_have_equal_digests_wherever_they_are() -> None:
    jpeg = read_jpeg(KINDS["baseline 4:2:0"])
    one, other = Box(16, 16, 32, 32), Box(96, 48, 32, 32)
    both = replace_regions(jpeg, [(box, picture(32, 32, 9)) for box in (one, other)])
    assert region_digest(both, one) == region_digest(both, other)
    assert region_digest(both, one) != region_digest(jpeg, one)
