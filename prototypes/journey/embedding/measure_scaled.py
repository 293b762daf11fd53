"""Writes robust.scaled.npz: python measure_scaled.py CELEBA CROWDS OUT [MERGE ...].

Regions of every second identity under each look, in a picture that is saved as JPEG 92, scaled and
saved again: what the base layer's coefficients were, and as what they are read. Least squares gives
the equaliser, the counts of its errors the likelihoods.
"""

import io
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

import proface
from proface.embedding.block_transform import TO_YCC
from proface.embedding.carriers import carried_coefficients
from proface.embedding.cover import soften
from proface.embedding.equaliser import BINS, UNIT, Profile, bins, equalised, read_region
from proface.embedding.finder.evidence import low_bands
from proface.models.store import load_flow
from proface.types import Place

LOOKS = ("blur:25", "pixelate:32", "mask", "another")
HOW = {"lanczos": Image.Resampling.LANCZOS, "bicubic": Image.Resampling.BICUBIC, "area": Image.Resampling.BOX}
HALF = [("x.508 jpeg75", 32 / 63, 75, how) for how in HOW] + [("x.5 jpeg80", 0.5, 80, "lanczos")]
FAR = [("x.4 jpeg80", 0.397, 80, "lanczos")]
WAYS = {1: [("x.75 jpeg80", 0.75, 80, "lanczos"), *HALF], 2: HALF + FAR}
WAYS[3] = WAYS[4] = WAYS[6] = HALF + FAR + [("x.32 jpeg80", 0.3175, 80, "lanczos")]
SIDES = {1: (224, 352), 2: (400, 608), 3: (640, 864), 4: (896, 1200), 6: (1296, 1568)}
CANVAS = {1: 504, 2: 756, 3: 1008, 4: 1386, 6: 1764}
COUNT = {1: 32, 2: 40, 3: 24, 4: 20, 6: 8}
RIDGE = 3.0
CLASSES = (0.3, 0.6, 0.85)  # quantiles of texture

flow = load_flow("robust")
lattice = flow.embedding


def load(path, w, h):
    return np.asarray(Image.open(path).convert("RGB").resize((w, h), Image.Resampling.LANCZOS))


def saved(picture, quality):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def luma(picture):
    return np.asarray(picture.astype(np.float32) @ TO_YCC[0], np.float32)


def sample(n, merge, faces, backgrounds):
    rng = np.random.default_rng(1000 * merge + n)
    while True:
        w = 16 * int(rng.integers(SIDES[merge][0], SIDES[merge][1] + 1) // 16)
        h = 16 * round(w * rng.uniform(0.95, 1.25) / 16)
        if lattice.merge(h, w) == merge and h <= CANVAS[merge]:
            break
    look = LOOKS[n % 4]
    face, other = (load(faces[int(rng.integers(len(faces)))], w, h) for _ in range(2))
    cover = other if look == "another" else proface.obfuscate(face, look)
    cover = soften(cover) if look.startswith("pixelate") else cover
    words = rng.integers(0, 1 << 16, (2, int(lattice.capacity(h, w).max())), np.uint16)
    canvas = load(backgrounds[int(rng.integers(len(backgrounds)))], CANVAS[merge], CANVAS[merge]).copy()
    x, y = (16 * int(rng.integers((CANVAS[merge] - s) // 16 + 1)) for s in (w, h))
    canvas[y : y + h, x : x + w] = lattice.embed(cover, words)
    return saved(canvas, 92), Place(x, y, w, h), words


def main():
    people, crowds, out = (Path(a) for a in sys.argv[1:4])
    faces = [sorted(folder.iterdir())[0] for folder in sorted(people.iterdir())[::2]]
    backgrounds = sorted(crowds.glob("*.jpg"))[::2]
    stored = dict(np.load(out)) if out.exists() else {}
    for merge in [int(a) for a in sys.argv[4:]] or sorted(WAYS):
        start = time.process_time()
        table = lattice.tables[f"base{merge}"]
        runs = {way: [] for way in WAYS[merge]}
        for n in range(COUNT[merge]):
            picture, place, words = sample(n, merge, faces, backgrounds)
            x, y, w, h = (int(v) for v in (place.x, place.y, place.w, place.h))
            part = luma(picture)[y : y + h, x : x + w]
            sent = np.array(carried_coefficients([low_bands(part)], table)) / table.step[:, None]
            bits = lattice.carried("base", h, w, words[0, : lattice.capacity(h, w)[0]]).reshape(sent.shape)
            for way in runs:
                _, scale, quality, how = way
                size = round(CANVAS[merge] * scale)
                s = size / CANVAS[merge]
                small = saved(np.asarray(Image.fromarray(picture).resize((size, size), HOW[how])), quality)
                got = read_region(luma(small), Place(x * s, y * s, w * s, h * s), (h, w), table)
                runs[way].append((got, sent, bits))
        profiles = [fit(way, run, table) for way, run in runs.items()]
        stored |= {
            f"base{merge}/name": np.array([p.name for p in profiles]),
            f"base{merge}/scale": np.array([p.scale for p in profiles], np.float32),
            f"base{merge}/weights": np.stack([p.weights for p in profiles]).astype(np.float16),
            f"base{merge}/edges": np.stack([p.edges for p in profiles]).astype(np.float16),
            f"base{merge}/ratio": np.stack([p.ratio for p in profiles]).astype(np.int8),
            f"base{merge}/density": np.stack([p.density for p in profiles]).astype(np.int16),
        }
        np.savez_compressed(out, **stored)
        print(merge, f"{time.process_time() - start:.0f} s", flush=True)


def fit(way, run, table):
    name, scale, _, how = way
    left = right = 0
    for got, sent, _ in run:
        rows = np.concatenate([got.features.reshape(len(got.features), -1), np.ones((1, sent.shape[1]))]).astype(np.float64)
        left = left + rows @ rows.T
        right = right + rows @ (sent - got.values.reshape(sent.shape)).T
    weights = np.linalg.solve(left + RIDGE * np.eye(len(left)), right).astype(np.float32)
    edges = np.quantile(np.concatenate([got.texture.ravel() for got, _, _ in run]), CLASSES).astype(np.float32)
    kinds = len(edges) + 1
    counts = np.zeros((len(table.step), kinds, 2, BINS))
    profile = Profile(f"{name} {how}", scale, weights, edges, counts[:, :, 0], counts[:, :, 0])
    for got, _, bits in run:
        at, kind = bins(equalised(got, profile), table), np.digitize(got.texture.ravel(), edges)
        for c in range(len(at)):
            used = bits[c] < 2
            index = (kind[used] * 2 + bits[c][used]) * BINS + at[c][used]
            counts[c] += np.bincount(index, minlength=kinds * 2 * BINS).reshape(kinds, 2, BINS)
    # Of either bit the same, and on either side of a point: each count tells of four places.
    once = counts[:, :, 0] + np.roll(counts[:, :, 1], BINS // 2, axis=2)
    once = once + np.roll(once[:, :, ::-1], 1, axis=2)
    once += 0.5 + 0.002 * once.sum(axis=2, keepdims=True) / BINS
    once /= once.sum(axis=2, keepdims=True)
    other = np.roll(once, BINS // 2, axis=2)
    ratio = np.clip(np.rint(UNIT * np.log(once / other)), -127, 127)
    density = np.rint(UNIT * np.log((once + other) / 2))
    share = (once + other) / 2
    doubt = 1 / (1 + np.exp(np.abs(ratio) / UNIT))
    known = 1 + doubt * np.log2(doubt) + (1 - doubt) * np.log2(1 - doubt)
    weight = counts.sum(axis=(2, 3)) / counts.sum()
    print(name, how, "information", round(float(((known * share).sum(axis=2) * weight).sum()), 3), flush=True)
    return Profile(profile.name, scale, weights, edges, ratio, density)


if __name__ == "__main__":
    main()
