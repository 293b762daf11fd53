"""Which lossless codec keeps a face's pixels in the fewest bytes: what `--exact` seals.

    python -m benchmarks.lossless [--data DIR ...] [--count 40]

Each face is the region that `protect` would hide, cut out of a photo as it was decoded. Without
`--data` the one face is that of scikit-image's astronaut. A codec that does not give every pixel
back is named as such and has no other figure.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage import data

from proface.errors import ProfaceError
from proface.keys import seal
from proface.media.photo import read_photo
from proface.options import Options
from proface.pipeline.regions import find_regions

Pixels = npt.NDArray[np.uint8]

CODECS: dict[str, tuple[str, dict[str, Any]]] = {
    "PNG, default level": ("PNG", {}),
    "PNG, optimised": ("PNG", {"optimize": True}),
    "TIFF, deflate, predictor": (
        "TIFF",
        {"compression": "tiff_adobe_deflate", "tiffinfo": {317: 2}},
    ),
    "TIFF, LZW, predictor": ("TIFF", {"compression": "tiff_lzw", "tiffinfo": {317: 2}}),
    "WebP, method 0": ("WEBP", {"lossless": True, "method": 0, "quality": 20}),
    "WebP, method 2": ("WEBP", {"lossless": True, "method": 2, "quality": 20}),
    "WebP, method 4": ("WEBP", {"lossless": True, "method": 4, "quality": 75}),
    "WebP, method 6": ("WEBP", {"lossless": True, "method": 6, "quality": 100}),
    "JPEG 2000, reversible": ("JPEG2000", {"irreversible": False, "mct": 1}),
    "AVIF, quality 100, 4:4:4": ("AVIF", {"quality": 100, "subsampling": "4:4:4"}),
}


def faces(folders: list[Path], count: int) -> Iterator[Pixels]:
    """The regions of `count` photos of each folder, evenly chosen."""
    if not folders:
        yield from regions_of(Image.fromarray(data.astronaut()))  # type: ignore[no-untyped-call]
    for folder in folders:
        kinds = {".jpg", ".jpeg", ".png", ".webp"}
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in kinds)
        for path in paths[:: max(1, len(paths) // count)][:count]:
            try:
                yield from regions_of(path)
            except ProfaceError as error:
                print(error)


def regions_of(source: Path | Image.Image) -> Iterator[Pixels]:
    photo = read_photo(source)
    boxes = find_regions(photo.pixels, Options()).regions
    for box in boxes:
        yield np.ascontiguousarray(photo.pixels[box.slices])


def measure(pixels: Pixels, codec: str, options: dict[str, Any]) -> tuple[int, float, float] | None:
    """Bytes, milliseconds to code, milliseconds to decode; None where a pixel is lost."""
    file = io.BytesIO()
    began = time.perf_counter()
    Image.fromarray(pixels).save(file, codec, **options)
    coded = time.perf_counter()
    back = np.asarray(Image.open(file).convert("RGB"))
    done = time.perf_counter()
    if not np.array_equal(back, pixels):
        return None
    return len(file.getvalue()), (coded - began) * 1e3, (done - coded) * 1e3


def main() -> None:
    """Print a row for each codec: mean bytes, as sealed, share of the raw pixels, times."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int, default=40, help="photos of each folder")
    options = parser.parse_args()
    crops = list(faces(options.data, options.count))
    sides = sorted(crop.shape[0] for crop in crops)
    raw = float(np.mean([crop.size for crop in crops]))
    print(
        f"{len(crops)} faces, {sides[0]} to {sides[-1]} pixels high (median "
        f"{sides[len(sides) // 2]}), {raw:,.0f} bytes of pixels each\n"
    )
    print("| codec | bytes a face | sealed | of the pixels | code, ms | decode, ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, (codec, how) in CODECS.items():
        found = [measure(crop, codec, how) for crop in crops]
        rows = [row for row in found if row is not None]
        if len(rows) < len(found):
            print(f"| {name} | not lossless: {len(found) - len(rows)} of {len(found)} differ |||||")
            continue
        size, coding, decoding = np.mean(rows, axis=0)
        sealed = np.mean([len(seal(bytes(32), bytes(row[0]))) for row in rows])
        print(
            f"| {name} | {size:,.0f} | {sealed:,.0f} | {size / raw:.1%} | {coding:.1f} | "
            f"{decoding:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
