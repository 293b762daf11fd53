"""Key reuse: one key for all pictures, as if the nonce were fixed.

Against the padded and robust flows this is a known-plaintext attack: one picture with its original
gives the keystream, and with it every other picture. Against other models a network is trained on
pairs under that key.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proface.models.store import load_flow
from proface.research.attacks.attack_targets import AttackTarget, FixedKey, KeystreamReuse
from proface.research.attacks.attacker_training import EvaluationSet, Say, pretrain, train_attackers
from proface.research.attacks.findings import Finding, Verdict
from proface.research.attacks.inversion import (
    ALLOWED,
    PRETRAINING,
    Budget,
    control_minutes,
    first_face,
    table,
)


def run_fixed_key(
    model: str, paths: Sequence[Path], test: EvaluationSet, budget: Budget, folder: Path, say: Say
) -> Finding:
    """Train on pictures under one key; the baseline is trained on looks alone."""
    size = budget.sizes[0]
    start = pretrain(folder / f"restorer-{size}.pt", size, paths, budget.minutes * PRETRAINING, say)
    flow, key_file = load_flow(model), folder / "one-key.bin"
    target: AttackTarget = FixedKey(flow, key_file)
    if flow.kind != "keyed":
        target = KeystreamReuse(flow, first_face(paths), key_file)
    targets = {target.name: (target, control_minutes(budget))}
    _, records = train_attackers(folder / f"fixed-key-{size}.pt", start, targets, paths, test, say)
    found = [scores["gain"] for record in records for scores in record["looks"].values()]
    best = max(found, key=lambda gain: gain[0])
    summary = (
        f"the largest gain over the look alone is {best[0]:.2f} ({best[1]:.2f} to {best[2]:.2f}) dB"
    )
    verdict: Verdict = "inconclusive"
    if any(gain[1] > ALLOWED for gain in found):
        verdict = "leak"
    elif all(gain[2] <= ALLOWED for gain in found):
        verdict = "no leak"
    return Finding(
        "fixed-key",
        "What would be lost if all pictures had one key, and the attacker had one original? The "
        "program never reuses a key.",
        verdict,
        f"With one key {summary}.",
        [table(size, records)],
        {"records": records},
    )
