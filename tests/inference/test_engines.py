"""Engines: a file made on one comes back on any other, and none stands in for a missing one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut
from skimage.metrics import peak_signal_noise_ratio

import proface
from proface.errors import MissingExtraError, UsageError
from proface.inference.engine import DEVICES, available_devices
from proface.models.flow import Flow
from proface.models.store import ModelStore, load_flow

FLOAT32 = [device for device in DEVICES if device not in ("cpu", "openvino-bf16")]


def flow_on(device: str) -> Flow:
    if device not in available_devices():
        pytest.skip(f"{device} is not installed, or this processor does not have it")
    return load_flow(device=device)


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    """Not a multiple of the cells, and more than one tile wide."""
    return np.ascontiguousarray(np.tile(astronaut()[:90, 150:270], (1, 5, 1)))


@pytest.fixture(scope="module")
def pad(portrait: np.ndarray) -> np.ndarray:
    words = load_flow().words(*portrait.shape[:2])
    return np.random.default_rng(0).integers(0, 1 << 16, words, np.uint16)


def protected(flow: Flow, x: np.ndarray, pad: np.ndarray) -> np.ndarray:
    return flow.hide(x, proface.obfuscate(x, "blur"), pad)


@pytest.mark.parametrize("device", DEVICES)
def test_what_protects_is_the_same_on_every_engine(
    device: str, portrait: np.ndarray, pad: np.ndarray
) -> None:
    here = protected(flow_on(device), portrait, pad)
    np.testing.assert_array_equal(here, protected(load_flow(), portrait, pad))


@pytest.mark.parametrize("device", FLOAT32)
def test_float32_recovers_the_same_to_a_rounded_level(
    device: str, portrait: np.ndarray, pad: np.ndarray
) -> None:
    p = protected(load_flow(), portrait, pad)
    here, there = flow_on(device).reveal(p, pad), flow_on("cpu-float32").reveal(p, pad)
    assert np.abs(here.astype(int) - there).max() <= 1
    assert (here != there).mean() < 1e-3


@pytest.mark.parametrize("device", ["cpu", "openvino-bf16"])
def test_a_lower_precision_loses_less_than_a_tenth_of_a_decibel(
    device: str, portrait: np.ndarray, pad: np.ndarray
) -> None:
    p = protected(load_flow(), portrait, pad)
    here, there = flow_on(device).reveal(p, pad), flow_on("cpu-float32").reveal(p, pad)

    def psnr(image: np.ndarray) -> float:
        return float(peak_signal_noise_ratio(portrait, image, data_range=255))

    assert psnr(here) > psnr(there) - 0.1


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_that_is_not_there_is_named_with_what_to_do(device: str) -> None:
    if device in available_devices():
        pytest.skip(f"{device} is here")
    with pytest.raises(MissingExtraError, match=device) as caught:
        load_flow(device=device)
    assert "pip" in str(caught.value) or "Use option `device`" in str(caught.value)


def test_an_unknown_device_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="openvino"):
        load_flow(device="abacus")
    with pytest.raises(UsageError, match="abacus"):
        ModelStore("abacus")
    assert load_flow() is load_flow(device="cpu")  # nothing was changed


@pytest.mark.parametrize("device", DEVICES)
def test_a_keyed_file_comes_back_on_every_engine_wherever_it_was_made(device: str) -> None:
    """The keyed flow's networks protect too, so that files of two engines may differ by a level."""
    flow_on(device)  # skips where it is not
    here, there = load_flow("keyed", device), load_flow("keyed")
    x = np.ascontiguousarray(astronaut()[20:100, 160:250])
    o = proface.obfuscate(x, "blur")
    pad = np.random.default_rng(0).integers(0, 1 << 16, there.words(80, 90), np.uint16)
    made = here.hide(x, o, pad), there.hide(x, o, pad)
    assert np.abs(made[0].astype(int) - made[1]).max() <= 1
    assert (made[0] != made[1]).mean() < 1e-3
    for p in made:
        a, b = here.reveal(p, pad), there.reveal(p, pad)
        assert np.abs(a.astype(int) - b).max() <= 1
        assert (a != b).mean() < 1e-3


def test_a_model_is_loaded_once_however_it_is_asked_for() -> None:
    assert load_flow() is load_flow("padded") is load_flow(name="padded", device="cpu")


def test_openvino_reports_nothing_to_its_makers(tmp_path: Path) -> None:
    """Imported as it comes, it would: it leaves its reports' sender loaded and a user's number."""
    if "openvino" not in available_devices():
        pytest.skip("openvino is not installed")
    code = """
import sys
from proface.models.store import load_flow
load_flow(device="openvino")
assert "openvino" in sys.modules
print([name for name in sys.modules if "openvino_telemetry" in name])
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert run.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


def test_without_openvino_nothing_else_is_taken() -> None:
    """In a process of its own, where the import fails."""
    code = """
import sys
sys.modules["openvino"] = None
from proface.inference.engine import available_devices
from proface.models.store import ModelStore
assert "openvino" not in available_devices()
try:
    ModelStore("openvino")
except Exception as error:
    print(type(error).__name__, error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("MissingExtraError")
    assert "pip install 'proface[openvino]'" in run.stdout
