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
from proface.research.evaluation.perceptual import KEPT, NETS, lpips
from proface.research.evaluation.protected_files import Passwords, noisy, protect, recover
from proface.research.evaluation.recognisers import KNOWN
from proface.types import Face, Pixels

Record = dict[str, Any]

FIDELITY, GENDER = "fidelity", "gender"
MEASURES = (FIDELITY, *KNOWN, GENDER)
SWAPS = ("swap", "simswap", "faceshifter")  # looks that show another person
SIGMAS = (0.0, 0.002, 0.004, 0.006, 0.008, 0.010)  # deviation of noise on p, of [-1, 1]


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
        for name, (a, b) in pairs.items():
            # Noise is far from any photo, and one distance of three that take long.
            draft = (a, b) == ("original", "wrong")
            found[name][f"lpips_{net}"] = round(lpips(net, images[a], images[b], draft=draft), 5)
    return found


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
    return _of_face(pixels.tobytes(), pixels.shape, subject.face, options.identity)


@lru_cache(maxsize=KEPT)  # what padded and robust flows recover is the same under every look
def _of_face(data: bytes, shape: tuple[int, ...], face: Face, names: tuple[str, ...]) -> Record:
    pixels = np.frombuffer(data, np.uint8).reshape(shape)
    record: Record = {}
    for name in names:
        if name == GENDER:
            record[name] = gender(pixels, face)[0]
        else:
            record[name] = encode_vector(KNOWN[name](pixels, face))
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
