"""What is done to training images."""

from __future__ import annotations

import numpy as np

from proface.research.training.images import some_sharp


def test_two_of_five_images_are_sharpened() -> None:
    rough = np.random.default_rng(0).integers(90, 160, (12, 12, 3))
    image = rough.astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    seen = [some_sharp(image, np.random.default_rng(n)) for n in range(200)]
    changed = [one for one in seen if not np.array_equal(one, image)]
    assert 55 < len(changed) < 105
    spread = [np.abs(np.diff(one.astype(int), axis=1)).mean() for one in (image, *changed)]
    assert min(spread[1:]) > spread[0]
    assert all(one.shape == image.shape and one.dtype == np.uint8 for one in changed)
