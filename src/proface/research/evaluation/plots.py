"""The report's plots, as PNG files (needs matplotlib, of the extra `evaluate`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from proface.research.evaluation.verification import Curve, Scores, roc

Row = dict[str, Any]

WIDE, HIGH, DPI = 11.0, 4.2, 110
COLOURS = ("#2f6db3", "#d9822b", "#3a9a5b", "#b8433d", "#7d5fb2", "#8a6d4f", "#c4559b", "#6f7780")
LIKENESS = {
    "protected": "protected – look",
    "recovered": "recovered – original",
    "wrong password": "wrong recovery",
    "seen": "protected – original",
}
LEAST_FAR = 1e-3


def likeness_bars(path: Path, rows: Sequence[Row]) -> None:
    """PSNR, SSIM and LPIPS by look, for one model and data set."""
    figure, axes = _figure(3)
    looks = [row["look"] for row in rows]
    for axis, key, label in zip(
        axes,
        ("psnr", "ssim", "lpips_vgg"),
        ("PSNR, dB", "SSIM", "LPIPS (VGG): lower is more alike"),
        strict=True,
    ):
        bars = {name: [row[part][key] for row in rows] for part, name in LIKENESS.items()}
        _bars(axis, looks, bars)
        axis.set_ylabel(label)
    _legend_below(figure, axes[0])
    _save(figure, path, f"{rows[0]['model']} on {rows[0]['data']}, {rows[0]['images']} images")


def noise_curves(path: Path, rows: Sequence[Row]) -> None:
    """PSNR recovered over the noise on the protected image, by model and look, of one data set."""
    figure, (axis,) = _figure(1)
    for number, row in enumerate(rows):
        sigmas = [float(sigma) for sigma in row["noise"]]
        label = f"{row['model']}, {row['look']}"
        marker = "os^vDPX*"[number % 8]
        axis.plot(
            sigmas, list(row["noise"].values()), marker=marker, label=label, color=_colour(number)
        )
    axis.set_xlabel("noise on the protected image, standard deviation in units of [-1, 1]")
    axis.set_ylabel("recovered – original, PSNR, dB")
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    axis.legend(loc="upper right")
    _save(figure, path, f"Noise, {rows[0]['data']}")


def roc_curves(path: Path, title: str, curves: Sequence[tuple[str, str | None, Scores]]) -> None:
    """ROC curves by comparison. `curves`: what is compared, the look, the scored pairs."""
    kinds = [
        kind
        for kind in ("recovered-original", "protected-original", "protected-protected")
        if any(compared == kind for compared, _look, _scores in curves)
    ]
    figure, axes = _figure(len(kinds))
    for axis, kind in zip(axes, kinds, strict=True):
        shown = [(look or "originals", scores) for c, look, scores in curves if c == kind]
        base = [scores for c, _look, scores in curves if c == "original-original"]
        for number, (look, scores) in enumerate(shown):
            _curve(axis, roc(scores), label=look, color=_colour(number))
        for scores in base:
            _curve(axis, roc(scores), label="originals", color="black", linestyle=":")
        chance = [LEAST_FAR * 10 ** (n / 10) for n in range(31)]
        axis.plot(chance, chance, color="0.7", linewidth=1, linestyle="--", label="chance")
        axis.set_xscale("log")
        axis.set_xlim(LEAST_FAR, 1)
        axis.set_ylim(0, 1.02)
        axis.set_xlabel("false acceptance rate")
        axis.set_title(kind.replace("-", " – "), fontsize=10)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("true acceptance rate")
    _legend_below(figure, axes[0])
    _save(figure, path, title)


def accuracy_bars(path: Path, rows: Sequence[Row]) -> None:
    """Verification accuracy by look, for each recogniser, of one model and data set."""
    names = list(dict.fromkeys(row["recogniser"] for row in rows))
    figure, axes = _figure(len(names))
    for axis, name in zip(axes, names, strict=True):
        own = [row for row in rows if row["recogniser"] == name]
        looks = list(dict.fromkeys(row["look"] for row in own if row["look"]))
        kinds = list(dict.fromkeys(row["compared"] for row in own if row["look"]))
        found = {(row["look"], row["compared"]): 100 * row["accuracy"] for row in own}
        bars = {k.replace("-", " – "): [found[look, k] for look in looks] for k in kinds}
        _bars(axis, looks, bars)
        for row in own:
            if not row["look"]:
                label = f"originals, {100 * row['accuracy']:.1f} %"
                axis.axhline(100 * row["accuracy"], color="black", linestyle=":", label=label)
        axis.axhline(50, color="0.6", linestyle="--", linewidth=1, label="chance")
        axis.set_ylim(40, 102)
        axis.set_title(name, fontsize=10)
        axis.set_ylabel("verification accuracy, %")
        axis.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncol=2)
    model = next(row["model"] for row in rows if row["model"])
    _save(figure, path, f"{model} on {rows[0]['data']}, {rows[0]['pairs']} pairs")


def _curve(axis: Any, curve: Curve, **style: Any) -> None:
    # A step function: there are no rates between two thresholds.
    axis.step(curve.far.clip(LEAST_FAR / 10), curve.tar, where="post", **style)


def _bars(axis: Any, groups: Sequence[str], bars: dict[str, list[float]]) -> None:
    width = 0.8 / max(1, len(bars))
    for number, (label, values) in enumerate(bars.items()):
        places = [n + (number - (len(bars) - 1) / 2) * width for n in range(len(groups))]
        axis.bar(places, values, width, label=label, color=_colour(number))
    axis.set_xticks(range(len(groups)), groups, fontsize=8)
    axis.grid(axis="y", alpha=0.3)
    axis.set_axisbelow(True)


def _figure(columns: int) -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    wide = WIDE if columns > 1 else 0.7 * WIDE
    figure, axes = pyplot.subplots(1, columns, figsize=(wide, HIGH), squeeze=False)
    return figure, axes[0]


def _legend_below(figure: Any, axis: Any) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=min(len(labels), 7), fontsize=9)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _save(figure: Any, path: Path, title: str) -> None:
    from matplotlib import pyplot

    figure.suptitle(title, fontsize=11)
    bottom = 0.08 if figure.legends else 0
    figure.tight_layout(rect=(0, bottom, 1, 1))
    figure.savefig(path, dpi=DPI)
    pyplot.close(figure)
