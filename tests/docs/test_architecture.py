"""The arrows between the rooms, and what docs/ARCHITECTURE.md says of them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "proface"
PAGE = ROOT / "docs" / "ARCHITECTURE.md"

# Room -> the rooms that it may import, besides `types` and `errors`. Read from the top down.
ARROWS: dict[str, set[str]] = {
    "__main__": {"cli", "research"},
    "cli": {
        "server",
        "inference",
        "batch",
        "files",
        "pipeline",
        "looks",
        "models",
        "faces",
        "keys",
        "container",
        "media",
    },
    "server": {
        "batch",
        "files",
        "pipeline",
        "looks",
        "models",
        "faces",
        "keys",
        "inference",
        "media",
    },
    "batch": {"files", "container", "keys", "models", "inference", "media"},
    "files": {"pipeline", "container", "media", "models", "looks", "keys", "embedding", "faces"},
    "pipeline": {"models", "looks", "faces", "keys", "embedding", "inference", "media"},
    "container": {"media"},
    "looks": {"faces", "models", "inference", "media"},
    "faces": {"inference"},
    "models": {"codec", "embedding", "inference", "keys", "media"},
    "codec": {"inference"},
    "embedding": set(),
    "inference": set(),
    "keys": {"media"},
    "media": set(),
    "options": set(),
    "types": set(),
    "errors": set(),
}
EVERYWHERE = {"types", "errors", "options"}
TORCH = {"research", "looks/swaps"}


def modules() -> list[tuple[str, Path, ast.Module]]:
    """(room, path, tree) of every file."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE)
        room = place.parts[0].removesuffix(".py")
        found.append((room, place, ast.parse(path.read_text("utf-8"))))
    return found


def imported(tree: ast.Module) -> set[str]:
    """The full names of all modules that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def rooms_of(names: set[str]) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith("proface.")}


MODULES = modules()
BY_NAME = [pytest.param(room, tree, id=str(path)) for room, path, tree in MODULES]


@pytest.mark.parametrize(("room", "tree"), BY_NAME)
def test_arrows_point_one_way(room: str, tree: ast.Module) -> None:
    if room in ("research", "__init__"):
        return  # research may use all; `__init__` names what is public
    known = {
        name for name in rooms_of(imported(tree)) if (SOURCE / name).exists() or name in ARROWS
    }
    assert known - EVERYWHERE - {room} <= ARROWS[room]


def test_arrows_form_no_circle() -> None:
    """Every room stands above those that it may import."""
    done: set[str] = set()
    waiting = {room: arrows & set(ARROWS) for room, arrows in ARROWS.items()}
    while waiting:
        free = [room for room, arrows in waiting.items() if arrows <= done | {"research"}]
        assert free, f"a circle among {sorted(waiting)}"
        for room in free:
            done.add(room)
            del waiting[room]


def test_nothing_outside_research_imports_it_but_the_console_script() -> None:
    users = {room for room, _path, tree in MODULES if "research" in rooms_of(imported(tree))}
    assert users <= {"research", "__main__"}


def test_only_research_and_swap_networks_import_torch_when_loaded() -> None:
    for _room, path, tree in MODULES:
        place = path.as_posix()
        if any(place.startswith(room) for room in TORCH):
            continue
        names = imported(ast.Module([n for n in tree.body if not isinstance(n, ast.If)], []))
        inside = {
            name.split(".")[0]
            for node in tree.body
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in imported(ast.Module([node], []))
        }
        assert "torch" not in inside, place
        # Reading torch's own file format needs torch; nothing else may, not even in a function.
        uses = any(name.split(".")[0] == "torch" for name in names)
        assert not uses or place == "models/checkpoints.py", place


@pytest.mark.parametrize("name", ["proface", "proface.cli", "proface.files.protect"])
def test_using_photos_loads_no_torch_and_no_scipy(name: str) -> None:
    code = f"import sys, {name}; print(sorted({{'torch', 'scipy'}} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_no_file_is_long() -> None:
    files = [
        *SOURCE.rglob("*.py"),
        *(ROOT / "benchmarks").glob("*.py"),
        *(ROOT / "fuzz").glob("*.py"),
    ]
    long = {
        path: count for path in files if (count := len(path.read_text("utf-8").splitlines())) > 300
    }
    assert not long


def test_one_class_has_one_name() -> None:
    names = Counter(
        node.name
        for _room, _path, tree in MODULES
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name in ("Region", "Look", "Options") if names[name] > 1} == set()


def test_every_room_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    rooms = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    missing = [room for room in sorted(rooms) if f"`{room}/`" not in text]
    assert missing == []


def test_the_page_shows_the_arrows_as_they_are() -> None:
    """The picture of the rooms is made from ARROWS; `python -m tests.docs.draw_rooms` renews it."""
    from tests.docs.draw_rooms import picture

    assert picture(ARROWS) in PAGE.read_text("utf-8")


def test_a_photo_passes_no_more_than_eight_files() -> None:
    """The way that the page lists, from command to written file, follows real imports."""
    text = PAGE.read_text("utf-8")
    listed = text.partition("<!-- way -->")[2].partition("<!-- /way -->")[0]
    stops = [line.split("`")[1] for line in listed.splitlines() if line.strip()[:1].isdigit()]
    assert 2 <= len(stops) <= 8
    trees = {path.as_posix(): tree for _room, path, tree in MODULES}
    for start, end in pairwise(stops):
        wanted = "proface." + end.removesuffix(".py").replace("/", ".")
        names = imported(trees[start])
        package, _, name = wanted.rpartition(".")
        near = {wanted, package}
        assert any(n in near or n.rpartition(".")[0] in near for n in names), (start, end, name)
