"""The look itself: whom do recognisers identify in the obfuscated image, whatever the flow?

The probe is the obfuscated image as it is, or restored by a trained network; or the gallery is
obfuscated with the same look as the probe, which any attacker can do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from proface.looks import LOOKS, get_look, obfuscate
from proface.looks.leakage import ALLOWED
from proface.research.attacks.attacker_training import BASELINE, EvaluationSet, Say, pretrain
from proface.research.attacks.attackers import Attacker
from proface.research.attacks.confidence import wilson
from proface.research.attacks.face_sets import FaceCrop
from proface.research.attacks.findings import Finding, Table, Verdict, with_interval
from proface.research.attacks.inversion import PRETRAINING, Budget
from proface.research.attacks.restorer_network import Restorer
from proface.research.attacks.scoring import RECOGNISERS, Gallery
from proface.types import Pixels

GRID = (
    *(f"blur:{s}" for s in (3, 6, 10, 15, 20, 25, 30)),
    *(f"median:{s}" for s in (11, 23, 45, 61, 81)),
    *(f"pixelate:{s}" for s in (6, 10, 14, 20, 26, 32, 40)),
    *(f"mask:{s}" for s in ("smile", "disc", "star", "visor")),
)
WEAK, WELL_RESTORED = "blur:6", 0.8  # rank-1 rate that a restorer must reach under WEAK
SHIPPED = "leaks.json"


def run_looks(
    paths: Sequence[Path], test: EvaluationSet, budget: Budget, folder: Path, say: Say
) -> Finding:
    """Identify every person of the test set in every look of the grid; writes leaks.json."""
    size = budget.sizes[0]
    attacker = restorer(size, paths, budget, folder, say)
    shown = [region for region in test.regions if region.person in test.gallery]
    measured: dict[str, Any] = {"original": _hits(shown, [r.pixels for r in shown], test.gallery)}
    looks: dict[str, Any] = {}
    for spec in (*GRID, f"swap:{paths[0].parent}"):  # another training face for each
        look = str(get_look(spec))
        hidden = [obfuscate(r.pixels, spec, [r.face]) for r in shown]
        alike = Gallery(
            [replace(r, pixels=obfuscate(r.pixels, spec, [r.face])) for r in test.gallery.regions]
        )
        found = {
            "direct": _hits(shown, hidden, test.gallery),
            "restored": _hits(shown, [attacker.restore(o, None) for o in hidden], test.gallery),
            "alike": _hits(shown, hidden, alike),
        }
        bounds = [i[2] for way in ("direct", "restored") for i in found[way].values()]
        looks[look] = {**found, "bound": max(bounds, default=1.0)}
        say(f"{look}: {_line(looks[look])}")
    facts = {
        "by": "proface attack --only looks",
        "people": len(shown),
        "data": sorted({region.place for region in shown}),
        "restorer": {"size": size, "minutes": round(attacker.minutes, 1), "steps": attacker.step},
        "original": measured["original"],
    }
    record = {**facts, "looks": looks}
    text = json.dumps(record, indent=1) + "\n"
    (folder / SHIPPED).write_text(text, "utf-8")
    verdict, because = conclude(looks)
    rows = [
        (
            look,
            *(
                with_interval(found[way][n])
                for way in ("direct", "restored", "alike")
                for n in found[way]
            ),
        )
        for look, found in looks.items()
    ]
    ways = ("as it is", "restored", "gallery obfuscated")
    columns = ["look", *(f"{way}, {n}" for way in ways for n in RECOGNISERS)]
    title = f"Rank 1 of {len(shown)} people (95 %); restorer {size}, {attacker.minutes:.1f} min"
    return Finding(
        "looks",
        "Whom do recognisers identify in the obfuscated image alone?",
        verdict,
        because,
        [Table(title, columns, rows)],
        record,
    )


def restorer(size: str, paths: Sequence[Path], budget: Budget, folder: Path, say: Say) -> Attacker:
    """The restorer of looks: the baseline of the inversion attack if it ran, or a new one."""
    path = folder / f"inversion-{size}.pt"
    if path.exists():
        attacker = Attacker(BASELINE.name, Restorer(size))
        attacker.load(torch.load(path, weights_only=True)["attackers"][BASELINE.name])
        return attacker
    minutes = budget.minutes * PRETRAINING
    return pretrain(folder / f"restorer-{size}.pt", size, paths, minutes, say)


def conclude(looks: dict[str, Any]) -> tuple[Verdict, str]:
    """Whether the default strengths hide identity, and the restorer is good enough to tell."""
    defaults = [str(get_look(name)) for name, kind in LOOKS.items() if kind.default]
    known = {look: looks[look]["bound"] for look in defaults if look in looks}
    weak = [look for look, bound in known.items() if bound >= ALLOWED]
    bounds = ", ".join(f"{look} at most {bound:.2f}" for look, bound in known.items())
    if weak:
        return (
            "leak",
            f"More than {ALLOWED:.2f} may be identified under {', '.join(weak)}: {bounds}.",
        )
    restored = max(i[0] for i in looks[WEAK]["restored"].values())
    if restored < WELL_RESTORED:
        return "inconclusive", (
            f"The restorer's rank-1 rate under {WEAK} is {restored:.2f}, below {WELL_RESTORED}: "
            f"{bounds}."
        )
    return "no leak", f"Under the default strengths few are identified: {bounds}."


def _hits(
    shown: Sequence[FaceCrop], pictures: Sequence[Pixels], gallery: Gallery
) -> dict[str, list[float]]:
    """Rank-1 rate by recogniser, with its 95 % interval."""
    pairs = list(zip(shown, pictures, strict=True))
    if not pairs:
        return {}
    found = {name: gallery.identify(name, pairs)[0] for name in RECOGNISERS}
    return {name: [round(v, 4) for v in wilson(sum(h), len(h))] for name, h in found.items()}


def _line(found: dict[str, Any]) -> str:
    ways = ("direct", "restored", "alike")
    return ", ".join(
        f"{way} {' / '.join(f'{i[0]:.2f}' for i in found[way].values())}" for way in ways
    )
