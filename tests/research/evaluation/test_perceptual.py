"""LPIPS of many pairs: the metric's own distances, drafts of large ones close to them."""

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from proface.research.evaluation.lpips import Lpips
from proface.research.evaluation.perceptual import NETS, lpips

PHOTO = cv2.resize(data.astronaut(), (128, 128), interpolation=cv2.INTER_AREA)
NOISE = np.random.default_rng(1).integers(0, 256, PHOTO.shape, np.uint8)
SOFT = cv2.GaussianBlur(PHOTO, (0, 0), 1)


def published(net, a, b):
    planes = (torch.from_numpy(x.transpose(2, 0, 1)[None] / 127.5 - 1).float() for x in (a, b))
    with torch.inference_mode():
        return float(Lpips(net)(*planes))


@pytest.mark.parametrize("net", NETS)
def test_distances_are_the_metrics_own_and_drafts_of_noise_close_to_them(net):
    assert lpips(net, PHOTO, SOFT) == pytest.approx(published(net, PHOTO, SOFT), rel=1e-4)
    assert lpips(net, PHOTO, NOISE) == pytest.approx(published(net, PHOTO, NOISE), rel=1e-4)
    assert lpips(net, PHOTO, NOISE, draft=True) == pytest.approx(
        published(net, PHOTO, NOISE), rel=2e-3
    )
    assert lpips(net, PHOTO, PHOTO) == 0
