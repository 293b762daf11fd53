"""Every file in tests/container/vectors/ gives the result in expected.json.

`make_vectors.py` makes both.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import proface.errors
from proface.container.digests import changes
from proface.container.header import Header
from proface.container.storage import read_protected
from proface.keys import KdfParameters, check_stanzas

FOLDER = Path(__file__).parent / "vectors"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))


def read(path: Path) -> list[str] | None:
    """All that recovery checks before it asks for a password."""
    photo, data = read_protected(path)
    assert data is not None
    for header in Header.from_bytes(data, str(path)).chain:
        if header.scheme == "stanzas":
            check_stanzas(header.stanzas)
        else:
            KdfParameters.from_json(header.kdf)
    return changes(Header.from_bytes(data), photo) or None


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_vector(name: str) -> None:
    wanted = EXPECTED[name]
    if wanted["error"] is None:
        assert read(FOLDER / name) == wanted["changed"]
        return
    with pytest.raises(proface.errors.ProfaceError) as caught:
        read(FOLDER / name)
    assert type(caught.value).__name__ == wanted["error"]
    assert wanted["message"] in str(caught.value)


def test_the_folder_is_small_and_holds_what_is_listed() -> None:
    files = list(FOLDER.iterdir())
    pictures = {f.name for f in files if not f.name.endswith(".json")}
    assert pictures == set(EXPECTED)
    assert len(EXPECTED) >= 25
    assert sum(f.stat().st_size for f in files) < 200_000
