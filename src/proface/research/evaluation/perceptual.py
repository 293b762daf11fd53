"""LPIPS of many pairs of few images: the features of each image are computed once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from proface.inference.cores import core_limit
from proface.types import Pixels

NETS = ("vgg", "alex")
# Images whose features are kept, 33 MB each with VGG. What padded and robust flows recover is the
# same under every look: with three models eleven other images come between.
KEPT = 14


def lpips(net: str, a: Pixels, b: Pixels, *, draft: bool = False) -> float:
    """The LPIPS distance of two images, uint8 H x W x 3, with one of `NETS`.

    draft: b's features are computed in bf16, where the processor has it, in a quarter of the time.
        From 0.8 up the distance differs by less than 0.2 %; small ones would differ by up to 3 %.
    """
    import torch

    with torch.inference_mode():
        found = _features(net, *_key(a), False), _features(net, *_key(b), draft)
        return float(_metric(net).distance(*found))


def _key(pixels: Pixels) -> tuple[bytes, int, int]:
    return pixels.tobytes(), *pixels.shape[:2]


@lru_cache(maxsize=len(NETS) * KEPT)
def _features(net: str, data: bytes, height: int, width: int, draft: bool) -> Any:
    import torch

    from proface.research.networks.precision import mixed_precision

    levels = np.frombuffer(data, np.uint8).reshape(1, height, width, 3).astype(np.float32)
    planes = torch.from_numpy((levels / 127.5 - 1).transpose(0, 3, 1, 2))
    with mixed_precision(torch.device("cpu"), "bf16" if draft else "fp32"):
        # In this order of channels convolutions take a sixth less.
        found = _metric(net).features(planes.contiguous(memory_format=torch.channels_last))
    return [layer.float() for layer in found]


@lru_cache(maxsize=len(NETS))
def _metric(net: str) -> Any:
    import torch

    from proface.research.evaluation.lpips import Lpips

    if limit := core_limit():  # as other networks heed it when they are loaded
        torch.set_num_threads(limit)
    return Lpips(net)  # type: ignore[arg-type]
