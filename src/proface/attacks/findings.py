"""What an attack found: figures, and a verdict; written as JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["leak", "no leak", "inconclusive", "measured"]


@dataclass(frozen=True)
class Table:
    """Headings and rows of text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def markdown(self) -> str:
        """With its title above."""
        lines = [f"**{self.title}**", "", _row(self.columns), _row(["---"] * len(self.columns))]
        return "\n".join([*lines, *(_row(row) for row in self.rows)])


@dataclass(frozen=True)
class Finding:
    """One attack.

    Attributes:
        attack: its name, as `--only` takes it.
        question: what it asks.
        verdict: "measured" where it has a price rather than a leak.
        because: what the verdict rests on, in a sentence.
        tables: figures for people.
        figures: all figures, for programs.
        pictures: files beside the report.
    """

    attack: str
    question: str
    verdict: Verdict
    because: str
    tables: Sequence[Table] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    pictures: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """For `read`."""
        tables = [[t.title, list(t.columns), [[*map(str, r)] for r in t.rows]] for t in self.tables]
        return {
            "attack": self.attack,
            "question": self.question,
            "verdict": self.verdict,
            "because": self.because,
            "tables": tables,
            "figures": self.figures,
            "pictures": list(self.pictures),
        }

    def markdown(self) -> str:
        """A section of the report."""
        parts = [f"## {self.attack}: {self.verdict}", self.question, self.because]
        parts += [table.markdown() for table in self.tables]
        parts += [f"![{name}]({name})" for name in self.pictures]
        return "\n\n".join(parts) + "\n"


def read(record: dict[str, Any]) -> Finding:
    """What `to_json` gave."""
    return Finding(**{**record, "tables": [Table(*table) for table in record["tables"]]})


def report(findings: Sequence[Finding], facts: dict[str, Any], folder: Path) -> None:
    """Write `attacks.json` and `attacks.md` into the folder."""
    record = {**facts, "attacks": [finding.to_json() for finding in findings]}
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "attacks.json").write_text(text + "\n", "utf-8")
    summary = Table(
        "Verdicts",
        ("attack", "verdict", "because"),
        [(f.attack, f.verdict, f.because) for f in findings],
    )
    about = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    sections = [f"# Attacks on `{facts.get('model', '')}`", about, summary.markdown()]
    sections += [finding.markdown() for finding in findings]
    (folder / "attacks.md").write_text("\n\n".join(sections), "utf-8")


def figure(interval: Sequence[float], digits: int = 2) -> str:
    """A figure with its interval."""
    value, low, high = (f"{v:.{digits}f}" for v in interval)
    return f"{value} ({low} to {high})"


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
