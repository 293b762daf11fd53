"""Near-miss keys: what a key that is nearly right opens, and whether one can be found by search.

Bits of a key map or words of a pad are made wrong, from a thousandth to a half of them; a password
is changed by one bit. Then the attacker climbs: he knows all weights, changes the key piece by
piece, and keeps what makes the opened image more plausible: smooth, and like the look when it is
blurred. The keyed flow's key he also looks for by the gradient. His baseline searches as long in a
picture that hides somebody else in the same look.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proface.attacks.findings import Finding, Table, Verdict, figure
from proface.attacks.gradient import descend, differentiable
from proface.attacks.intervals import Interval, bootstrap
from proface.attacks.material import SIDE, Region
from proface.attacks.races import Exam, Tell
from proface.evaluation.metrics import psnr
from proface.keys import Key, keystream
from proface.obfuscators import obfuscate
from proface.runtime import Flow, load_flow

Pixels = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint16]
# Protected picture, and the look that the attacker takes for what it hides behind -> what he opens.
Search = Callable[[Pixels, Pixels], Pixels]

PARTS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)
LOOK = "blur:15"
CURVE = "near-misses.png"
SEARCHED = 64  # pixels of the region whose key is searched
DESCENT = 100  # steps, beyond which the gradient brings little more
ALLOWED = 1.0  # dB that a search or a wrong bit may bring over its baseline, in the mean


def examine_near_misses(
    model: str, test: Exam, minutes: float, folder: Path, tell: Tell
) -> Finding:
    """Measure the curve, the wrong bit of a password, and the searches; draws the curve."""
    flow = load_flow(model)
    several = list(test.regions[:: max(1, len(test.regions) // int(np.clip(4 * minutes, 4, 24)))])
    curve = {part: bootstrap([opened(flow, r, part) for r in several]) for part in PARTS}
    tell("near misses: " + ", ".join(f"{k:.1%} wrong {v.value:.1f} dB" for k, v in curve.items()))
    bit = bootstrap([one_bit(flow, r) for r in several[:8]])
    tell(f"one bit of the password against a random key: {bit.value:+.2f} dB")
    steps = int(np.clip(20 * minutes, 100, 500))
    pairs = list(zip(several, several[1:] + several[:1], strict=True))
    searches: dict[str, Search] = {f"{steps} steps of climbing": partial(climb, flow, steps)}
    if flow.kind == "keyed":
        network = differentiable(flow)
        searches[f"{DESCENT} steps down the gradient"] = lambda p, o: descend(network, p, DESCENT)
    gains = {"one bit of the password wrong, over a random key": bit}
    for name, search in searches.items():
        title = f"{name}, over the same in another's picture"
        gains[title] = bootstrap([searched(flow, search, r, other) for r, other in pairs])
        tell(f"{title}: {figure(gains[title])} dB")
    draw(curve, flow.kind, folder / CURVE)
    verdict, because = judgement(gains)
    what = "pad words" if flow.kind == "padded" else "key bits"
    rows: list[Sequence[object]] = [
        (f"{part:.1%} of the {what} wrong", figure(value)) for part, value in curve.items()
    ]
    rows += [(title, figure(gain)) for title, gain in gains.items()]
    return Finding(
        "near-misses",
        "What does a key open that is nearly right, and does a search find one?",
        verdict,
        because,
        [Table(f"PSNR to the original, dB, {len(several)} images in {LOOK}", ("key", "dB"), rows)],
        {
            "curve": {str(part): list(value) for part, value in curve.items()},
            "gains": {title: list(gain) for title, gain in gains.items()},
        },
        [CURVE],
    )


def judgement(gains: dict[str, Interval]) -> tuple[Verdict, str]:
    """From what a wrong bit and the searches bring over their baselines, dB."""
    told = "; ".join(f"{title} {figure(gain)} dB" for title, gain in gains.items())
    if any(gain.low > ALLOWED for gain in gains.values()):
        return "leak", f"A near miss helps: {told}."
    if any(gain.high > ALLOWED for gain in gains.values()):
        return "inconclusive", f"An interval reaches beyond {ALLOWED:g} dB: {told}."
    return "no leak", f"Near misses come from the key alone: {told}."


def wrong(key: Words, part: float, kind: str, generator: np.random.Generator) -> Words:
    """The key with so many of its words (padded) or bits (keyed) replaced by others."""
    if kind == "padded":
        chosen = generator.random(key.size) < part
        noise = generator.integers(1, 1 << 16, key.size, dtype=np.uint16)
        return np.where(chosen, key + noise, key).astype(np.uint16)
    bits = np.unpackbits(key.astype("<u2").view(np.uint8))
    bits ^= (generator.random(bits.size) < part).astype(np.uint8)
    return np.packbits(bits).view("<u2").astype(np.uint16)


def opened(flow: Flow, shown: Region, part: float) -> float:
    """PSNR of what a key opens of which this part is wrong."""
    pad = keystream(os.urandom(32), flow.words(SIDE, SIDE))
    p = flow.hide(shown.pixels, obfuscate(shown.pixels, LOOK, [shown.face]), pad)
    near = wrong(pad, part, flow.kind, np.random.default_rng())
    return psnr(shown.pixels, flow.reveal(p, near))


def one_bit(flow: Flow, shown: Region) -> float:
    """PSNR that a password with one bit wrong opens, less what a random key opens."""
    nonce = os.urandom(16)
    o = obfuscate(shown.pixels, LOOK, [shown.face])
    p = flow.protect(shown.pixels, o, Key.from_password("correct horse"), nonce)
    near = flow.recover(p, Key.from_password("correct horsd"), nonce)  # e and d: one bit
    far = flow.recover(p, Key.generate(), nonce)
    return psnr(shown.pixels, near) - psnr(shown.pixels, far)


def searched(flow: Flow, search: Search, shown: Region, other: Region) -> float:
    """What a search opens of a picture, less what it opens of one that hides somebody else.

    Both in the first one's look and compared with the first one's face, dB.
    """
    small, foreign = (_small(r.pixels) for r in (shown, other))
    o = obfuscate(small, LOOK)
    found = []
    for hidden in (small, foreign):
        pad = keystream(os.urandom(32), flow.words(SEARCHED, SEARCHED))
        found.append(psnr(small, search(flow.hide(hidden, o, pad), o)))
    return found[0] - found[1]


def _small(pixels: Pixels) -> Pixels:
    size = SEARCHED, SEARCHED
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def climb(flow: Flow, steps: int, p: Pixels, o: Pixels) -> Pixels:
    """Change a random key piece by piece, keep what is more plausible; returns what it opens."""
    generator = np.random.default_rng()
    key = generator.integers(1 << 16, size=flow.words(*p.shape[:2]), dtype=np.uint16)
    best = flow.reveal(p, key)
    least = implausible(best, o)
    for step in range(steps):
        count = max(1, int(key.size * 0.1 * (1 - step / steps) ** 2))
        places = generator.integers(key.size, size=count)
        tried = key.copy()
        tried[places] = generator.integers(1 << 16, size=count, dtype=np.uint16)
        image = flow.reveal(p, tried)
        score = implausible(image, o)
        if score < least:
            key, best, least = tried, image, score
    return best


def implausible(image: Pixels, o: Pixels) -> float:
    """How rough an image is, and how unlike the look where it is blurred alike; levels."""
    levels = image.astype(np.float32)
    rough = float(np.abs(np.diff(levels, axis=0)).mean() + np.abs(np.diff(levels, axis=1)).mean())
    unlike = float(np.abs(obfuscate(image, LOOK).astype(np.float32) - o).mean())
    return rough + 2 * unlike


def draw(curve: dict[float, Any], kind: str, path: Path) -> None:
    """The curve as a picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    parts = [100 * part for part in curve if part]
    values = [value for part, value in curve.items() if part]
    drawing = Figure((7, 4.2), layout="constrained")
    axes = FigureCanvasAgg(drawing).figure.add_subplot()
    axes.fill_between(parts, [v.low for v in values], [v.high for v in values], alpha=0.25)
    axes.plot(parts, [v.value for v in values], marker="o", label="nearly right key")
    axes.axhline(curve[0.0].value, color="grey", linestyle=":", label="right key")
    axes.set_xscale("log")
    axes.set_xlabel(f"wrong {'pad words' if kind == 'padded' else 'key bits'}, %")
    axes.set_ylabel("PSNR of the opened image, dB")
    axes.set_title("What a nearly right key opens (mean, 95 %)")
    axes.grid(alpha=0.3)
    axes.legend()
    drawing.savefig(path, dpi=110)
