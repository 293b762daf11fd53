"""Aggregate the records of single images into the rows of a report, as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from proface.research.evaluation.datasets import DataSet, known_gender
from proface.research.evaluation.measure import (
    GENDER,
    SIGMAS,
    Record,
    decode_vector,
    pairs_for,
)
from proface.research.evaluation.metrics import worst_tenth
from proface.research.evaluation.recognisers import KNOWN
from proface.research.evaluation.verification import Scores, verification

Row = dict[str, Any]
# Which versions of a pair's first and second photo are compared.
COMPARED = {
    "original-original": ("original", "original"),
    "protected-protected": ("protected", "protected"),
    "protected-original": ("protected", "original"),
    "recovered-original": ("recovered", "original"),
}
LEAST_PAIRS = 8  # of each kind; accuracies of fewer are meaningless


def by_image(data: DataSet, records: Mapping[tuple[str, str], Record]) -> dict[str, Record]:
    """The records of a data set's measured images."""
    found = {image: records.get((data.name, image)) for image in data.images}
    return {image: r for image, r in found.items() if r is not None and "error" not in r}


def coverage(data: DataSet, records: Mapping[tuple[str, str], Record]) -> Row:
    """Numbers of images and pairs, and the errors of images that were skipped."""
    measured = by_image(data, records)
    errors = [records.get((data.name, i), {}).get("error") for i in data.images]
    row: Row = {
        "images": len(data.images),
        "measured": len(measured),
        "passed_over": [error for error in errors if error is not None],
    }
    without = Counter(look for r in measured.values() for look in r.get("left_out", {}))
    if without:
        row["nobody_to_swap_in"] = dict(without)
    if data.folds:
        pairs = sum(pair.first in measured and pair.second in measured for pair in data.pairs)
        row |= {"folds": data.folds, "pairs": pairs, "all_pairs": data.all_pairs}
    return row


def fidelity(data: DataSet, records: Mapping[str, Record]) -> Iterator[Row]:
    """Means over the images for each model and look; for recovered PSNR also the worst tenth."""
    for (model, look), found in sorted(_looks(records).items(), key=_order(records)):
        likeness = [entry["likeness"] for entry in found.values() if "likeness" in entry]
        if not likeness:
            continue
        row: Row = {"model": model, "data": data.name, "look": look, "images": len(likeness)}
        for name in pairs_for("random"):  # of the same names in every mode
            values = {key: [entry[name][key] for entry in likeness] for key in likeness[0][name]}
            row[name] = {key: round(float(np.mean(v)), 5) for key, v in values.items()}
        scores = [entry["recovered"]["psnr"] for entry in likeness]
        row["recovered"]["psnr_worst_tenth"] = round(worst_tenth(scores), 4)
        if further := [e["robustness"] for e in found.values() if "robustness" in e]:
            row["robustness"] = _robustness(further)
        yield row


def swept(rows: Iterable[Row]) -> list[Row]:
    """The rows of `fidelity` with further recoveries, with those and their number of images."""
    return [row | row["robustness"] for row in rows if "robustness" in row]


def _robustness(found: Sequence[Row]) -> Row:
    """Means of the further recoveries, dB, and of how many images."""
    row: Row = {"images": len(found)}
    for name in ("one bit off", "from the look"):
        row[name] = round(float(np.mean([entry[name] for entry in found])), 4)
    means = np.mean([entry["noise"] for entry in found], axis=0)
    row["noise"] = {
        f"{sigma:g}": round(float(m), 4) for sigma, m in zip(SIGMAS, means, strict=True)
    }
    return row


def recognition(data: DataSet, records: Mapping[str, Record]) -> Iterator[Row]:
    """LFW verification for each recogniser, model, look and comparison."""
    for name in KNOWN:
        for model, look, compared, scores in comparisons(data, records, name):
            if min(scores.same.sum(), (~scores.same).sum()) < LEAST_PAIRS:
                continue
            row: Row = {"recogniser": name, "data": data.name, "model": model, "look": look}
            row |= {"compared": compared, "pairs": len(scores.same)}
            yield row | {key: round(v, 5) for key, v in verification(scores).items()}


def comparisons(
    data: DataSet, records: Mapping[str, Record], recogniser: str
) -> Iterator[tuple[str | None, str | None, str, Scores]]:
    """Model, look, comparison, and the scored pairs; originals have no model and no look."""
    if not data.folds or not any(recogniser in r.get("original", {}) for r in records.values()):
        return
    cases: list[tuple[str | None, str | None]] = [(None, None)]
    cases += [case for case, _found in sorted(_looks(records).items(), key=_order(records))]
    for model, look in cases:
        for compared, sides in COMPARED.items():
            if (model is None) != (compared == "original-original"):
                continue
            found = []
            for pair in data.pairs:
                vectors = [
                    _vector(records.get(image), model, look, side, recogniser)
                    for image, side in zip((pair.first, pair.second), sides, strict=True)
                ]
                if vectors[0] is not None and vectors[1] is not None:
                    found.append((float(vectors[0] @ vectors[1]), pair.same, pair.fold))
            if found:
                cosines, same, folds = (np.array(column) for column in zip(*found, strict=True))
                yield model, look, compared, Scores(cosines, same, folds)


def _vector(
    record: Record | None, model: str | None, look: str | None, side: str, recogniser: str
) -> Any:
    if record is None:
        return None
    holder = record if side == "original" else record["models"].get(model, {}).get(look)
    return None if holder is None else decode_vector(holder[side][recogniser])


def genders(data: DataSet, records: Mapping[str, Record]) -> Iterator[Row]:
    """Gender accuracy against the folder's label, or the prediction on the original."""
    read = {i: r["original"][GENDER] for i, r in records.items() if GENDER in r.get("original", {})}
    if not read:
        return
    folders = {image: known_gender(image) for image in read}
    labelled = all(folders.values())
    truth = folders if labelled else read
    base: Row = {"data": data.name, "against": "folder" if labelled else "original"}
    if labelled:
        right = [read[image] == truth[image] for image in read]
        yield base | {"model": None, "look": None, "of": "original"} | _share(right)
    for (model, look), found in sorted(_looks(records).items(), key=_order(records)):
        for side in ("protected", "recovered"):
            right = [entry[side][GENDER] == truth[image] for image, entry in found.items()]
            yield base | {"model": model, "look": look, "of": side} | _share(right)


def _share(right: Sequence[bool]) -> Row:
    return {"images": len(right), "accuracy": round(float(np.mean(right)), 5)}


def _looks(records: Mapping[str, Record]) -> dict[tuple[str, str], dict[str, Record]]:
    """(model, look) -> image -> its entry."""
    found: dict[tuple[str, str], dict[str, Record]] = {}
    for image, record in records.items():
        for model, looks in record["models"].items():
            for look, entry in looks.items():
                found.setdefault((model, look), {})[image] = entry
    return found


def _order(records: Mapping[str, Record]) -> Any:
    """A sort key: models and looks in the order in which they were requested."""
    models: dict[str, int] = {}
    looks: dict[str, int] = {}
    for record in records.values():
        for model, entries in record["models"].items():
            models.setdefault(model, len(models))
            for look in entries:
                looks.setdefault(look, len(looks))
    return lambda item: (models[item[0][0]], looks[item[0][1]])
