"""What a run of `survival` measured, as Markdown tables and as curves over JPEG quality."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

Row = dict[str, Any]


def rows_of(records: Sequence[Row]) -> list[Row]:
    """A row for each data set and side: counts of surviving layers, means of the figures."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for record in records:
        groups.setdefault((record["data"], record["side"]), []).append(record)
    return [_row(name, side, groups[name, side]) for name, side in sorted(groups)]


def _row(name: str, side: int, records: list[Row]) -> Row:
    looks = {}
    for look in records[0]["looks"]:
        own = [record["looks"][look] for record in records]
        looks[look] = {
            "protected_psnr": _mean([one["protected_psnr"] for one in own]),
            "survived": {
                journey: np.sum([one["survived"][journey] for one in own], axis=0).tolist()
                for journey in own[0]["survived"]
            },
        }
    figures = {key for record in records for key in record["pictures"]}
    return {
        "data": name,
        "side": side,
        "faces": len(records),
        "bytes": records[0]["bytes"],
        "pictures": {
            key: _mean([one["pictures"][key] for one in records if key in one["pictures"]])
            for key in sorted(figures)
        },
        "looks": looks,
    }


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 3)


def tables(rows: Sequence[Row]) -> list[str]:
    """The lines of a section for each row."""
    lines = []
    for row in rows:
        base, detail = row["bytes"]
        lines += [f"### {row['data']}, {row['side']} px, {row['faces']} faces", ""]
        lines += [f"Base layer {base:,} bytes, detail layer {detail:,}.", ""]
        figures = row["pictures"]
        lines.append(f"Recovered from the detail layer: {figures['full_psnr']:.2f} dB.")
        if "coarse_psnr_at_half_size" in figures:
            line = (
                "From the base layer alone, at half size: "
                f"{figures['coarse_psnr_at_half_size']:.2f} dB"
            )
            if "coarse_same_person" in figures:
                line += (
                    f", of the face's box {figures['coarse_face_psnr_at_half_size']:.2f} dB"
                    f"; SFace says the same person for {figures['coarse_same_person']:.0%}"
                )
            lines.append(f"{line}.")
        looks = row["looks"]
        lines += ["", "| faces of which base / detail survive | " + " | ".join(looks) + " |"]
        lines.append("| --- " * (len(looks) + 1) + "|")
        likeness = (f"{look['protected_psnr']:.2f} dB" for look in looks.values())
        lines.append("| protected – look | " + " | ".join(likeness) + " |")
        for journey in next(iter(looks.values()))["survived"]:
            cells = (look["survived"][journey] for look in looks.values())
            lines.append(f"| {journey} | " + " | ".join(f"{a} / {b}" for a, b in cells) + " |")
        lines.append("")
    return lines


def plot(rows: Sequence[Row], qualities: Sequence[int], path: Path) -> None:
    """Share of faces recovered over JPEG quality, by layer and look: a panel for each row."""
    from matplotlib.figure import Figure

    across = min(2, len(rows))
    down = -(-len(rows) // across)
    figure = Figure(figsize=(5.5 * across, 3.6 * down), dpi=100, layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis in axes[len(rows) :]:
        axis.set_axis_off()
    for axis, row in zip(axes, rows, strict=False):
        for n, (look, found) in enumerate(row["looks"].items()):
            for layer, style in enumerate(("--", "-")):
                share = [
                    100 * found["survived"][f"JPEG {quality}"][layer] / row["faces"]
                    for quality in qualities
                ]
                label = f"{look}, {('coarse', 'complete')[layer]}"
                # Looks that fare alike would hide each other.
                shifted = [one + 0.9 * (n - 1.5) for one in share]
                axis.plot(qualities, shifted, style, color=f"C{n}", marker="o", label=label)
        axis.set(xlabel="JPEG quality", ylabel="faces recovered, %", ylim=(-5, 105))
        axis.set_title(f"{row['data']}, {row['side']} px, {row['faces']} faces")
        axis.invert_xaxis()
        axis.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=7, loc="lower left")
    figure.savefig(path)
