"""Adds the evidence of the shaped detail layer to robust.finder.npz.

python prototypes/journey/embedding/measure_shaped_places.py CELEBA CROWDS SYNTHETIC FINDER

As `measure_places.py`, against the package: counts where coefficients lie, in protected regions and
in ordinary pictures after the usual journeys, by journey and texture, and groups the counts.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from calibrate_shaped import covers, jpeg, noise
from proface.embedding.block_transform import to_bands, to_planes
from proface.embedding.carriers import carried_coefficients
from proface.embedding.finder.evidence import ALIKE, PLACES, UNIT, places
from proface.models.store import load_flow

ORDINARY = 28  # hypotheses
TEXTURES = (0.06, 0.15, 0.3, 0.45, 0.6, 0.8, 1.1)  # mean size in steps, cut at 3: bounds


def webp(x):
    import io

    file = io.BytesIO()
    Image.fromarray(x).save(file, "WEBP", quality=80)
    return np.asarray(Image.open(file).convert("RGB"))


def shifted(x):
    return np.roll(jpeg(75)(np.roll(jpeg(85)(x), (-3, -5), (0, 1))), (3, 5), (0, 1))


WAYS = {"png": lambda x: x, "noise2": noise(2), "shift75": shifted, "jpeg85_75": lambda x: jpeg(75)(jpeg(85)(x)), "webp80": webp}
WAYS |= {f"jpeg{q}": jpeg(q) for q in (95, 90, 85, 80, 75, 70)}
# A protected JPEG is saved again: its own tables come first. Of ordinary pictures alone: what
# protected regions show then, the groups below have as well.
AFTER = {f"jpeg{q} after92": lambda x, q=q: jpeg(q)(jpeg(92)(x)) for q in (80, 75, 70)}
WAYS |= AFTER
SHIFTED = ("noise2", "shift75", "webp80")
GROUPS = (("png", "jpeg95"), ("jpeg90", "jpeg85"), ("jpeg80",), ("jpeg75", "jpeg85_75"), ("jpeg70",), SHIFTED)


def count(seen, key, table, picture):
    bands = [to_bands(to_planes(picture)[0])]
    values = np.stack([own.ravel() for own in carried_coefficients(bands, table)])
    texture = np.digitize(np.minimum(np.abs(values) / table.step[:, None], 3).mean(axis=0), TEXTURES)
    for t in range(len(TEXTURES) + 1):
        counts = seen.setdefault((*key, t), np.zeros((len(table.step), PLACES)))
        for c, row in enumerate(values[:, texture == t]):
            counts[c] += np.bincount(places(row, float(table.step[c])), minlength=PLACES)


def ordinary_pictures(options):
    crowds = sorted(options.crowds.rglob("*.jpg"))[::2]
    celeba = [sorted(p.iterdir())[0] for p in sorted(options.celeba.iterdir())[::2]]
    synthetic = sorted(options.synthetic.iterdir())[200:224]
    rng = np.random.default_rng(5)
    for i, f in enumerate(crowds[:48] + celeba[20:44] + synthetic):
        image = Image.open(f).convert("RGB")
        zoom = (1.0, 1.7, 0.7, 2.6)[i % 4]
        w, h = (max(192, round(s * zoom) // 48 * 48) for s in image.size)
        yield np.asarray(image.resize((w, h), Image.LANCZOS))
    for sigma in (3, 6, 10, 16, 25, 40):
        for blur in (0.0, 0.7):
            x = rng.normal(128, sigma, (288, 288, 3)) + rng.normal(0, sigma, (288, 288, 1))
            x = cv2.GaussianBlur(x, (0, 0), blur) * (1 + blur) - 128 * blur if blur else x
            yield np.clip(np.rint(x), 0, 255).astype(np.uint8)


def grouped(classes, kinds):
    """k-means of the classes' densities under the relative entropy; ln, c x PLACES x kinds."""
    share = []
    for counts in classes:
        smooth = counts + 0.3 + 0.004 * counts.sum(1, keepdims=True) / PLACES
        share.append(smooth / smooth.sum(1, keepdims=True))
    share = np.array(share)
    chosen = [0]
    cost = lambda centre: (share * np.log(share / centre)).sum((1, 2))
    while len(chosen) < min(kinds, len(share)):
        chosen.append(int(np.min([cost(share[i]) for i in chosen], axis=0).argmax()))
    centres = share[chosen]
    for _ in range(30):
        of = np.argmin([cost(c) for c in centres], axis=0)
        centres = np.array([share[of == k].mean(0) if (of == k).any() else centres[k] for k in range(len(centres))])
    logs = np.log(centres).transpose(1, 2, 0)
    return logs[:, :, np.arange(kinds) % logs.shape[2]]


def main():
    parser = argparse.ArgumentParser()
    for name in ("celeba", "crowds", "synthetic", "finder"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    start, seen = time.time(), {}
    lattice = load_flow("robust").embedding
    for side, faces in ((256, 14), (512, 4)):
        room = int(lattice.capacity(side, side).max())
        rng = np.random.default_rng(side)
        for look, cover in covers(options.celeba, faces, side):
            picture = lattice.embed(cover, rng.integers(0, 1 << 16, (2, room), np.uint16))
            for way, travel in WAYS.items():
                count(seen, ("protected", way), lattice.shaped, travel(picture))
    print("protected", round(time.time() - start), "s", flush=True)
    for picture in ordinary_pictures(options):
        for way, travel in WAYS.items():
            count(seen, ("ordinary", way), lattice.shaped, travel(picture))
    print("ordinary", round(time.time() - start), "s", flush=True)
    stored = dict(np.load(options.finder))
    enough = {k: v for k, v in seen.items() if v.sum() > 200 * len(v)}
    logs = {"ordinary": [grouped([v for k, v in enough.items() if k[0] == "ordinary"], ORDINARY)]}
    logs["protected"] = [grouped([v for k, v in enough.items() if k[0] == "protected" and k[1] in ways], ALIKE) for ways in GROUPS]
    for kind, found in logs.items():
        both = np.concatenate(found, axis=2)
        stored[f"shaped/{kind}"] = np.clip(np.rint(-UNIT * both), 0, 255).astype(np.uint8)
    # The bands of detail2's scan for the grid's offset, in the shaped layer.
    plain = [lattice.tables["detail2"].place[c, 1:3].tolist() for c in stored["scan/carriers"]]
    carriers = [lattice.shaped.place[:, 1:3].tolist().index(band) for band in plain]
    stored["shaped/carriers"] = np.array(carriers)
    for name, ways in (("aligned", set(WAYS) - set(SHIFTED) - set(AFTER)), ("shifted", set(SHIFTED))):
        share = []
        for kind in ("protected", "ordinary"):
            parts = [v for k, v in enough.items() if k[0] == kind and k[1] in ways and k[2] > 1]
            each = [v / v.sum(1, keepdims=True) for v in parts]
            share.append(np.average(each, axis=0, weights=[v.sum() ** 0.5 for v in parts]) + 0.002 / PLACES)
        ratio = np.clip(np.rint(UNIT * np.log(share[0] / share[1])), -127, 127).astype(np.int8)
        stored[f"shaped/{name}"] = ratio[carriers]
    np.savez_compressed(options.finder, **stored)
    print(options.finder.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
