"""The cost of each shipped model, counted in the network that it really runs."""

import pytest

from proface.models.store import load_flow
from proface.research.evaluation.costs import costs


@pytest.mark.parametrize(
    ("model", "parameters", "protects"),
    [("padded", 129_612, False), ("robust", 467_340, False), ("keyed", 1_073_040, True)],
)
def test_parameters_and_multiply_adds_are_those_of_the_models_own_network(
    model, parameters, protects
):
    found = costs(load_flow(model, "cpu"))

    assert found["parameters"] == parameters
    assert (found["protect_madds"] > 0) is protects
    assert found["recover_madds"] > 1e9
    assert found["protect_ms"] > 0
    assert found["recover_ms"] > 0
