"""The keyed flow's task: its batches, its loss in both modes, what it measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from proface.research.evaluation.lpips import Lpips
from proface.research.training import losses
from proface.research.training.dataset_layouts import read_items, split
from proface.research.training.distributed import World
from proface.research.training.keyed_task import KeyedTask, random_keys, to_tensor
from proface.research.training.losses import round_to_8_bit
from proface.research.training.settings import Settings, gather

ALONE = World(0, 1, torch.device("cpu"))


def chosen(faces: Path, **changes: object) -> Settings:
    given = {"recipe": "paper", "size": 32, "batch": 3, "look": "basic", "validation": 1}
    return gather({**given, "data": (faces,), "out": Path("run"), "workers": 0, **changes})


def task(faces: Path, **changes: object) -> KeyedTask:
    settings = chosen(faces, **changes)
    return KeyedTask(settings, split(read_items(settings.data)), ALONE, print)


def test_the_papers_batches_are_whole_images_under_one_look(faces: Path) -> None:
    """Blur alone is drawn with any strength: within a batch it is the same."""
    made = task(faces, look="pixelate", loss="pixels")
    batches = made.batches(0)

    widths = set()
    for _ in range(6):
        batch = next(batches)
        assert [pair.original.shape for pair in batch] == [(32, 32, 3)] * 3
        edges = [np.abs(np.diff(pair.obfuscated.astype(int), axis=1)).sum((0, 2)) for pair in batch]
        steps = [frozenset(np.flatnonzero(edge)) for edge in edges]
        assert len(set(steps)) == 1
        widths.add(steps[0])
    assert widths


def test_an_epoch_shows_every_image_once(faces: Path) -> None:
    made = task(faces, look="mask", loss="pixels", batch=1)
    batches = made.batches(0)

    seen = [next(batches)[0].original.tobytes() for _ in range(20)]

    assert len(set(seen[:10])) == len(set(seen[10:])) == 10
    assert seen[:10] != seen[10:]


@pytest.mark.parametrize("mode", ["random", "obfuscated"])
def test_a_step_of_the_paper_is_its_loss_on_rounded_images(faces: Path, mode: str) -> None:
    made = task(faces, mode=mode)
    batch = next(made.batches(0))

    terms = made.objective(batch, 0, 7)

    x = to_tensor([pair.original for pair in batch])
    o = to_tensor([pair.obfuscated for pair in batch])
    generator = torch.Generator().manual_seed(7)
    key, other = random_keys(x.shape, generator), random_keys(x.shape, generator)
    flow = made.network
    with torch.no_grad():
        p = flow(o, x, key)[0]
        stored = round_to_8_bit(p)
        images = (x, o, p, flow.inverse(stored, key)[1], flow.inverse(stored, other)[1])
        paper = losses.paper_random if mode == "random" else losses.paper_obfuscated
        expected = paper(*images, Lpips("vgg"))
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(terms[name], value, atol=1e-4, rtol=1e-4)
    torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in flow.parameters()]
    assert all(g is not None and torch.isfinite(g).all() for g in gradients)


def test_weights_of_the_pixel_losses_scale_their_terms_alone(faces: Path) -> None:
    plain = task(faces, loss="pixels", start="keyed")
    batch = next(plain.batches(0))

    usual = plain.objective(batch, 0, 7)
    weighted = task(faces, loss="pixels", start="keyed", protect=3.0, wrong=0.5).objective(
        batch, 0, 7
    )

    factors = {"protect": 3.0, "wrong": 0.5, "recover": 1.0}
    assert usual.keys() == factors.keys()
    for name, factor in factors.items():
        torch.testing.assert_close(weighted[name], factor * usual[name])


def test_untrained_the_flow_is_the_identity_and_its_figures_say_so(faces: Path) -> None:
    made = task(faces, loss="pixels")

    figures = made.validate(made.network)

    assert figures["protected"] > 60
    assert figures["recovered"] < 20
    assert figures["score"] == figures["recovered"]  # such weights are no good


def test_weights_start_as_published(faces: Path) -> None:
    network = task(faces, loss="pixels").network
    first = network.model.inv_blocks[0].r.conv1.weight  # type: ignore[union-attr]
    last = network.model.inv_blocks[0].r.conv5.weight  # type: ignore[union-attr]

    assert float(first.detach().std()) == pytest.approx(0.01, rel=0.1)
    assert not last.any()
