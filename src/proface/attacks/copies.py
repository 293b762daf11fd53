"""Many copies of one photo, and one region whose original is known against another.

Averaged, the copies' noise fades and what they have in common stays: the look, and whatever of the
original goes the same way each time. Differenced, what they have in common fades, and a pad used
twice would leave the difference of two latents. Whoever knows the original of one region has its
pad, and tries it on the next.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from proface.attacks.findings import Finding, Table, Verdict, figure
from proface.attacks.intervals import Interval, bootstrap
from proface.attacks.material import SIDE, Region
from proface.attacks.races import Exam, Tell
from proface.attacks.victims import Model, Planted, Victim
from proface.evaluation.methods import method
from proface.evaluation.metrics import psnr
from proface.evaluation.sheet import Cell, contact_sheet
from proface.keys import derive, keystream
from proface.latents import seek_words, strips
from proface.obfuscators import obfuscate
from proface.runtime import Flow, load_flow

Pixels = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint16]

LOOK = "blur:15"
ALLOWED = 0.1  # correlation of what stays with the original's detail
LEAST_P = 0.001
SHEET = "copies.png"


def examine_copies(model: str, test: Exam, minutes: float, folder: Path, tell: Tell) -> Finding:
    """Average, difference, and try one region's pad on the next."""
    copies = int(np.clip(8 * minutes, 16, 256))
    several = test.regions[:: max(1, len(test.regions) // 8)][:8]
    victims: dict[str, Victim] = {
        model: Model(method(model), open_it=False),
        "planted skip (control)": Planted(load_flow("padded")),
    }
    kept: dict[str, Interval] = {}
    means: dict[str, Pixels] = {}
    for name, victim in victims.items():
        found = [averaged(victim, shown, copies) for shown in several]
        kept[name] = bootstrap([alike for alike, _ in found])
        means[name] = found[0][1]
        tell(f"{copies} copies averaged, {name}: correlation {figure(kept[name], 3)}")
    flow = load_flow(model)
    rows = [(f"{copies} copies averaged: {name}", figure(v, 3)) for name, v in kept.items()]
    own, control = kept[model], kept["planted skip (control)"]
    tables = [Table("What stays, and the original's detail: correlation", ("pictures", "r"), rows)]
    figures: dict[str, object] = {
        "copies": copies,
        "correlation": {n: list(v) for n, v in kept.items()},
    }
    failed = own.low > ALLOWED
    silent = control.low <= ALLOWED
    because = f"Correlation of the averaged copies with the original's detail {figure(own, 3)}"
    if flow.kind == "padded":
        p_values = differences(flow, several)
        known = known_plaintext(flow, several)
        figures |= {"differences": p_values, "known_plaintext_gain": list(known)}
        tables.append(
            Table(
                "Differences of the words, chi-square of their bytes: p",
                ("pictures", "p"),
                [(name, f"{p:.3g}") for name, p in p_values.items()],
            )
        )
        tables.append(
            Table(
                "One region's pad on another region, over a random pad",
                ("", "dB"),
                [("next region of the same photo", figure(known))],
            )
        )
        tell(f"one region's pad on the next: {figure(known)} dB")
        failed |= (
            min(p for n, p in p_values.items() if "control" not in n) < LEAST_P or known.low > 1
        )
        silent |= max(p for n, p in p_values.items() if "control" in n) >= LEAST_P
        because += f"; another region's pad {figure(known)} dB over a random one"
    draw(several[0], means, folder / SHEET)
    verdict: Verdict = "leak" if failed else "inconclusive" if silent else "no leak"
    if silent and not failed:
        because = f"A control did not leak. {because}"
    return Finding(
        "copies",
        "What do many pictures of one photo tell together, and one region about another?",
        verdict,
        f"{because}.",
        tables,
        figures,
        [SHEET],
    )


def averaged(victim: Victim, shown: Region, copies: int) -> tuple[float, Pixels]:
    """How what stays in the mean goes with the original's detail, and that, amplified, to see."""
    o = obfuscate(shown.pixels, LOOK, [shown.face])
    total = np.zeros(o.shape)
    for _ in range(copies):
        total += victim.show(shown.pixels, o)
    stays = total / copies - o
    levels = shown.pixels.astype(np.float32)
    detail = levels - cv2.GaussianBlur(levels, (0, 0), 3)
    alike = float(np.corrcoef(stays.ravel(), detail.ravel())[0, 1]) if stays.std() else 0.0
    return alike, np.clip(np.rint(128 + 64 * stays), 0, 255).astype(np.uint8)


def differences(flow: Flow, several: Sequence[Region]) -> dict[str, float]:
    """Whether differences of two pictures' words are uniform: copies, and two photos on one pad."""
    first, second = several[0].pixels, several[-1].pixels

    def words(x: Pixels, key: bytes) -> Words:
        found = seek_words(flow.hide(x, x, keystream(key, flow.words(SIDE, SIDE))))
        used = [found[row, :, : strip.words] for row, strip in enumerate(strips(SIDE, SIDE))]
        return np.concatenate([part.ravel() for part in used])

    one, key = os.urandom(32), os.urandom(32)
    return {
        "two copies of one photo": _uniform(words(first, one) - words(first, os.urandom(32))),
        "two photos": _uniform(words(first, one) - words(second, os.urandom(32))),
        "two photos on one pad (control)": _uniform(words(first, key) - words(second, key)),
    }


def _uniform(words: Words) -> float:
    counts = np.bincount(words.astype(">u2").view(np.uint8), minlength=256)
    expected = counts.sum() / 256
    return float(chi2.sf((np.square(counts - expected) / expected).sum(), 255))


def known_plaintext(flow: Flow, several: Sequence[Region]) -> Interval:
    """What one region's pad opens of the next region of its photo, less what a random pad does.

    The keys are those of two faces of one file.
    """
    gains = []
    for shown in several:
        file_key = os.urandom(32)
        count = flow.words(SIDE, SIDE)
        first, second = (
            keystream(
                derive(file_key, "face", model=flow.digest, face=n, height=SIDE, width=SIDE), count
            )
            for n in (1, 2)
        )
        p = flow.hide(shown.pixels, obfuscate(shown.pixels, LOOK, [shown.face]), second)
        random = keystream(os.urandom(32), count)
        gains.append(
            psnr(shown.pixels, flow.reveal(p, first)) - psnr(shown.pixels, flow.reveal(p, random))
        )
    return bootstrap(gains)


def draw(shown: Region, means: dict[str, Pixels], path: Path) -> None:
    """What stays of the first photo's copies, 64 times amplified."""
    row = [Cell(shown.pixels)]
    row += [Cell(image, "mean less look, x 64") for image in means.values()]
    contact_sheet(["original", *means], [row]).save(path)
