"""Writes robust.shaped.npz: what the shaped detail layer's size bits look like when received.

python prototypes/journey/embedding/calibrate_shaped.py CELEBA OUT [--faces 10]

Carriers, steps and shares of ones come from `proface.embedding.shaped_carriers`; the table is pooled
over both sides. Faces of every
second identity of CELEBA, from the first on, as `survival.faces` leaves them out.
"""

import argparse
import io
import time
from pathlib import Path

import numpy as np
from PIL import Image

from proface.embedding.block_transform import change_picture, from_bands, to_bands, to_planes
from proface.embedding.carriers import carried_coefficients, move_carriers
from proface.embedding.cover import soften, with_margin
from proface.embedding.layer_tables import BINS, UNIT, parse_shaped_table, parse_tables
from proface.embedding.layers import _bins
from proface.embedding.shaped_carriers import CARRIERS
from proface.embedding.shaped_layer import make_shaped_plan, move_to_words, shaped_places
from proface.looks import obfuscate
from proface.embedding.dct_lattice import DctLattice
from proface.models.cards import find_shipped
from proface.research.evaluation.images import load

SIDES = (256, 512)
LOOKS = ("blur:25", "pixelate:32", "mask", "another")


def jpeg(quality, sampling=2, **how):
    def f(x):
        file = io.BytesIO()
        Image.fromarray(x).save(file, "JPEG", quality=quality, subsampling=sampling, **how)
        return np.asarray(Image.open(file).convert("RGB"))
    return f


def noise(sigma):
    def f(x):
        return np.clip(np.rint(x + np.random.default_rng(int(x[0, 0, 0])).normal(0, sigma, x.shape)), 0, 255).astype(np.uint8)
    return f


def shifted(x):  # cropped by 5 x 3 after a JPEG 90, cut out again
    return np.roll(jpeg(95)(np.roll(jpeg(85)(x), (-3, -5), (0, 1))), (3, 5), (0, 1))


WAYS = {"png": lambda x: x, "noise2": noise(2), "jpeg75_444": jpeg(75, 0), "jpeg70_444": jpeg(70, 0), "jpeg85_75": lambda x: jpeg(75)(jpeg(85)(x)), "jpeg90_75": lambda x: jpeg(75)(jpeg(90)(x)), "jpeg85_75 after92": lambda x: jpeg(75)(jpeg(85)(jpeg(92)(x))), "jpeg85 shifted": shifted}
# A protected JPEG is saved again: its own tables come first.
WAYS |= {f"jpeg{q} after{own}": lambda x, q=q, own=own: jpeg(q)(jpeg(own)(x)) for own in (92, 95) for q in (85, 80, 75, 70)}
WAYS |= {f"jpeg{q}": jpeg(q) for q in (95, 92, 90, 88, 85, 82, 80, 78, 75, 73, 70, 65, 60)}


def empty():
    """The table without any state."""
    file, count = io.BytesIO(), len(CARRIERS)
    np.savez(file, states=np.array([], str), ratio=np.zeros((count, 0, BINS), np.int8), density=np.zeros((count, 0, BINS), np.int16))
    return parse_shaped_table(file.getvalue())


def covers(folder, count, side):
    people = sorted(path for path in folder.iterdir() if path.is_dir())[::2][: count + 1]
    faces = [load(sorted(p.iterdir())[0], side) for p in people]
    for n, face in enumerate(faces[:-1]):
        for look in LOOKS:
            o = faces[n + 1] if look == "another" else obfuscate(face, look)
            yield look.split(":")[0], soften(o) if look.startswith("pixelate") else o
        small = [load(sorted(p.iterdir())[0], side // 2) for p in people[n : n + 2]]
        yield "texture", np.vstack([np.hstack(small), np.hstack(small[::-1])])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("celeba", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--faces", type=int, default=10)
    options = parser.parse_args()
    tables = parse_tables(find_shipped("robust").read("tables"))
    base, table = DctLattice(tables, empty()), empty()
    start = time.time()
    seen, kept, wrong, mse = {}, [], {}, {}
    for side in SIDES:
        plan = make_shaped_plan(table, side, side)
        rng = np.random.default_rng(side)
        starts = np.append(0, np.cumsum(plan.counts))
        print(side, "bytes", plan.size // 8, "sizes", plan.code.size, "of", plan.code.length, "signs", plan.signs.size, "of", plan.signs.length)
        for look, cover in covers(options.celeba, options.faces if side == 256 else options.faces // 2, side):
            o = with_margin(cover, 4)
            bands = [to_bands(p) for p in to_planes(o)]
            changes = [np.zeros_like(b) for b in bands]
            words = rng.integers(0, 1 << 16, plan.size // 16, np.uint16)
            size, sign = shaped_places(plan, words)
            move_to_words(bands, changes, plan, words)
            alone = change_picture(o, [from_bands(c) for c in changes])
            mse.setdefault((side, look), []).append(np.mean((alone.astype(float) - o) ** 2))
            base_words = rng.integers(0, 1 << 16, base.count("base", side, side), np.uint16)
            base_plan = base.plan("base", side, side)
            move_carriers(bands, changes, base_plan.table, base_plan.counts, base.carried(side, side, base_words), np.float32(2))
            picture = change_picture(o, [from_bands(c) for c in changes])
            for way, travel in WAYS.items():
                state = f"{way} {look}"
                values = carried_coefficients([to_bands(p) for p in to_planes(travel(picture))], table)
                bins = [_bins(own, table, c) for c, own in enumerate(values)]
                counts = seen.setdefault(state, np.zeros((len(table.step), 2, BINS)))
                for c, own in enumerate(bins):
                    bits = size[starts[c] : starts[c + 1]].astype(int)
                    ok = bits < 2
                    counts[c] += np.bincount((bits * BINS + own)[ok], minlength=2 * BINS).reshape(2, BINS)
                told = np.sin(np.pi / 2 * np.concatenate(values) / np.repeat(table.step, plan.counts))
                ones = sign < 2
                wrong.setdefault((side, state), []).append(np.mean((told[ones] < 0) != (sign[ones] == 1)))
                kept.append((side, state, plan, bins, size))
    ratio, density = {}, []
    for state, counts in seen.items():
        smooth = counts + 0.3 + 0.002 * counts.sum((1, 2), keepdims=True) / (2 * BINS)
        share = smooth / smooth.sum(2, keepdims=True)
        ratio[state] = np.clip(np.rint(UNIT * np.log(share[:, 0] / share[:, 1])), -127, 127)
        prior = table.ones[:, None]
        density.append(np.clip(np.rint(UNIT * np.log(share[:, 0] * (1 - prior) + share[:, 1] * prior)), -255, 0))
    left = {}
    for side, state, plan, bins, size in kept:
        soft = (np.concatenate([ratio[state][c][b] for c, b in enumerate(bins)]) / UNIT)[plan.order] + plan.prior
        left.setdefault((side, state), []).append(float(np.mean(np.logaddexp(0, np.where(size[plan.order] == 0, -soft, soft))) / np.log(2)))
    print("mean square error", {k: round(float(np.mean(v)), 2) for k, v in mse.items()})
    print("entropy left in a size bit: mean, worst face; wrong signs, mean")
    for (side, state), values in left.items():
        print("  ", side, state, round(float(np.mean(values)), 3), round(max(values), 3), round(float(np.mean(wrong[side, state])), 4))
    np.savez_compressed(options.out, states=np.array(list(seen)), ratio=np.stack(list(ratio.values()), 1).astype(np.int8), density=np.stack(density, 1).astype(np.int16))
    print(options.out.stat().st_size, "bytes,", round(time.time() - start), "s")


if __name__ == "__main__":
    main()
