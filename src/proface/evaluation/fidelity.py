"""How true protected and recovered images are, from saved files.

    python -m proface.evaluation.fidelity --data DIR [DIR ...]         (needs the extra `evaluate`)

Every image is brought to 256 x 256 and protected whole; the protected image is written as PNG and
read back; what is recovered is written and read back too. Mean over the images, and the worst
tenth: a mean hides the face that came back badly.
"""

from __future__ import annotations

import argparse
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from proface.faces import detect
from proface.keys import keystream
from proface.obfuscators import obfuscate
from proface.runtime import Flow, load_flow
from proface.runtime.models import FOLDER

Pixels = npt.NDArray[np.uint8]
LOOKS = ("blur:15", "median:23", "pixelate:20", "mask")
SIDE = 256


def load(path: Path, side: int = SIDE) -> Pixels:
    """An image, side x side x 3."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))


def saved(pixels: Pixels) -> Pixels:
    """The pixels as a PNG file gives them back."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def measure(flow: Flow, x: Pixels, look: str) -> dict[str, float]:
    """PSNR (dB, peak 255) and SSIM of one image under one look and fresh random keys."""
    o = obfuscate(x, look, detect(x) if look == "mask" else ())
    right, wrong = (keystream(os.urandom(32), flow.words(*x.shape[:2])) for _ in range(2))
    p = saved(flow.hide(x, o, right))
    recovered = saved(flow.reveal(p, right))
    noise = saved(flow.reveal(p, wrong))

    def ssim(a: Pixels, b: Pixels) -> float:
        return float(structural_similarity(a, b, channel_axis=2, data_range=255))  # type: ignore[no-untyped-call]

    def psnr(a: Pixels, b: Pixels) -> float:
        if (a == b).all():
            return 99.0
        return float(peak_signal_noise_ratio(a, b, data_range=255))  # type: ignore[no-untyped-call]

    return {
        "protected_psnr": psnr(o, p),
        "protected_ssim": ssim(o, p),
        "recovered_psnr": psnr(x, recovered),
        "recovered_ssim": ssim(x, recovered),
        "wrong_key_psnr": psnr(x, noise),
    }


def summarise(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Means, and the mean of the tenth with the lowest recovered PSNR."""
    worst = sorted(row["recovered_psnr"] for row in rows)[: max(1, len(rows) // 10)]
    means = {name: round(float(np.mean([r[name] for r in rows])), 4) for name in rows[0]}
    return means | {"recovered_psnr_worst_tenth": round(float(np.mean(worst)), 4)}


def main() -> None:
    """Measure a model on folders of images; one table row for each folder and look."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--model", default="padded")
    parser.add_argument("--most", type=int, default=1000, help="images of each folder")
    parser.add_argument("--looks", nargs="+", default=LOOKS)
    parser.add_argument("--card", action="store_true", help="put the figures into the model's card")
    options = parser.parse_args()
    flow = load_flow(options.model)
    table = {}
    columns = "data|images|look|protected dB / SSIM|recovered dB / SSIM|worst tenth dB|wrong key dB"
    print("|", columns.replace("|", " | "), "|\n" + "| --- " * 7 + "|")
    for folder in options.data:
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".png"})
        images = [load(path) for path in paths[: options.most]]
        for look in options.looks:
            row = summarise([measure(flow, x, look) for x in images])
            table[f"{folder.name} {look}"] = row | {"images": len(images)}
            print(
                f"| {folder.name} | {len(images)} | {look} "
                f"| {row['protected_psnr']:.2f} / {row['protected_ssim']:.4f} "
                f"| {row['recovered_psnr']:.2f} / {row['recovered_ssim']:.4f} "
                f"| {row['recovered_psnr_worst_tenth']:.2f} | {row['wrong_key_psnr']:.2f} |",
                flush=True,
            )
    if options.card:
        path = FOLDER / f"{options.model}.json"
        card = json.loads(path.read_text("utf-8"))
        card["measured"] = {
            "by": "python -m proface.evaluation.fidelity, saved PNG at 256 x 256",
            "figures": table,
        }
        path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
