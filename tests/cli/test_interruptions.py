"""Stopped halfway: no part of a file under a final name, and a second run does the rest."""

import resource
import shutil
import signal
import subprocess

import pytest

from proface.batch.threads import MOST_WORKERS
from tests.cli.runs import WITH, call, environment, files
from tests.cli.stops import ROOT, stopping

QUICK = ("--no-detect", "--region", "0,0,224,224", *WITH)
NAMES = [f"{n:02}.jpg" for n in range(16)]


@pytest.fixture
def album(portrait, tmp_path):
    folder = tmp_path / "album"
    folder.mkdir()
    for name in NAMES:
        shutil.copy(portrait, folder / name)
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_run_is_completed_by_a_second(album, tmp_path, number):
    out = tmp_path / "out"
    command = stopping(f"named:{NAMES[0]}", number, "protect", album, "-o", out, *QUICK)
    run = subprocess.run(
        command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    err = run.stderr

    made = [name for name in files(out) if not name.startswith(".")]
    assert NAMES[0] in made
    assert len(made) <= MOST_WORKERS, "what had not begun was not cancelled"
    if number == signal.SIGKILL:
        assert run.returncode == -signal.SIGKILL
    else:
        assert run.returncode == 130
        assert "cancelled" in err
        assert "Traceback" not in err
        assert files(out) == made  # no temporary file either
    first = (out / NAMES[0]).read_bytes()

    again = call("protect", album, "-o", out, "--skip-existing", *QUICK)
    assert again.code == 0
    assert [name for name in files(out) if not name.startswith(".")] == NAMES
    assert (out / NAMES[0]).read_bytes() == first
    if number == signal.SIGKILL:  # what it left is hidden, and no photo to recover
        back = call("recover", out, "-o", tmp_path / "back", *WITH)
        assert back.code == 0
        assert files(tmp_path / "back") == NAMES


def test_killed_between_sidecar_and_picture(portrait, tmp_path):
    (tmp_path / "portrait.png.proface.json").write_bytes(b"of the run that was killed")

    args = ("-o", tmp_path / "portrait.png", "--sidecar", *QUICK)
    assert call("protect", portrait, *args).code == 1
    assert call("protect", portrait, *args, "--skip-existing").code == 0
    assert call("verify", tmp_path / "portrait.png", *WITH).code == 0


def test_a_full_disk_leaves_nothing(portrait, protected, tmp_path):
    """A limit on the size of files stands for the disk: the write fails in the same place."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    for command, source in (("protect", portrait), ("recover", protected)):
        result = call(command, source, "-o", tmp_path / "out", *WITH, preexec_fn=limit)
        assert result.code == 1
        # A JPEG's decoder is given the file in memory, on which the limit falls too.
        assert "cannot be written" in result.err or "no room to decode" in result.err
        assert result.err.count("\n") == 1
        assert files(tmp_path) == []


def test_memory_that_runs_out_is_one_line(portrait, monkeypatch, tmp_path):
    """In-process: a real limit would strike anywhere in the libraries."""
    from proface.batch import Job, Outcome, exit_code, run_jobs
    from proface.errors import describe

    def work(job: Job) -> Outcome:
        if job.source.name == "a":
            raise MemoryError
        if job.source.name == "b":
            raise RecursionError("too deep")
        return Outcome(job.source, job.output, "protected")

    jobs = [Job(tmp_path / name, tmp_path / "out") for name in "abc"]
    outcomes = list(run_jobs(jobs, work))

    assert [outcome.code for outcome in outcomes] == [1, 1, 0]
    assert "memory" in describe(outcomes[0].error, jobs[0].source)
    assert str(tmp_path / "b") in describe(outcomes[1].error, jobs[1].source)
    assert exit_code(outcomes, 3) == 3
    assert exit_code(outcomes[:1], 1) == 1
