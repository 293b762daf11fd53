"""The training loop, the same for both flows.

Each step: a batch, the loss terms, gradient clipping, Adam, the exponential moving average of the
weights. At intervals: logging, validation, a checkpoint, a contact sheet. A step with a non-finite
loss or gradient is skipped; after several in a row the run is rolled back to its last checkpoint
and continues at half the learning rate.

A step depends only on the weights, the optimizer, the step's number and the seed: a resumed run is
bit-identical to an uninterrupted one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from proface.errors import ModelError, TrainingError
from proface.research.training.distributed import World
from proface.research.training.interruption import Interruption, deferred_interruption
from proface.research.training.logs import Log
from proface.research.training.run_folder import (
    BEST,
    CHECKPOINT,
    fill,
    load_checkpoint,
    save_checkpoint,
    save_weights,
)
from proface.research.training.settings import Settings

MAX_SKIPPED = 5  # consecutive steps before a rollback
MAX_ROLLBACKS = 6  # before the run fails


class Task(Protocol):
    """What is trained.

    Attributes:
        network: whose weights are saved.
        objective: called with a batch, the step and a seed; returns the weighted loss terms. It
            contains `network`, and the frozen networks that the loss needs.
    """

    @property
    def network(self) -> nn.Module: ...  # noqa: D102

    @property
    def objective(self) -> nn.Module: ...  # noqa: D102

    def batches(self, step: int) -> Generator[Any, None, None]:
        """The batches from a step on."""

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Figures of the validation set; the best "score" selects the weights."""

    def samples(self, network: nn.Module) -> Image.Image:
        """A contact sheet."""


@dataclass
class Progress:
    """The progress of a run, saved in the checkpoint."""

    step: int = 0
    best: float = -math.inf
    spent: float = 0.0  # seconds
    dropped: int = 0  # consecutive steps that were skipped
    returns: int = 0  # rollbacks
    factor: float = 1.0  # of the learning rate


class Loop:
    """One run of a task.

    Args:
        task: what is trained.
        settings: of the run; its folder exists.
        world: the process group.
        say: called with messages for the user.
    """

    def __init__(
        self, task: Task, settings: Settings, world: World, say: Callable[[str], None]
    ) -> None:
        self.task, self.settings, self.world, self._say = task, settings, world, say
        self.progress = Progress()
        task.objective.to(world.device)
        self.optimizer = torch.optim.Adam(
            task.network.parameters(),
            lr=settings.rate,
            betas=(0.9, settings.beta2),
            weight_decay=settings.weight_decay,
        )
        self.average: AveragedModel | None = None
        if settings.average:
            average = get_ema_multi_avg_fn(settings.average)  # type: ignore[no-untyped-call]
            self.average = AveragedModel(task.network, multi_avg_fn=average)
        self._resumed = self._restore()
        self.objective: nn.Module = task.objective
        if world.size > 1:
            self.objective = DistributedDataParallel(
                task.objective,
                device_ids=[world.device] if world.device.type == "cuda" else None,
                broadcast_buffers=False,
            )

    @property
    def trained(self) -> nn.Module:
        """The network that is validated and saved: the moving average, if there is one."""
        return self.task.network if self.average is None else self.average.module

    def run(self) -> Progress:
        """Train to the last step.

        A single process that is interrupted finishes its step and saves it.

        Raises:
            TrainingError: it diverges after all rollbacks.
            OutputError: something cannot be written.
        """
        log = None
        try:
            if self.world.is_main:
                log = Log(
                    self.settings.out,
                    self.progress.step,
                    self.settings.steps,
                    tensorboard=self.settings.tensorboard,
                    say=self._say,
                )
                if self._resumed:
                    log.event(self.progress.step, f"resumed from step {self.progress.step}")
            self._began = time.monotonic() - self.progress.spent
            if not self._resumed:
                self._checkpoint(log)
            with self._interruption() as interruption:
                while self.progress.step < self.settings.steps and not interruption.number:
                    self._train_until_rollback(log, interruption)
        finally:
            if log is not None:
                log.close()
        return self.progress

    def _interruption(self) -> AbstractContextManager[Interruption]:
        """Of several processes each ends at once: none may wait for another's gradients."""
        return nullcontext(Interruption()) if self.world.size > 1 else deferred_interruption()

    def _train_until_rollback(self, log: Log | None, interruption: Interruption) -> None:
        """Train until the last step, a rollback or an interruption."""
        with closing(self.task.batches(self.progress.step)) as batches:
            while self.progress.step < self.settings.steps:
                terms, loss = self._step(next(batches))
                step = self.progress.step
                if log is not None:
                    if step % self.settings.report == 0 or not terms:
                        log.record(step, terms | {"loss": loss, "rate": self._rate(step)})
                    log.advance(step, loss)
                if self.progress.dropped >= MAX_SKIPPED:
                    self._roll_back(log)
                    return
                # While steps are skipped there is nothing new to save.
                due = step % self.settings.save == 0 and not self.progress.dropped
                if due or step == self.settings.steps:
                    self._checkpoint(log)
                elif interruption.number and not self.progress.dropped:
                    self.progress.spent = time.monotonic() - self._began
                    save_checkpoint(self.settings.out, self._state())
                elif step % self.settings.samples == 0 and log is not None:
                    log.sample_sheet(step, self.task.samples(self.trained))
                if interruption.number:
                    return

    def _step(self, batch: Any) -> tuple[dict[str, float], float]:
        """One step; returns its terms and loss. A skipped step has no terms."""
        progress = self.progress
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate(progress.step)
        place = [self.settings.seed, self.world.rank, progress.returns, progress.step]
        seed = int(np.random.default_rng(place).integers(1 << 62))
        terms: dict[str, Tensor] = self.objective(batch, progress.step, seed)
        loss = torch.stack(list(terms.values())).sum()
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.task.network.parameters(), self.settings.clip)
        progress.step += 1
        if not self.world.all_agree(bool(torch.isfinite(norm) and torch.isfinite(loss))):
            progress.dropped += 1
            return {}, loss.item()
        progress.dropped = 0
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.task.network)
        return {name: value.item() for name, value in terms.items()}, loss.item()

    def _rate(self, step: int) -> float:
        settings = self.settings
        rate = settings.rate * self.progress.factor
        if settings.warmup:
            rate *= min(1.0, (step + 1) / settings.warmup)
        if settings.schedule == "cosine":
            rate *= 0.03 + 0.485 * (1 + math.cos(math.pi * min(1.0, step / settings.steps)))
        return rate

    def _roll_back(self, log: Log | None) -> None:
        returns, factor = self.progress.returns + 1, self.progress.factor / 2
        at = self.progress.step
        if returns > MAX_ROLLBACKS:
            raise TrainingError(
                f"step {at}: the loss is not finite, even at {self.progress.factor:g} of the "
                "learning rate. Give a lower --rate and a new --out folder, and look at the data."
            )
        self._restore()
        self.progress.returns, self.progress.factor, self.progress.dropped = returns, factor, 0
        if log is not None:
            log.event(
                at,
                f"step {at}: {MAX_SKIPPED} steps in a row diverged and were skipped; rolled back "
                f"to step {self.progress.step}, continuing at {factor:g} of the learning rate",
            )

    def _checkpoint(self, log: Log | None) -> None:
        """Validate and save a checkpoint."""
        self.progress.spent = time.monotonic() - self._began
        if log is not None:
            step = self.progress.step
            figures = self.task.validate(self.trained)
            log.validation(step, figures)
            if figures["score"] > self.progress.best:
                self.progress.best = figures["score"]
                save_weights(self.settings.out / BEST, self.trained)
            save_checkpoint(self.settings.out, self._state())
            if step % self.settings.samples == 0 or step == self.settings.steps:
                log.sample_sheet(step, self.task.samples(self.trained))
        self.world.wait()

    def _state(self) -> dict[str, Any]:
        return {
            "network": self.task.network.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": asdict(self.progress),
        }

    def _restore(self) -> bool:
        """Load the last checkpoint; whether there is one."""
        state = load_checkpoint(self.settings.out)
        if state is None:
            return False
        source = str(self.settings.out / CHECKPOINT)
        fill(self.task.network, state["network"], source)
        try:
            if self.average is not None:
                self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.progress = Progress(**state["progress"])
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError):
            raise ModelError(
                f"{source}: not a checkpoint of this run. Remove it to start again, or give "
                "another --out folder."
            ) from None
        return True
