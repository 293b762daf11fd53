"""Where the time of a whole photo goes, step by step, as the pipeline itself spends it.

Python's profiler watches the real calls: nothing of the pipeline is rebuilt here, so that the
figures cannot drift from what it does.
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

from proface.choosing import find_regions, in_look
from proface.keys import Key
from proface.media import write_photo
from proface.media.integrity import region_digest, rest_digest
from proface.media.photo import read_photo, read_stored
from proface.pipeline import protect_photo
from proface.recovering import recover_photo
from proface.runtime import Flow, load_flow
from proface.settings import Settings

PASSWORD = "as long as any other"  # of files that are thrown away

# Step -> the functions in which its time is spent; none calls another one of them.
STEPS: dict[str, tuple[Callable[..., Any], ...]] = {
    "decode": (read_photo, read_stored),
    "detect": (find_regions,),
    "KDF": (Key.master,),
    "look": (in_look,),
    "flow": (Flow.hide, Flow.reveal),
    "encode": (write_photo,),
    "digests": (region_digest, rest_digest),
}


@dataclass(frozen=True)
class StepTimes:
    """Seconds of one command on one photo, by step; "rest" is what no step has."""

    command: str
    steps: dict[str, float]

    @property
    def total(self) -> float:
        """Seconds of all."""
        return sum(self.steps.values())

    def to_json(self) -> dict[str, Any]:
        """As `proface bench --json` prints it."""
        steps = {name: round(seconds, 4) for name, seconds in self.steps.items()}
        return {"command": self.command, "seconds": round(self.total, 4), "steps": steps}


def photo_steps(photo: Path, folder: Path, settings: Settings | None = None) -> list[StepTimes]:
    """Protect a photo into a folder, with the check that reads it back, and recover it from there.

    Models are loaded before, once, as for a batch.
    """
    settings = settings or Settings()
    key = Key.from_password(PASSWORD)
    load_flow(settings.model)
    protect_photo(photo, key, settings)  # loads the detector
    protected, recovered = folder / "protected.png", folder / "recovered.png"

    def protect() -> None:
        protect_photo(photo, Key.from_password(PASSWORD), settings).save(protected, overwrite=True)

    def recover() -> None:
        write_photo(recover_photo(protected, Key.from_password(PASSWORD)).photo, recovered)

    return [_watched("protect", protect), _watched("recover", recover)]


def peak_memory() -> float | None:
    """The most memory that this process has held so far, MB; None where the system cannot tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _watched(command: str, call: Callable[[], None]) -> StepTimes:
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
