"""Findings of attacks: verdicts and tables, as JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from proface.research.evaluation.report import markdown_table

Verdict = Literal["leak", "no leak", "inconclusive"]


@dataclass(frozen=True)
class Table:
    """A titled table."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def markdown(self) -> str:
        """The table as Markdown, under its title."""
        return f"**{self.title}**\n\n{markdown_table(self.columns, self.rows)}"


@dataclass(frozen=True)
class Finding:
    """The result of one attack.

    Attributes:
        attack: its name, as `--only` takes it.
        question: what is tested.
        verdict: whether the attack found a leak.
        because: the reason for the verdict, in a sentence.
        tables: the main figures.
        figures: all figures, machine-readable.
        pictures: names of files beside the report.
    """

    attack: str
    question: str
    verdict: Verdict
    because: str
    tables: Sequence[Table] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    pictures: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """The JSON that `from_json` reads."""
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
        """The finding's section of the report."""
        parts = [f"## {self.attack}: {self.verdict}", self.question, self.because]
        parts += [table.markdown() for table in self.tables]
        parts += [f"![{name}]({name})" for name in self.pictures]
        return "\n\n".join(parts) + "\n"


def from_json(record: dict[str, Any]) -> Finding:
    """The finding that `to_json` wrote."""
    return Finding(**{**record, "tables": [Table(*table) for table in record["tables"]]})


def write_report(findings: Sequence[Finding], facts: dict[str, Any], folder: Path) -> None:
    """Write `attacks.json` and `attacks.md` into the folder."""
    record = {**facts, "attacks": [finding.to_json() for finding in findings]}
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "attacks.json").write_text(text + "\n", "utf-8")
    summary = Table(
        "Verdicts",
        ("attack", "verdict", "reason"),
        [(f.attack, f.verdict, f.because) for f in findings],
    )
    about = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    sections = [f"# Attacks on `{facts.get('model', '')}`", about, summary.markdown()]
    sections += [finding.markdown() for finding in findings]
    (folder / "attacks.md").write_text("\n\n".join(sections), "utf-8")


def with_interval(interval: Sequence[float], digits: int = 2) -> str:
    """A value and the bounds of its interval, as text."""
    value, low, high = (f"{v:.{digits}f}" for v in interval)
    return f"{value} ({low} to {high})"
