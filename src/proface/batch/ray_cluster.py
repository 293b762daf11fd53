"""Run the jobs of a store on a Ray cluster.

One actor for each core, or for each GPU, loads the models once. This process lists, hands out,
gathers and records; photos go between store and workers. An actor that dies, alone or with its
node, is replaced wherever there is room, and what it had is done again by others.

Keys go to each actor in a direct call, from process to process: Ray keeps the arguments of such a
call neither in the object store nor in the control store, which has an actor's own arguments.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from proface.batch.jobs import Existing
from proface.batch.objects import ProtectObjects, StoreJob
from proface.batch.photo_bytes import BatchKeys, ProtectBytes, Settings
from proface.batch.records import Outcome, RecordedError
from proface.batch.stores import INSTALL
from proface.batch.threads import outcome_of
from proface.errors import MissingExtraError, ProfaceError, describe
from proface.inference.cores import limit_cores
from proface.media.memory_folder import remove_leftovers

MOST_ATTEMPTS = 4  # a photo that was with so many dying workers is the likely reason
AHEAD = 2  # jobs for each worker, so that none waits for this process
START_SECONDS = 600  # until some worker must be up
GPU_DEVICES = {"cuda", "rocm"}


class ClusterError(ProfaceError):
    """The cluster has no worker, or cannot be reached."""


def require() -> None:
    """Raise MissingExtraError unless Ray is installed."""
    try:
        import ray  # noqa: F401
    except ImportError:
        raise MissingExtraError(f"Ray is not installed. Install it: {INSTALL}") from None


class Worker:
    """What runs in an actor: loads the models, protects one photo at a time."""

    def __init__(self, settings: Settings, output: str, existing: Existing) -> None:
        limit_cores(1)
        remove_leftovers()
        self._settings, self._output, self._existing = settings, output, existing
        self._work: ProtectObjects | None = None

    def unlock(self, exported: list[Any]) -> None:
        """Take the keys."""
        protector = ProtectBytes(lambda: BatchKeys.load(exported), self._settings)
        self._work = ProtectObjects(protector, self._output, self._existing)

    def run(self, job: StoreJob) -> tuple[Outcome, tuple[str, int, str] | None]:
        """Do one job: its outcome, and the error as text, exit code and class."""
        assert self._work is not None
        outcome = outcome_of(job, self._work)
        if outcome.error is None:
            return outcome, None
        error = outcome.error
        kind = error.kind if isinstance(error, RecordedError) else type(error).__name__
        told = (describe(error, job.source), outcome.code, kind or "")
        return replace(outcome, error=None), told


def run_on_ray(
    jobs: Iterable[StoreJob],
    keys: BatchKeys,
    settings: Settings,
    output: str,
    existing: Existing,
) -> Iterator[Outcome]:
    """Run jobs on the cluster; a photo that fails does not stop the others.

    Args:
        jobs: taken one by one, two for each worker at a time.
        keys, settings, output, existing: as `protect_stores`.

    Yields:
        The outcomes as they come. On KeyboardInterrupt begun jobs are finished first.

    Raises:
        ClusterError: the cluster cannot be reached or has no room for a worker.
    """
    ray = connect()
    resource = "GPU" if settings.device in GPU_DEVICES else "CPU"
    needs = {"num_gpus": 1, "num_cpus": 0} if resource == "GPU" else {"num_cpus": 1}
    number = int(ray.cluster_resources().get(resource, 0))
    if not number:
        raise ClusterError(f"The Ray cluster has no {resource} to work on. Add a node.")
    actor = ray.remote(**needs)(Worker)
    pool = _Pool(ray, lambda: actor.remote(settings, output, existing), keys, number)
    try:
        yield from _drive(pool, iter(jobs))
    finally:
        pool.close()


def connect() -> Any:
    """The module ray, connected: to the cluster already in use, or RAY_ADDRESS, or a new one."""
    require()
    import ray

    if not ray.is_initialized():
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ClusterError(
                f"The Ray cluster cannot be reached ({error}). Check RAY_ADDRESS."
            ) from error
    return ray


class _Pool:
    """Actors, the jobs that each of them has, and replacements for those that die."""

    def __init__(self, ray: Any, make: Callable[[], Any], keys: BatchKeys, number: int) -> None:
        self._ray, self._make, self._exported = ray, make, keys.export()
        self.starting: dict[Any, Any] = {}  # future of `unlock` -> actor
        self.running: dict[Any, tuple[Any, StoreJob]] = {}  # future of `run` -> actor, job
        self.load: dict[Any, int] = {}  # actor that is up -> how many jobs it has
        for _ in range(number):
            self.start()

    def start(self) -> None:
        actor = self._make()
        self.starting[actor.unlock.remote(self._exported)] = actor

    def idlest(self) -> Any | None:
        """A worker that may have one more job."""
        actor = min(self.load, key=self.load.__getitem__, default=None)
        return actor if actor is not None and self.load[actor] < AHEAD else None

    def give(self, actor: Any, job: StoreJob) -> None:
        self.running[actor.run.remote(job)] = actor, job
        self.load[actor] += 1

    def wait(self, *, starting: bool = True) -> list[Any]:
        """A future that is done, if one is within a second."""
        futures = [*self.running, *(self.starting if starting else ())]
        done, _rest = self._ray.wait(futures, num_returns=1, timeout=1)
        return list(done)

    def started(self, future: Any) -> None:
        actor = self.starting.pop(future)
        try:
            self._ray.get(future)
        except self._ray.exceptions.RayTaskError as error:
            raise _cause(error) from None  # a broken installation: every worker has it
        except self._ray.exceptions.RayError:
            self.start()
        else:
            self.load[actor] = 0

    def finished(self, future: Any) -> Outcome | StoreJob:
        """The outcome of a job, or the job itself if its worker died."""
        actor, job = self.running.pop(future)
        try:
            outcome, error = self._ray.get(future)
        except self._ray.exceptions.RayTaskError as error:
            outcome, error = Outcome(job.source, None, "failed"), (str(_cause(error)), 1, "bug")
        except self._ray.exceptions.RayError:
            self._lost(actor)
            return job
        if actor in self.load:
            self.load[actor] -= 1
        told: Outcome = outcome
        return told if error is None else replace(told, error=RecordedError(*error))

    def _lost(self, actor: Any) -> None:
        if self.load.pop(actor, None) is None:
            return  # told before, by another of its jobs
        # If it is only out of reach, it must not go on with what others will do.
        self._ray.kill(actor)
        self.start()

    def close(self) -> None:
        for actor in [*self.load, *self.starting.values()]:
            self._ray.kill(actor)


def _drive(pool: _Pool, jobs: Iterator[StoreJob]) -> Iterator[Outcome]:
    again: deque[StoreJob] = deque()
    more, since = True, time.monotonic()
    try:
        while True:
            while (actor := pool.idlest()) is not None:
                job = again.popleft() if again else next(jobs, None) if more else None
                if job is None:
                    more = False
                    break
                pool.give(actor, job)
            if not pool.running and not again and not more:
                return
            if pool.load:
                since = time.monotonic()
            elif time.monotonic() - since > START_SECONDS:
                raise ClusterError(
                    f"No worker could be started within {START_SECONDS} seconds. Check that the "
                    "cluster has free cores, and that proface is installed on its nodes."
                )
            for future in pool.wait():
                if future in pool.starting:
                    pool.started(future)
                else:
                    result = pool.finished(future)
                    if isinstance(result, Outcome):
                        yield result
                    elif result.attempt >= MOST_ATTEMPTS:
                        yield _given_up(result)
                    else:
                        again.append(replace(result, attempt=result.attempt + 1))
    except KeyboardInterrupt:
        while pool.running:
            for future in pool.wait(starting=False):
                result = pool.finished(future)
                if isinstance(result, Outcome):
                    yield result
        raise


def _given_up(job: StoreJob) -> Outcome:
    text = (
        f"{job.source}: {MOST_ATTEMPTS} workers died while they had it, perhaps for want of memory."
        " Scale the photo down, or give the workers more memory."
    )
    return Outcome(job.source, None, "failed", error=RecordedError(text, 1, "ClusterError"))


def _cause(error: Any) -> Exception:
    """What a worker raised."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, Exception) else error


def share_keys(keys: BatchKeys) -> Callable[[], BatchKeys]:
    """Hold keys in an actor of the cluster, for `ProtectBytes` in a pipeline of your own.

    Returns:
        A function for `ProtectBytes`. What is stored and sent around with it is a reference to the
        actor; the keys go from there to each worker, in a direct answer. The actor ends with the
        last reference to the function, or with this process.
    """
    ray = connect()
    holder = ray.remote(num_cpus=0)(_Holder).remote()
    ray.get(holder.put.remote(keys.export()))
    return SharedKeys(holder)


class SharedKeys:
    """See `share_keys`."""

    def __init__(self, holder: Any) -> None:
        self._holder = holder

    def __call__(self) -> BatchKeys:
        """Fetch the keys."""
        import ray

        return BatchKeys.load(ray.get(self._holder.get.remote()))


class _Holder:
    def put(self, exported: list[Any]) -> None:
        self._exported = exported

    def get(self) -> list[Any]:
        return self._exported
