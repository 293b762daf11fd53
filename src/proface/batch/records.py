"""The outcome of each file and the exit code of the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from proface.errors import ProfaceError, describe

SOME_FAILED = 3


@dataclass(frozen=True)
class Outcome:
    """The outcome of one file.

    Attributes:
        source: the input, a path or a URL.
        output: the file written, or None.
        status: what was done.
        facts: details as JSON types: regions, faces, warnings.
        error: why it failed. Anything but a ProfaceError is a bug.
    """

    source: Path | str
    output: Path | str | None
    status: Literal["protected", "recovered", "copied", "cropped", "no faces", "skipped", "failed"]
    facts: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None

    @property
    def code(self) -> int:
        """The exit code for this file alone."""
        if self.error is None:
            return 0
        return self.error.exit_code if isinstance(self.error, ProfaceError) else 1

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        record: dict[str, Any] = {
            "input": str(self.source),
            "output": None if self.output is None else str(self.output),
            "status": self.status,
            **self.facts,
        }
        if self.error is not None:
            record |= {"error": describe(self.error, self.source), "code": self.code}
        return record


class RecordedError(ProfaceError):
    """An error of another process or an earlier run, of which only its record is left.

    Args:
        text: its message.
        code: its exit code.
        kind: the name of its class.
    """

    def __init__(self, text: str, code: int, kind: str | None) -> None:
        super().__init__(text)
        self.exit_code = code
        self.kind = kind


def exit_code(outcomes: Sequence[Outcome], total: int) -> int:
    """0 if none failed; the file's own code for a single file; 3 if some of several failed."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if not failed:
        return 0
    return failed[0].code if total == 1 else SOME_FAILED


def code_of(codes: Mapping[int, int]) -> int:
    """As `exit_code`, from how many files had each code of their own."""
    failed = [code for code, number in codes.items() if code and number]
    if not failed:
        return 0
    return failed[0] if sum(codes.values()) == 1 else SOME_FAILED
