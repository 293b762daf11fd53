"""Replace the part of a page between two markers."""

from __future__ import annotations

import re


def replaced(page: str, name: str, text: str) -> str:
    """The page with another text between its lines <!-- NAME --> and <!-- /NAME -->."""
    block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    page, found = block.subn(lambda match: match[1] + text + match[2], page)
    if found != 1:
        raise SystemExit(f"The page needs the markers <!-- {name} --> and <!-- /{name} --> once.")
    return page
