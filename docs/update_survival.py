"""Put a run into SURVIVAL.md: python docs/update_survival.py RUN

RUN is the --out of `proface evaluate --measure survival`; its curves become docs/survival.png.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from markers import replaced

PAGE = Path(__file__).with_name("SURVIVAL.md")


def main(run: Path) -> None:
    """Replace the measured part of the page, and its picture."""
    tables = (run / "survival.md").read_text().rstrip()
    PAGE.write_text(replaced(PAGE.read_text(), "survival", f"\n{tables}\n\n"))
    shutil.copy(run / "survival.png", PAGE.with_name("survival.png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
