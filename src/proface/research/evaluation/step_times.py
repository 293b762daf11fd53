"""Time of a whole photo by pipeline step.

Python's profiler measures the real pipeline, so that the figures cannot diverge from it.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proface.container.digests import region_digest, rest_digest
from proface.container.storage import write_photo
from proface.files.protect import protect
from proface.files.recover import recover
from proface.keys import Key
from proface.media.photo import read_photo, read_stored
from proface.models.keyed import Keyed
from proface.models.padded import Padded
from proface.models.store import ModelStore
from proface.options import Options
from proface.pipeline.protect import obfuscate_region
from proface.pipeline.regions import find_regions

PASSWORD = "as long as any other"  # of temporary files

# Step -> the functions whose cumulative time it counts; none calls another of them.
STEPS: dict[str, tuple[Callable[..., Any], ...]] = {
    "decode": (read_photo, read_stored),
    "detect": (find_regions,),
    "KDF": (Key.master,),
    "look": (obfuscate_region,),
    "flow": (Padded.hide, Padded.reveal, Keyed.hide, Keyed.reveal),
    "encode": (write_photo,),
    "digests": (region_digest, rest_digest),
}


@dataclass(frozen=True)
class StepTimes:
    """Seconds of one command on one photo by step; "rest" is the remainder."""

    command: str
    steps: dict[str, float]

    @property
    def total(self) -> float:
        """Total seconds."""
        return sum(self.steps.values())

    def to_json(self) -> dict[str, Any]:
        """As `proface bench --json` prints it."""
        steps = {name: round(seconds, 4) for name, seconds in self.steps.items()}
        return {"command": self.command, "seconds": round(self.total, 4), "steps": steps}


def photo_steps(photo: Path, folder: Path, options: Options, models: ModelStore) -> list[StepTimes]:
    """Protect a photo into a folder, verification included, and recover it from there.

    Models are loaded in advance, as in a batch.
    """
    key = Key.from_password(PASSWORD)
    protect(photo, key, options, models=models)  # loads the detector and the flow
    protected, recovered = folder / "protected.png", folder / "recovered.png"

    def protect_once() -> None:
        result = protect(photo, Key.from_password(PASSWORD), options, models=models)
        result.save(protected, overwrite=True)

    def recover_once() -> None:
        result = recover(protected, Key.from_password(PASSWORD), models=models)
        write_photo(result.photo, recovered)

    return [_profiled("protect", protect_once), _profiled("recover", recover_once)]


def peak_memory() -> float | None:
    """Peak memory of this process so far, MB; None where the system does not report it."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _profiled(command: str, call: Callable[[], None]) -> StepTimes:
    profile = cProfile.Profile()
    began = time.perf_counter()
    profile.runcall(call)
    total = time.perf_counter() - began
    stats: dict[Any, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    steps = {}
    for step, functions in STEPS.items():
        codes = [function.__code__ for function in functions]
        places = [(code.co_filename, code.co_firstlineno, code.co_name) for code in codes]
        steps[step] = sum(stats[place][3] for place in places if place in stats)
    steps["rest"] = total - sum(steps.values())
    return StepTimes(command, steps)
