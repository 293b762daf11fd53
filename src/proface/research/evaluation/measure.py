"""Measurements on one photo: a JSON record with figures for every model and look.

From the original x and the obfuscated image o: the protected image p, and p recovered with the
right password and with a wrong one. Of the first images of a data set also: p recovered with a
password off by a bit, and after noise; and o itself "recovered". Everything compared was written as
an 8-bit PNG and read back.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from proface.errors import ProfaceError, UsageError, describe
from proface.looks import get_look, obfuscate
from proface.looks.look import Look
from proface.models.flow import Flow
from proface.models.store import load_flow
from proface.research.evaluation.crops import Subject, read_subject
from proface.research.evaluation.gender import gender
from proface.research.evaluation.metrics import psnr, ssim
from proface.research.evaluation.protected_files import Passwords, noisy, protect, recover
from proface.research.evaluation.recognisers import KNOWN
from proface.types import Pixels

Record = dict[str, Any]

FIDELITY, GENDER = "fidelity", "gender"
MEASURES = (FIDELITY, *KNOWN, GENDER)
SWAPS = ("swap", "simswap", "faceshifter")  # looks that show another person
SIGMAS = (0.0, 0.002, 0.004, 0.006, 0.008, 0.010)  # deviation of noise on p, of [-1, 1]
NETS = ("vgg", "alex")
FEATURES = 8  # images whose LPIPS features are kept, 33 MB each


@dataclass(frozen=True)
class MeasureOptions:
    """What is measured on each image of a run."""

    models: tuple[str, ...]
    looks: tuple[str, ...]
    measures: tuple[str, ...]
    device: str

    @property
    def identity(self) -> tuple[str, ...]:
        """The measures on a single face: recognisers and gender."""
        return tuple(measure for measure in self.measures if measure != FIDELITY)


@dataclass(frozen=True)
class Job:
    """One image: its data set and relative path, its file, and photos of others for swaps.

    `robustness`: whether one bit off, noise, and recovery from the look are measured: seven of ten
    runs of a flow, so not on every image.
    """

    data: str
    image: str
    path: Path
    others: tuple[Path, ...]
    robustness: bool


def measure(job: Job, options: MeasureOptions) -> Record:
    """All figures of one image as JSON, or {"error": reason}.

    Raises:
        MissingExtraError, ModelError: a network is missing, for every image.
    """
    record: Record = {"data": job.data, "image": job.image}
    try:
        subject = read_subject(job.path)
    except (ProfaceError, OSError) as error:
        return record | {"error": describe(error, job.path)}
    if options.identity:
        record["original"] = _identity(subject.pixels, subject, options)
    record["models"] = {name: {} for name in options.models}
    for look in options.looks:
        o = in_look(subject, look, job.others)
        if o is None:
            record.setdefault("left_out", {})[look] = "no face to swap in was found"
            continue
        for name in options.models:
            flow = load_flow(name, options.device)
            record["models"][name][look] = _figures(subject, o, flow, job, look, options)
    return record


def in_look(subject: Subject, look: str, others: Sequence[Path]) -> Pixels | None:
    """The crop in a look. A swap shows the first of the others with a face; None without any."""
    if look not in SWAPS:
        return obfuscate(subject.pixels, look, [subject.face])
    for path in others:
        try:
            shown = _target(look, path)
        except UsageError:
            continue  # no face in that photo, or it cannot be read
        return obfuscate(subject.pixels, shown, [subject.face])
    return None


def _target(look: str, path: Path) -> Look:
    return get_look(f"{look}:{path}")


def versions(x: Pixels, o: Pixels, flow: Flow, fields: tuple[str, ...]) -> dict[str, Pixels]:
    """The protected and the recovered image by name, as saved."""
    key = _key("right", flow, fields)
    p = protect(flow, x, o, key)
    return {"protected": p, "recovered": recover(flow, p, key)}


def wrongly_recovered(flow: Flow, p: Pixels, which: str, fields: tuple[str, ...]) -> Pixels:
    """What another of the `PASSWORDS`, "wrong" or "one bit off", recovers, as saved."""
    return recover(flow, p, _key(which, flow, fields))


def _key(which: str, flow: Flow, fields: tuple[str, ...]) -> bytes:
    return _passwords().key(which, flow.name, *fields)


def _figures(
    subject: Subject, o: Pixels, flow: Flow, job: Job, look: str, options: MeasureOptions
) -> Record:
    fields = (job.data, job.image, look)
    x = subject.pixels
    made = versions(x, o, flow, fields)
    record: Record = {}
    if FIDELITY in options.measures:
        wrong = wrongly_recovered(flow, made["protected"], "wrong", fields)
        images = {"original": x, "look": o, "wrong": wrong, **made}
        record["likeness"] = _image_quality(images, pairs_for(flow.mode))
        if job.robustness:
            record["robustness"] = _robustness(images, flow, fields)
    if options.identity:
        for name in ("protected", "recovered"):
            record[name] = _identity(made[name], subject, options)
    return record


def pairs_for(mode: str) -> dict[str, tuple[str, str]]:
    """The images compared, by name. In obfuscated mode wrong recoveries should equal the look."""
    return {
        "protected": ("look", "protected"),
        "recovered": ("original", "recovered"),
        "wrong password": (_aim(mode), "wrong"),
        "seen": ("original", "protected"),
    }


def _aim(mode: str) -> str:
    """What a wrong key's recovery is compared with."""
    return "look" if mode == "obfuscated" else "original"


def _image_quality(images: dict[str, Pixels], pairs: dict[str, tuple[str, str]]) -> Record:
    found: Record = {
        name: {
            "psnr": round(psnr(images[a], images[b]), 4),
            "ssim": round(ssim(images[a], images[b]), 5),
        }
        for name, (a, b) in pairs.items()
    }
    for net in NETS:
        for name, distance in _distances(images, pairs, net).items():
            found[name][f"lpips_{net}"] = round(distance, 5)
    return found


def _distances(
    images: dict[str, Pixels], pairs: dict[str, tuple[str, str]], net: str
) -> dict[str, float]:
    """LPIPS of the pairs."""
    import torch

    def features(name: str) -> Any:
        pixels = images[name]
        return _features(net, pixels.tobytes(), *pixels.shape[:2])

    with torch.inference_mode():
        return {
            name: float(_metric(net).distance(*map(features, pair))) for name, pair in pairs.items()
        }


@lru_cache(maxsize=len(NETS) * FEATURES)
def _features(net: str, data: bytes, height: int, width: int) -> Any:
    """LPIPS features of an image's bytes. Kept, as each original and look is compared often."""
    import torch

    levels = np.frombuffer(data, np.uint8).reshape(1, height, width, 3).astype(np.float32)
    planes = torch.from_numpy((levels / 127.5 - 1).transpose(0, 3, 1, 2))
    # In this order of channels convolutions take a sixth less.
    return _metric(net).features(planes.contiguous(memory_format=torch.channels_last))


def _robustness(images: dict[str, Pixels], flow: Flow, fields: tuple[str, ...]) -> Record:
    """PSNR of further recoveries: with one bit off, from the look, and after noise of SIGMAS."""
    key = _key("right", flow, fields)
    x, p = images["original"], images["protected"]
    swept = [
        recover(flow, noisy(p, sigma, n), key) if sigma else images["recovered"]
        for n, sigma in enumerate(SIGMAS)
    ]
    wrong = wrongly_recovered(flow, p, "one bit off", fields)
    return {
        "one bit off": round(psnr(images[_aim(flow.mode)], wrong), 4),
        "from the look": round(psnr(x, recover(flow, images["look"], key)), 4),
        "noise": [round(psnr(x, found), 4) for found in swept],
    }


def _identity(pixels: Pixels, subject: Subject, options: MeasureOptions) -> Record:
    """Embeddings by recogniser, and the predicted gender."""
    record: Record = {}
    for name in options.identity:
        if name == GENDER:
            record[name] = gender(pixels, subject.face)[0]
        else:
            record[name] = encode_vector(KNOWN[name](pixels, subject.face))
    return record


def encode_vector(vector: npt.NDArray[np.float32]) -> str:
    """A unit vector as base64 of float16; cosines are exact to 1e-3."""
    return base64.b64encode(vector.astype("<f2").tobytes()).decode("ascii")


def decode_vector(text: str) -> npt.NDArray[np.float32]:
    """The vector that `encode_vector` encoded, of unit length."""
    vector = np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32)
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


@lru_cache(maxsize=1)
def _passwords() -> Passwords:
    return Passwords()


@lru_cache(maxsize=2)
def _metric(net: str) -> Any:
    import torch

    from proface.research.evaluation.lpips import Lpips

    torch.set_num_threads(1)  # images are processed in parallel already
    return Lpips(net)  # type: ignore[arg-type]
