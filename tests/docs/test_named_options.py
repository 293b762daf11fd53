"""Options that messages name are there: `option `fit`` in the library is --fit of a command."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import proface
from proface.cli import app

# Messages of the service name fields of its forms.
SOURCES = [
    path
    for path in sorted(Path(proface.__file__).parent.rglob("*.py"))
    if path.parent.name != "server"
]
OF_THE_LIBRARY = {"regions", "header", "image"}  # what commands do not say, or say otherwise


@functools.cache
def given() -> frozenset[str]:
    """The options of all commands, as the library writes them."""
    waiting, found = [typer.main.get_command(app)], set()
    while waiting:
        command = waiting.pop()
        waiting += getattr(command, "commands", {}).values()
        found |= {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return frozenset(name.lstrip("-").replace("-", "_") for name in found)


def texts(source: Path) -> Iterator[str]:
    """What a module may say: its strings but for docstrings."""
    tree = ast.parse(source.read_text())
    with_docstrings = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    silent = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, with_docstrings) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in silent
        ):
            yield node.value


@pytest.mark.parametrize("room", sorted({path.parent for path in SOURCES}), ids=lambda p: p.name)
def test_messages_name_options_that_there_are(room: Path) -> None:
    known = given() | OF_THE_LIBRARY
    for source in room.glob("*.py"):
        for text in texts(source):
            for named in re.findall(r"`([a-z_]+)`", text):
                assert named in known, f"{source.name}: {text}"
