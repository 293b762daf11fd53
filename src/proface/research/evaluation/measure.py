"""Measurements on one photo: a JSON record with figures for every model and look.

From the original x and the obfuscated image o: the protected image p; p recovered with the right
password, with a wrong one, with one off by a bit, and after noise; and o itself "recovered".
Everything compared was written as an 8-bit PNG and read back.
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
# Compared by LPIPS too, which takes most of the time; the others by PSNR and SSIM only.
PERCEIVED = ("protected", "recovered", "wrong password", "seen")


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
    """One image: its data set and relative path, its file, and photos of others for swaps."""

    data: str
    image: str
    path: Path
    others: tuple[Path, ...]


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
            fields = (job.data, job.image, look)
            record["models"][name][look] = _figures(
                subject, o, load_flow(name, options.device), fields, options
            )
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


def versions(
    x: Pixels, o: Pixels, flow: Flow, fields: tuple[str, ...], *, wrong: bool
) -> dict[str, Pixels]:
    """Protected and recovered images by name, as saved; with wrong keys too if `wrong`."""
    keys = _passwords()
    right = keys.key("right", flow.name, *fields)
    p = protect(flow, x, o, right)
    made = {"protected": p, "recovered": recover(flow, p, right)}
    if wrong:
        for which in ("wrong", "one bit off"):
            made[which] = recover(flow, p, keys.key(which, flow.name, *fields))
        made["from the look"] = recover(flow, o, right)
    return made


def _figures(
    subject: Subject, o: Pixels, flow: Flow, fields: tuple[str, ...], options: MeasureOptions
) -> Record:
    x, wrong = subject.pixels, FIDELITY in options.measures
    made = versions(x, o, flow, fields, wrong=wrong)
    record: Record = {}
    if wrong:
        images = {"original": x, "look": o, **made}
        record["likeness"] = _image_quality(images, pairs_for(flow.mode))
        record["noise"] = _noise_sweep(x, made["protected"], flow, fields)
    if options.identity:
        for name in ("protected", "recovered"):
            record[name] = _identity(made[name], subject, options)
    return record


def pairs_for(mode: str) -> dict[str, tuple[str, str]]:
    """The images compared, by name. In obfuscated mode wrong recoveries should equal the look."""
    return {
        "protected": ("look", "protected"),
        "recovered": ("original", "recovered"),
        "wrong password": ("look" if mode == "obfuscated" else "original", "wrong"),
        "one bit off": ("look" if mode == "obfuscated" else "original", "one bit off"),
        "from the look": ("original", "from the look"),
        "seen": ("original", "protected"),
    }


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
    """LPIPS of the pairs; features of each image are computed once."""
    import torch

    metric = _metric(net)
    pairs = {name: pairs[name] for name in PERCEIVED}
    names = sorted({name for pair in pairs.values() for name in pair})
    levels = np.stack([images[name] for name in names]).astype(np.float32) / 127.5 - 1
    firsts, seconds = ([names.index(pair[n]) for pair in pairs.values()] for n in (0, 1))
    with torch.inference_mode():
        features = metric.features(torch.from_numpy(levels.transpose(0, 3, 1, 2)).contiguous())
        distances = metric.distance([f[firsts] for f in features], [f[seconds] for f in features])
    return dict(zip(pairs, distances.tolist(), strict=True))


def _noise_sweep(x: Pixels, p: Pixels, flow: Flow, fields: tuple[str, ...]) -> list[float]:
    """PSNR recovered from p with noise of each of SIGMAS, with the right password."""
    key = _passwords().key("right", flow.name, *fields)
    return [
        round(psnr(x, recover(flow, noisy(p, sigma, n), key)), 4) for n, sigma in enumerate(SIGMAS)
    ]


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
