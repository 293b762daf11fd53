"""Light and sharpness of a photo, given to a face that is put into it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LIGHT = 0.7  # sigma by the eyes-to-mouth distance; finer detail comes from the target alone
DARK = 0.7  # of the skin's lightness; the darker a pixel is below it, the less it is relit
GAINS = 0.4, 2.0  # limits of the chroma gain
SHARPNESS = 0.025  # sigma by the eyes-to-mouth distance of what counts as fine detail


def relit(new: Floats, old: Floats, inside: NDArray[np.bool_], unit: float) -> Floats:
    """Colour transfer in Lab: `new` with the low-frequency light and colour of `old`.

    Local means are taken over `inside`, where both are face; `unit` scales their Gaussian.
    """
    import cv2

    new_lab, old_lab = (cv2.cvtColor(part / 255, cv2.COLOR_RGB2LAB) for part in (new, old))
    weight = inside.astype(np.float32)[..., None]
    sigma = max(1.0, LIGHT * unit)

    def broad(part: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT))

    total = np.maximum(broad(np.repeat(weight, 3, axis=2)), 1e-3)
    is_now, shall_be = broad(new_lab * weight) / total, broad(old_lab * weight) / total
    # What is much darker than skin (pupils, brows) stays dark in any light: it shifts less.
    mean = np.maximum(is_now[..., 0], 1)
    share = np.clip(new_lab[..., 0] / (DARK * mean), 0, 1)
    lit = np.clip(new_lab[..., 0] + share * (shall_be[..., 0] - is_now[..., 0]), 0, 100)
    # Chroma is scaled, not shifted: eyes and teeth stay white.
    gain = np.clip(np.maximum(shall_be[..., 1:], 0) / np.maximum(is_now[..., 1:], 4), *GAINS)
    colour = np.where(new_lab[..., 1:] > 0, new_lab[..., 1:] * gain, new_lab[..., 1:])
    lab = np.concatenate((lit[..., None], colour), axis=2).astype(np.float32)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255, np.float32)


def as_sharp(new: Floats, old: Floats, inside: NDArray[np.bool_], unit: float) -> Floats:
    """`new`, with no more fine detail than `old` has.

    Args:
        new, old: H x W x 3.
        inside: where the detail is compared, H x W.
        unit: the eyes-to-mouth distance in pixels.
    """
    import cv2

    if not inside.any():
        return new
    sigma = max(0.7, SHARPNESS * unit)

    def fine(part: Floats) -> Floats:
        return np.asarray(part - cv2.GaussianBlur(part, (0, 0), sigma))

    def strength(part: Floats) -> float:
        # The median ignores edges, which say little of how sharp a photo is.
        return float(np.median(np.abs(part[inside])))

    detail = fine(new)
    share = strength(fine(old)) / max(1e-6, strength(detail))
    return new if share >= 1 else np.asarray(new - (1 - share) * detail, np.float32)
