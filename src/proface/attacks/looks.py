"""The look itself: whom do recognisers name in the obfuscated image, whatever the flow?

Asked in three ways: of the obfuscated image as it is; of it after a trained network restored it;
and with a gallery whose photos are obfuscated alike, which anybody can do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from proface.attacks.arms import Arm
from proface.attacks.findings import Finding, Table, Verdict, figure
from proface.attacks.intervals import wilson
from proface.attacks.inversion import PRETRAINING, Effort
from proface.attacks.judging import RECOGNISERS, Gallery
from proface.attacks.material import Region
from proface.attacks.races import BASELINE, Exam, Tell, pretrain
from proface.attacks.restorer import Restorer
from proface.obfuscators import LOOKS, get_look, obfuscate
from proface.obfuscators.leaks import ALLOWED

Pixels = npt.NDArray[np.uint8]

GRID = (
    *(f"blur:{s}" for s in (3, 6, 10, 15, 20, 25, 30)),
    *(f"median:{s}" for s in (11, 23, 45, 61, 81)),
    *(f"pixelate:{s}" for s in (6, 10, 14, 20, 26, 32, 40)),
    *(f"mask:{s}" for s in ("smile", "disc", "star", "visor")),
)
WEAK, WELL_RESTORED = "blur:6", 0.8  # a restorer that names fewer people under WEAK proves nothing
SHIPPED = "leaks.json"


def examine_looks(
    paths: Sequence[Path], test: Exam, effort: Effort, folder: Path, tell: Tell
) -> Finding:
    """Look every person of the test up, in every look of the grid; writes leaks.json."""
    size = effort.sizes[0]
    arm = restorer(size, paths, effort, folder, tell)
    shown = [region for region in test.regions if region.person in test.gallery]
    measured: dict[str, Any] = {"original": _hits(shown, [r.pixels for r in shown], test.gallery)}
    looks: dict[str, Any] = {}
    for spec in (*GRID, f"swap:{paths[0].parent}"):  # each time another of the training faces
        look = str(get_look(spec))
        hidden = [obfuscate(r.pixels, spec, [r.face]) for r in shown]
        alike = Gallery(
            [replace(r, pixels=obfuscate(r.pixels, spec, [r.face])) for r in test.gallery.regions]
        )
        found = {
            "direct": _hits(shown, hidden, test.gallery),
            "restored": _hits(shown, [arm.restore(o, None) for o in hidden], test.gallery),
            "alike": _hits(shown, hidden, alike),
        }
        bounds = [i[2] for way in ("direct", "restored") for i in found[way].values()]
        looks[look] = {**found, "bound": max(bounds, default=1.0)}
        tell(f"{look}: {_line(looks[look])}")
    facts = {
        "by": "proface attack --only looks",
        "people": len(shown),
        "data": sorted({region.place for region in shown}),
        "restorer": {"size": size, "minutes": round(arm.minutes, 1), "steps": arm.step},
        "original": measured["original"],
    }
    record = {**facts, "looks": looks}
    text = json.dumps(record, indent=1) + "\n"
    (folder / SHIPPED).write_text(text, "utf-8")
    verdict, because = judgement(looks)
    rows = [
        (
            look,
            *(figure(found[way][n]) for way in ("direct", "restored", "alike") for n in found[way]),
        )
        for look, found in looks.items()
    ]
    ways = ("as it is", "restored", "gallery alike")
    columns = ["look", *(f"{way}, {n}" for way in ways for n in RECOGNISERS)]
    title = f"Rank 1 among {len(shown)} people (95 %); restorer {size}, {arm.minutes:.1f} min"
    return Finding(
        "looks",
        "Whom do recognisers name in the obfuscated image alone?",
        verdict,
        because,
        [Table(title, columns, rows)],
        record,
    )


def restorer(size: str, paths: Sequence[Path], effort: Effort, folder: Path, tell: Tell) -> Arm:
    """The network that restores looks: the baseline of the inversion where it ran, or a new one."""
    path = folder / f"inversion-{size}.pt"
    if path.exists():
        arm = Arm(BASELINE.name, Restorer(size))
        arm.load(torch.load(path, weights_only=True)["arms"][BASELINE.name])
        return arm
    minutes = effort.minutes * PRETRAINING
    return pretrain(folder / f"restorer-{size}.pt", size, paths, minutes, tell)


def judgement(looks: dict[str, Any]) -> tuple[Verdict, str]:
    """Whether the default strengths hold, and the restorer is good enough to say so."""
    defaults = [str(get_look(name)) for name, kind in LOOKS.items() if kind.default]
    known = {look: looks[look]["bound"] for look in defaults if look in looks}
    weak = [look for look, bound in known.items() if bound >= ALLOWED]
    told = ", ".join(f"{look} at most {bound:.2f}" for look, bound in known.items())
    if weak:
        return "leak", f"More than {ALLOWED:.2f} may be named under {', '.join(weak)}: {told}."
    restored = max(i[0] for i in looks[WEAK]["restored"].values())
    if restored < WELL_RESTORED:
        return "inconclusive", (
            f"The restorer names {restored:.2f} under {WEAK}, less than {WELL_RESTORED}: {told}."
        )
    return "no leak", f"Under the default strengths few are named: {told}."


def _hits(
    shown: Sequence[Region], pictures: Sequence[Pixels], gallery: Gallery
) -> dict[str, list[float]]:
    """Rank 1 by recogniser, with 95 % bounds."""
    pairs = list(zip(shown, pictures, strict=True))
    if not pairs:
        return {}
    found = {name: gallery.look_up(name, pairs)[0] for name in RECOGNISERS}
    return {name: [round(v, 4) for v in wilson(sum(h), len(h))] for name, h in found.items()}


def _line(found: dict[str, Any]) -> str:
    ways = ("direct", "restored", "alike")
    return ", ".join(
        f"{way} {' / '.join(f'{i[0]:.2f}' for i in found[way].values())}" for way in ways
    )
