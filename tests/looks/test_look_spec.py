"""What the user writes for a look, and how it is read."""

import pickle
import subprocess
import sys

import pytest

from proface.errors import UsageError
from proface.looks import LOOKS, Look, get_look, obfuscate


@pytest.mark.parametrize(
    ("spec", "canonical"),
    [
        ("blur", "blur:25"),
        ("blur:15.0", "blur:15"),
        (" Blur:12.5 ", "blur:12.5"),
        ("median:23", "median:23"),
        ("pixelate", "pixelate:32"),
        ("pixelate:8", "pixelate:8"),
        ("mask", "mask:smile"),
        ("mask:star", "mask:star"),
    ],
)
def test_the_canonical_form_names_name_and_strength(spec, canonical):
    assert str(get_look(spec)) == canonical
    assert get_look(canonical) == get_look(spec)
    assert pickle.loads(pickle.dumps(get_look(spec))) == get_look(spec)


@pytest.mark.parametrize("spec", ["", "swirl", "swirl:3", ":3", "blurry"])
def test_an_unknown_look_is_refused_with_the_choices(spec):
    with pytest.raises(UsageError, match=r"blur, .*mask, median, pixelate"):
        get_look(spec)


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ("blur:0", "1 to 100"),
        ("blur:nan", "1 to 100"),
        ("blur:inf", "1 to 100"),
        ("blur:x", "1 to 100"),
        ("blur:", "1 to 100"),
        ("median:22", "odd"),
        ("median:101", "3 to 99"),
        ("pixelate:1", "2 to 128"),
        ("pixelate:4.5", "whole"),
        ("pixelate:-4", "2 to 128"),
        ("mask:moustache", "smile, disc, star, visor"),
    ],
)
def test_a_strength_out_of_range_is_refused_with_the_range(spec, named):
    with pytest.raises(UsageError, match=named):
        get_look(spec)


def test_a_look_that_no_file_declares_is_refused():
    import numpy as np

    with pytest.raises(UsageError, match="choose from"):
        obfuscate(np.zeros((8, 8, 3), np.uint8), Look("swirl", 3))


def test_a_new_look_is_one_file(tmp_path):
    """A module beside the others that holds a LOOK is found, and nothing else need know it."""
    source = """
from proface.looks.look import Look, LookKind

LOOK = LookKind("black", "A black area", "none", "0", "0", "Nothing.",
                lambda text: Look("black", 0), lambda pixels, look, faces: pixels * 0)
"""
    (tmp_path / "black.py").write_text(source)
    code = f"""
import sys
import numpy as np
from proface import looks
looks.__path__.append({str(tmp_path)!r})
from importlib import reload
from proface.looks import registry
reload(registry)
print(*registry.LOOKS, registry.obfuscate(np.ones((4, 4, 3), np.uint8), 'black').max())
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    names = " ".join(sorted(["black", *LOOKS]))
    assert done.stdout.strip() == f"{names} 0", done.stderr


def test_importing_the_looks_loads_no_opencv_and_no_torch():
    code = "import sys, proface.looks; print(*({'cv2', 'PIL', 'torch'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


def test_every_default_is_within_its_range():
    for name, kind in LOOKS.items():
        if kind.default:
            assert get_look(f"{name}:{kind.default}") == get_look(name)
