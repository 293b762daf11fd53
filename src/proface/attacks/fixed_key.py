"""One key for all pictures: what a careless nonce would cost.

The attacker has one picture with its original. Of the padded flow that gives him the pad, and with
it every other picture; of other models his network learns from pictures under the one key.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proface.attacks.findings import Finding, Verdict
from proface.attacks.inversion import (
    ALLOWED,
    PRETRAINING,
    Effort,
    control_minutes,
    some_face,
    table,
)
from proface.attacks.races import Exam, Tell, pretrain, race
from proface.attacks.victims import OneKey, Reused, Victim
from proface.runtime import load_flow


def fix_key(
    model: str, paths: Sequence[Path], test: Exam, effort: Effort, folder: Path, tell: Tell
) -> Finding:
    """Train on pictures under one key, against the look alone."""
    size = effort.sizes[0]
    start = pretrain(
        folder / f"restorer-{size}.pt", size, paths, effort.minutes * PRETRAINING, tell
    )
    flow, kept = load_flow(model), folder / "one-key.bin"
    padded = flow.kind == "padded"
    victim: Victim = Reused(flow, some_face(paths), kept) if padded else OneKey(flow, kept)
    entrants = {victim.name: (victim, control_minutes(effort))}
    _arms, records = race(folder / f"fixed-key-{size}.pt", start, entrants, paths, test, tell)
    found = [scores["gain"] for record in records for scores in record["looks"].values()]
    best = max(found, key=lambda gain: gain[0])
    told = (
        f"the largest gain over the look alone is {best[0]:.2f} ({best[1]:.2f} to {best[2]:.2f}) dB"
    )
    verdict: Verdict = "inconclusive"
    if any(gain[1] > ALLOWED for gain in found):
        verdict = "leak"
    elif all(gain[2] <= ALLOWED for gain in found):
        verdict = "no leak"
    return Finding(
        "fixed-key",
        "What if all pictures had one key, and the attacker had one of them open? The program "
        "never does that.",
        verdict,
        f"Under one key {told}.",
        [table(size, records)],
        {"records": records},
    )
