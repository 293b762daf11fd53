"""Put a run into SURVIVAL.md: python docs/update_survival.py RUN

RUN is the --out of `proface evaluate --measure survival`; its curves become docs/survival.png.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("SURVIVAL.md")
BLOCK = re.compile(r"(<!-- survival -->\n).*?(<!-- /survival -->)", re.DOTALL)


def main(run: Path) -> None:
    """Replace the measured part of the page, and its picture."""
    tables = (run / "survival.md").read_text().rstrip()
    page = BLOCK.sub(lambda found: f"{found[1]}\n{tables}\n\n{found[2]}", PAGE.read_text())
    PAGE.write_text(page)
    shutil.copy(run / "survival.png", PAGE.with_name("survival.png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
