"""What the pages say is so: figures, snippets, links."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image
from skimage.data import astronaut

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SNIPPET = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("update_figures", ROOT / "docs/update_figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_has_the_figures_of_the_shipped_model(figures: ModuleType) -> None:
    page = (ROOT / "README.md").read_text("utf-8")
    assert figures.updated(page) == page, "run python docs/update_figures.py"


def test_the_readmes_python_runs_as_it_stands(tmp_path: Path) -> None:
    photo, image = SNIPPET.findall((ROOT / "README.md").read_text("utf-8"))
    Image.fromarray(astronaut()).save(tmp_path / "photo.jpg", quality=95)
    given = "import numpy as np\nx = np.asarray(original)[:256, :256]\n"
    shown = "from PIL import Image\nassert original.size == Image.open('photo.jpg').size\n"
    subprocess.run(
        [sys.executable, "-c", photo + given + image + shown], cwd=tmp_path, check=True, timeout=600
    )
    assert (tmp_path / "protected.jpg").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_test_command_is_what_ci_runs() -> None:
    """.ci/run takes its command from the README: the block that it looks for is there, once."""
    assert (ROOT / "README.md").read_text("utf-8").count("```sh test\n") == 1
