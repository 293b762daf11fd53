"""The pictures of a report: plots, and contact sheets of test images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from proface.models.store import load_flow
from proface.research.evaluation import plots
from proface.research.evaluation.contact_sheet import Cell, contact_sheet
from proface.research.evaluation.crops import read_subject
from proface.research.evaluation.datasets import DataSet
from proface.research.evaluation.measure import Job, Record, in_look, versions, wrongly_recovered
from proface.research.evaluation.metrics import psnr
from proface.research.evaluation.summary import Row, by_image, comparisons, swept

HEADINGS = ("original", "look", "protected", "recovered", "wrong password", "one bit off")
PEOPLE = 2  # on each sheet


def plotted(
    folder: Path,
    report: dict[str, Any],
    sets: Sequence[DataSet],
    records: Mapping[tuple[str, str], Record],
) -> Iterator[str]:
    """Draw all plots that the report has data for; yields the file names."""
    for (model, data), rows in _groups(report["fidelity"], "model", "data"):
        yield _name(folder, f"likeness-{model}-{data}", plots.likeness_bars, rows)
    for (data,), rows in _groups(swept(report["fidelity"]), "data"):
        yield _name(folder, f"noise-{data}", plots.noise_curves, rows)
    for (model, data), rows in _groups(report["recognition"], "model", "data"):
        if model is None:
            continue
        base = [r for r in report["recognition"] if r["data"] == data and r["model"] is None]
        yield _name(folder, f"recognition-{model}-{data}", plots.accuracy_bars, base + rows)
        found = by_image(next(s for s in sets if s.name == data), records)
        for name in dict.fromkeys(row["recogniser"] for row in rows):
            curves = [
                (compared, look, scores)
                for of, look, compared, scores in comparisons(
                    next(s for s in sets if s.name == data), found, name
                )
                if of in (None, model)
            ]
            path = folder / f"roc-{model}-{data}-{name}.png"
            plots.roc_curves(path, f"{model} on {data}, {name}", curves)
            yield path.name


def sheets(
    folder: Path, models: Iterable[str], looks: Sequence[str], jobs: Iterable[Job]
) -> Iterator[str]:
    """Draw a contact sheet for each model and data set, of its first faces; yields file names."""
    for data, group in groupby(jobs, key=lambda job: job.data):
        own = list(group)[:PEOPLE]
        for model in models:
            rows = [row for job in own for row in _rows(job, model, looks)]
            name = f"sheet-{model}-{data}.png"
            contact_sheet(HEADINGS, rows).save(folder / name)
            yield name


def _rows(job: Job, model: str, looks: Sequence[str]) -> Iterator[list[Cell]]:
    flow, subject = load_flow(model), read_subject(job.path)
    x = subject.pixels
    for look in looks:
        o = in_look(subject, look, job.others)
        if o is None:
            continue
        fields = (job.data, job.image, look)
        made = versions(x, o, flow, fields)
        for which in ("wrong", "one bit off"):
            made[which] = wrongly_recovered(flow, made["protected"], which, fields)
        yield [
            Cell(x, Path(job.image).stem),
            Cell(o, look),
            Cell(made["protected"], f"{psnr(o, made['protected']):.1f} dB", "to the look"),
            *(
                Cell(made[which], f"{psnr(x, made[which]):.1f} dB", "to the original")
                for which in ("recovered", "wrong", "one bit off")
            ),
        ]


def _name(folder: Path, stem: str, draw: Any, rows: Sequence[Row]) -> str:
    path = folder / f"{stem}.png"
    draw(path, rows)
    return path.name


def _groups(rows: Sequence[Row], *keys: str) -> list[tuple[tuple[Any, ...], list[Row]]]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return list(found.items())
