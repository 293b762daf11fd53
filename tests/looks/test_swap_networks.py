"""The face-swap networks against golden values of the published ones.

golden/NAME.tsv lists a published network's entries, in order; golden/NAME.npz what it computes
with weights filled by the rule of tests/research/networks/golden/fill.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from proface.looks.swaps.faceshifter import FaceShifterGenerator
from proface.looks.swaps.irse import FaceShifterEncoder, SimSwapEncoder
from proface.looks.swaps.simswap import SimSwapGenerator
from tests.research.networks.golden.fill import filled

GOLDEN = Path(__file__).parent / "golden"
NETWORKS = {
    "simswap_generator": SimSwapGenerator,
    "simswap_identity_arcface": SimSwapEncoder,
    "faceshifter_generator": FaceShifterGenerator,
    "faceshifter_identity_irse50": FaceShifterEncoder,
}


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def golden(name: str) -> dict[str, np.ndarray]:
    with np.load(GOLDEN / f"{name}.npz") as archive:
        return dict(archive)


def noise(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(
        np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32),
    )


def published(name: str) -> nn.Module:
    # Built without memory, as the filled weights take the place of random ones.
    with torch.device("meta"):
        network = NETWORKS[name]().eval()
    empty = {key: torch.zeros(v.shape, dtype=v.dtype) for key, v in network.state_dict().items()}
    network.load_state_dict(filled(empty), assign=True)
    return network


def assert_close(computed: Tensor, expected: np.ndarray) -> None:
    """Within a thousandth, of the largest value where values are large."""
    assert computed.shape == expected.shape
    error = np.abs(computed.numpy() - expected).max()
    assert error <= 1e-3 * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("name", NETWORKS)
def test_names_shapes_and_order_are_those_of_the_published_network(name):
    with torch.device("meta"):
        state = NETWORKS[name]().state_dict()

    lines = [
        f"{key}\t{'x'.join(map(str, value.shape)) or 'scalar'}\t{str(value.dtype)[6:]}"
        for key, value in state.items()
    ]

    assert lines == (GOLDEN / f"{name}.tsv").read_text("utf-8").splitlines()


@torch.no_grad()
def test_simswap_s_generator_computes_what_the_published_one_does():
    facts = golden("simswap_generator")
    face = noise(int(facts["input_seed"]), 1, 3, 224, 224)

    swapped = published("simswap_generator")(face, torch.from_numpy(facts["identity"]))

    assert_close(swapped[..., ::8, ::8], facts["output"])


@torch.no_grad()
def test_faceshifter_s_generator_computes_what_the_published_one_does():
    facts = golden("faceshifter_generator")
    network = published("faceshifter_generator")
    face = noise(int(facts["target_seed"]), 1, 3, 256, 256)

    maps = network.encoder(face)
    swapped = network(face, torch.from_numpy(facts["identity"]))

    assert [str(tuple(attribute.shape)) for attribute in maps] == list(facts["attribute_shapes"])
    assert_close(swapped[..., ::8, ::8], facts["output"])


@torch.no_grad()
@pytest.mark.parametrize("name", ["simswap_identity_arcface", "faceshifter_identity_irse50"])
def test_the_identity_encoders_compute_what_the_published_ones_do(name):
    facts = golden(name)

    embedding = published(name)(noise(int(facts["input_seed"]), 2, 3, 112, 112))

    assert_close(embedding, facts["embedding"])


def test_the_depth_of_simswap_s_encoder_can_be_another():
    with torch.device("meta"):
        network = SimSwapEncoder((2, 2, 2, 2))

    assert len([name for name in network.state_dict() if name.endswith("se.fc.0.weight")]) == 8
