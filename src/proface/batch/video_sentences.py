"""Outcomes of videos in words."""

from __future__ import annotations

from typing import Any

from proface.errors import plural


def protected_video(facts: dict[str, Any]) -> list[str]:
    """A protected video, in words."""
    hidden = [track for track in facts["tracks"] if track["protected"]]
    by_hand = sum(not track["detections"] for track in hidden)
    counts = (len(hidden) - by_hand, "face"), (by_hand, "region")
    told = " and ".join(plural(count, what) for count, what in counts if count)
    parts = [f"{told} in {plural(facts['frames'], 'frame')}"]
    if facts["psnr"] is not None:
        parts.append(f"recovers at {facts['psnr']:.1f} dB")
    if facts["resumed"]:
        parts.append(f"went on from {plural(facts['resumed'], 'part')} done before")
    if facts["left_out"]:
        parts.append(f"LEFT OUT and lost with the original: {', '.join(facts['left_out'])}")
    if facts["undecodable"]:
        parts.append(
            f"WARNING, the source is damaged: {plural(facts['undecodable'], 'packet')} not decoded"
        )
    if facts["uncovered"]:
        parts.append(f"{plural(facts['uncovered'], 'face')} NOT hidden")
    return parts
