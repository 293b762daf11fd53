"""`proface train --flow robust`: a repair network for faces of the face coder."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut

from proface.codec import face_coder
from proface.models.cards import find_shipped, read_card
from proface.models.robust import Robust
from proface.models.store import make_flow
from proface.research.networks.precision import precision_on

Train = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_run_ends_with_a_robust_model_that_opens_the_shipped_ones_files(
    train: Train, tmp_path: Path
) -> None:
    result = train("--flow", "robust", "--size", 64, "--steps", 3, "--out", tmp_path / "run")

    assert result.returncode == 0, result.stderr
    card = read_card(tmp_path / "run" / "model" / "trained.json")
    assert (card.kind, card.digest) == ("robust", find_shipped("robust").digest)
    assert set(card.facts["measured"]["figures"]["test"]) == {"decoded_psnr", "recovered_psnr"}
    flow = make_flow(card)
    assert isinstance(flow, Robust)
    face = np.asarray(Image.fromarray(astronaut()[10:210, 110:310]).resize((128, 96)))
    stream = flow.streams(face)[1]
    draft, repaired = face_coder.decode(stream, 96, 128), flow.picture(stream, 96, 128)
    # Three steps: it still is nearly the identity that it begins as.
    assert np.abs(draft.astype(int) - repaired).max() < 16


@pytest.mark.parametrize(
    ("features", "precision"),
    [({"avx512_bf16": True}, "bf16"), ({"bf16": True}, "bf16"), ({"avx512_f": True}, "fp32")],
)
def test_half_precision_is_for_processors_that_have_it(
    features: dict[str, bool], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Emulated, it is several times slower than single precision."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features)
    cpu = torch.device("cpu")
    assert precision_on(cpu, "bf16") == precision
    assert precision_on(torch.device("cuda"), "bf16") == "bf16"
    assert precision_on(cpu, "fp32") == "fp32"
