"""docs/COMMANDS.md says what the program does, and the program starts at once."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from proface import errors
from proface.batch.records import SOME_FAILED
from proface.cli import CANCELLED

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("update_commands", DOCS / "update_commands.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page():
    return (DOCS / "COMMANDS.md").read_text("utf-8")


def test_every_command_is_documented(tool, page):
    assert tool.documented(page) == tool.commands()


def test_the_help_texts_are_those_of_the_program(tool, page):
    assert tool.updated(page) == page, "run python docs/update_commands.py"


def test_every_option_has_a_help_text(tool, page):
    for block in tool.BLOCK.finditer(page):
        for line in block[0].splitlines():
            option = re.match(r"  (-\S+(?:(?:,| /) --\S+)?)( [^ ]+)?( {2,}\S|$)", line)
            assert not (line.startswith("  -") and option is None), line


def test_every_exit_code_is_in_the_table(page):
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}

    raised = {
        error.exit_code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.ProfaceError)
    }
    assert documented == raised | {0, SOME_FAILED, CANCELLED}


def test_nothing_heavy_is_imported_to_say_help():
    """Time depends on the machine; what takes it does not."""
    script = (
        "import sys; sys.argv = ['proface', '--help']\n"
        "from proface.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print('LOADED', *sorted(sys.modules))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    loaded = set(run.stdout.split("LOADED")[1].split())
    assert not loaded & {"numpy", "PIL", "cv2", "onnxruntime", "cryptography", "torch", "onnx"}
    assert "rich.console" not in loaded
