"""Put the results of a run of `proface attack` into documentation and package:

    python docs/update_attacks.py RUN

the verdicts and tables of RUN/attacks.json into docs/ATTACKS.md, between the markers of its model,
or of the looks, which are attacked whatever the model; and RUN/leaks.json, if the run attacked
looks, into the package, for `proface looks`.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markers import replaced

from proface.research.attacks.findings import Finding, Table, from_json

PAGE = Path(__file__).with_name("ATTACKS.md")
LOOKS = "looks"  # the attack that no model has a part in
LEAKS = Path(__file__).parents[1] / "src/proface/looks/leakage.json"


def section(run: dict[str, Any], findings: Sequence[Finding]) -> str:
    """Results of a run as Markdown."""
    facts = "; ".join(f"{name} {value}" for name, value in run.items() if name != "attacks")
    rows = [(f.attack, f.verdict, f.because) for f in findings]
    tables = [Table("Verdicts", ("attack", "verdict", "reason"), rows)]
    tables += [table for finding in findings for table in _named(finding)]
    return "\n\n".join([f"As measured: {facts}.", *(t.markdown() for t in tables)]) + "\n"


def _named(finding: Finding) -> list[Table]:
    return [Table(f"{finding.attack}: {t.title}", t.columns, t.rows) for t in finding.tables]


def main(folder: Path) -> None:
    """Update the page and the package from a run's folder."""
    run = json.loads((folder / "attacks.json").read_text("utf-8"))
    findings = [from_json(record) for record in run["attacks"]]
    looks = [finding for finding in findings if finding.attack == LOOKS]
    others = [finding for finding in findings if finding.attack != LOOKS]
    page = PAGE.read_text("utf-8")
    for name, part in ((f"attacks {run['model']}", others), ("attacks looks", looks)):
        if part:
            page = replaced(page, name, section(run, part))
    PAGE.write_text(page, "utf-8")
    if (folder / "leaks.json").exists():
        shutil.copyfile(folder / "leaks.json", LEAKS)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
