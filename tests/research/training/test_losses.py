"""The losses are the publication's; the frozen networks of the utility losses are what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from proface.errors import ModelError
from proface.research.training import losses
from proface.research.training.classifier_heads import ResNet, load_head
from proface.research.training.utility_losses import Utility


def images(*seeds: int) -> list[Tensor]:
    return [torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(s)) for s in seeds]


def squares(a: Tensor, b: Tensor) -> Tensor:
    """Stands for LPIPS: a distance of two batches of images, one for each."""
    return (a - b).square().mean((1, 2, 3))


def test_random_mode_is_the_published_sum() -> None:
    x, o, p, back, wrong = images(1, 2, 3, 4, 5)
    d, l1 = squares, losses.mean_absolute

    terms = losses.paper_random(x, o, p, back, wrong, squares)

    far = (d(x, back) - d(x, wrong) + 1.2).clamp(min=0).mean()
    far1 = (l1(x, back) - l1(x, wrong) + 1.2).clamp(min=0).mean()
    expected = 0.3 * (5 * d(o, p).mean() + (o - p).abs().mean())
    expected += 0.5 * (back - x).abs().mean() + 0.2 * (far + far1)
    torch.testing.assert_close(sum(terms.values()), expected)


def test_obfuscated_mode_is_the_published_sum() -> None:
    x, o, p, back, wrong = images(1, 2, 3, 4, 5)
    d = squares

    terms = losses.paper_obfuscated(x, o, p, back, wrong, squares)

    first = (d(back, x) - d(back, o) + 1.2).clamp(min=0).mean()
    second = (d(wrong, o) - d(wrong, x) + 1.2).clamp(min=0).mean()
    expected = 0.2 * (5 * d(o, p).mean() + (o - p).abs().mean())
    expected += 0.3 * ((back - x).abs().mean() + (wrong - o).abs().mean())
    torch.testing.assert_close(sum(terms.values()), expected + 0.5 * (first + second))


def test_rounding_is_that_of_a_file_and_lets_the_gradient_through() -> None:
    p = torch.tensor([[[[-1.3, -1.0, 0.001, 0.5, 1.0]]]], requires_grad=True)

    stored = losses.round_to_8_bit(p)
    stored.sum().backward()

    levels = (stored.detach() + 1) * 127.5
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)
    assert levels.min() == 0
    assert p.grad is not None
    assert torch.equal(p.grad, torch.ones_like(p))


def test_the_noise_that_a_wrong_key_is_to_yield_depends_on_the_key_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    keys = torch.randint(0, 2, (2, 1, 64, 64), generator=generator).float() * 2 - 1

    first, second = losses.untrained_noise(keys)

    assert first.abs().max() <= 1
    assert first.std() > 0.5
    assert abs(np.corrcoef(first.flatten(), second.flatten())[0, 1]) < 0.05


def test_a_linear_head_is_imported(tmp_path: Path) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(512, 5)
    torch.save(
        {"module.fc.weight": layer.weight.data, "module.fc.bias": layer.bias.data},
        tmp_path / "h.pth",
    )

    head = load_head(tmp_path / "h.pth")

    x = torch.randn(3, 512)
    assert head.on_embeddings
    torch.testing.assert_close(head(x), layer(x))
    assert not any(p.requires_grad for p in head.parameters())


def resnet_state(units: int, convolutions: int) -> dict[str, Tensor]:
    """Names and shapes of a small ResNet as published ones have them: two stages, width 8."""
    state = {"conv1.weight": torch.randn(8, 3, 7, 7) * 0.1}
    norms = {"bn1": 8}
    inputs = 8
    for stage, width in ((1, 8), (2, 16)):
        outputs = width if convolutions == 2 else 4 * width
        for unit in range(units):
            prefix = f"layer{stage}.{unit}."
            if convolutions == 2:
                shapes = [(width, inputs, 3, 3), (width, width, 3, 3)]
            else:
                shapes = [(width, inputs, 1, 1), (width, width, 3, 3), (outputs, width, 1, 1)]
            for n, shape in enumerate(shapes, 1):
                state[f"{prefix}conv{n}.weight"] = torch.randn(shape) * 0.1
                norms[f"{prefix}bn{n}"] = shape[0]
            if unit == 0 and (stage > 1 or inputs != outputs):
                state[f"{prefix}downsample.0.weight"] = torch.randn(outputs, inputs, 1, 1) * 0.1
                norms[f"{prefix}downsample.1"] = outputs
            inputs = outputs
    for name, width in norms.items():
        state |= {f"{name}.weight": torch.ones(width), f"{name}.bias": torch.zeros(width)}
        state |= {f"{name}.running_mean": torch.zeros(width)}
        state |= {f"{name}.running_var": torch.ones(width)}
        state |= {f"{name}.num_batches_tracked": torch.tensor(7)}
    return state | {"fc.weight": torch.randn(3, inputs), "fc.bias": torch.zeros(3)}


@pytest.mark.parametrize(("units", "convolutions"), [(2, 2), (1, 3), (3, 3)])
def test_a_resnet_of_any_depth_is_imported(tmp_path: Path, units: int, convolutions: int) -> None:
    torch.manual_seed(0)
    state = resnet_state(units, convolutions)
    save_file(state, tmp_path / "head.safetensors")

    head = load_head(tmp_path / "head.safetensors")

    x = torch.rand(2, 3, 32, 32) * 2 - 1
    answers = head(x)
    assert not head.on_embeddings
    assert answers.shape == (2, 3)
    assert (answers[0] - answers[1]).abs().max() > 1e-4
    assert isinstance(head.network, ResNet)
    assert all(
        torch.equal(state[k], v) for k, v in head.network.state_dict().items() if "num" not in k
    )


@pytest.mark.parametrize("fault", ["extra", "inputs", "none", "shape"])
def test_a_head_that_does_not_fit_is_named(tmp_path: Path, fault: str) -> None:
    state = resnet_state(1, 2)
    reasons = {"extra": "unexpected: new", "shape": "another shape", "none": "neither a linear"}
    if fault == "extra":
        state["new"] = torch.zeros(1)
    elif fault == "shape":
        state["layer2.0.bn2.bias"] = torch.zeros(5)
    else:
        state = {"weight": torch.zeros(3, 100)} if fault == "inputs" else {"a": torch.zeros(3)}
    save_file(state, tmp_path / "head.safetensors")

    with pytest.raises(ModelError, match=reasons.get(fault, "512 are needed")):
        load_head(tmp_path / "head.safetensors")


class Means(nn.Module):
    """Stands for a recogniser: the mean colour, of unit length, padded to 512 numbers."""

    def forward(self, face: Tensor) -> Tensor:
        mean = nn.functional.normalize(face.mean((2, 3)))
        return nn.functional.pad(mean, (0, 509))


def test_identity_pulls_the_protected_face_to_its_own_original(tmp_path: Path) -> None:
    utility = Utility(Means(), 1.0, {})
    x = torch.stack([torch.full((3, 112, 112), v) for v in (0.5, 0.5)])
    x[0, 0], x[1, 1] = 1.0, 1.0  # a reddish and a greenish face

    near, far = utility(x, x.clone(), ["a", "b"]), utility(x, x.flip(0), ["a", "b"])

    assert near["identity"] < far["identity"]
    p = x.flip(0).clone().requires_grad_()
    utility(x, p, ["a", "b"])["identity"].backward()  # type: ignore[no-untyped-call]
    assert p.grad is not None
    assert p.grad.abs().max() > 0
    assert utility(x, x.flip(0), ["a", "a"])["identity"] == 0  # one person: no triplet


def test_classifiers_ask_for_the_answers_on_the_original(tmp_path: Path) -> None:
    save_file({"weight": torch.eye(3, 512) * 9}, tmp_path / "head.safetensors")
    head = load_head(tmp_path / "head.safetensors")
    utility = Utility(Means(), 0.0, {"gender": (head, 0.5)})
    x = torch.zeros(2, 3, 112, 112)
    x[0, 0], x[1, 1] = 1.0, 1.0

    same, other = utility(x, x, ["", ""])["gender"], utility(x, x.flip(0), ["", ""])["gender"]

    assert same < 0.01 < other
