"""The flow alone at 256 x 256: the padded flow on each engine at hand, the published one in torch.

    python -m benchmarks.flow                                    (needs the extra `train`)

All in one run, whole calls on uint8 arrays, the best of several: what counts is the ratio.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from skimage import data

from proface.errors import ProfaceError
from proface.evaluation.methods import Keyed, Padded
from proface.obfuscators import obfuscate
from proface.runtime import load_flow

REPEATS = 15


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
    photo = data.astronaut()  # type: ignore[no-untyped-call]
    x = np.ascontiguousarray(photo[:256, 100:356])
    o = obfuscate(x, "pixelate")
    keyed = Keyed()
    ways: list[tuple[str, Keyed | Padded]] = [("published flow, torch, float32", keyed)]
    for device in ("cpu", "openvino", "openvino-bf16"):
        try:
            ways.append((f"padded flow, {device}", Padded(load_flow(device=device))))
        except ProfaceError as error:
            print(f"{device}: {error}")
    print("| flow | protect ms | recover ms | times faster, protect | recover |")
    print("| --- | --- | --- | --- | --- |")
    base: tuple[float, float] | None = None
    for name, way in ways:
        p, key = way.hide(x, o)
        hide = best(lambda way=way: way.hide(x, o))  # type: ignore[misc]
        reveal = best(lambda way=way, p=p, key=key: way.reveal(p, key))  # type: ignore[misc]
        base = base or (hide, reveal)
        ratios = f"{base[0] / hide:.1f} | {base[1] / reveal:.1f}"
        print(f"| {name} | {hide:.1f} | {reveal:.1f} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
