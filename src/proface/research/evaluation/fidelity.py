"""Fidelity: PSNR and SSIM of protected and recovered images, from saved files.

    python -m proface.research.evaluation.fidelity --data DIR [DIR ...]

Every image is resized to a square of `--side` pixels and protected whole. The protected image is
written as PNG and read back before recovery; so is the recovered image. Reported are the mean, and
the mean of the worst tenth by recovered PSNR. Needs the extra `evaluate`.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from proface.faces import detect
from proface.looks import obfuscate
from proface.models.cards import FOLDER
from proface.research.evaluation.images import find, load, round_trip
from proface.research.evaluation.methods import Method, method
from proface.research.evaluation.metrics import psnr, ssim, worst_tenth
from proface.types import Pixels

# "another" shows another person's face, as an ideal swap would.
LOOKS = ("blur:15", "median:23", "pixelate:20", "mask", "another")
COLUMNS = (
    "method|data|images|look|protected dB / SSIM|recovered dB / SSIM|worst tenth dB|wrong key dB"
)


def in_look(x: Pixels, other: Pixels, look: str) -> Pixels:
    """The obfuscated image; masks cover detected faces."""
    if look == "another":
        return other
    return obfuscate(x, look, detect(x) if look.startswith("mask") else ())


def measure(way: Method, x: Pixels, o: Pixels) -> dict[str, float]:
    """PSNR (dB, peak 255) and SSIM of one image with fresh keys."""
    p, key = way.hide(x, o)
    p = round_trip(p)
    recovered = round_trip(way.reveal(p, key))
    wrong = round_trip(way.reveal(p, os.urandom(len(key))))
    return {
        "protected_psnr": psnr(o, p),
        "protected_ssim": ssim(o, p),
        "recovered_psnr": psnr(x, recovered),
        "recovered_ssim": ssim(x, recovered),
        "wrong_key_psnr": psnr(x, wrong),
        "wrong_key_to_look_psnr": psnr(o, wrong),
    }


def summarise(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Means, and the mean of the tenth with the lowest recovered PSNR."""
    means = {name: round(float(np.mean([r[name] for r in rows])), 4) for name in rows[0]}
    worst = round(worst_tenth([row["recovered_psnr"] for row in rows]), 4)
    return means | {"recovered_psnr_worst_tenth": worst}


def table_row(labels: Sequence[object], row: dict[str, float]) -> str:
    """One line of the Markdown table."""
    cells = [
        *map(str, labels),
        f"{row['protected_psnr']:.2f} / {row['protected_ssim']:.4f}",
        f"{row['recovered_psnr']:.2f} / {row['recovered_ssim']:.4f}",
        f"{row['recovered_psnr_worst_tenth']:.2f}",
        f"{row['wrong_key_psnr']:.2f}",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Measure on folders of images; one table row for each method, folder and look."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--methods", nargs="+", default=["padded"])
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--most", type=int, default=1000, help="images of each folder at most")
    parser.add_argument("--looks", nargs="+", default=LOOKS)
    parser.add_argument("--card", action="store_true", help="put the figures into the model's card")
    options = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    print("|", COLUMNS.replace("|", " | "), "|\n" + "| --- " * 8 + "|")
    for name in options.methods:
        way = method(name)
        for folder in options.data:
            images = [load(path, options.side) for path in find(folder, options.most)]
            for look in options.looks:
                pairs = zip(images, images[1:] + images[:1], strict=True)
                rows = [measure(way, x, in_look(x, other, look)) for x, other in pairs]
                row = summarise(rows) | {"images": len(rows)}
                figures[f"{folder.name} {look}"] = row
                print(table_row([way.name, folder.name, len(rows), look], row), flush=True)
    if options.card:
        path = FOLDER / f"{options.methods[-1]}.json"
        card = json.loads(path.read_text("utf-8"))
        size = f"{options.side} x {options.side}"
        by = f"python -m proface.research.evaluation.fidelity, saved PNG at {size}"
        card["measured"] = {"by": by, "figures": figures}
        path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
