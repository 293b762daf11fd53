"""The picture of the rooms in docs/ARCHITECTURE.md.

python -m tests.docs.draw_rooms
"""

from __future__ import annotations

import re
from collections.abc import Mapping


def picture(arrows: Mapping[str, set[str]]) -> str:
    """The rooms in floors: each stands above all that it imports."""
    heights: dict[str, int] = {}

    def height(room: str) -> int:
        if room not in heights:
            below = [height(other) for other in arrows[room] if other in arrows]
            heights[room] = 1 + max(below, default=0)
        return heights[room]

    rooms = [room for room in arrows if room not in ("__main__", "types", "errors", "options")]
    lines = ["```"]
    for floor in sorted({height(room) for room in rooms}, reverse=True):
        for room in (room for room in rooms if height(room) == floor):
            below = [other for other in rooms if other in arrows[room]]
            lines.append(
                f"{'  ' * (max(heights.values()) - floor)}{room:<10} -> {', '.join(below) or '-'}"
            )
    lines += ["types, errors, options: under all; research: above all, beside cli", "```"]
    return "\n".join(lines)


def main() -> None:
    """Renew the picture in the page."""
    from tests.docs.test_architecture import ARROWS, PAGE

    text = PAGE.read_text("utf-8")
    new = f"<!-- rooms -->\n{picture(ARROWS)}\n<!-- /rooms -->"
    PAGE.write_text(
        re.sub(r"<!-- rooms -->.*<!-- /rooms -->", lambda _: new, text, flags=re.S), "utf-8"
    )


if __name__ == "__main__":
    main()
