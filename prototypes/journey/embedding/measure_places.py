"""Writes finder_tables.npz: python measure_places.py. Development only; about ten minutes.

Counts where coefficients lie, in protected regions and in ordinary pictures after the usual journeys,
by journey and look (protected) or texture (ordinary), and groups the counts into a few hypotheses.
"""

import glob
import pickle
import sys
import time

import cv2
import numpy as np

import dct_lattice
import lab
from block_transform import change_picture, from_bands, to_bands, to_planes
from layer_table import load_tables
from region_evidence import PATH, PLACES, UNIT, places
from with_margin import with_margin

cv2.setNumThreads(1)
jpeg, scaled = lab.jpeg, lab.scaled
webp = lab.SAME["webp80"]


def shifted(then):  # a screenshot's crop: the second JPEG's grid lies elsewhere
    return lambda x: np.roll(then(np.roll(x, (-3, -5), (0, 1))), (3, 5), (0, 1))


NATIVE = {"png": lambda x: x, "noise2": lab.noise(2), "shift75": lambda x: shifted(jpeg(75))(jpeg(85)(x))}
NATIVE |= {f"jpeg{q}": jpeg(q) for q in (95, 90, 85, 80, 75, 70)}
NATIVE |= {"jpeg85_75": lab.SAME["jpeg85_75"], "webp80": webp}
SCALED = {"x.75": scaled(0.75, jpeg(80)), "x.5": scaled(0.5, jpeg(80)), "x.508": scaled(0.508, jpeg(75))}
FAR = SCALED | {"x.4": scaled(0.4, jpeg(75)), "x.33": scaled(0.333, jpeg(80))}
WAYS = {"detail": NATIVE, "base1": NATIVE | SCALED, "base2": NATIVE | SCALED}
WAYS |= {f"base{m}": NATIVE | FAR for m in (3, 4, 6)}
SIDES = {1: 256, 2: 512, 3: 768, 4: 1024, 6: 1536}
FACES = {1: 16, 2: 5, 3: 4, 4: 3, 6: 2}
SHIFTED = ("noise2", "shift75", "webp80")
ORDINARY = 28  # hypotheses
ALIKE = 5  # hypotheses, by texture, of each of these groups of journeys of protected regions
GROUPS = {
    "detail": (("png", "jpeg95"), ("jpeg90", "jpeg85"), ("jpeg80",), ("jpeg75", "jpeg85_75"), ("jpeg70",), SHIFTED),
    "base": (
        ("png", "jpeg95", "jpeg90", "jpeg85", "noise2"),
        ("jpeg80", "jpeg75", "jpeg70", "jpeg85_75"),
        ("shift75", "webp80", "x.75"),
        ("x.5", "x.508"),
        ("x.4", "x.33"),
    ),
}
# Mean size of a block's coefficients in steps, cut at CAP: bounds of the classes of texture.
CAP = {"detail": 3, "base": 8}
TEXTURES = {"detail": (0.06, 0.15, 0.3, 0.45, 0.6, 0.8, 1.1), "base": (0.2, 0.45, 0.8, 1.3, 2.0, 3.5)}
SCANNED = 6  # carriers of detail2 that the scan over all offsets uses



def values_of(luma_bands, table):
    """Carriers x blocks: coefficients."""
    out = []
    for _, down, across, below, beside in table.place.tolist():
        out.append(dct_lattice._merged(luma_bands, table.merge, down, across)[below, beside].ravel())
    return np.array(out)


def count(seen, key, table, values):
    counts = seen.setdefault(key, np.zeros((len(table.step), PLACES)))
    for c, row in enumerate(values):
        counts[c] += np.bincount(places(row, float(table.step[c])), minlength=PLACES)


def count_textures(seen, name, kind, way, table, values):
    """Adds to the counts of each class of texture."""
    layer = "detail" if name.startswith("detail") else "base"
    alone = values if layer == "detail" else values[1:]  # the mean grey tells no texture
    steps = table.step[-len(alone) :, None]
    texture = np.digitize(np.minimum(np.abs(alone) / steps, CAP[layer]).mean(axis=0), TEXTURES[layer])
    for t in range(len(TEXTURES[layer]) + 1):
        count(seen, (name, kind, way, t), table, values[:, texture == t])


def ways_of(name):
    return WAYS["detail" if name.startswith("detail") else name]


def protected(seen):
    tables = load_tables()
    for m, side in SIDES.items():
        names = [f"base{m}"] + ([f"detail{m}"] if m < 3 else [])
        files = (lab.TRAIN[:FACES[m]] if m == 1 else (lab.SYN[100:])[: FACES[m]])
        faces = [lab.load(f, side) for f in files] + ([lab.load(lab.SYN[99], side)] if len(files) == 1 else [])
        rng = np.random.default_rng(m)
        for kind in lab.LOOKS:
            for i, face in enumerate(faces):
                cover = lab.look(face, kind, faces[i - 1])
                room = dct_lattice.capacity(side, side)
                bits = {n: rng.integers(0, 2, s, dtype=np.uint8) for n, s in room.items()}
                picture = dct_lattice.embed(cover, bits)
                for way, travel in ways_of(f"base{m}").items():
                    bands = to_bands(to_planes(travel(picture))[0])
                    for n in names:
                        if way in ways_of(n):
                            count_textures(seen, n, "protected", way, tables[n], values_of(bands, tables[n]))
        print("protected", m, round(time.time() - START), flush=True)


def ordinary_pictures():
    crowds = sorted(glob.glob(f"{lab.D}/crowds/**/*.jpg", recursive=True))[::2]
    rng = np.random.default_rng(5)
    for i, f in enumerate(crowds[:48] + lab.TRAIN[20:44] + lab.SYN[200:224]):
        image = lab.Image.open(f).convert("RGB")
        zoom = (1.0, 1.7, 0.7, 2.6)[i % 4]
        w, h = (max(192, round(s * zoom) // 48 * 48) for s in image.size)
        yield np.asarray(image.resize((w, h), lab.Image.LANCZOS))
    for sigma in (3, 6, 10, 16, 25, 40):
        for blur in (0.0, 0.7):
            x = rng.normal(128, sigma, (288, 288, 3)) + rng.normal(0, sigma, (288, 288, 1))
            x = cv2.GaussianBlur(x, (0, 0), blur) * (1 + blur) - 128 * blur if blur else x
            yield np.clip(np.rint(x), 0, 255).astype(np.uint8)


def ordinary(seen):
    tables = load_tables()
    every = NATIVE | FAR
    for picture in ordinary_pictures():
        for way, travel in every.items():
            bands = to_bands(to_planes(travel(picture))[0])
            for n, table in tables.items():
                if way not in ways_of(n):
                    continue
                count_textures(seen, n, "ordinary", way, table, values_of(bands, table))
    print("ordinary", round(time.time() - START), flush=True)


def grouped(classes, kinds):
    """k-means of the classes' densities under the relative entropy; returns ln, c x PLACES x kinds."""
    classes = [c for c in classes if c.sum() > 200 * len(c)]
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
    return np.log(centres).transpose(1, 2, 0), of


def scan_tables(seen):
    """Of detail2: each carrier's ln ratio, protected to ordinary, for both kinds of journeys."""
    steps, out, power = load_tables()["detail2"].step, {}, 0
    for name, ways in (("aligned", set(NATIVE) - set(SHIFTED)), ("shifted", set(SHIFTED))):
        share = []
        for kind in ("protected", "ordinary"):
            keys = [k for k in seen if k[:2] == ("detail2", kind) and k[2] in ways and k[3] > 1]
            parts = [seen[k] / seen[k].sum(1, keepdims=True) for k in keys if seen[k].sum() > 200 * len(steps)]
            weights = [seen[k].sum() ** 0.5 for k in keys if seen[k].sum() > 200 * len(steps)]
            share.append(np.average(parts, axis=0, weights=weights) + 0.002 / PLACES)
        ratio = np.log(share[0] / share[1])
        power = power + (share[0] * ratio).sum(1)
        out[name] = np.clip(np.rint(UNIT * ratio), -127, 127).astype(np.int8)
    chosen = np.sort(np.argsort(-power)[:SCANNED])
    print("scan", chosen, power.round(2))
    return {f"scan/{n}": r[chosen] for n, r in out.items()} | {"scan/carriers": chosen}


if __name__ == "__main__":
    START = time.time()
    if len(sys.argv) > 1:
        seen = pickle.load(open(sys.argv[1], "rb"))
    else:
        seen = {}
        protected(seen)
        ordinary(seen)
        pickle.dump(seen, open("places_seen.pkl", "wb"))
    stored = {}
    for n in load_tables():
        layer = "detail" if n.startswith("detail") else "base"
        sets = [("ordinary", set(ways_of(n)), ORDINARY)]
        sets += [("protected", set(ways), ALIKE) for ways in GROUPS[layer] if set(ways) & set(ways_of(n))]
        for kind, ways, kinds in sets:
            keys = [k for k in seen if k[:2] == (n, kind) and k[2] in ways and seen[k].sum() > 200 * len(seen[k])]
            logs, of = grouped([seen[k] for k in keys], kinds)
            if kind == "protected" and logs.shape[2] < kinds:
                logs = logs[:, :, np.arange(kinds) % logs.shape[2]]
            rounded = np.clip(np.rint(-UNIT * logs), 0, 255).astype(np.uint8)
            before = [stored[f"{n}/{kind}"]] if f"{n}/{kind}" in stored else []
            stored[f"{n}/{kind}"] = np.concatenate([*before, rounded], axis=2)
            for k in range(logs.shape[2]):
                print(n, kind, k, *[f"{w}/{t}" for (_, _, w, t), o in zip(keys, of) if o == k])
    stored |= scan_tables(seen)
    np.savez_compressed(PATH, **stored)
    print(PATH.stat().st_size)
