"""Contracts of the flows: forward then inverse gives the input; golden values of the paper's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from proface.research.networks.coupling import AffineCoupling
from proface.research.networks.haar import haar, inverse_haar
from proface.research.networks.inference_form import InferenceForm
from proface.research.networks.keyed_flow import KeyedFlow
from proface.research.networks.padded_flow import PaddedFlow
from tests.research.networks.golden.fill import filled

GOLDEN = Path(__file__).parent / "golden" / "secure_flow.npz"


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    with np.load(GOLDEN) as archive:
        return {name: torch.from_numpy(archive[name]) for name in archive}


@pytest.fixture(scope="module")
def keyed() -> KeyedFlow:
    flow = KeyedFlow().eval()
    flow.load_state_dict(filled(flow.state_dict()))
    return flow


@pytest.mark.parametrize("size", [(2, 2), (32, 48), (6, 250)])
def test_haar_inverts_exactly_and_keeps_the_energy(size: tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    y = haar(x)
    assert y.shape == (2, 12, size[0] // 2, size[1] // 2)
    torch.testing.assert_close(inverse_haar(y), x)
    torch.testing.assert_close(y.square().sum(), x.square().sum())


def test_haar_orders_its_bands_as_the_paper_does() -> None:
    cell = torch.tensor([[1.0, 2.0], [3.0, 5.0]]).reshape(1, 1, 2, 2)
    assert haar(cell).flatten().tolist() == [5.5, 1.5, 2.5, 0.5]


@pytest.mark.parametrize("condition", [0, 4])
def test_coupling_inverts_whatever_its_subnets_compute(condition: int) -> None:
    torch.manual_seed(0)
    block = AffineCoupling(12, 5, condition).double()
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    first, second = torch.randn(2, 12, 8, 6).double(), torch.randn(2, 5, 8, 6).double()
    k = torch.randn(2, condition, 8, 6).double() if condition else None
    out = block(first, second, k)
    assert not torch.allclose(out[0], first, atol=0.1)
    for given, found in zip((first, second), block.inverse(*out, k), strict=True):
        torch.testing.assert_close(found, given, atol=1e-8, rtol=1e-8)


def test_coupling_under_another_condition_does_not_invert() -> None:
    torch.manual_seed(0)
    block = AffineCoupling(12, 12, 4)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    halves = torch.randn(1, 12, 8, 8), torch.randn(1, 12, 8, 8)
    out = block(*halves, torch.ones(1, 4, 8, 8))
    back = block.inverse(*out, -torch.ones(1, 4, 8, 8))
    assert (back[1] - halves[1]).abs().mean() > 0.1


def test_untrained_coupling_is_the_identity() -> None:
    torch.manual_seed(0)
    first, second = torch.randn(1, 12, 4, 4), torch.randn(1, 12, 4, 4)
    out = AffineCoupling(12, 12)(first, second)
    torch.testing.assert_close(out, (first, second))


def test_keyed_flow_has_the_papers_size() -> None:
    assert sum(p.numel() for p in KeyedFlow().parameters()) == 1_073_040


def test_keyed_flow_reproduces_the_golden_values(
    keyed: KeyedFlow, golden: dict[str, Tensor]
) -> None:
    with torch.inference_mode():
        assert torch.equal(haar(golden["key"]), golden["key_subbands"])
        protected, lost = keyed(golden["obfuscated"], golden["original"], golden["key"])
        obfuscated, recovered = keyed.inverse(golden["protected"], golden["key"])
    found = {"protected": protected, "lost": lost}
    found |= {"recovered": recovered, "recovered_obfuscated": obfuscated}
    for name, value in found.items():
        # Of the range: dividing by scales down to e^-2 three times takes values into the hundreds.
        range_ = golden[name].abs().max()
        assert (value - golden[name]).abs().max() <= 1e-4 * range_, name


def test_keyed_flow_inverts_when_nothing_is_lost(
    keyed: KeyedFlow, golden: dict[str, Tensor]
) -> None:
    with torch.inference_mode():
        out = keyed(golden["obfuscated"], golden["original"], golden["key"])
        obfuscated, original = keyed.inverse(out[0], golden["key"], out[1])
    torch.testing.assert_close(original, golden["original"], atol=1e-4, rtol=0)
    torch.testing.assert_close(obfuscated, golden["obfuscated"], atol=1e-4, rtol=0)


def test_the_inference_form_computes_what_the_padded_flow_does() -> None:
    torch.manual_seed(0)
    colour = torch.linalg.qr(torch.randn(3, 3)).Q
    flow = PaddedFlow(colour.numpy()).eval()
    for parameter in flow.network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)  # not zero, as an untrained repair is
    coefficients, noise = torch.randn(1, 768, 3, 5) * 40, torch.rand(1, 3, 3, 5) * 4
    protected = torch.rand(1, 3, 48, 80) * 255
    with torch.inference_mode():
        expected = flow(coefficients, noise, protected)
        recovered, features, repair = InferenceForm(flow)(coefficients, noise, protected)
    # In levels of 0..255: sums in another order.
    torch.testing.assert_close(recovered, expected, atol=1e-3, rtol=0)
    assert features.shape == (1, 27, 24, 40)
    assert repair.shape == (1, 12, 24, 40)
