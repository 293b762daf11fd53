"""`proface protect` on stores: the same words and exit codes as in folders, and a manifest."""

import json

import pytest

from tests.batch.conftest import portrait
from tests.cli.runs import WITH, call

pytest.importorskip("fsspec", reason="needs proface[cluster]")


def test_a_store_is_protected_and_the_next_run_skips_what_is_done(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(portrait(1))
    (tmp_path / "in" / "b.png").write_bytes(b"broken")
    out = (tmp_path / "out").as_uri()
    command = ("protect", (tmp_path / "in").as_uri(), "-o", out, *WITH)
    first = call(*command)
    assert first.code == 3
    assert f"a.png -> {out}/a.png: 1 region" in first.out
    assert "b.png: this is not an image" in first.err
    assert "1 protected, 1 failed" in first.out

    second = call(*command, "--json")
    assert second.code == 3
    records = {line["input"][-5:]: line for line in map(json.loads, second.out.splitlines())}
    assert records["a.png"]["status"] == "skipped"
    assert records["a.png"]["earlier"] is True
    assert records["b.png"]["code"] == 1
    assert len(list((tmp_path / "out" / ".proface" / "manifest").iterdir())) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("memory://in", "-o", "memory://out", "--engine", "slurm"), "local, ray"),
        (("memory://in", "-o", "memory://in/sub/../x.png"), "give a folder"),
        (("memory://in/sub", "-o", "memory://in"), "Choose another folder"),
        (("memory://in", "-o", "memory://out", "--sidecar"), "--sidecar"),
        (("memory://in", "-o", "memory://out", "--skip", "1"), "--skip"),
        (("memory://in", "-o", "memory://out", "--unlinkable"), "--unlinkable"),
        (("s3://me:word@bucket/in", "-o", "memory://out"), "Credentials"),
        (("memory://in", "-o", "memory://out", "--format", "gif"), "gif"),
    ],
)
def test_what_cannot_be_is_told_before_the_password_is_asked(arguments, says):
    run = call("protect", *arguments)  # there is no terminal to ask on
    assert run.code == 2
    assert says in run.err
    assert "word" not in run.err.replace("password", "")


def test_an_input_that_is_not_there_is_told(tmp_path):
    run = call("protect", (tmp_path / "none").as_uri(), "-o", tmp_path.as_uri() + "/out", *WITH)
    assert run.code == 1
    assert "no such file or folder" in run.err
