"""Train the published flow, for comparison.

    python -m proface.training.keyed --data DIR [DIR ...] --out DIR

Pixel losses only (L1 and squared error), random keys, and 8-bit rounding in the loop. First it
learns to carry the face, then to look right: all at once it stays where it starts. Checkpoints as
in `proface.training.repair`; writes `keyed.safetensors`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import relu
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from proface.flows import KeyedFlow
from proface.obfuscators import obfuscate
from proface.training.images import Pixels, find_images, load, random_sizes, split
from proface.training.repair import decibels, save_atomically
from proface.training.samples import random_look

Pair = tuple[Pixels, Pixels]
MARGIN = 0.6  # how far a wrong key's image must be from the original, mean level of [-1, 1]
EACH = 4  # crops of one image
POOL = 512


def pairs(paths: list[Path], crop: int, generator: np.random.Generator) -> Iterator[Pair]:
    """Endless crops of originals and obfuscated images, or of another person's face."""
    other: Pixels | None = None
    while True:
        for image in random_sizes(paths, crop + 32, generator):
            obfuscated = obfuscate(image, random_look(generator))
            if other is not None and other.shape >= image.shape and generator.random() < 0.2:
                obfuscated = other[: image.shape[0], : image.shape[1]]
            other = image
            for _ in range(EACH):
                if min(obfuscated.shape[:2]) < crop:
                    break
                y = int(generator.integers(obfuscated.shape[0] - crop + 1))
                x = int(generator.integers(obfuscated.shape[1] - crop + 1))
                area = slice(y, y + crop), slice(x, x + crop)
                yield image[area], obfuscated[area]


def to_tensor(images: list[Pixels]) -> Tensor:
    """uint8 images -> b x 3 x H x W in [-1, 1]."""
    stacked: npt.NDArray[np.float32] = np.stack(images).astype(np.float32) / 127.5 - 1
    return torch.from_numpy(stacked).permute(0, 3, 1, 2)


def random_keys(count: int, height: int, width: int) -> Tensor:
    """Key maps of +-1, b x 1 x H x W."""
    return torch.randint(0, 2, (count, 1, height, width)).float() * 2 - 1


def rounded(p: Tensor) -> Tensor:
    """As an 8-bit file holds it; the gradient passes as if nothing had happened."""
    stored = torch.round((p.clamp(-1, 1) + 1) * 127.5) / 127.5 - 1
    return p + (stored - p).detach()


def error(a: Tensor, b: Tensor) -> Tensor:
    """L1 and, four times, squared error."""
    return (a - b).abs().mean() + 4 * (a - b).square().mean()


def validate(flow: KeyedFlow, kept: list[Pair]) -> tuple[float, float]:
    """Mean PSNR of protected and of recovered images, 8 bits."""
    scores = []
    with torch.inference_mode():
        for original, obfuscated in kept:
            x, o = to_tensor([original]), to_tensor([obfuscated])
            key = random_keys(1, *x.shape[2:])
            p = rounded(flow(o, x, key)[0])
            back = rounded(flow.inverse(p, key)[1])
            scores.append([decibels(a * 127.5, b * 127.5).item() for a, b in ((p, o), (back, x))])
    protected, recovered = np.mean(scores, 0)
    return float(protected), float(recovered)


def main() -> None:
    """Train the published flow; start again with the same options to go on."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--crop", type=int, default=96)
    parser.add_argument("--rate", type=float, default=5e-4)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    training, held_out = split(find_images(options.data), 8)
    kept = [(x, obfuscate(x, "blur:15")) for x in (load(path, 256) for path in held_out[:8])]
    flow = KeyedFlow()
    average = AveragedModel(flow, multi_avg_fn=get_ema_multi_avg_fn(0.99))  # type: ignore[no-untyped-call]
    optimizer = torch.optim.Adam(flow.parameters(), lr=options.rate, betas=(0.9, 0.99))
    step, spent = 0, 0.0
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        flow.load_state_dict(state["flow"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["spent"]
    generator = np.random.default_rng(step)
    source = pairs(training, options.crop, generator)
    pool = [next(source) for _ in range(POOL // 8)]
    began = time.monotonic() - spent
    while step < options.steps:
        pool = (pool + [next(source) for _ in range(2)])[-POOL:]
        chosen = [pool[i] for i in generator.integers(len(pool), size=options.batch)]
        x, o = to_tensor([a for a, _ in chosen]), to_tensor([b for _, b in chosen])
        key, wrong = (random_keys(len(x), *x.shape[2:]) for _ in range(2))
        done = step / options.steps
        for group in optimizer.param_groups:
            group["lr"] = (
                options.rate
                * min(1, (step + 1) / 50)
                * (0.03 + 0.485 * (1 + math.cos(math.pi * done)))
            )
        with torch.autocast("cpu", torch.bfloat16):
            p = flow(o, x, key)[0].float()
        stored = rounded(p)
        with torch.autocast("cpu", torch.bfloat16):
            back = flow.inverse(stored, key)[1].float()
        loss = error(p, o) * min(1, 0.1 + 1.5 * done) + error(back, x)
        if step % 4 == 0:
            with torch.autocast("cpu", torch.bfloat16):
                other = flow.inverse(stored, wrong)[1].float()
            loss = loss + 0.2 * relu(MARGIN - (other.clamp(-2, 2) - x).abs().mean())
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(flow.parameters(), 0.5)
        if torch.isfinite(norm):  # a step that diverged is left out
            optimizer.step()
            average.update_parameters(flow)
        step += 1
        if step % 100 == 0 or step == options.steps:
            spent = time.monotonic() - began
            protected, recovered = validate(average.module, kept)  # type: ignore[arg-type]
            report = {"step": step, "seconds": round(spent), "loss": round(loss.item(), 4)}
            report |= {"protected": round(protected, 2), "recovered": round(recovered, 2)}
            with (options.out / "log.jsonl").open("a") as log:
                log.write(json.dumps(report) + "\n")
            print(json.dumps(report), file=sys.stderr, flush=True)
            save_file(average.module.state_dict(), options.out / "keyed.safetensors")
            state = {
                "flow": flow.state_dict(),
                "average": average.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step,
                "spent": spent,
            }
            save_atomically(state, checkpoint)


if __name__ == "__main__":
    main()
