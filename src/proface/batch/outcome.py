"""What became of one file, and what that means for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from proface.errors import ProfaceError, describe

SOME_FAILED = 3


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        source: the input.
        output: the file that was written; None if none was.
        status: what happened.
        facts: JSON-able details: regions, faces, notes.
        error: why it failed. One that is no ProfaceError is a fault of this program.
    """

    source: Path
    output: Path | None
    status: Literal["protected", "recovered", "copied", "cropped", "no faces", "skipped", "failed"]
    facts: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None

    @property
    def code(self) -> int:
        """The exit code that this file would give by itself."""
        if self.error is None:
            return 0
        return self.error.exit_code if isinstance(self.error, ProfaceError) else 1

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        record: dict[str, Any] = {
            "input": str(self.source),
            "output": None if self.output is None else str(self.output),
            "status": self.status,
            **self.facts,
        }
        if self.error is not None:
            record |= {"error": describe(self.error, self.source), "code": self.code}
        return record


def exit_code(outcomes: Sequence[Outcome], total: int) -> int:
    """0 if none failed; a single file's own code; 3 if some of several failed."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if not failed:
        return 0
    return failed[0].code if total == 1 else SOME_FAILED
