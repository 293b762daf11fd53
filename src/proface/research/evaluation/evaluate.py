"""`proface evaluate`: check the options, measure each image, summarise, write the report."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from proface import __version__
from proface.errors import MissingExtraError, ModelError, OutputError, UsageError
from proface.looks import get_look
from proface.models.cards import find_model
from proface.models.store import ModelStore
from proface.research.evaluation.datasets import DataSet, read_data_set
from proface.research.evaluation.measure import (
    FIDELITY,
    GENDER,
    MEASURES,
    SWAPS,
    Job,
    MeasureOptions,
    Record,
)
from proface.research.evaluation.parallel import FILE, OTHERS, Records, run
from proface.research.evaluation.perceptual import NETS

LOOKS = ("blur:15", "median:23", "pixelate:20", "mask", *SWAPS)  # as published
ROBUSTNESS = 64  # images of each data set at most: see `Job`
# What the extra `evaluate` brings: module -> package.
NEEDED = {"torch": "torch", "matplotlib": "matplotlib", "skimage.metrics": "scikit-image"}
Report = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """A validated evaluation run.

    Attributes:
        sets: the data sets.
        options: what is measured on each image.
        left_out: looks that are not available, and why.
    """

    sets: tuple[DataSet, ...]
    options: MeasureOptions
    left_out: dict[str, str]

    def jobs(self) -> Iterator[Job]:
        """A job for each image of each data set."""
        for data in self.sets:
            for n, image in enumerate(data.images):
                others = tuple(data.folder / o for o in islice(data.others(image), OTHERS))
                yield Job(data.name, image, data.folder / image, others, n < ROBUSTNESS)

    def what(self) -> dict[str, Any]:
        """What a record depends on: a run is resumed only if it agrees."""
        options = self.options
        return {
            "models": {name: find_model(name).digest for name in options.models},
            "looks": list(options.looks),
            "measures": list(options.measures),
            "data": [data.name for data in self.sets],
        }


def make_plan(
    models: Sequence[str],
    folders: Sequence[Path],
    looks: Sequence[str] | None,
    measures: Sequence[str] | None,
    most: int | None,
    device: str,
) -> Plan:
    """Validate the options before anything is measured.

    Args:
        models: as `proface models` lists them.
        folders: see `proface.research.evaluation.datasets`.
        looks: as given; None for all, without the networks whose weights are missing.
        measures: of `MEASURES`; None for all.
        most: maximum number of images of each folder; None for all.
        device: inference device.

    Raises:
        UsageError, ModelError, MissingExtraError: as the message says.
    """
    store = ModelStore(device)
    for name in models:
        store.load(name)
    chosen, left_out = _looks(looks)
    wanted = _measures(measures)
    sets = tuple(read_data_set(folder, most) for folder in folders)
    names = [data.name for data in sets]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"two folders are called {name}: rename one, as reports use the names."
            )
    return Plan(sets, MeasureOptions(tuple(models), chosen, wanted, device), left_out)


def _looks(looks: Sequence[str] | None) -> tuple[tuple[str, ...], dict[str, str]]:
    chosen, left_out = [], {}
    for look in dict.fromkeys(looks or LOOKS):
        if look not in SWAPS:
            get_look(look)
        elif look != "swap":
            from proface.looks.swaps.load_weights import require_weights

            try:
                require_weights(look)
            except (ModelError, MissingExtraError) as error:
                if looks:
                    raise
                left_out[look] = str(error)
                continue
        chosen.append(look)
    return tuple(chosen), left_out


def _measures(measures: Sequence[str] | None) -> tuple[str, ...]:
    """The measures in fixed order; fails if one cannot run."""
    from proface.research.evaluation.gender import load_gender
    from proface.research.evaluation.recognisers import KNOWN, recogniser

    for name in measures or ():
        if name not in MEASURES:
            raise UsageError(f"--measure {name}: choose from {', '.join(MEASURES)}.")
    wanted = tuple(name for name in MEASURES if not measures or name in measures)
    for module, package in NEEDED.items():
        _require(module, package)
    for name in wanted:
        if name == FIDELITY:
            _require_lpips()
        elif name == GENDER:
            load_gender()
        elif name in KNOWN:
            recogniser(name)
    return wanted


def _require(module: str, package: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError:
        raise MissingExtraError(
            f"{package}, which evaluation needs, is not installed; install it: "
            "pip install 'proface[evaluate]'"
        ) from None


def _require_lpips() -> None:
    from proface.inference.packaged_files import packaged_file
    from proface.research.evaluation.lpips import FILES, INSTALL, PACKAGE

    for net in NETS:
        name, digest, _backbone = FILES[net]
        packaged_file(PACKAGE, name, digest, INSTALL)


def evaluate(
    plan: Plan,
    folder: Path,
    on_start: Callable[[int, int], None],
    on_record: Callable[[Record], None],
) -> Report:
    """Measure the images that have no record yet, and write the report into the folder.

    Args:
        plan: of `make_plan`.
        folder: created if missing. Gets records.jsonl, report.json, report.md and pictures.
        on_start: called first, with the numbers of all images and of those measured before.
        on_record: called with each new record.

    Raises:
        UsageError: the folder has records of something else, or no image could be measured.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be created ({error.strerror}).") from None
    records = Records(folder, plan.what())
    jobs = list(plan.jobs())
    rest = [job for job in jobs if (job.data, job.image) not in records.found]
    on_start(len(jobs), len(jobs) - len(rest))
    for record in run(rest, plan.options):
        records.add(record)
        on_record(record)
    done = [job for job in jobs if "error" not in records.found[job.data, job.image]]
    if not done:
        raise UsageError(
            f"none of the {len(jobs)} images could be measured: no faces in them, or no images "
            f"that can be read. {folder / FILE} has the reason for each."
        )
    return _write(plan, folder, records, done)


def _write(plan: Plan, folder: Path, records: Records, done: Sequence[Job]) -> Report:
    from proface.research.evaluation import summary
    from proface.research.evaluation.costs import costs
    from proface.research.evaluation.figures import plotted, sheets
    from proface.research.evaluation.report import markdown

    flows = {name: ModelStore(plan.options.device).load(name) for name in plan.options.models}
    report: Report = {
        "proface": __version__,
        "what": plan.what(),
        "left_out": plan.left_out,
        "data": {data.name: summary.coverage(data, records.found) for data in plan.sets},
        "models": {
            name: {"mode": flow.mode, "device": plan.options.device, "costs": costs(flow)}
            for name, flow in flows.items()
        },
    }
    found = [(data, summary.by_image(data, records.found)) for data in plan.sets]
    for part, sum_up in (
        ("fidelity", summary.fidelity),
        ("recognition", summary.recognition),
        ("gender", summary.genders),
    ):
        report[part] = [row for data, own in found for row in sum_up(data, own)]
    report["pictures"] = [
        *plotted(folder, report, plan.sets, records.found),
        *sheets(folder, plan.options.models, plan.options.looks, done),
    ]
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    (folder / "report.md").write_text(markdown(report), "utf-8")
    return report
