"""Puts the figures of a run of `proface attack` where they belong:

    python docs/update_attacks.py RUN

the verdicts and tables of RUN/attacks.json into docs/ATTACKS.md, between the marks of its model,
and RUN/leaks.json, where the run looked at looks, into the package, for `proface looks`.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from proface.attacks.findings import Finding, Table, read

PAGE = Path(__file__).with_name("ATTACKS.md")
LEAKS = Path(__file__).parents[1] / "src/proface/obfuscators/leaks.json"


def section(run: dict[str, Any]) -> str:
    """A run's figures as Markdown."""
    findings = [read(record) for record in run["attacks"]]
    facts = "; ".join(f"{name} {value}" for name, value in run.items() if name != "attacks")
    rows = [(f.attack, f.verdict, f.because) for f in findings]
    tables = [Table("Verdicts", ("attack", "verdict", "because"), rows)]
    tables += [table for finding in findings for table in _named(finding)]
    return "\n\n".join([f"As measured: {facts}.", *(t.markdown() for t in tables)]) + "\n"


def _named(finding: Finding) -> list[Table]:
    return [Table(f"{finding.attack}: {t.title}", t.columns, t.rows) for t in finding.tables]


def updated(page: str, run: dict[str, Any]) -> str:
    """The page with the figures of a run; the model's marks must be in it."""
    marks = f"<!-- attacks {run['model']} -->", f"<!-- /attacks {run['model']} -->"
    block = re.compile(rf"({marks[0]}\n).*?({marks[1]})", re.DOTALL)
    if not block.search(page):
        raise SystemExit(f"{PAGE.name} has no marks for {run['model']}: {marks[0]} ... {marks[1]}")
    return block.sub(lambda found: found[1] + section(run) + found[2], page)


def main(folder: Path) -> None:
    """Update page and package from a run's folder."""
    run = json.loads((folder / "attacks.json").read_text("utf-8"))
    PAGE.write_text(updated(PAGE.read_text("utf-8"), run), "utf-8")
    if (folder / "leaks.json").exists():
        shutil.copyfile(folder / "leaks.json", LEAKS)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
