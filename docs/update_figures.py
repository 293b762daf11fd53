"""Copy the figures on the shipped model's card into README.md: python docs/update_figures.py

The card gets them from `python -m proface.research.evaluation.fidelity --card`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markers import replaced

from proface.models.cards import find_model

PAGE = Path(__file__).parents[1] / "README.md"
NAMES = {
    "blur:15": "blur",
    "median:23": "median",
    "pixelate:20": "mosaic",
    "mask": "sticker",
    "another": "another person's face",
}


def table(measured: dict[str, Any]) -> str:
    """The card's figures as a Markdown table, with what they were measured on."""
    rows = ["| photos | look | protected | recovered | worst tenth | wrong key |"]
    rows.append("| --- | --- | --- | --- | --- | --- |")
    sets = {}
    for label, row in measured["figures"].items():
        data, look = label.split(" ", 1)
        sets[data] = row["images"]
        rows.append(
            f"| {data} | {NAMES[look]} | {row['protected_psnr']:.1f} dB "
            f"| {row['recovered_psnr']:.1f} dB | {row['recovered_psnr_worst_tenth']:.1f} dB "
            f"| {row['wrong_key_psnr']:.1f} dB |"
        )
    images = " and ".join(f"{count} images of `{name}`" for name, count in sets.items())
    command, files = measured["by"].split(", ")
    source = f"Mean over {images}, none of them used in training; {files}, by `{command}`."
    return "\n".join(rows) + f"\n\n{source}\n"


def updated(page: str) -> str:
    """The page with the figures of the shipped model."""
    return replaced(page, "figures", table(find_model("padded").facts["measured"]))


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
