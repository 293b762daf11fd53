"""Fairness: recovered PSNR by subgroup.

    python -m proface.research.evaluation.subgroups --data DIR [DIR ...]

The data sets have no demographic labels; groups are the images' folders, and thirds of each data
set by the lightness of the cheeks' skin. PSNR is over the face's box only, without background and
clothes, from the saved PNG; mean and worst tenth of each group. Needs the extra `evaluate`.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from proface.faces import detect
from proface.looks import obfuscate
from proface.research.evaluation.images import find, load, round_trip
from proface.research.evaluation.methods import method
from proface.research.evaluation.metrics import psnr, worst_tenth
from proface.types import Face, Pixels

SIDE = 384  # the data sets' own size


def cheek_lightness(x: Pixels, face: Face) -> float:
    """CIE L* of the cheeks, 0..100: the median around the points between eyes and mouth."""
    lab = cv2.cvtColor(x.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    eyes, mouth = face.landmarks[:2], face.landmarks[3:]
    radius = max(2, face.box.w // 16)
    values = []
    for (ex, ey), (mx, my) in zip(eyes, mouth, strict=True):
        cx, cy = round((ex + mx) / 2), round((ey + my) / 2)
        values.append(lab[max(0, cy - radius) : cy + radius, max(0, cx - radius) : cx + radius, 0])
    return float(np.median(np.concatenate([v.ravel() for v in values])))


def main() -> None:
    """Print one table row for each group."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--model", default="padded")
    parser.add_argument("--look", default="pixelate:20")
    parser.add_argument("--most", type=int, default=1000, help="images of each folder at most")
    options = parser.parse_args()
    way = method(options.model)
    scores: dict[str, list[float]] = defaultdict(list)
    by_skin: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for folder in options.data:
        for path in find(folder, options.most):
            x = load(path, SIDE)
            faces = [face for face in detect(x) if face.landmarks]
            if not faces:
                continue
            face = max(faces, key=lambda face: face.box.w)
            p, key = way.hide(x, obfuscate(x, options.look))
            recovered = round_trip(way.reveal(round_trip(p), key))
            score = psnr(x[face.box.slices], recovered[face.box.slices])
            scores[f"{folder.name}/{path.parent.name}"].append(score)
            by_skin[folder.name].append((cheek_lightness(x, face), score))
    for data, pairs in by_skin.items():
        thirds = np.array_split(np.array(sorted(pairs)), 3)
        for name, third in zip(("darkest", "middle", "lightest"), thirds, strict=True):
            spread = f"L* {third[:, 0].min():.0f} to {third[:, 0].max():.0f}"
            scores[f"{data}, {name} third of skin ({spread})"] = list(third[:, 1])
    print("| group | faces | recovered dB, face only | worst tenth dB |\n" + "| --- " * 4 + "|")
    for name, values in scores.items():
        print(f"| {name} | {len(values)} | {np.mean(values):.2f} | {worst_tenth(values):.2f} |")


if __name__ == "__main__":
    main()
