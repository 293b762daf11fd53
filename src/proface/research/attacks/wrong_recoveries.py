"""What wrong keys show of a face: its likeness to the original, and who two recognisers see in it.

    python -m proface.research.attacks.wrong_recoveries --data DIR --models keyed --out OUT

Every region is protected as a saved file and recovered with a random key, and with one of which
half of the bits are right. Every person has another photo in a gallery; faces are aligned by the
original's landmarks. Of the look itself it says the same, as that is what everybody sees. Writes
MODEL.json, and MODEL.png: a contact sheet of random keys.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from proface.keys import keystream
from proface.looks import obfuscate
from proface.models.store import load_flow
from proface.research.attacks.face_sets import SIDE, FaceCrop, held_out_regions
from proface.research.attacks.near_miss_keys import corrupted, shown_without_check
from proface.research.attacks.saved_pictures import as_saved, file_kind
from proface.research.attacks.scoring import RECOGNISERS, Gallery
from proface.research.evaluation.contact_sheet import Cell, contact_sheet
from proface.research.evaluation.fidelity import LOOKS
from proface.research.evaluation.metrics import psnr
from proface.research.evaluation.perceptual import lpips
from proface.research.evaluation.protected_files import hide
from proface.types import Pixels

SHOWN = 24  # faces on the contact sheet, and those of which LPIPS is measured
# Of a half right key the part that differs: a random bit is right half of the time, a word never.
HALF = {"keyed": 0.25, "padded": 0.5, "robust": 0.5}
COLUMNS = ("model", "look", "shown with", "people", "to the original, dB", "to the look, dB",
           "LPIPS (VGG) to the original", *(f"{name}, rank 1" for name in RECOGNISERS))  # fmt: skip


def recoveries(model: str, region: FaceCrop, o: Pixels) -> dict[str, Pixels]:
    """The look, and what a random key and a half right one show of a protected region."""
    flow = load_flow(model)
    words = flow.words(SIDE, SIDE)
    right, other = (keystream(os.urandom(32), words) for _ in range(2))
    p = as_saved(hide(flow, region.pixels, o, right), file_kind(flow))
    half = corrupted(right, HALF[flow.kind], flow.kind, np.random.default_rng())
    return {
        "the look": o,
        "a random key": shown_without_check(flow, p, other),
        "a half right key": shown_without_check(flow, p, half),
    }


def measure(
    model: str, look: str, regions: Sequence[FaceCrop], gallery: Gallery
) -> tuple[list[dict[str, Any]], list[Cell]]:
    """The rows of one look, and cells for the contact sheet."""
    pictures: dict[str, list[tuple[FaceCrop, Pixels]]] = {}
    looks = []
    for region, other in zip(regions, [*regions[1:], *regions[:1]], strict=True):
        o = other.pixels if look == "another" else obfuscate(region.pixels, look, [region.face])
        looks.append(o)
        for name, picture in recoveries(model, region, o).items():
            pictures.setdefault(name, []).append((region, picture))
    rows = []
    for name, pairs in pictures.items():
        to_look = [psnr(o, p) for o, (_region, p) in zip(looks, pairs, strict=True)]
        distances = [lpips("vgg", r.pixels, p) for r, p in pairs[:: _step(pairs)]]
        rows.append(
            {
                "model": model,
                "look": look,
                "shown with": name,
                "people": len(pairs),
                "original dB": round(float(np.mean([psnr(r.pixels, p) for r, p in pairs])), 2),
                "look dB": round(float(np.mean(to_look)), 2),
                "lpips": round(float(np.mean(distances)), 3),
                "rank1": {n: sum(gallery.identify(n, pairs)[0]) for n in RECOGNISERS},
            }
        )
    shown = pictures["a random key"][:: _step(regions)]
    return rows, [Cell(picture, look) for _region, picture in shown]


def _step(sequence: Sequence[object]) -> int:
    return -(-len(sequence) // SHOWN)


def main() -> None:
    """Print a table, and write it and a contact sheet for each model."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--models", nargs="+", default=["keyed", "keyed-obfuscated"])
    parser.add_argument("--looks", nargs="+", default=LOOKS)
    parser.add_argument("--most", type=int, default=1000, help="people of each folder at most")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    regions, known = held_out_regions(options.data, options.most)
    regions, gallery = [r for r in regions if r.person], Gallery(known)
    options.out.mkdir(parents=True, exist_ok=True)
    print("| " + " | ".join(COLUMNS) + " |\n" + "| --- " * len(COLUMNS) + "|")
    for model in options.models:
        found, cells = [], []
        for look in options.looks:
            rows, shown = measure(model, look, regions, gallery)
            for row in rows:
                *first, ranks = row.values()
                print("| " + " | ".join(map(str, [*first, *ranks.values()])) + " |", flush=True)
            found += rows
            cells.append(shown)
        (options.out / f"{model}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        sheet = contact_sheet([str(i + 1) for i in range(len(cells[0]))], cells)
        sheet.save(options.out / f"{model}.png")


if __name__ == "__main__":
    main()
