"""The loop: steps that diverge, several processes, the right step saved as the best."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from proface.errors import ModelError, TrainingError
from proface.research.training.distributed import World
from proface.research.training.loop import MAX_SKIPPED, Loop, Progress
from tests.research.training.toy import Toy, settings

ALONE = World(0, 1, torch.device("cpu"))


def trained(task: Toy, out: Path, **changes: object) -> Progress:
    return Loop(task, settings(out, **changes), ALONE, lambda text: None).run()


def events(out: Path) -> list[str]:
    lines = (out / "log.jsonl").read_text().splitlines()
    return [record["event"] for record in map(json.loads, lines) if "event" in record]


def test_it_learns(tmp_path: Path) -> None:
    task = Toy()

    progress = trained(task, tmp_path, steps=80)

    assert task.network.weight.abs().max() < 0.2
    assert (progress.step, progress.returns) == (80, 0)


def test_a_step_that_diverges_is_dropped(tmp_path: Path) -> None:
    before: list[torch.Tensor] = []
    task = Toy(lambda step, seed: bool(step == 7))
    batches = task.batches

    def watched(step: int):  # type: ignore[no-untyped-def]
        for batch in batches(step):
            before.append(task.network.weight.detach().clone())
            yield batch

    task.batches = watched  # type: ignore[method-assign]
    progress = trained(task, tmp_path)

    assert torch.equal(before[8], before[7])  # step 7 changed nothing
    assert not torch.equal(before[9], before[8])
    assert (progress.step, progress.returns, progress.dropped) == (20, 0, 0)
    assert events(tmp_path) == []


def test_after_several_the_run_goes_back_at_half_the_rate(tmp_path: Path) -> None:
    seeds = set()

    def bad(step: int, seed: float) -> bool:
        """As long as this pass over the steps is the first: another pass has other seeds."""
        if step == 12:
            seeds.add(seed)
        return 12 <= step < 12 + MAX_SKIPPED and len(seeds) == 1

    task = Toy(bad)
    progress = trained(task, tmp_path)

    assert (progress.step, progress.returns, progress.factor) == (20, 1, 0.5)
    assert len(seeds) == 2
    (event,) = events(tmp_path)
    assert "back to step 10" in event
    rates = [json.loads(line).get("rate") for line in (tmp_path / "log.jsonl").open()]
    assert min(rate for rate in rates if rate) < 0.05 / 2


def test_a_run_that_always_diverges_gives_up(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="lower --rate"):
        trained(Toy(lambda step, seed: step > 2), tmp_path)


def test_the_best_weights_are_kept_beside_the_last(tmp_path: Path) -> None:
    """Batches turn against the first lesson: what was best was in the middle."""
    task = Toy()
    scores = iter([1.0, 5.0, 3.0, 2.0, 4.0])
    weights = []

    def validate(network: torch.nn.Module) -> dict[str, float]:
        weights.append(next(network.parameters()).detach().clone())
        return {"score": next(scores)}

    task.validate = validate  # type: ignore[method-assign]
    trained(task, tmp_path)

    assert torch.equal(load_file(tmp_path / "best.safetensors")["weight"], weights[1])
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert torch.equal(state["network"]["weight"], weights[4])


@pytest.mark.parametrize("damage", ["cut", "shape", "other"])
def test_a_checkpoint_that_does_not_fit_is_named(tmp_path: Path, damage: str) -> None:
    trained(Toy(), tmp_path)
    path = tmp_path / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif damage == "shape":
        state["network"]["weight"] = torch.zeros(2, 4)
        torch.save(state, path)
    else:
        torch.save({"weights": torch.zeros(2)}, path)

    with pytest.raises(ModelError, match=r"2x4, not 1x4" if damage == "shape" else "Remove it"):
        trained(Toy(), tmp_path)


def launch(out: Path, bad_rank: int) -> list[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    arguments = ["-m", "tests.research.training.toy", str(out), str(bad_rank)]
    # Loopback by number: Gloo would look up the host's name, which need not have an address.
    done = subprocess.run(
        [*command, "--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0",
         "--local-addr", "127.0.0.1", *arguments],
        capture_output=True, text=True, cwd=Path(__file__).parents[3], timeout=600,
        env={**os.environ, "GLOO_SOCKET_IFNAME": "lo" if sys.platform == "linux" else "lo0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [(out / f"rank{n}").read_text() for n in range(2)]


def test_two_processes_share_their_gradients_and_drop_steps_together(tmp_path: Path) -> None:
    first, second = launch(tmp_path / "two", bad_rank=1)

    assert first == second  # other batches, the same weights, though one of them had no number
    assert first.startswith("2 20 ")
    # Alone, on the batches of one process, it would have learned something else.
    alone = Toy(lambda step, seed: step == 3)
    trained(alone, tmp_path / "alone")
    assert str(alone.network.weight.flatten().tolist()) not in first
