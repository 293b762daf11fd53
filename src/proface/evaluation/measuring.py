"""What is measured on one photo: a record of plain figures, for every model and look.

    original x, look o, protected p, and from p: recovered, recovered with a wrong password, with
    one that differs in a bit, and from noisy p; and "recovered" from o alone

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
from proface.evaluation.metrics import psnr, ssim
from proface.evaluation.protecting import Passwords, noisy, protect, recover
from proface.evaluation.subjects import Subject, read_subject
from proface.faces.gender import gender
from proface.faces.recognisers import KNOWN
from proface.obfuscators import get_look, obfuscate
from proface.obfuscators.look import Look
from proface.runtime import Flow, load_flow, use_device

Pixels = npt.NDArray[np.uint8]
Record = dict[str, Any]

FIDELITY, GENDER = "fidelity", "gender"
MEASURES = (FIDELITY, *KNOWN, GENDER)
SWAPS = ("swap", "simswap", "faceshifter")  # looks that show another person
SIGMAS = (0.0, 0.002, 0.004, 0.006, 0.008, 0.010)  # of noise on p, in units of [-1, 1]
NETS = ("vgg", "alex")
# Compared by LPIPS too, which takes most of the time; the others by PSNR and SSIM.
PERCEIVED = ("protected", "recovered", "wrong password", "seen")


@dataclass(frozen=True)
class Options:
    """What a run measures; the same for all its images."""

    models: tuple[str, ...]
    looks: tuple[str, ...]
    measures: tuple[str, ...]
    device: str

    @property
    def identity(self) -> tuple[str, ...]:
        """What looks at a face alone: the recognisers, and gender."""
        return tuple(measure for measure in self.measures if measure != FIDELITY)


@dataclass(frozen=True)
class Job:
    """One image: its data set and path in it, the file, and files of other people to swap in."""

    data: str
    image: str
    path: Path
    others: tuple[Path, ...]


def measure(job: Job, options: Options) -> Record:
    """All figures of one image, or {"error": why there are none}; JSON can hold them.

    Raises:
        MissingExtraError, ModelError: what measures is missing, which no other image would change.
    """
    record: Record = {"data": job.data, "image": job.image}
    try:
        subject = read_subject(job.path)
    except (ProfaceError, OSError) as error:
        return record | {"error": describe(error, job.path)}
    use_device(options.device)
    if options.identity:
        record["original"] = _identity(subject.pixels, subject, options)
    record["models"] = {name: {} for name in options.models}
    for look in options.looks:
        o = in_look(subject, look, job.others)
        if o is None:
            record.setdefault("left_out", {})[look] = "nobody to swap in was found"
            continue
        for name in options.models:
            fields = (job.data, job.image, look)
            record["models"][name][look] = _figures(subject, o, load_flow(name), fields, options)
    return record


def in_look(subject: Subject, look: str, others: Sequence[Path]) -> Pixels | None:
    """The crop in a look. A swap shows the first other person who can be shown; None if nobody."""
    if look not in SWAPS:
        return obfuscate(subject.pixels, look, [subject.face])
    for path in others:
        try:
            shown = _target(look, path)
        except UsageError:
            continue  # nobody found in that photo, or it cannot be read
        return obfuscate(subject.pixels, shown, [subject.face])
    return None


def _target(look: str, path: Path) -> Look:
    return get_look(f"{look}:{path}")


def versions(
    x: Pixels, o: Pixels, flow: Flow, fields: tuple[str, ...], *, wrong: bool
) -> dict[str, Pixels]:
    """Protected and recovered images by name, as saved; those with other keys if `wrong`."""
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
    subject: Subject, o: Pixels, flow: Flow, fields: tuple[str, ...], options: Options
) -> Record:
    x, wrong = subject.pixels, FIDELITY in options.measures
    made = versions(x, o, flow, fields, wrong=wrong)
    record: Record = {}
    if wrong:
        images = {"original": x, "look": o, **made}
        record["likeness"] = _likeness(images, pairs_for(flow.mode))
        record["noise"] = _noise_sweep(x, made["protected"], flow, fields)
    if options.identity:
        for name in ("protected", "recovered"):
            record[name] = _identity(made[name], subject, options)
    return record


def pairs_for(mode: str) -> dict[str, tuple[str, str]]:
    """What is compared with what. A wrong recovery: with what the mode says it must be unlike."""
    return {
        "protected": ("look", "protected"),
        "recovered": ("original", "recovered"),
        "wrong password": ("look" if mode == "obfuscated" else "original", "wrong"),
        "one bit off": ("look" if mode == "obfuscated" else "original", "one bit off"),
        "from the look": ("original", "from the look"),
        "seen": ("original", "protected"),
    }


def _likeness(images: dict[str, Pixels], pairs: dict[str, tuple[str, str]]) -> Record:
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
    """LPIPS of the pairs; each image goes through the network once."""
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
    """PSNR of what the right password brings back from p under the noise of each of SIGMAS."""
    key = _passwords().key("right", flow.name, *fields)
    return [
        round(psnr(x, recover(flow, noisy(p, sigma, n), key)), 4) for n, sigma in enumerate(SIGMAS)
    ]


def _identity(pixels: Pixels, subject: Subject, options: Options) -> Record:
    """The embeddings of the recognisers asked for, and the gender that is read from the face."""
    record: Record = {}
    for name in options.identity:
        if name == GENDER:
            record[name] = gender(pixels, subject.face)[0]
        else:
            record[name] = encode_vector(KNOWN[name].embed(pixels, subject.face))
    return record


def encode_vector(vector: npt.NDArray[np.float32]) -> str:
    """A unit vector as base64 of float16: cosines stay true to 1e-3."""
    return base64.b64encode(vector.astype("<f2").tobytes()).decode("ascii")


def decode_vector(text: str) -> npt.NDArray[np.float32]:
    """The vector that `encode_vector` was given, of unit length."""
    vector = np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32)
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


@lru_cache(maxsize=1)
def _passwords() -> Passwords:
    return Passwords()


@lru_cache(maxsize=2)
def _metric(net: str) -> Any:
    import torch

    from proface.evaluation.perceptual import Lpips

    torch.set_num_threads(1)  # the images are spread over the cores already
    return Lpips(net)  # type: ignore[arg-type]
