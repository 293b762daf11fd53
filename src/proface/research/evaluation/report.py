"""The report as Markdown, with the figures of `report.json`, rounded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from proface.research.evaluation.summary import swept
from proface.research.evaluation.verification import FARS

Report = dict[str, Any]

NOTE = (
    "Every image is the crop of a photo's central face, 256 x 256, protected whole. Protected and "
    "recovered images were written as 8-bit PNG and read back. PSNR has a data range of 255, SSIM "
    "windows of 7 x 7 on 0..255, LPIPS (version 0.1) images in [-1, 1]. Faces in protected images "
    "were aligned by the landmarks of the original, whether or not a detector still finds them: "
    "the attacker's best case."
)
LABELS = ("model", "data", "look", "images")
MODES = {
    "random": "noise, compared with the original, from which it must differ",
    "obfuscated": "the look, compared with the look, which it must equal",
}


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def markdown(report: Report) -> str:
    """The whole report."""
    parts = ["# Evaluation", NOTE, *_data(report), *models(report)]
    if report["fidelity"]:
        rows = report["fidelity"]
        parts += ["## Image quality: PSNR, SSIM, LPIPS", *image_quality(rows), *robustness(rows)]
    if report["recognition"]:
        parts += ["## Recognition", *recognition(report["recognition"])]
    if report["gender"]:
        parts += ["## Gender", *gender(report["gender"])]
    if report["pictures"]:
        parts += ["## Pictures", *(f"![{name}]({name})" for name in report["pictures"])]
    return "\n\n".join(parts) + "\n"


def _data(report: Report) -> Iterable[str]:
    rows, notes = [], []
    for name, row in report["data"].items():
        pairs = (
            f"{row['pairs']} of {row['all_pairs']}, {row['folds']} folds" if "folds" in row else "–"
        )
        rows.append((name, row["images"], row["measured"], len(row["passed_over"]), pairs))
        notes += [f"- skipped: {error}" for error in row["passed_over"]]
        for look, count in row.get("nobody_to_swap_in", {}).items():
            notes.append(f"- {name}: no face to swap in for {count} images ({look})")
        if row.get("folds") == 1:
            notes.append(
                f"- {name}: one fold; thresholds were chosen on the same fold, which is optimistic"
            )
    notes += [f"- look left out: {look}: {why}" for look, why in report["left_out"].items()]
    yield markdown_table(("data", "images", "measured", "skipped", "pairs"), rows)
    if notes:
        yield "\n".join(notes)


def models(report: Report) -> Iterable[str]:
    """Mode and cost of each model."""
    rows = []
    for name, row in report["models"].items():
        cost = row["costs"]
        rows.append(
            (
                name,
                row["mode"],
                f"{cost['parameters']:,}",
                *(_madds(cost[f"{side}_madds"]) for side in ("protect", "recover")),
                *(f"{cost[f'{side}_ms']:.1f}" for side in ("protect", "recover")),
            )
        )
    yield markdown_table(
        (
            "model",
            "wrong recovery",
            "parameters",
            "protect: multiply-adds",
            "recover: multiply-adds",
            "protect, ms",
            "recover, ms",
        ),
        rows,
    )
    modes = sorted({row["mode"] for row in report["models"].values()})
    yield "Wrong recovery: " + "; ".join(f"*{mode}* is {MODES[mode]}" for mode in modes) + "."


def _madds(number: int) -> str:
    return f"{number / 1e9:.2f} G" if number else "no network"


def image_quality(rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    """PSNR, SSIM and LPIPS of protected, recovered and wrongly recovered images."""
    yield "PSNR dB / SSIM / LPIPS with VGG / with AlexNet, means over the images."
    yield markdown_table(
        (
            *LABELS,
            "protected–look",
            "recovered–original",
            "worst tenth, dB",
            "wrong recovery",
            "protected–original",
        ),
        (
            [row[label] for label in LABELS]
            + [_four(row["protected"]), _four(row["recovered"])]
            + [f"{row['recovered']['psnr_worst_tenth']:.2f}"]
            + [_four(row["wrong password"]), _four(row["seen"])]
            for row in rows
        ),
    )


def robustness(rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    """Further recoveries, of the rows that have them: one bit off, from the look, noise."""
    rows = swept(rows)
    if not rows:
        return
    yield (
        "PSNR, dB. One bit off: a password that differs in one bit. From the look: the right "
        "password on the look. Of the first images of each data set."
    )
    sigmas = list(rows[0]["noise"])
    yield markdown_table(
        (
            *LABELS,
            "one bit off",
            "from the look",
            *(f"noise {sigma}" for sigma in sigmas),
        ),
        (
            [row[label] for label in LABELS]
            + [f"{row[name]:.2f}" for name in ("one bit off", "from the look")]
            + [f"{row['noise'][sigma]:.2f}" for sigma in sigmas]
            for row in rows
        ),
    )
    yield (
        "Noise: recovered–original after Gaussian noise of this standard deviation, in units of "
        "[-1, 1], was added to the protected image, rounded to 8 bits."
    )


def _four(found: dict[str, float]) -> str:
    return (
        f"{found['psnr']:.2f} / {found['ssim']:.4f} / "
        f"{found['lpips_vgg']:.4f} / {found['lpips_alex']:.4f}"
    )


def recognition(rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    """Verification of pairs by recognisers."""
    yield (
        "Per cent. Accuracy ± standard deviation over the folds, and TAR at FAR, with thresholds "
        "chosen on the other folds; AUC and EER over all pairs. Chance is 50 %."
    )
    yield markdown_table(
        (
            "recogniser",
            "data",
            "model",
            "look",
            "compared",
            "pairs",
            "accuracy",
            *(f"TAR at {far:g}" for far in FARS),
            "AUC",
            "EER",
        ),
        (
            (
                row["recogniser"],
                row["data"],
                row["model"] or "–",
                row["look"] or "–",
                row["compared"].replace("-", "–"),
                row["pairs"],
                f"{_per_cent(row['accuracy'])} ± {_per_cent(row['accuracy_std'])}",
                *(_per_cent(row[f"tar_at_{far:g}"]) for far in FARS),
                _per_cent(row["auc"]),
                _per_cent(row["eer"]),
            )
            for row in rows
        ),
    )


def gender(rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    """Accuracy of the gender classifier."""
    against = {row["data"]: row["against"] for row in rows}
    truths = {"folder": "the folder's name", "original": "the prediction on the original"}
    sources = "; ".join(f"{data}: {truths[what]}" for data, what in against.items())
    yield f"Accuracy of a gender classifier, per cent. Ground truth: {sources}."
    yield markdown_table(
        ("data", "model", "look", "of", "images", "accuracy"),
        (
            (
                row["data"],
                row["model"] or "–",
                row["look"] or "–",
                row["of"],
                row["images"],
                _per_cent(row["accuracy"]),
            )
            for row in rows
        ),
    )


def _per_cent(share: float) -> str:
    return f"{100 * share:.2f}"
