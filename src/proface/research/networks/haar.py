"""One-level orthonormal Haar transform of images."""

from __future__ import annotations

import torch
from torch import Tensor


def haar(x: Tensor) -> Tensor:
    """Image -> subbands: b x c x 2h x 2w -> b x 4c x h x w, in the order LL, HL, LH, HH."""
    a, b = x[..., 0::2, 0::2], x[..., 0::2, 1::2]
    c, d = x[..., 1::2, 0::2], x[..., 1::2, 1::2]
    bands = (a + b + c + d, b - a + d - c, c + d - a - b, a - b - c + d)
    return torch.cat(bands, 1) / 2


def inverse_haar(y: Tensor) -> Tensor:
    """Subbands -> image: b x 4c x h x w -> b x c x 2h x 2w. Inverse of `haar`."""
    ll, hl, lh, hh = y.chunk(4, 1)
    top = torch.stack((ll - hl - lh + hh, ll + hl - lh - hh), -1)  # b x c x h x w x 2
    bottom = torch.stack((ll - hl + lh - hh, ll + hl + lh + hh), -1)
    rows = torch.stack((top, bottom), -3)  # b x c x h x 2 x w x 2
    b, c, h, _, w, _ = rows.shape
    return rows.reshape(b, c, 2 * h, 2 * w) / 2
