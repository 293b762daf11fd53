"""Survival: which faces can be recovered after saving again, scaling and noise.

For every face, look and side, random words are embedded in the look, as a padded face is; the
picture is distorted, its place being known, and its words are extracted. A layer survives if all
its words come back bit for bit. How good the face is that a layer carries is measured apart, once
for a face and side: the coder's picture against the original. Writes survival.json, survival.md
and survival.png.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage import data

from proface.embedding.base import Change, Words
from proface.embedding.block_transform import to_luma
from proface.embedding.cover import soften
from proface.embedding.scaled_reading import read_scaled
from proface.errors import UsageError
from proface.faces import detect, embed
from proface.faces.regions import clipped
from proface.looks import obfuscate
from proface.models.robust import Robust
from proface.models.store import load_flow
from proface.pipeline.recover import COARSE_UNDER, cuts
from proface.research.evaluation.images import SUFFIXES, find, load, round_trip
from proface.research.evaluation.metrics import psnr
from proface.research.evaluation.survival_page import plot, rows_of, tables
from proface.types import Pixels, Place

LOOKS = ("blur:25", "pixelate:32", "mask", "another")
SIDES = (256, 512)
QUALITIES = (95, 90, 85, 80, 75, 70, 60, 50)
SAME_PERSON = 0.363  # SFace's threshold of cosines, as OpenCV states it for LFW

SCREENSHOT = "screenshot of a JPEG 90, cropped"
BORDER, CROP = 48, (5, 3)  # pixels around a region, and cut off from the left and the top

Distort = Callable[[Pixels], Pixels]


def _jpeg(quality: int, **options: Any) -> Distort:
    return lambda p: round_trip(p, "JPEG", quality=quality, **options)


def _noise(sigma: float) -> Distort:
    def distort(p: Pixels) -> Pixels:
        values = p + np.random.default_rng(p.size).normal(0, sigma, p.shape)
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)

    return distort


def _in_a_photo(then: Distort) -> Distort:
    """The region in a photo three times as wide: WebP spends its bits by what else there is."""

    def distort(p: Pixels) -> Pixels:
        height, width = p.shape[:2]
        photo = Image.fromarray(data.coffee()).resize((3 * width, 3 * height))  # type: ignore[no-untyped-call]
        photo.paste(Image.fromarray(p), (width, height))
        shown = then(np.asarray(photo))
        return np.ascontiguousarray(shown[height : 2 * height, width : 2 * width])

    return distort


def _scaled(scale: float, then: Distort) -> Distort:
    def distort(p: Pixels) -> Pixels:
        size = round(p.shape[1] * scale), round(p.shape[0] * scale)
        return then(np.asarray(Image.fromarray(p).resize(size, Image.Resampling.LANCZOS)))

    return distort


DISTORTIONS: dict[str, Distort] = {
    "PNG": lambda p: p,
    **{f"JPEG {quality}": _jpeg(quality) for quality in QUALITIES},
    "JPEG 75, 4:4:4": _jpeg(75, subsampling=0),
    "JPEG 70, 4:4:4": _jpeg(70, subsampling=0),
    "JPEG 75, progressive": _jpeg(75, progressive=True),
    "JPEG 85, then 75": lambda p: _jpeg(75)(_jpeg(85)(p)),
    "WebP 80, in a photo": _in_a_photo(lambda p: round_trip(p, "WEBP", quality=80)),
    "noise, sigma 2 levels": _noise(2),
    "3/4 size, then JPEG 80": _scaled(0.75, _jpeg(80)),
    "half size, then JPEG 80": _scaled(0.5, _jpeg(80)),
    "half size, then JPEG 75": _scaled(0.5, _jpeg(75)),
    "0.508 of the size, then JPEG 75": _scaled(0.508, _jpeg(75)),
    "0.4 of the size, then JPEG 75": _scaled(0.4, _jpeg(75)),
}


def run(
    folders: Sequence[Path],
    out: Path,
    looks: Sequence[str] | None,
    model: str,
    most: int | None,
    held_out: bool = False,
    on_face: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Measure all faces that were not measured before, and write the report.

    Args:
        folders: of face crops.
        out: folder of the report; created.
        looks: `LOOKS` if None; "another" is the next face of the folder.
        model: of the robust flow.
        most: images of each folder at most.
        held_out: see `faces`.
        on_face: called after each face and side.

    Raises:
        UsageError: the model does not survive recompression, or there are no images.
    """
    flow = load_flow(model)
    if not isinstance(flow, Robust) or Change.RECOMPRESSION not in flow.survives:
        raise UsageError(f"--model {model}: this model survives no changes. Give robust.")
    out.mkdir(parents=True, exist_ok=True)
    log = out / "survival.jsonl"
    records = list(_measured(log))
    chosen = tuple(looks or LOOKS)
    report: dict[str, Any] = {}
    done = {
        (one["sha256"], one["data"], one["side"], one["face"], *one["looks"]) for one in records
    }
    for folder, paths, n, side in _plan(folders, most, held_out):
        name = str(paths[n].relative_to(folder))
        if (flow.digest, folder.name, side, name, *chosen) not in done:
            record = {
                "sha256": flow.digest,
                "data": folder.name,
                "side": side,
                "face": name,
                **_measure(flow, paths, n, side, chosen),
            }
            with log.open("a") as file:
                print(json.dumps(record), file=file)
            report = write_report(flow, chosen, out)  # as soon as it is there: a run takes hours
        on_face()
    return report or write_report(flow, chosen, out)


def write_report(flow: Robust, looks: tuple[str, ...], out: Path) -> dict[str, Any]:
    """The report of what a folder's survival.jsonl says of a model and looks."""
    records = _measured(out / "survival.jsonl")
    rows = rows_of(
        [one for one in records if one["sha256"] == flow.digest and tuple(one["looks"]) == looks]
    )
    report = {"model": flow.name, "sha256": flow.digest, "rows": rows}
    (out / "survival.json").write_text(json.dumps(report, indent=1) + "\n")
    (out / "survival.md").write_text("\n".join(tables(rows)) + "\n")
    plot(rows, QUALITIES, out / "survival.png")
    return report


def _measured(log: Path) -> Iterator[dict[str, Any]]:
    """The records of earlier runs, but for those of another version, which changed otherwise."""
    names = {*DISTORTIONS, SCREENSHOT}
    for line in log.read_text().splitlines() if log.exists() else ():
        record = json.loads(line)
        if all(set(one["survived"]) == names for one in record["looks"].values()):
            yield record


def faces(folder: Path, most: int | None, held_out: bool = False) -> list[Path]:
    """So many images below a folder, evenly spaced; all if there are fewer or `most` is None.

    held_out: if there is a folder for each person, one image of every second of them, from the
    second on: the others' were used for calibration.
    """
    people = sorted(path for path in folder.iterdir() if path.is_dir()) if held_out else []
    if len(people) < 4:
        return _evenly(find(folder), most)
    images = (sorted(p for p in one.iterdir() if p.suffix.lower() in SUFFIXES) for one in people)
    paths = [of[0] for of in list(images)[1::2] if of]
    return _evenly(paths, most)


def _evenly(paths: list[Path], most: int | None) -> list[Path]:
    count = min(most or len(paths), len(paths))
    return [paths[n * len(paths) // count] for n in range(count)]


def _plan(
    folders: Sequence[Path], most: int | None, held_out: bool
) -> Iterator[tuple[Path, list[Path], int, int]]:
    """Folder, its images, the place of one among them, side: one of each folder after the other."""
    found = [(folder, faces(folder, most, held_out)) for folder in folders]
    for n in range(max(len(paths) for _, paths in found)):
        for folder, paths in found:
            if n < len(paths):
                for side in SIDES:
                    yield folder, paths, n, side


def _measure(
    flow: Robust, paths: Sequence[Path], n: int, side: int, looks: Sequence[str]
) -> dict[str, Any]:
    """One face at one side: which layers survive what, and figures of the pictures."""
    x, other = load(paths[n], side), load(paths[(n + 1) % len(paths)], side)
    around = load(paths[n], side + 2 * BORDER)
    capacity = flow.embedding.capacity(side, side)
    found: dict[str, Any] = {}
    for look in looks:
        o = other if look == "another" else obfuscate(x, look)
        cover = soften(o) if look.startswith("pixelate") else o
        words = np.random.default_rng([n, side]).integers(
            0, 1 << 16, (2, int(capacity.max())), np.uint16
        )
        p = flow.embedding.embed(cover, words)
        survived = {
            name: _read(flow, distort(p), side, words) for name, distort in DISTORTIONS.items()
        }
        survived[SCREENSHOT] = _screenshot(flow, p, around, words)
        found[look] = {"protected_psnr": round(psnr(o, p), 3), "survived": survived}
    return {
        "bytes": [int(2 * count) for count in capacity],
        "pictures": {key: round(value, 3) for key, value in _pictures(flow, x).items()},
        "looks": found,
    }


def _read(flow: Robust, picture: Pixels, side: int, words: Words) -> list[int]:
    """Whether the base and the detail layer come back, read as `recover` does: 1 or 0 each."""
    right = [0, 0]
    whole = Place(0, 0, picture.shape[1], picture.shape[0])
    if whole.h < COARSE_UNDER * side:
        lattice, luma = flow.embedding, to_luma(picture)
        base = read_scaled(lattice, flow.equalisers, luma, whole, (side, side))
        return [int(base.intact and np.array_equal(base.words, words[0, : len(base.words)])), 0]
    for one in cuts(picture, whole, (side, side)):
        for n, layer in enumerate(flow.embedding.read(one)):
            same = np.array_equal(layer.words, words[n, : len(layer.words)])
            right[n] |= int(layer.intact and same)
    return right


def _screenshot(flow: Robust, p: Pixels, around: Pixels, words: Words) -> list[int]:
    """As `_read`, of a region in a JPEG that was shown, cut out and saved without loss.

    Its place is not known: it is found by its pixels.
    """
    picture = around.copy()
    side, (left, top) = p.shape[0], CROP
    picture[BORDER : BORDER + side, BORDER : BORDER + side] = p
    shown = _jpeg(90)(picture)[top:, left:]
    for _, place, scale in flow.find(shown):
        box = place.rounded()
        if scale == (1.0, 1.0) and (box.x, box.y) == (BORDER - left, BORDER - top):
            region = shown[box.y : box.y + side, box.x : box.x + side]
            return _read(flow, np.ascontiguousarray(region), side, words)
    return [0, 0]


def _pictures(flow: Robust, x: Pixels) -> dict[str, float]:
    """Quality of what the two layers carry: the coarse one at half size, as a service shows it."""
    faces = sorted(detect(x), key=lambda one: one.box.w * one.box.h, reverse=True)
    streams = flow.streams(x, [face.box for face in faces])
    coarse, full = (flow.picture(one, *x.shape[:2]) if one else None for one in streams)
    figures = {}
    if full is not None:
        figures["full_psnr"] = psnr(x, full)
    if coarse is None:
        return figures
    figures["coarse_psnr_at_half_size"] = psnr(_half(x), _half(coarse))
    if faces:
        face = faces[0]
        box = clipped(face.box, (x.shape[1], x.shape[0])) or face.box
        figures["coarse_face_psnr_at_half_size"] = psnr(
            _half(x[box.slices]), _half(coarse[box.slices])
        )
        cosine = float(embed(x, face) @ embed(coarse, face))
        figures["coarse_cosine"] = cosine
        figures["coarse_same_person"] = float(cosine >= SAME_PERSON)
    return figures


def _half(picture: Pixels) -> Pixels:
    size = picture.shape[1] // 2, picture.shape[0] // 2
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
