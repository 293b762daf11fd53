"""Writes lattice_tables.npz: python calibrate.py select | tabulate [CLASS ...].

`measure_detail.py` and `measure_base.py` first measured each coefficient alone (step, offset, slack).
`select` takes of each coefficient the variant with the most information in the worst journeys, less a
price for its distortion. `tabulate` then embeds the chosen carriers together in training covers,
sends them through all journeys and stores what came: ln P(0)/P(1) by place, state by state.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

import dct_lattice
import lab
from block_transform import change_picture, from_bands, to_bands, to_planes
from choose import choose
from layer_table import BINS, MERGES, PATH, UNIT, LayerTable
from with_margin import with_margin

CHOICE = Path(__file__).with_name("selection.json")
SIDES = {1: 256, 2: 512, 3: 768, 4: 1024, 6: 1536}
FACES = {1: 12, 2: 8, 3: 4, 4: 3, 6: 2}
OWNED = {(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (2, 0, 0)}  # bands of the base layer
PRICES = {"detail1": 0.0125, "detail2": 0.018, "base2": 0.002, "base3": 0.002, "base4": 0.0017}
s, jpeg, webp = lab.scaled, lab.jpeg, lab.SAME["webp80"]
DETAIL = {k: lab.SAME[k] for k in lab.SAME if k != "jpeg85p"} | {"jpeg60": jpeg(60), "jpeg88": jpeg(88), "jpeg82": jpeg(82), "jpeg78": jpeg(78), "jpeg73": jpeg(73)}
DETAIL_NEEDS = {k for k in lab.SAME if k not in ("webp80", "jpeg85p")} | {"jpeg82", "jpeg78", "jpeg73"}
BASE_SAME = {k: lab.SAME[k] for k in ("png", "jpeg90", "jpeg80", "jpeg70", "webp80", "noise2")} | {"jpeg50": jpeg(50)}
BASE = {
    1: {"x.75 jpeg80": s(0.75, jpeg(80)), "x.6 jpeg80": s(0.6, jpeg(80)), "x.5 jpeg80": s(0.5, jpeg(80))},
    2: {"x.75 jpeg80": s(0.75, jpeg(80)), "x.5 jpeg80": s(0.5, jpeg(80)), "x.508 jpeg75": s(0.508, jpeg(75)), "x.5 webp80": s(0.5, webp), "x.4 jpeg80": s(0.4, jpeg(80))},
}
BASE[3] = BASE[2] | {"x.4 jpeg75": s(0.4, jpeg(75)), "x.33 jpeg80": s(0.333, jpeg(80))}
BASE[4] = BASE[3] | {"x.25 jpeg80": s(0.25, jpeg(80))}
BASE[6] = BASE[4]
NEEDS = {1: {"x.75 jpeg80"}, 2: {"x.75 jpeg80", "x.5 jpeg80", "x.508 jpeg75"}, 3: {"x.5 jpeg80", "x.508 jpeg75", "x.4 jpeg80"}, 4: {"x.5 jpeg80", "x.508 jpeg75", "x.4 jpeg80"}, 6: {"x.508 jpeg75", "x.33 jpeg80"}}


def select() -> None:
    chosen = {}
    for name, price in PRICES.items():
        if name.startswith("detail"):
            found = choose("emb_detail2.pkl", price, lambda k: k in OWNED or k[0] > 0, ("webp80",))
            rows = [[*k[:1], *k[1:], 0, 0, v[0], *v[1]] for k, v in found[0].items()]
        else:
            m = int(name[-1])
            drop = ("half w80", "jpeg50") + (("x.4 j80",) if m < 3 else ())
            blocks = lambda k: 1 / m**2 if k[0] == 0 else 0.25 / max(1, m // 2) ** 2
            found = choose(f"emb_base{m}.pkl", price, lambda k: k[:3] not in OWNED or k[0] > 0, drop, blocks=blocks)
            rows = [[*k, v[0], *v[1]] for k, v in found[0].items()]
        chosen[name] = [[float(x) for x in row] for row in sorted(rows)]
        print(name, len(rows), min(found[1].items(), key=lambda a: a[1]), "MSE/64", found[2] / 64)
    chosen["base1"] = json.loads(CHOICE.with_name("selection_old.json").read_text())["base1"]
    chosen["base6"] = [[*r[:5], 1.6 * r[5], *r[6:]] for r in chosen["base3"]]  # for a third of the size
    CHOICE.write_text(json.dumps(chosen, indent=0))


def _table(rows: list, merge: int) -> LayerTable:
    r = np.array(rows)
    empty = np.zeros((len(r), 0, BINS), np.float32)
    return LayerTable(merge, r[:, :5].astype(np.int64), *(r[:, i].astype(np.float32) for i in (5, 6, 7)), 1.0, (), empty, empty)


def tabulate(m: int, chosen: dict, stored: dict) -> None:
    """Measures "base<m>", and "detail<m>" for m = 1 and 2, at a side of 256 m px."""
    side, start, rng = SIDES[m], time.time(), np.random.default_rng(m)
    layers = {f"base{m}": (_table(chosen[f"base{m}"], m), BASE_SAME | BASE[m], set(BASE_SAME) - {"jpeg50"} | NEEDS[m])}
    detail = f"detail{min(m, 2)}"
    layers[detail] = (_table(chosen[detail], 1), DETAIL, DETAIL_NEEDS)
    plans = {n: dct_lattice._Plan(t, dct_lattice._counts(t, side, side), None, None) for n, (t, _, _) in layers.items()}
    faces = [lab.load(f, side) for f in (lab.SYN[100:] if m > 1 else lab.TRAIN)[: FACES[m]]]
    wanted = [n for n in layers if n.startswith("base") or m <= 2]
    seen: dict = {n: {} for n in layers}
    noise = {n: [] for n in layers}
    for kind in lab.LOOKS:
        for i, face in enumerate(faces):
            cover = with_margin(lab.look(face, kind, faces[i - 1]))
            bands = [to_bands(p) for p in to_planes(cover)]
            changes = [np.zeros_like(b) for b in bands]
            bits = {}
            for n, plan in plans.items():
                bits[n] = rng.integers(0, 2, int(plan.counts.sum()), dtype=np.uint8)
                dct_lattice._move(bands, changes, plan, bits[n])
            picture = change_picture(cover, [from_bands(c) for c in changes])
            noise["all"] = noise.get("all", []) + [lab.psnr(picture, cover)]
            for way in dict.fromkeys(w for n in wanted for w in layers[n][1]):
                travel = next(layers[n][1][way] for n in wanted if way in layers[n][1])
                got = [to_bands(p) for p in to_planes(travel(picture))]
                for n in wanted:
                    if way in layers[n][1]:
                        seen[n].setdefault(f"{way} {kind}", []).append((dct_lattice._places(got, plans[n]), bits[n]))
    for n in wanted:
        _store(n, layers[n], plans[n], seen[n], stored)
    print(f"m {m}: {np.mean(noise['all']):.2f} dB to the cover, {time.time() - start:.0f} s", flush=True)


def _store(name: str, layer: tuple, plan, seen: dict, stored: dict) -> None:
    table, _, needs = layer
    ends = np.cumsum(plan.counts)
    ratio, density, rates = [], [], {}
    for state, runs in seen.items():
        counts = np.zeros((len(ends), 2, BINS))
        for places, bits in runs:
            for c, bins in enumerate(places):
                own = bits[ends[c] - plan.counts[c] : ends[c]]
                counts[c] += np.bincount(own * BINS + bins, minlength=2 * BINS).reshape(2, BINS)
        smooth = counts + 0.3 + 0.002 * counts.sum((1, 2), keepdims=True) / (2 * BINS)
        share = smooth / smooth.sum(2, keepdims=True)
        llr = np.clip(np.rint(UNIT * np.log(share[:, 0] / share[:, 1])), -127, 127)
        ratio.append(llr)
        density.append(np.clip(np.rint(UNIT * np.log(share.mean(1))), -255, 0))
        for places, bits in runs:
            soft = np.concatenate([llr[c][bins] for c, bins in enumerate(places)]) / UNIT
            rates.setdefault(state, []).append(1 - np.mean(np.logaddexp(0, np.where(bits == 0, -soft, soft))) / np.log(2))
    need = {k: min(v) for k, v in rates.items() if k.rsplit(" ", 1)[0] in needs}
    worst = sorted(need.items(), key=lambda a: a[1])
    print(name, "carriers", len(ends), "bits", int(ends[-1]), "information", [(k, round(v, 3)) for k, v in worst[:4]], flush=True)
    print("   mean", {k: round(float(np.mean(v)), 3) for k, v in rates.items() if "pixelate" in k})
    values = {"merge": table.merge, "place": table.place, "step": table.step, "offset": table.offset, "slack": table.slack, "information": worst[0][1], "states": np.array(list(seen)), "ratio": np.stack(ratio, 1).astype(np.int8), "density": np.stack(density, 1).astype(np.int16)}
    stored.update({f"{name}/{k}": v for k, v in values.items()})


if __name__ == "__main__" and len(sys.argv) > 1 and sys.argv[0].endswith("calibrate.py"):
    if sys.argv[1] == "select":
        select()
    else:
        chosen = json.loads(CHOICE.read_text())
        stored = dict(np.load(PATH)) if PATH.exists() else {}
        for m in [int(a) for a in sys.argv[2:]] or MERGES:
            tabulate(m, chosen, stored)
            np.savez_compressed(PATH, **stored)
