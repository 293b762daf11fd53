"""Near-miss keys: what a nearly right key recovers, and whether search can find one.

A fraction of the bits of a key map or of the words of a pad is corrupted; a password is changed by
one bit. Then the key is searched by hill climbing with known weights: the attacker changes random
parts of the key and keeps changes that make the recovered image more plausible: smooth, and like
the look when it is blurred. A key of the keyed flow is also searched by its gradient. The baseline
is the same search on a picture with the same look that hides another person.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from proface.embedding.base import Words
from proface.errors import DamagedFileError
from proface.keys import Key, keystream
from proface.looks import obfuscate
from proface.models.flow import Flow
from proface.models.robust import Robust
from proface.models.store import load_flow
from proface.research.attacks.attacker_training import EvaluationSet, Say
from proface.research.attacks.confidence import Interval, bootstrap
from proface.research.attacks.face_sets import SIDE, FaceCrop
from proface.research.attacks.findings import Finding, Table, Verdict, with_interval
from proface.research.attacks.key_gradient import differentiable, gradient_search
from proface.research.attacks.saved_pictures import as_saved, file_kind
from proface.research.evaluation.metrics import psnr
from proface.research.evaluation.protected_files import hide
from proface.types import Pixels

# Protected picture, and the look as the attacker knows it -> recovered image.
Search = Callable[[Pixels, Pixels], Pixels]

PARTS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)
LOOK = "blur:15"
CURVE = "near-misses.png"
SEARCHED = 64  # pixels of a side of the region whose key is searched
DESCENT = 100  # steps of gradient search; more of them gain little
ALLOWED = 1.0  # dB of mean gain over the baseline


def run_near_misses(
    model: str, test: EvaluationSet, minutes: float, folder: Path, say: Say
) -> Finding:
    """Measure PSNR over the fraction of errors, one wrong password bit, and the searches."""
    flow = load_flow(model)
    faces = list(test.regions[:: max(1, len(test.regions) // int(np.clip(4 * minutes, 4, 24)))])
    curve = {part: bootstrap([psnr_with_errors(flow, r, part) for r in faces]) for part in PARTS}
    say("near misses: " + ", ".join(f"{k:.1%} wrong {v.value:.1f} dB" for k, v in curve.items()))
    bit = bootstrap([one_bit(flow, r) for r in faces[:8]])
    say(f"one bit of the password against a random key: {bit.value:+.2f} dB")
    steps = int(np.clip(20 * minutes, 100, 500))
    pairs = list(zip(faces, faces[1:] + faces[:1], strict=True))
    searches: dict[str, Search] = {
        f"{steps} steps of hill climbing": partial(hill_climb, flow, steps)
    }
    if flow.kind == "keyed":
        network = differentiable(flow)
        searches[f"{DESCENT} steps of gradient search"] = lambda p, o: gradient_search(
            network, p, DESCENT
        )
    gains = {"password off by one bit, gain over a random key": bit}
    for name, search in searches.items():
        title = f"{name}, gain over the negative control"
        gains[title] = bootstrap([search_gain(flow, search, r, other) for r, other in pairs])
        say(f"{title}: {with_interval(gains[title])} dB")
    draw(curve, flow.kind, folder / CURVE)
    verdict, because = conclude(gains)
    what = "key bits" if flow.kind == "keyed" else "pad words"
    rows: list[Sequence[object]] = [
        (f"{part:.1%} of the {what} wrong", with_interval(value)) for part, value in curve.items()
    ]
    rows += [(title, with_interval(gain)) for title, gain in gains.items()]
    return Finding(
        "near-misses",
        "What does a nearly right key recover, and does a search find one?",
        verdict,
        because,
        [Table(f"PSNR to the original, dB, {len(faces)} images in {LOOK}", ("key", "dB"), rows)],
        {
            "curve": {str(part): list(value) for part, value in curve.items()},
            "gains": {title: list(gain) for title, gain in gains.items()},
        },
        [CURVE],
    )


def conclude(gains: dict[str, Interval]) -> tuple[Verdict, str]:
    """The verdict from the gains over the baselines, dB."""
    summary = "; ".join(f"{title} {with_interval(gain)} dB" for title, gain in gains.items())
    if any(gain.low > ALLOWED for gain in gains.values()):
        return "leak", f"A near miss helps: {summary}."
    if any(gain.high > ALLOWED for gain in gains.values()):
        return "inconclusive", f"An interval exceeds {ALLOWED:g} dB: {summary}."
    return "no leak", f"Near misses do not help: {summary}."


def shown_without_check(flow: Flow, p: Pixels, pad: Words) -> Pixels:
    """What a pad shows; of the robust flow without its checksums, as attackers may decode it.

    The complete picture if its stream is an AV1 frame at all, else the coarse one, else p.
    """
    if not isinstance(flow, Robust):
        return flow.reveal(p, pad)
    layers, size = flow.embedding.read(p), p.shape[:2]
    pads = np.split(pad, [len(layers[0].words)])
    lengths, starts = flow.stream_bytes(*size), flow.starts(*size)
    for n in (1, 0):
        if not lengths[n]:
            continue
        words = (layers[n].words - pads[n])[starts[n] :].astype(">u2").tobytes()
        try:
            return flow.picture(words[4 : 4 + lengths[n]], *size)
        except DamagedFileError:
            continue
    return p


def corrupted(key: Words, part: float, kind: str, generator: np.random.Generator) -> Words:
    """The key with a fraction `part` of its words, or of the bits of a keyed flow's, changed."""
    if kind != "keyed":
        chosen = generator.random(key.size) < part
        noise = generator.integers(1, 1 << 16, key.size, dtype=np.uint16)
        return np.where(chosen, key + noise, key).astype(np.uint16)
    bits = np.unpackbits(key.astype("<u2").view(np.uint8))
    bits ^= (generator.random(bits.size) < part).astype(np.uint8)
    return np.packbits(bits).view("<u2").astype(np.uint16)


def psnr_with_errors(flow: Flow, shown: FaceCrop, part: float) -> float:
    """PSNR, dB, of the image recovered with this fraction of the key corrupted."""
    pad = keystream(os.urandom(32), flow.words(SIDE, SIDE))
    p = hide(flow, shown.pixels, obfuscate(shown.pixels, LOOK, [shown.face]), pad)
    near = corrupted(pad, part, flow.kind, np.random.default_rng())
    return psnr(shown.pixels, shown_without_check(flow, as_saved(p, file_kind(flow)), near))


def one_bit(flow: Flow, shown: FaceCrop) -> float:
    """PSNR recovered by a password off by one bit, less that of a random key, dB."""
    o = obfuscate(shown.pixels, LOOK, [shown.face])
    p, nonce = flow.protect(shown.pixels, o, Key.from_password("correct horse"))
    near = flow.recover(p, Key.from_password("correct horsd"), nonce)  # e and d: one bit
    far = flow.recover(p, Key.generate(), nonce)
    return psnr(shown.pixels, near) - psnr(shown.pixels, far)


def search_gain(flow: Flow, search: Search, shown: FaceCrop, other: FaceCrop) -> float:
    """PSNR of the image found by a search, less that of its negative control, dB.

    The negative control is a picture with the same look that hides the other face. Both results
    are compared with the first face.
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


def hill_climb(flow: Flow, steps: int, p: Pixels, o: Pixels) -> Pixels:
    """Hill climbing from a random key; returns the recovered image of least loss."""
    generator = np.random.default_rng()
    key = generator.integers(1 << 16, size=flow.words(*p.shape[:2]), dtype=np.uint16)
    best = shown_without_check(flow, p, key)
    least = plausibility_loss(best, o)
    for step in range(steps):
        count = max(1, int(key.size * 0.1 * (1 - step / steps) ** 2))
        places = generator.integers(key.size, size=count)
        tried = key.copy()
        tried[places] = generator.integers(1 << 16, size=count, dtype=np.uint16)
        image = shown_without_check(flow, p, tried)
        score = plausibility_loss(image, o)
        if score < least:
            key, best, least = tried, image, score
    return best


def plausibility_loss(image: Pixels, o: Pixels) -> float:
    """Total variation, and the difference from the look after obfuscation alike; levels."""
    levels = image.astype(np.float32)
    variation = float(
        np.abs(np.diff(levels, axis=0)).mean() + np.abs(np.diff(levels, axis=1)).mean()
    )
    difference = float(np.abs(obfuscate(image, LOOK).astype(np.float32) - o).mean())
    return variation + 2 * difference


def draw(curve: dict[float, Any], kind: str, path: Path) -> None:
    """Plot PSNR over the fraction of errors."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    parts = [100 * part for part in curve if part]
    values = [value for part, value in curve.items() if part]
    drawing = Figure((7, 4.2), layout="constrained")
    axes = FigureCanvasAgg(drawing).figure.add_subplot()
    axes.fill_between(parts, [v.low for v in values], [v.high for v in values], alpha=0.25)
    axes.plot(parts, [v.value for v in values], marker="o", label="corrupted key")
    axes.axhline(curve[0.0].value, color="grey", linestyle=":", label="right key")
    axes.set_xscale("log")
    axes.set_xlabel(f"wrong {'key bits' if kind == 'keyed' else 'pad words'}, %")
    axes.set_ylabel("PSNR of the recovered image, dB")
    axes.set_title("Recovery with a corrupted key (mean, 95 %)")
    axes.grid(alpha=0.3)
    axes.legend()
    drawing.savefig(path, dpi=110)
