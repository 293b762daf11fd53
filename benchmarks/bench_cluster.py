"""Measure batches: a million names listed, and Ray workers against each other and against threads.

python -m benchmarks.bench_cluster names [--count N]      needs proface[cluster]
python -m benchmarks.bench_cluster workers [--photos N]

`names` lists a store that holds nothing but names, through plan, threads and manifest index, and
prints this process's memory as it goes; with --earlier also a manifest that tells of all of them.
`workers` protects copies of a photo of 2 megapixels with one face on this machine: with
`--engine local`, and on Ray with one and with two workers. Ratios are of photos per second, the
start of the workers left out, since an archive takes longer than a benchmark.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from PIL import Image

from proface.batch import Outcome, Settings, protect_stores
from proface.batch.manifest import FOLDER, open_index
from proface.batch.store_batch import plan
from proface.batch.stores import open_store
from proface.batch.threads import run_in_threads
from proface.keys import Key

FOLDERS = 1000
WIDTH, HEIGHT = 1632, 1224  # 2 megapixels


def names(count: int, earlier: bool) -> None:
    import fsspec

    from benchmarks.simulated_store import SimulatedStore

    fsspec.register_implementation("simulated", SimulatedStore, clobber=True)
    place, settings = f"simulated://{FOLDERS}/{count // FOLDERS}", Settings()
    with tempfile.TemporaryDirectory() as out, open_index() as index:
        target = open_store(out)
        if earlier:
            write_manifest(Path(out), place, count, settings.digest())
            start = time.perf_counter()
            index.load(target, settings.digest())
            print(f"manifest of {count} read in {time.perf_counter() - start:.0f} s")
        start, done = time.perf_counter(), 0
        jobs = plan([place], target, settings, index)
        for _outcome in run_in_threads(jobs, lambda job: Outcome(job.source, None, "skipped"), 2):
            done += 1
            if done % (count // 10) == 0:
                print(f"{done:>9} names, {memory()} now, {most()} at most", flush=True)
        print(f"{done / (time.perf_counter() - start):.0f} names a second")


def write_manifest(out: Path, place: str, count: int, settings: str) -> None:
    (out / FOLDER).mkdir(parents=True)
    for folder in range(FOLDERS):
        lines = [
            json.dumps(
                {
                    "input": f"{place}/{folder:04}/{n:06}.jpg",
                    "status": "protected",
                    "input_sha256": "ab" * 32,
                    "output": f"{out}/{folder:04}/{n:06}.jpg",
                    "output_sha256": "cd" * 32,
                    "settings": settings,
                }
            )
            for n in range(count // FOLDERS)
        ]
        (out / FOLDER / f"run-{folder:06}.jsonl").write_text("\n".join(lines) + "\n")


def memory() -> str:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return f"{pages * resource.getpagesize() / 1e6:.0f} MB"


def most() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB"


def photo() -> bytes:
    """Two megapixels of a smooth scene with some noise, and one face."""
    from skimage.data import astronaut

    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    scene = np.stack([x * 255 // WIDTH, y * 255 // HEIGHT, (x + y) % 256], 2).astype(np.float32)
    scene += np.random.default_rng(1).normal(0, 3, scene.shape)
    pixels = scene.clip(0, 255).astype(np.uint8)
    pixels[200:712, 400:912] = np.asarray(astronaut())  # type: ignore[no-untyped-call]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92)
    return file.getvalue()


def workers(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in"
        source.mkdir()
        data = photo()
        for n in range(count):
            (source / f"{n:04}.jpg").write_bytes(data)
        rates = {"local": rate(source, Path(folder) / "local", count)}
        for number in (1, 2):
            with cluster(number):
                rates[f"ray, {number}"] = rate(source, Path(folder) / f"ray{number}", count, "ray")
    for name, value in rates.items():
        print(f"{name:<8} {value:.2f} photos a second")
    print(f"2 workers against 1: {rates['ray, 2'] / rates['ray, 1']:.2f}")
    print(f"2 workers against local: {rates['ray, 2'] / rates['local']:.2f}")


def cluster(number: int) -> AbstractContextManager[object]:
    import ray

    started: AbstractContextManager[object] = ray.init(
        num_cpus=number, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False
    )
    return started


def rate(source: Path, output: Path, count: int, engine: str = "local") -> float:
    """Photos a second after the first few, during which workers start."""
    first = max(2, count // 10)
    running: Iterator[Outcome] = protect_stores(
        [str(source)],
        str(output),
        Key.from_password("benchmark"),
        engine=engine,  # type: ignore[arg-type]
    )
    start = 0.0
    for number, outcome in enumerate(running, 1):
        if outcome.error is not None:
            raise outcome.error
        if number == first:
            start = time.perf_counter()
        if number == count:
            return (count - first) / (time.perf_counter() - start)
    raise RuntimeError("fewer photos than expected")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["names", "workers"])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--earlier", action="store_true")
    given = parser.parse_args()
    if given.what == "names":
        names(given.count, given.earlier)
    else:
        workers(given.photos)


if __name__ == "__main__":
    main()
