"""Outcomes in words, as the commands print them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from proface.batch.records import Outcome
from proface.batch.video_sentences import protected_video
from proface.errors import numbered, plural


def sentence(outcome: Outcome) -> str:
    """An outcome without an error, in words."""
    facts = outcome.facts
    if outcome.status == "skipped" and facts.get("earlier"):
        return f"{outcome.source}: skipped, done in an earlier run"
    if outcome.status == "skipped":
        return f"{outcome.source}: skipped, {outcome.output} exists"
    if outcome.status == "no faces":
        told = "; ".join([f"{_no_faces(outcome)}, nothing written", *_possible(outcome)])
        return f"{outcome.source}: {told}"
    parts = []
    if outcome.status == "copied":
        how = "byte for byte" if facts["as_it_is"] else "in another format or size"
        parts.append(f"{_no_faces(outcome)}, copied unprotected, {how}")
        parts += _possible(outcome)
        parts += _listed("left out", facts.get("left_out"))
    if outcome.status == "protected":
        parts += protected_video(facts) if facts.get("video") else _protected(outcome)
    if outcome.status == "recovered":
        parts += [f"WARNING, {warning}" for warning in facts["warnings"]]
    if outcome.status == "recovered" and facts.get("video"):
        parts += _opened(facts)
    elif outcome.status == "recovered":
        parts += _recovered(facts)
        parts += _listed("also restored", facts["restored"])
        parts += _listed(
            "NOT restored, as this format cannot hold it (it stays in the protected file)",
            facts["not_restored"],
        )
        parts += _listed("left out when protected", facts["left_out"])
        if facts["closed"] and facts["opened"] is None:
            parts.append(
                f"{plural(facts['closed'], 'region')} of an earlier protection still hidden: "
                "this password does not open it"
            )
    return f"{outcome.source} -> {outcome.output}" + (": " + "; ".join(parts) if parts else "")


def _protected(outcome: Outcome) -> list[str]:
    regions = outcome.facts["regions"]
    parts = [f"{plural(len(regions), 'region')}, {regions[0]['look']}"]
    figures = [region.get("psnr") or float("inf") for region in regions]
    if outcome.facts["exact"]:
        parts.append("recovers bit for bit")
    elif min(figures) < float("inf"):
        parts.append(f"recovers at {min(figures):.1f} dB")
    parts += _listed("also sealed", outcome.facts["sealed"])
    parts += _listed("LEFT OUT and lost with the original", outcome.facts["left_out"])
    parts += _listed("converted", outcome.facts["converted"])
    if outcome.facts["set_aside"]:
        parts.append(f"an older sidecar was renamed to {outcome.facts['set_aside']}")
    if outcome.facts["uncovered"]:
        parts.append(f"{plural(outcome.facts['uncovered'], 'face')} NOT hidden")
    return parts + _possible(outcome)


def _possible(outcome: Outcome) -> list[str]:
    """Faces that were not sure enough to be hidden."""
    count = outcome.facts.get("possible", 0)  # only `protect` looks for them
    found = plural(count, "possible face")
    return [f"{found} below the threshold: see `proface faces`"] if count else []


def _listed(what: str, names: Sequence[str] | None) -> list[str]:
    return [f"{what}: {', '.join(names)}"] if names else []


def _recovered(facts: dict[str, Any]) -> list[str]:
    exactly = ", bit for bit" if facts["exact"] else ""
    parts = _doubts(facts) + _conditions(facts["faces"])
    if facts["turned"]:
        parts.insert(0, "turned or mirrored since it was protected, and left so")
    if facts["opened"] is None:
        whole = exactly and not (facts["closed"] or facts["changed"] or facts["turned"])
        return ["every pixel as it was"] if whole else parts
    return _opened(facts, exactly, parts)


def _opened(facts: dict[str, Any], exactly: str = "", told: Sequence[str] = ()) -> list[str]:
    """Which faces keys of single faces opened, and how many they left."""
    parts = [*told]
    if facts["opened"] is not None:
        parts.insert(0, f"opened {numbered('face', facts['opened'])}{exactly}")
    if facts["closed"]:
        parts.append(
            f"{plural(facts['closed'], 'face')} still protected and not recoverable from this "
            "copy: keep the protected file"
        )
    return parts


def _doubts(facts: dict[str, Any]) -> list[str]:
    """What a picture that may be changed is no longer vouched for."""
    if facts["from_pixels"]:
        return ["no header that fits, so nothing tells whether the picture was altered"]
    if facts["deniable"]:
        return ["not verified: nothing tells whether password and header are the right ones"]
    told = [change for change in facts["changed"] if change not in facts["warnings"]]
    return [f"changed since it was protected: {'; '.join(told)}"] if told else []


def _conditions(faces: Sequence[dict[str, Any]]) -> list[str]:
    """What happened to a picture that was changed, and which faces are coarse for it."""
    conditions = Counter(face["condition"] for face in faces if face["condition"])
    parts = [f"the picture was {condition}" for condition, _n in conditions.most_common(1)]
    coarse = [face["n"] for face in faces if face["how"] == "coarse"]
    if coarse:
        parts.append(f"only a coarse picture of {numbered('face', coarse)} is left")
    return parts


def _no_faces(outcome: Outcome) -> str:
    found = outcome.facts["faces"]
    return f"{plural(found, 'face')} found but none to hide" if found else "no face found"
