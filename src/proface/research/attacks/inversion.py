"""Inversion attack without the key: a network trained to restore faces from protected pictures.

A network is first trained to restore looks. Then it is forked: from the same weights, on the same
faces in the same order, one copy is trained on looks alone (the baseline), one on protected
pictures under fresh keys (the attack), others on pictures that leak on purpose (the positive
controls). The attack's gain over the baseline measures the leak; the gains on the positive
controls show that a leak would have been found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from scipy.stats import binomtest

from proface.errors import UsageError
from proface.looks import obfuscate
from proface.research.attacks.attack_targets import (
    AttackTarget,
    FreshKeys,
    KeystreamReuse,
    PlantedLeak,
)
from proface.research.attacks.attacker_training import (
    BASELINE,
    EvaluationSet,
    Say,
    pretrain,
    train_attackers,
)
from proface.research.attacks.attackers import Attacker
from proface.research.attacks.face_sets import region
from proface.research.attacks.findings import Finding, Table, Verdict, with_interval
from proface.research.attacks.saved_pictures import attacked, control_flow, is_robust
from proface.research.attacks.scoring import RECOGNISERS
from proface.research.evaluation.contact_sheet import Cell, contact_sheet
from proface.research.evaluation.metrics import psnr
from proface.types import Pixels

ALLOWED = 0.3  # dB of gain that count as chance or as the structure of the noise
KEYED_CONTROL_GAIN = 4.0  # dB, at least, on the keyed flow, on blur
CONTROL_GAIN = 1.0  # dB, at least, on the other positive controls, on blur
CONTROL_SHARE, CONTROL_MOST = 0.25, 3.0  # a control gets this part of the budget, up to 3 min
PRETRAINING = 1 / 3  # of the budget
SHEET = "inversion-{}.png"
REUSED = "reused-key.bin"


@dataclass(frozen=True)
class Budget:
    """The resources of each attacker.

    Attributes:
        minutes: of two cores, for pretraining, making the pictures and training.
        sizes: of the network; the attack runs once with each.
    """

    minutes: float
    sizes: Sequence[str] = ("medium", "small")


def run_inversion(
    model: str, paths: Sequence[Path], test: EvaluationSet, budget: Budget, folder: Path, say: Say
) -> Finding:
    """Run the attack with every size, resuming from checkpoints in the folder."""
    records: dict[str, list[dict[str, Any]]] = {}
    pictures = []
    for size in budget.sizes:
        start = pretrain(
            folder / f"restorer-{size}.pt", size, paths, budget.minutes * PRETRAINING, say
        )
        # The smallest attackers see the picture only, the others also know the model's weights.
        # The robust flow's decoder shows nothing under a random key: the checksum refuses it.
        known = size not in ("tiny", "small") and not is_robust(model)
        target = FreshKeys(attacked(model), with_decoder=known)
        control = control_minutes(budget)
        flow = control_flow(model)
        targets: dict[str, tuple[AttackTarget, float]] = {
            model: (target, budget.minutes - start.minutes),
            "planted skip": (PlantedLeak(flow), control),
            "reused keystream": (KeystreamReuse(flow, first_face(paths), folder / REUSED), control),
        }
        if model != "keyed":
            targets["keyed"] = (FreshKeys(attacked("keyed"), with_decoder=False), control)
        path = folder / f"inversion-{size}.pt"
        attackers, records[size] = train_attackers(path, start, targets, paths, test, say)
        shown = {name: (v, attackers[name]) for name, (v, _) in targets.items()}
        shown[BASELINE.name] = BASELINE, attackers[BASELINE.name]
        pictures.append(SHEET.format(size))
        sheet(shown, model, test, folder / pictures[-1])
    verdict, because = conclude(records, model)
    return Finding(
        "inversion",
        "Does a network trained on (protected, original) pairs without the key restore more than "
        "the same network trained on (look, original) pairs?",
        verdict,
        because,
        [table(size, found) for size, found in records.items()],
        {"records": records, "allowed_gain": ALLOWED},
        pictures,
    )


def control_minutes(budget: Budget) -> float:
    """Training time of a control after the fork: its leak shows early."""
    return min(CONTROL_MOST, budget.minutes * CONTROL_SHARE)


def conclude(records: dict[str, list[dict[str, Any]]], model: str) -> tuple[Verdict, str]:
    """The verdict from the evaluation records of all sizes.

    Leak: the interval of a gain, over the baseline or over the negative control, lies above
    ALLOWED, or the interval of a rank-1 rate lies above what the look allows. No leak: all
    intervals of gains lie below ALLOWED, all rank-1 rates within what the look allows, and every
    positive control leaked.

    What the look allows is the upper bound of the 95 % interval of the baseline or of the negative
    control, whichever is higher: both contain the look alone.
    """
    attacks = [r for found in records.values() for r in found if r["target"] == model]
    looks = [(r, look, f) for r in attacks for look, f in r["looks"].items()]
    worst = max(looks, key=lambda item: item[2]["gain"][0])
    at = f"{worst[1]} at {worst[0]['minutes']:.3g} min"
    most = f"largest gain {with_interval(worst[2]['gain'])} dB ({at})"
    gained = [f[kind] for _, _, f in looks for kind in ("gain", "gain_over_negative")]
    ranks = [rank for r, look, f in looks for rank in rank1_results(r, look, f)]
    if any(gain[1] > ALLOWED for gain in gained):
        return "leak", f"The attack restores more than the look gives away: {most}."
    if any(rank.attack[1] > rank.allowed for rank in ranks):
        return "leak", f"Recognisers identify more people than in the look; {most}."
    missing = [text for found in records.values() for text in failed_controls(found, model)]
    if missing:
        return "inconclusive", f"A positive control did not leak: {', '.join(missing)}. {most}."
    if not any(r["target"] != model for found in records.values() for r in found):
        return "inconclusive", f"No leak found, but no positive control ran; {most}."
    if any(gain[2] > ALLOWED for gain in gained):
        return "inconclusive", f"The interval of a gain exceeds {ALLOWED} dB: {most}."
    beyond = [rank for rank in ranks if rank.attack[0] > rank.allowed]
    if beyond:
        return "inconclusive", f"More people are identified: {'; '.join(map(str, beyond))}; {most}."
    above = [rank for rank in ranks if rank.attack[0] > rank.baseline[2]]
    summary = f"{len(above)} of {len(ranks)} rank-1 rates above the baseline's interval"
    if above:
        summary += f", as is the negative control: {'; '.join(map(str, above))}"
    return "no leak", f"All positive controls leaked, the model did not: {most}; {summary}."


class Rank1(NamedTuple):
    """Rank-1 rates with intervals: of the attack, the baseline and the negative control."""

    where: str
    attack: list[float]
    baseline: list[float]
    negative: list[float]
    discordant: list[int]  # people identified in the attack only, in the negative control only

    @property
    def allowed(self) -> float:
        """The rate that the look alone may reach."""
        return max(self.baseline[2], self.negative[2])

    def __str__(self) -> str:
        only_attack, only_control = self.discordant
        p = binomtest(only_attack, sum(self.discordant) or 1, alternative="greater").pvalue
        return (
            f"{self.where}: {self.attack[0]:.2f}, baseline {with_interval(self.baseline)}, "
            f"negative control {with_interval(self.negative)}, {only_attack} people in the attack "
            f"only and {only_control} in the control only, sign test p {p:.2g}"
        )


def rank1_results(record: dict[str, Any], look: str, scores: dict[str, Any]) -> list[Rank1]:
    """The rank-1 rates of each recogniser."""
    return [
        Rank1(
            f"{look} at {record['minutes']:.3g} min, {name}",
            scores["attack"][f"rank1_{name}"],
            scores["baseline"][f"rank1_{name}"],
            scores["negative"][f"rank1_{name}"],
            scores["discordant"][name],
        )
        for name in RECOGNISERS
        if f"rank1_{name}" in scores["attack"]
    ]


def failed_controls(records: Sequence[dict[str, Any]], model: str) -> list[str]:
    """The positive controls that did not leak, with their gain on the first look."""
    found = []
    for record in records:
        if record["target"] != model:
            look, scores = next(iter(record["looks"].items()))
            needed = KEYED_CONTROL_GAIN if record["target"] == "keyed" else CONTROL_GAIN
            if scores["gain"][1] < needed:
                found.append(f"{record['target']} {scores['gain'][0]:+.2f} dB on {look}")
    return found


def table(size: str, records: Sequence[dict[str, Any]]) -> Table:
    """The scores of one size of the network."""
    rows = []
    for record in records:
        for look, scores in record["looks"].items():
            attack, base = scores["attack"], scores["baseline"]
            cells = [f"{attack[n][0]:.2f} / {base[n][0]:.2f}" for n in ("psnr", "lpips")]
            for n in [f"{t}_{r}" for t in ("rank1", "verified") for r in RECOGNISERS]:
                if n not in attack:
                    cells.append("not measured")
                    continue
                baseline, negative = with_interval(base[n]), scores["negative"][n][0]
                cells.append(f"{attack[n][0]:.2f} / {baseline} / {negative:.2f}")
            head = [record["target"], f"{record['minutes']:.3g}", look]
            head += [with_interval(scores[key]) for key in ("gain", "gain_over_negative")]
            rows.append(head + cells)
    columns = ["pictures", "min", "look", "gain dB", "gain over negative control", "PSNR", "LPIPS"]
    columns += [f"{t}, {r}" for t in ("rank 1", "verified at 1 %") for r in RECOGNISERS]
    return Table(f"{size} network; attack / baseline (95 %) / negative control", columns, rows)


def sheet(
    attackers: dict[str, tuple[AttackTarget, Attacker]], model: str, test: EvaluationSet, path: Path
) -> None:
    """Draw a sheet of what the attackers see and what they restore."""
    controls = [name for name in attackers if name not in (BASELINE.name, model)]
    headings = ["original", "look", "protected", "baseline", "attack", *controls]
    rows = []
    places = sorted({shown.place for shown in test.regions})
    chosen = [next(s for s in test.regions if s.place == place) for place in places][:2]
    for shown in chosen:
        for look in test.looks:
            o = obfuscate(shown.pixels, look, [shown.face])
            seen = {
                name: target.protect(shown.pixels, o) for name, (target, _) in attackers.items()
            }
            row = [Cell(shown.pixels, look), Cell(o), Cell(seen[model])]
            for name in (BASELINE.name, model, *controls):
                target, attacker = attackers[name]
                restored = attacker.restore(seen[name], target.decode(seen[name]))
                row.append(Cell(restored, f"{psnr(shown.pixels, restored):.1f} dB"))
            rows.append(row)
    contact_sheet(headings, rows).save(path)


def first_face(paths: Sequence[Path]) -> Pixels:
    """The first face in the training photos, uint8 256 x 256 x 3.

    Raises:
        UsageError: there is none.
    """
    for path in paths:
        if (found := region(path)) is not None:
            return found.pixels
    raise UsageError(f"{paths[0].parent}: no faces there. Name another folder.")
