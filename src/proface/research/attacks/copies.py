"""Averaging and differencing copies, and known plaintext of one region against another.

Averaging many protected copies of a photo removes their noise and keeps what they have in common:
the look, and any detail of the original that leaks in the same way each time. Differencing removes
what they have in common; with a reused keystream it would leave the difference of two latents.
Known plaintext of one region gives its keystream, which is tried on the next region.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from proface.keys import derive, keystream
from proface.looks import obfuscate
from proface.models.flow import Flow
from proface.models.store import load_flow
from proface.research.attacks.attack_targets import (
    AttackTarget,
    FreshKeys,
    PlantedLeak,
    embedded_words,
)
from proface.research.attacks.attacker_training import EvaluationSet, Say
from proface.research.attacks.confidence import Interval, bootstrap
from proface.research.attacks.face_sets import SIDE, FaceCrop
from proface.research.attacks.findings import Finding, Table, Verdict, with_interval
from proface.research.attacks.randomness_tests import byte_values, to_bits
from proface.research.attacks.saved_pictures import (
    as_saved,
    attacked,
    control_flow,
    file_kind,
    is_robust,
)
from proface.research.evaluation.contact_sheet import Cell, contact_sheet
from proface.research.evaluation.metrics import psnr
from proface.research.evaluation.protected_files import hide
from proface.types import Pixels

LOOK = "blur:15"
ALLOWED = 0.02  # correlation of the residual with the original's detail
CONTROL_LEAST = 0.1  # of the positive control
LEAST_P = 0.001
SHEET = "copies.png"
CONTROL = "planted skip (positive control)"


def run_copies(model: str, test: EvaluationSet, minutes: float, folder: Path, say: Say) -> Finding:
    """Average copies, difference them, and try one region's keystream on another."""
    copies = int(np.clip(8 * minutes, 16, 256))
    faces = test.regions[:: max(1, len(test.regions) // 8)][:8]
    targets: dict[str, AttackTarget] = {
        model: FreshKeys(attacked(model), with_decoder=False),
        CONTROL: PlantedLeak(control_flow(model)),
    }
    if is_robust(model):
        targets[f"{model}, PNG"] = FreshKeys(attacked(model, "PNG"), with_decoder=False)
    correlations: dict[str, Interval] = {}
    residuals: dict[str, Pixels] = {}
    for name, target in targets.items():
        found = [residual_correlation(target, face, copies) for face in faces]
        correlations[name] = bootstrap([correlation for correlation, _ in found])
        residuals[name] = found[0][1]
        shown = with_interval(correlations[name], 3)
        say(f"{copies} copies averaged, {name}: correlation {shown}")
    flow = load_flow(model)
    rows = [
        (f"{copies} copies averaged: {name}", with_interval(v, 3))
        for name, v in correlations.items()
    ]
    own, control = correlations[model], correlations[CONTROL]
    worst = max((v for name, v in correlations.items() if name != CONTROL), key=lambda v: v.low)
    tables = [
        Table("Correlation of the residual with the original's detail", ("pictures", "r"), rows)
    ]
    figures: dict[str, object] = {
        "copies": copies,
        "correlation": {name: list(v) for name, v in correlations.items()},
    }
    p_values: dict[str, float] = {}
    gain: Interval | None = None
    because = (
        f"Correlation of the averaged copies with the original's detail {with_interval(own, 3)}"
    )
    if flow.kind != "keyed":
        p_values = difference_tests(flow, faces)
        gain = known_plaintext_gain(flow, faces)
        figures |= {"differences": p_values, "known_plaintext_gain": list(gain)}
        tables += [
            Table(
                "Differences of the embedded words, chi-square of their bytes: p",
                ("pictures", "p"),
                [(name, f"{p:.3g}") for name, p in p_values.items()],
            ),
            Table(
                "One region's keystream on another region, gain over a random keystream",
                ("", "dB"),
                [("next region of the same photo", with_interval(gain))],
            ),
        ]
        say(f"one region's keystream on the next: {with_interval(gain)} dB")
        because += f"; another region's keystream {with_interval(gain)} dB over a random one"
    draw(faces[0], residuals, folder / SHEET)
    verdict = conclude(worst, control, p_values, gain)
    if verdict == "inconclusive":
        because = f"A positive control did not leak. {because}"
    return Finding(
        "copies",
        "What do many protected copies of one photo reveal together, and one region about another?",
        verdict,
        f"{because}.",
        tables,
        figures,
        [SHEET],
    )


def conclude(
    worst: Interval,
    control: Interval,
    p_values: Mapping[str, float] | None = None,
    gain: Interval | None = None,
) -> Verdict:
    """The verdict.

    Args:
        worst: correlation of the pictures that leak most.
        control: correlation of the positive control.
        p_values: of `difference_tests`, where a flow embeds words.
        gain: of one region's keystream on another region, dB, likewise.
    """
    leaked, control_failed = worst.low > ALLOWED, control.low <= CONTROL_LEAST
    if gain is not None:
        leaked |= gain.low > 1
    for name, p in (p_values or {}).items():
        if "control" in name:
            control_failed |= p >= LEAST_P
        else:
            leaked |= p < LEAST_P
    return "leak" if leaked else "inconclusive" if control_failed else "no leak"


def residual_correlation(target: AttackTarget, face: FaceCrop, copies: int) -> tuple[float, Pixels]:
    """Correlation of the mean copy's residual with the original's fine detail, -1..1.

    The residual is the mean of the copies less the look.

    Returns:
        The correlation, and the residual amplified 64 times around grey, uint8 H x W x 3.
    """
    o = obfuscate(face.pixels, LOOK, [face.face])
    total = np.zeros(o.shape)
    for _ in range(copies):
        total += target.protect(face.pixels, o)
    residual = total / copies - o
    levels = face.pixels.astype(np.float32)
    detail = levels - cv2.GaussianBlur(levels, (0, 0), 3)
    correlation = 0.0
    if residual.std():
        correlation = float(np.corrcoef(residual.ravel(), detail.ravel())[0, 1])
    return correlation, np.clip(np.rint(128 + 64 * residual), 0, 255).astype(np.uint8)


def difference_tests(flow: Flow, faces: Sequence[FaceCrop]) -> dict[str, float]:
    """p-values: are the differences of two pictures' embedded words uniform?"""
    first, second = faces[0].pixels, faces[-1].pixels

    def p_value(a: Pixels, key_a: bytes, b: Pixels, key_b: bytes) -> float:
        words = [
            embedded_words(flow, x, keystream(key, flow.words(SIDE, SIDE)))
            for x, key in ((a, key_a), (b, key_b))
        ]
        return byte_values(to_bits(words[0] - words[1]))

    one, other, reused = (os.urandom(32) for _ in range(3))
    return {
        "two copies of one photo": p_value(first, one, first, other),
        "two photos": p_value(first, one, second, other),
        "two photos, keystream reused (positive control)": p_value(first, reused, second, reused),
    }


def known_plaintext_gain(flow: Flow, faces: Sequence[FaceCrop]) -> Interval:
    """PSNR gain of one region's keystream on the next region, over a random keystream, dB.

    The keys are those of two faces of one file.
    """
    gains = []
    for face in faces:
        file_key = os.urandom(32)
        count = flow.words(SIDE, SIDE)
        first, second = (
            keystream(
                derive(file_key, "face", model=flow.digest, face=n, height=SIDE, width=SIDE), count
            )
            for n in (1, 2)
        )
        p = hide(flow, face.pixels, obfuscate(face.pixels, LOOK, [face.face]), second)
        p = as_saved(p, file_kind(flow))
        random = keystream(os.urandom(32), count)
        gains.append(
            psnr(face.pixels, flow.reveal(p, first)) - psnr(face.pixels, flow.reveal(p, random))
        )
    return bootstrap(gains)


def draw(face: FaceCrop, residuals: dict[str, Pixels], path: Path) -> None:
    """Draw the residuals of the first face."""
    row = [Cell(face.pixels)]
    row += [Cell(image, "mean less look, x 64") for image in residuals.values()]
    contact_sheet(["original", *residuals], [row]).save(path)
