"""Keyless inversion: a network trained to undo a model, against the same network on the look alone.

First one network learns to restore looks. Then it is forked: from the same weights, on the same
faces in the same order, one copy goes on with the looks (the baseline), one with protected
pictures under fresh keys (the attack), others with pictures that leak on purpose (the controls).
What the attack brings back beyond the baseline is the leak; what the controls bring back shows
that it would have been found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from scipy.stats import binomtest

from proface.attacks.arms import Arm
from proface.attacks.findings import Finding, Table, Verdict, figure
from proface.attacks.judging import RECOGNISERS
from proface.attacks.material import Pixels, region
from proface.attacks.races import BASELINE, Exam, Tell, pretrain, race
from proface.attacks.victims import Model, Planted, Reused, Victim
from proface.errors import UsageError
from proface.evaluation.methods import method
from proface.evaluation.metrics import psnr
from proface.evaluation.sheet import Cell, contact_sheet
from proface.obfuscators import obfuscate
from proface.runtime import load_flow

ALLOWED = 0.3  # dB that an attack may gain by chance or by the noise's own structure
MUST_LEAK = 4.0  # dB that the keyed flow must give on blur
CONTROL_MUST_LEAK = 1.0  # dB that the other controls must give on blur
CONTROL_SHARE, CONTROL_MOST = 0.25, 3.0  # part of the budget, and minutes, that a control gets
PRETRAINING = 1 / 3  # of the budget, before it
SHEET = "inversion-{}.png"
REUSED = "reused-key.bin"


@dataclass(frozen=True)
class Effort:
    """How hard to try.

    Attributes:
        minutes: of two cores, for all that an attacker does: learning to restore looks, making
            pictures, learning from them.
        sizes: of the network, each a run of its own.
    """

    minutes: float
    sizes: Sequence[str] = ("medium", "small")


def invert(
    model: str, paths: Sequence[Path], test: Exam, effort: Effort, folder: Path, tell: Tell
) -> Finding:
    """Run the attack with every size; checkpoints lie in the folder, and it goes on from them."""
    records: dict[str, list[dict[str, Any]]] = {}
    pictures = []
    for size in effort.sizes:
        start = pretrain(
            folder / f"restorer-{size}.pt", size, paths, effort.minutes * PRETRAINING, tell
        )
        # The smallest attackers look at the picture alone, the others know all weights.
        victim = Model(method(model), open_it=size not in ("tiny", "small"))
        short = control_minutes(effort)
        flow = load_flow("padded")
        entrants: dict[str, tuple[Victim, float]] = {
            model: (victim, effort.minutes - start.minutes),
            "planted skip": (Planted(flow), short),
            "reused keystream": (Reused(flow, some_face(paths), folder / REUSED), short),
        }
        if model != "keyed":
            entrants["keyed"] = (Model(method("keyed"), open_it=False), short)
        path = folder / f"inversion-{size}.pt"
        arms, records[size] = race(path, start, entrants, paths, test, tell)
        shown = {name: (v, arms[name]) for name, (v, _) in entrants.items()}
        shown[BASELINE.name] = BASELINE, arms[BASELINE.name]
        pictures.append(SHEET.format(size))
        sheet(shown, model, test, folder / pictures[-1])
    verdict, because = judgement(records, model)
    return Finding(
        "inversion",
        "Does a network trained on pairs (protected, original), without the key, bring back more "
        "than the same network trained on pairs (look, original)?",
        verdict,
        because,
        [table(size, found) for size, found in records.items()],
        {"records": records, "allowed_gain": ALLOWED},
        pictures,
    )


def control_minutes(effort: Effort) -> float:
    """What a control gets after the fork: leaks that are there show soon."""
    return min(CONTROL_MOST, effort.minutes * CONTROL_SHARE)


def judgement(records: dict[str, list[dict[str, Any]]], model: str) -> tuple[Verdict, str]:
    """The verdict, from records of all sizes.

    A leak: somewhere the gain's interval, over the baseline or over decoys, lies above what is
    allowed, or a recogniser surely names more people than the look allows. No leak: every gain's
    interval lies below it, every rank within what the look allows, and every control leaked.

    What the look allows is the upper end of the 95 % interval of the baseline, or of the same
    network on decoys where that is higher: both know the look alone.
    """
    attacks = [r for found in records.values() for r in found if r["victim"] == model]
    looks = [(r, look, f) for r in attacks for look, f in r["looks"].items()]
    worst = max(looks, key=lambda item: item[2]["gain"][0])
    at = f"{worst[1]} at {worst[0]['minutes']:.3g} min"
    most = f"largest gain {figure(worst[2]['gain'])} dB ({at})"
    gained = [f[kind] for _, _, f in looks for kind in ("gain", "gain_over_decoy")]
    ranks = [rank for r, look, f in looks for rank in ranked(r, look, f)]
    if any(gain[1] > ALLOWED for gain in gained):
        return "leak", f"The attack brings back more than the look tells: {most}."
    if any(rank.attack[1] > rank.allowed for rank in ranks):
        return "leak", f"Recognisers name more people than the look tells; {most}."
    missing = [text for found in records.values() for text in silent(found, model)]
    if missing:
        return "inconclusive", f"A control did not leak: {', '.join(missing)}. {most}."
    if not any(r["victim"] != model for found in records.values() for r in found):
        return "inconclusive", f"No leak found, but no control ran either; {most}."
    if any(gain[2] > ALLOWED for gain in gained):
        return "inconclusive", f"The interval of a gain reaches beyond {ALLOWED} dB: {most}."
    beyond = [rank for rank in ranks if rank.attack[0] > rank.allowed]
    if beyond:
        return "inconclusive", f"More people are named: {'; '.join(map(str, beyond))}; {most}."
    above = [rank for rank in ranks if rank.attack[0] > rank.baseline[2]]
    told = f"{len(above)} of {len(ranks)} ranks above the baseline's interval"
    if above:
        told += f", and as high on decoys: {'; '.join(map(str, above))}"
    return "no leak", f"All controls leaked, the model did not: {most}; {told}."


class Rank(NamedTuple):
    """What a recogniser makes of an attack, of its baseline and of the same network on decoys."""

    where: str
    attack: list[float]
    baseline: list[float]
    decoy: list[float]
    alone: list[int]  # people named under their own picture alone, and under the decoy alone

    @property
    def allowed(self) -> float:
        """The most that the look tells."""
        return max(self.baseline[2], self.decoy[2])

    def __str__(self) -> str:
        p = binomtest(self.alone[0], sum(self.alone) or 1, alternative="greater").pvalue
        return (
            f"{self.where}: {self.attack[0]:.2f}, baseline {figure(self.baseline)}, decoys "
            f"{figure(self.decoy)}, {self.alone[0]} people without the decoy and {self.alone[1]} "
            f"with it alone, sign test p {p:.2g}"
        )


def ranked(record: dict[str, Any], look: str, scores: dict[str, Any]) -> list[Rank]:
    """Rank 1 by each recogniser."""
    return [
        Rank(
            f"{look} at {record['minutes']:.3g} min, {name}",
            scores["attack"][f"rank1_{name}"],
            scores["baseline"][f"rank1_{name}"],
            scores["decoy"][f"rank1_{name}"],
            scores["alone"][name],
        )
        for name in RECOGNISERS
        if f"rank1_{name}" in scores["attack"]
    ]


def silent(records: Sequence[dict[str, Any]], model: str) -> list[str]:
    """The controls that did not leak, with what they gained on the first look."""
    found = []
    for record in records:
        if record["victim"] != model:
            look, scores = next(iter(record["looks"].items()))
            needed = MUST_LEAK if record["victim"] == "keyed" else CONTROL_MUST_LEAK
            if scores["gain"][1] < needed:
                found.append(f"{record['victim']} {scores['gain'][0]:+.2f} dB on {look}")
    return found


def table(size: str, records: Sequence[dict[str, Any]]) -> Table:
    """What a size of the network brought back."""
    rows = []
    for record in records:
        for look, scores in record["looks"].items():
            attack, base = scores["attack"], scores["baseline"]
            cells = [f"{attack[n][0]:.2f} / {base[n][0]:.2f}" for n in ("psnr", "lpips")]
            for n in [f"{t}_{r}" for t in ("rank1", "verified") for r in RECOGNISERS]:
                cells.append(
                    f"{attack[n][0]:.2f} / {figure(base[n])} / {scores['decoy'][n][0]:.2f}"
                    if n in attack
                    else "not measured"
                )
            head = (record["victim"], f"{record['minutes']:.3g}", look)
            rows.append((*head, *(figure(scores[k]) for k in ("gain", "gain_over_decoy")), *cells))
    columns = ["pictures", "min", "look", "gain dB", "gain over decoys", "PSNR", "LPIPS"]
    columns += [f"{t}, {r}" for t in ("rank 1", "verified at 1 %") for r in RECOGNISERS]
    return Table(f"{size} network; attack / baseline (95 %) / attack on decoys", columns, rows)


def sheet(arms: dict[str, tuple[Victim, Arm]], model: str, test: Exam, path: Path) -> None:
    """Draw what the attackers see and what they make of it."""
    controls = [name for name in arms if name not in (BASELINE.name, model)]
    headings = ["original", "look", "protected", "baseline", "attack", *controls]
    rows = []
    places = sorted({shown.place for shown in test.regions})
    chosen = [next(s for s in test.regions if s.place == place) for place in places][:2]
    for shown in chosen:
        for look in test.looks:
            o = obfuscate(shown.pixels, look, [shown.face])
            seen = {name: victim.show(shown.pixels, o) for name, (victim, _) in arms.items()}
            row = [Cell(shown.pixels, look), Cell(o), Cell(seen[model])]
            for name in (BASELINE.name, model, *controls):
                victim, arm = arms[name]
                restored = arm.restore(seen[name], victim.opened(seen[name]))
                row.append(Cell(restored, f"{psnr(shown.pixels, restored):.1f} dB"))
            rows.append(row)
    contact_sheet(headings, rows).save(path)


def some_face(paths: Sequence[Path]) -> Pixels:
    """The first face of the training photos.

    Raises:
        UsageError: there is none.
    """
    for path in paths:
        if (found := region(path)) is not None:
            return found.pixels
    raise UsageError(f"{paths[0].parent}: no faces there. Name another folder.")
