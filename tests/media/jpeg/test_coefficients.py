from __future__ import annotations

import io
from pathlib import Path

import jpeglib  # type: ignore[import-untyped]
import numpy as np
import pytest
from PIL import Image

from proface.errors import MissingExtraError, OutputError, UnsupportedImageError
from proface.media.jpeg import dct, decode
from proface.media.jpeg.coefficients import Coefficients, read_coefficients
from proface.media.jpeg.huffman import best_table
from proface.types import Box
from tests.media.jpeg.pieces import decoded, encoded, kinds, picture, sampled

KINDS = kinds()


def _same(one: Coefficients, other: Coefficients) -> None:
    assert one.frame.components == other.frame.components
    assert one.size == other.size
    assert one.frame.marker == other.frame.marker
    assert one.frame.wide == other.frame.wide
    assert one.frame.tables.keys() == other.frame.tables.keys()
    for slot, steps in one.frame.tables.items():
        assert np.array_equal(steps, other.frame.tables[slot])
    for a, b in zip(one.planes, other.planes, strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_untouched_comes_back_equal(kind: str) -> None:
    data = KINDS[kind]
    before = read_coefficients(data)
    written = before.to_bytes()
    after = read_coefficients(written)
    _same(before, after)
    assert np.array_equal(decoded(written), decoded(data))
    assert len(written) <= len(data) + 64
    if "4:4:0 progressive" not in kind:
        assert after.frame.scans == before.frame.scans


@pytest.mark.parametrize("kind", KINDS)
def test_another_reader_sees_the_same_coefficients(kind: str, tmp_path: Path) -> None:
    """jpeglib's own way, with libjpeg 6b, for the file and for what is written."""
    before = read_coefficients(KINDS[kind])
    for data in (KINDS[kind], before.to_bytes()):
        (path := tmp_path / "picture.jpg").write_bytes(data)
        other = jpeglib.read_dct(str(path))
        planes = [other.Y, other.Cb, other.Cr][: len(before.planes)]
        for ours, theirs in zip(before.planes, planes, strict=True):
            assert np.array_equal(ours.reshape(theirs.shape), theirs)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "one" not in kind and kind != "flat"])
def test_a_region_changes_and_nothing_else(kind: str) -> None:
    """The whole journey: read, paste into two regions, write, open anew."""
    data = KINDS[kind]
    before, coefficients = read_coefficients(data), read_coefficients(data)
    width, height = before.size
    boxes = [
        before.aligned(Box(16, 16, 20, 20), 16),
        before.aligned(Box(width - 20, height - 17, 20, 17), 16),
    ]
    assert boxes[1].x + boxes[1].w == width
    assert boxes[1].y + boxes[1].h == height
    for number, box in enumerate(boxes):
        coefficients.paste(picture(box.w, box.h, 7 + number), box)
    written = coefficients.to_bytes()
    after = read_coefficients(written)
    changed = [np.zeros(plane.shape[:2], bool) for plane in before.planes]
    for box in boxes:
        for mask, place in zip(changed, after.places(box), strict=True):
            mask[place] = True
    for old, new, wanted, mask in zip(
        before.planes, after.planes, coefficients.planes, changed, strict=True
    ):
        assert np.array_equal(old[~mask], new[~mask])
        assert np.array_equal(wanted, new)
        assert not np.array_equal(old[mask], new[mask])
    # What decoders show: equal beyond the reach of smoothed chroma.
    mask = np.zeros((height, width), bool)
    for box in boxes:
        mask[max(0, box.y - 8) : box.y + box.h + 8, max(0, box.x - 8) : box.x + box.w + 8] = True
    assert np.array_equal(decoded(data)[~mask], decoded(written)[~mask])
    for number, box in enumerate(boxes):
        shown = decoded(written)[box.slices]
        aim = picture(box.w, box.h, 7 + number)
        if "grey" not in kind and "coarse" not in kind and "wide" not in kind:
            luma = (shown.astype(float) - aim) @ [0.299, 0.587, 0.114]
            assert np.sqrt(np.mean(luma**2)) < 6


def test_original_blocks_come_back() -> None:
    data = KINDS["progressive 4:2:0"]
    before, coefficients = read_coefficients(data), read_coefficients(data)
    box = coefficients.aligned(Box(30, 30, 70, 50), 16)
    original = coefficients.blocks(box)
    coefficients.paste(picture(box.w, box.h, 5), box)
    protected = read_coefficients(coefficients.to_bytes())
    protected.replace(box, original)
    _same(before, read_coefficients(protected.to_bytes()))


def test_paste_is_as_near_as_libjpeg() -> None:
    pixels, region = picture(256, 192), picture(96, 96, 3)
    for quality in (75, 92):
        data = encoded(pixels, quality=quality)
        coefficients = read_coefficients(data)
        coefficients.paste(region, Box(64, 48, 96, 96))
        own = decoded(coefficients.to_bytes())[48:144, 64:160]
        whole = decoded(data).copy()
        whole[48:144, 64:160] = region
        tables = Image.open(io.BytesIO(data)).quantization  # type: ignore[attr-defined]
        theirs = decoded(encoded(whole, qtables=tables))[48:144, 64:160]
        errors = [np.mean((shown.astype(float) - region) ** 2) for shown in (own, theirs)]
        assert errors[0] <= errors[1] * 1.01


def test_samples_and_pixels_are_what_decoders_show() -> None:
    data = KINDS["baseline 4:4:4"]
    shown = read_coefficients(data).pixels(Box(0, 0, 203, 117))
    assert np.abs(shown.astype(int) - decoded(data)).max() <= 3
    assert shown.shape == (117, 203, 3)
    samples = read_coefficients(KINDS["baseline 4:2:0"]).samples(Box(16, 16, 32, 48))
    assert [plane.shape for plane in samples] == [(48, 32), (24, 16), (24, 16)]


def test_planes_pasted_again_stay() -> None:
    coefficients = read_coefficients(KINDS["baseline 4:2:0"])
    before = [plane.copy() for plane in coefficients.planes]
    box = coefficients.aligned(Box(0, 0, 203, 117))
    coefficients.paste_planes(coefficients.samples(box), box)
    for old, new in zip(before, coefficients.planes, strict=True):
        assert np.array_equal(old, new)


@pytest.mark.parametrize("box", [(8, 0, 16, 16), (0, 0, 24, 16), (0, 0, 0, 16), (192, 0, 32, 16),
                                 (-16, 0, 16, 16)])  # fmt: skip
def test_boxes_off_the_grid_are_refused(box: tuple[int, ...]) -> None:
    coefficients = read_coefficients(KINDS["baseline 4:2:0"])
    with pytest.raises(ValueError, match="does not lie on the grid"):
        coefficients.blocks(Box(*box))


def test_aligned() -> None:
    coefficients = read_coefficients(KINDS["4:1:1"])
    assert coefficients.frame.mcu == (32, 8)
    assert coefficients.aligned(Box(40, 20, 10, 10), 16) == Box(32, 16, 32, 16)
    assert coefficients.aligned(Box(190, 110, 10, 5), 16) == Box(160, 96, 43, 21)


def test_fractional_sampling_is_refused() -> None:
    data = bytearray(sampled(picture(96, 96), ((2, 1), (2, 1), (2, 1))))
    at = data.index(b"\xff\xc0") + 11
    data[at] = 0x31  # planes of 3 and 2
    with pytest.raises(UnsupportedImageError, match="whole numbers"):
        read_coefficients(bytes(data))


def test_a_pass_left_out_is_added() -> None:
    data = KINDS["progressive 4:2:0"]
    last = data.rindex(b"\xff\xda")
    table = data.rindex(b"\xff\xc4")
    cut = data[: min(last, table)] + b"\xff\xd9"  # the last refinement of Y is gone
    coefficients = read_coefficients(cut)
    box = Box(16, 16, 32, 32)
    coefficients.paste(picture(32, 32, 4), box)
    after = read_coefficients(coefficients.to_bytes())
    for old, new in zip(coefficients.planes, after.planes, strict=True):
        assert np.array_equal(old, new)
    assert len(after.frame.scans) == 10


def test_coefficients_beyond_a_jpeg_are_refused() -> None:
    coefficients = read_coefficients(KINDS["baseline 4:2:0"])
    coefficients.planes[0][0, 0, 5] = -32768
    with pytest.raises(OutputError):
        coefficients.to_bytes()


def test_without_memory_files(monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_coefficients(KINDS["progressive 4:2:0"])
    monkeypatch.setattr(decode, "_IN_MEMORY", False)
    _same(before, read_coefficients(KINDS["progressive 4:2:0"]))


@pytest.mark.parametrize("kind", KINDS)
def test_where_pillow_brings_no_library(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows: jpeglib's libjpeg-turbo reads the same."""
    before = read_coefficients(KINDS[kind])
    assert decode.library()[0] == "libjpeg"
    monkeypatch.setattr(decode, "_PLACES", decode._PLACES[1:])
    assert decode.library()[0] == "jpeglib"
    _same(before, read_coefficients(KINDS[kind]))


def test_without_any_library_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "_PLACES", ())
    with pytest.raises(MissingExtraError, match="pip install jpeglib"):
        read_coefficients(KINDS["baseline 4:2:0"])


def test_best_table_is_never_longer_than_16() -> None:
    fibonacci = [1, 1]
    while len(fibonacci) < 40:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    table = best_table(fibonacci + [0] * 216)
    assert sum(table.counts) == len(table.symbols) == 40
    assert sum(count / 2**length for length, count in enumerate(table.counts, 1)) < 1
    assert best_table([0] * 255 + [9]).counts[0] == 1
    assert set(best_table([3] * 256).symbols) == set(range(256))


def test_dct_is_its_own_reverse() -> None:
    plane = picture(40, 24)[..., 0].astype(np.float32)
    assert np.allclose(dct.restored(dct.transformed(plane)), plane, atol=1e-3)
