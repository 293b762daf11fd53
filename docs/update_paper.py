"""Put the tables of an evaluation into PAPER.md: python docs/update_paper.py RUN

RUN is the --out of `proface evaluate`; each table of RUN/report.json replaces what is between its
markers, <!-- paper costs --> and <!-- /paper costs -->, and so on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from markers import replaced

from proface.research.evaluation import report

PAGE = Path(__file__).with_name("PAPER.md")


def tables(run: dict[str, Any]) -> dict[str, Iterable[str]]:
    """The parts of the report that the page has, by marker."""
    return {
        "costs": report.models(run),
        "quality": report.image_quality(run["fidelity"]),
        "robustness": report.robustness(run["fidelity"]),
        "recognition": report.recognition(run["recognition"]),
        "gender": report.gender(run["gender"]),
    }


def main(run: Path) -> None:
    """Replace the measured parts of the page."""
    page = PAGE.read_text("utf-8")
    for name, parts in tables(json.loads((run / "report.json").read_text("utf-8"))).items():
        page = replaced(page, f"paper {name}", "\n" + "\n\n".join(parts) + "\n\n")
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
