"""Train the repair network of the padded flow.

    python -m proface.training.repair --data DIR [DIR ...] --codebook codebook.npz --out DIR

Writes `checkpoint.pt` every few minutes and goes on from it when started again, a line of JSON per
report to `log.jsonl`, and `padded.safetensors`, the averaged weights, whenever they are the best so
far on the images held out.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from proface.flows.padded import PaddedFlow
from proface.latents import Codebook
from proface.training.images import find_images, load, split
from proface.training.samples import Sample, crops, protect

POOL = 1536  # crops kept, of which each step draws a batch
FRESH = 8  # crops that each step adds
VALIDATION_LOOKS = ("blur", "pixelate")


def collate(samples: list[Sample]) -> tuple[Tensor, ...]:
    """Coefficients, noise, protected, original, each b x channels x height x width."""
    return tuple(
        torch.from_numpy(np.stack(parts).astype(np.float32)).permute(0, 3, 1, 2)
        for parts in zip(*samples, strict=True)
    )


def decibels(recovered: Tensor, original: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image, peak 255."""
    error = (recovered - original).square().mean((1, 2, 3))
    return 10 * torch.log10(255**2 / (error + 1e-3))


def validate(flow: torch.nn.Module, samples: list[Sample]) -> float:
    """Mean PSNR of whole recovered images, rounded to 8 bits."""
    with torch.inference_mode():
        scores = []
        for sample in samples:
            coefficients, noise, protected, original = collate([sample])
            recovered = flow(coefficients, noise, protected).clamp(0, 255).round()
            scores.append(decibels(recovered, original).item())
    return float(np.mean(scores))


def save_atomically(value: object, path: Path) -> None:
    """A checkpoint that a kill in the middle of writing cannot spoil."""
    torch.save(value, path.with_suffix(".tmp"))
    os.replace(path.with_suffix(".tmp"), path)


def main() -> None:
    """Train the repair network; start again with the same options to go on."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--codebook", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=7000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--width", type=int, default=40)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)

    codebook = Codebook.from_bytes(options.codebook.read_bytes())
    training, held_out = split(find_images(options.data))
    kept = [
        protect(load(path, 256), VALIDATION_LOOKS[i % 2], codebook, i)
        for i, path in enumerate(held_out)
    ]
    flow = PaddedFlow(codebook.colour, options.width, options.depth)
    average = AveragedModel(flow, multi_avg_fn=get_ema_multi_avg_fn(0.998))  # type: ignore[no-untyped-call]
    optimizer = torch.optim.Adam(flow.parameters(), lr=options.rate, betas=(0.9, 0.99))
    step, best, spent = 0, 0.0, 0.0
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        flow.load_state_dict(state["flow"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, best, spent = state["step"], state["best"], state["spent"]

    if not step:
        print(f"untrained: {validate(flow, kept):.2f} dB held out", file=sys.stderr)
    generator = np.random.default_rng([options.seed, step])
    source = crops(training, codebook, generator)
    pool = [next(source) for _ in range(POOL // 8)]
    began = time.monotonic() - spent
    while step < options.steps:
        fresh = [next(source) for _ in range(FRESH)]
        pool = (pool + fresh)[-POOL:]
        chosen = generator.integers(len(pool), size=options.batch)
        coefficients, noise, protected, original = collate([pool[i] for i in chosen])
        rate = min(1, (step + 1) / 100) * (
            0.02 + 0.49 * (1 + math.cos(math.pi * step / options.steps))
        )
        for group in optimizer.param_groups:
            group["lr"] = options.rate * rate
        # Half precision in the network alone: the transform around it needs all its bits.
        planes, noise, features = flow.prepare(coefficients, noise, protected)
        with torch.autocast("cpu", torch.bfloat16):
            repair = flow.network(features)
        loss = -decibels(flow.finish(planes, noise, repair.float()), original).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
        optimizer.step()
        average.update_parameters(flow)
        step += 1
        if step % 250 == 0 or step == options.steps:
            spent = time.monotonic() - began
            score = validate(average.module, kept)
            report = {
                "step": step,
                "seconds": round(spent),
                "train": -loss.item(),
                "held_out": score,
            }
            with (options.out / "log.jsonl").open("a") as log:
                log.write(json.dumps(report) + "\n")
            print(json.dumps(report), file=sys.stderr, flush=True)
            if score > best:
                best = score
                save_file(average.module.state_dict(), options.out / "padded.safetensors")
            save_atomically(
                {
                    "flow": flow.state_dict(),
                    "average": average.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "step": step,
                    "best": best,
                    "spent": spent,
                },
                checkpoint,
            )


if __name__ == "__main__":
    main()
