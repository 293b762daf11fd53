"""Whether a face is good enough does not depend on the pad: a refusal tells nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import proface
from proface.errors import CheckFailedError
from proface.types import Box

OPTIONS = proface.Options(detect=False, regions=[Box(0, 0, 48, 48)])
NOISE = np.random.default_rng(1).normal(0, 1, (48, 48, 3))


def accepted(contrast: float, path: Path) -> bool:
    """Whether a picture of noise with this contrast is written, under a fresh key."""
    picture = np.clip(np.rint(128 + contrast * NOISE), 0, 255).astype(np.uint8)
    result = proface.protect(Image.fromarray(picture), proface.Key.generate(), OPTIONS)
    try:
        result.save(path, overwrite=True)
    except CheckFailedError:
        return False
    return True


def test_no_pad_changes_the_verdict(tmp_path: Path) -> None:
    """Originals tuned to the limit, where some pads were refused and others not."""
    low, high = 1.0, 100.0
    assert accepted(low, tmp_path / "a.png")
    assert not accepted(high, tmp_path / "a.png")
    for _ in range(9):
        middle = (low + high) / 2
        low, high = (middle, high) if accepted(middle, tmp_path / "a.png") else (low, middle)
    for contrast in np.linspace(low - 0.3, high + 0.3, 5):
        verdicts = {accepted(contrast, tmp_path / "a.png") for _ in range(8)}
        assert len(verdicts) == 1, contrast


def test_what_is_written_recovers_at_least_as_well_as_was_promised(tmp_path: Path) -> None:
    for contrast in (4.0, 8.0, 12.0):
        picture = np.clip(np.rint(128 + contrast * NOISE), 0, 255).astype(np.uint8)
        key = proface.Key.generate()
        (figure,) = proface.protect(Image.fromarray(picture), key, OPTIONS).save(
            tmp_path / "b.png", overwrite=True
        )
        Image.fromarray(picture).save(tmp_path / "original.png")
        report = proface.verify(tmp_path / "b.png", key, original=tmp_path / "original.png")
        assert report.regions[0].psnr == pytest.approx(figure, abs=0.01)
