"""The quality of a recovered picture."""

from __future__ import annotations

import numpy as np

from proface.types import Pixels

LEAST_PSNR = 30.0  # dB: a face that recovers worse fails the check
# Of a draft. The network takes up to 0.5 dB from what is nothing but noise: so a face whose draft
# is good enough recovers at LEAST_PSNR or more under every pad.
LEAST_DRAFT = LEAST_PSNR + 0.6


def psnr(a: Pixels, b: Pixels) -> float:
    """Compute the peak signal-to-noise ratio of 8-bit pictures in dB; infinity if equal."""
    error = np.mean(np.square(a.astype(np.float32) - b.astype(np.float32)))
    return float(10 * np.log10(255**2 / error)) if error else float("inf")
