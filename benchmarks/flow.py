"""The flow alone at 256 x 256: our models on each engine at hand, the published flow in torch.

    python -m benchmarks.flow                                    (needs the extra `train`)

All in one run, our calls whole, on uint8 arrays, the published flow's network alone; the best of
several: what counts is the ratio.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from proface.errors import ProfaceError
from proface.research.evaluation.speed import flow_calls, published_calls

REPEATS = 15
SIDE = 256


def best(call: Callable[[], object]) -> float:
    """Least milliseconds of a call, warmed up."""
    call()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1000 * min(times)


def main() -> None:
    """Print a table of milliseconds and of ratios to the published flow."""
    ways = [("published flow, torch, float32", published_calls(SIDE))]
    for model in ("padded", "keyed"):
        for device in ("cpu", "openvino", "openvino-bf16"):
            try:
                ways.append((f"{model} flow, {device}", flow_calls(model, device, SIDE)))
            except ProfaceError as error:
                print(f"{device}: {error}")
    print("| flow | protect ms | recover ms | times faster, protect | recover |")
    print("| --- | --- | --- | --- | --- |")
    base: tuple[float, float] | None = None
    for name, (protect, recover) in ways:
        hide, reveal = best(protect), best(recover)
        base = base or (hide, reveal)
        ratios = f"{base[0] / hide:.1f} | {base[1] / reveal:.1f}"
        print(f"| {name} | {hide:.1f} | {reveal:.1f} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
