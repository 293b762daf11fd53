"""Puts the help text of every command into docs/COMMANDS.md: python docs/update_commands.py

A command's text stands between a line `<!-- help: NAME -->` and the next code block's end. What is
written around it is by hand.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("COMMANDS.md")
BLOCK = re.compile(r"<!-- help: (?P<name>[a-z ]*) -->\n```text\n.*?```\n", re.DOTALL)


def commands() -> list[str]:
    """The names of all commands, "" for proface itself, "keys generate" for one in a group."""
    from proface.__main__ import app

    names = [command.callback.__name__ for command in app.registered_commands if command.callback]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        if group.typer_instance.info.invoke_without_command is True:  # does something by itself
            names.append(str(group.name))
        names += [f"{group.name} {c.name}" for c in group.typer_instance.registered_commands]
    return ["", *names]


def help_text(command: str) -> str:
    """What `proface COMMAND --help` prints on a terminal of 80 columns."""
    run = [sys.executable, "-m", "proface", *command.split(), "--help"]
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    result = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    return "\n".join(lines).strip() + "\n"


def updated(page: str) -> str:
    """The page with each command's present help text."""
    return BLOCK.sub(
        lambda block: f"<!-- help: {block['name']} -->\n```text\n{help_text(block['name'])}```\n",
        page,
    )


def documented(page: str) -> list[str]:
    """The commands that the page has a block for."""
    return [block["name"] for block in BLOCK.finditer(page)]


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
