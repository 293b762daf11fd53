"""Where a password may come from, and that it goes nowhere else."""

import os
import pty
import select
import signal
import stat
import sys
import termios

import pytest

from tests.cli.runs import COMMAND, SECRET, WITH, call, environment

HAND = ("--no-detect", "--region", "8,8,32,32", "--no-check")


@pytest.mark.parametrize("content", [SECRET, SECRET + "\n", SECRET + "\r\n"])
def test_a_file_less_one_newline(protected, tmp_path, content):
    file = tmp_path / "password"
    file.write_bytes(content.encode())
    file.chmod(0o644)

    assert call("verify", protected, "--password-file", file).code == 0


@pytest.mark.parametrize("content", [SECRET + "\n\n", " " + SECRET, SECRET + " "])
def test_nothing_else_is_stripped(protected, tmp_path, content):
    file = tmp_path / "password"
    file.write_bytes(content.encode())

    assert call("verify", protected, "--password-file", file).code == 12


def test_a_key_file_is_no_password(protected, tmp_path):
    """Its text would protect photos that the key does not open."""
    key = tmp_path / "face.key"
    assert call("keys", "generate", key).code == 0
    told = call("verify", protected, "--password-file", key)
    assert told.code == 2
    assert "--key-file" in told.err


def test_a_descriptor(protected):
    assert call("verify", protected, "--password-fd", 0, stdin=SECRET.encode() + b"\n").code == 0

    reading, writing = os.pipe()
    os.write(writing, SECRET.encode())
    os.close(writing)
    assert call("verify", protected, "--password-fd", reading, pass_fds=[reading]).code == 0
    os.close(reading)


def test_a_key_file(portrait, protected, tmp_path):
    key, other, out = tmp_path / "a.key", tmp_path / "b.key", tmp_path / "out.png"
    assert call("keys", "generate", key).code == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    assert call("keys", "generate", key).code == 1
    assert key.read_bytes() == before

    assert call("protect", portrait, "-o", out, *HAND, "--key-file", key).code == 0
    assert call("verify", out, "--key-file", key).code == 0
    assert call("keys", "generate", other).code == 0
    assert call("verify", out, "--key-file", other).code == 12
    password = call("verify", out, *WITH)
    assert password.code == 12
    assert "key file" in password.err
    assert call("verify", protected, "--key-file", key).code == 12


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--password-env", "EMPTY"), "empty"),
        (("--password-env", "NOT_THERE"), "NOT_THERE"),
        (("--password-fd", 77), "--password-fd 77"),
        (("--password-fd", -1), "--password-fd -1"),
        (("--password-file", "/nowhere/password"), "/nowhere/password"),
        (("--key-file", "/nowhere/key"), "/nowhere/key"),
        ((*WITH, "--password-fd", 0), "Give only one of"),
        ((), "no terminal"),
    ],
)
def test_no_password_is_a_usage_error(portrait, tmp_path, arguments, reason):
    out = tmp_path / "out.png"

    result = call("protect", portrait, "-o", out, *arguments, env={"EMPTY": ""})

    assert result.code == 2
    assert reason in result.err
    assert result.err.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"caf\xe9 secret\n", b"\xff" * 10, b"x" * 70_000], ids=range(5)
)
def test_a_password_file_that_holds_none(portrait, tmp_path, content):
    file = tmp_path / "password"
    file.write_bytes(content)

    result = call("protect", portrait, "-o", tmp_path / "out.png", "--password-file", file)

    assert result.code == 2
    assert "secret" not in result.err
    assert "xxx" not in result.err


def test_never_an_argument(portrait, tmp_path):
    for given in (["--password", "given"], ["--password=given"], ["-p", "given"]):
        result = call("protect", portrait, "-o", tmp_path, *given)
        assert result.code == 2
        assert "given" not in result.err


def test_no_traceback_shows_it(portrait, tmp_path):
    """A fault in the midst of the work, with the password at hand."""
    script = (
        "import proface.batch.jobs as work, sys\n"
        "from proface.__main__ import main\n"
        "def broken(path, key, *rest, **more):\n"
        "    raise RuntimeError(f'with {key!r} {key}')\n"
        "work.protect = broken\n"
        "main()\n"
    )
    import subprocess

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, *options, "protect", str(portrait)]
        return subprocess.run(
            [*command, "-o", str(tmp_path / "out"), *WITH],
            env=environment(),
            capture_output=True,
            text=True,
        )

    plain = run()
    assert plain.returncode == 1
    assert plain.stderr.count("\n") == 1
    assert "unexpected RuntimeError" in plain.stderr
    assert "--debug" in plain.stderr

    debug = run("--debug")
    assert debug.returncode == 1
    assert "Traceback" in debug.stderr
    assert SECRET not in plain.stderr + debug.stderr + plain.stdout + debug.stdout


def on_terminal(*arguments: object, answers: list[str]) -> tuple[int, str]:
    """Run on a terminal of its own, and answer each prompt that ends in ": "."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [*COMMAND, *map(str, arguments)], environment())
    seen, waiting = "", list(answers)
    while select.select([terminal], [], [], 600)[0]:  # as long as it says something
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        if not data:
            break
        seen += data.decode("utf-8", "replace")
        if waiting and seen.count(": ") > len(answers) - len(waiting):
            # Turned off before the prompt: what is typed from now on is neither shown nor lost.
            assert not termios.tcgetattr(terminal)[3] & termios.ECHO
            os.write(terminal, waiting.pop(0).encode() + b"\n")
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), seen


def test_the_prompt_asks_twice_and_hides_what_is_typed(portrait, tmp_path):
    out = tmp_path / "out.png"

    code, seen = on_terminal("protect", portrait, "-o", out, *HAND, answers=[SECRET, SECRET])

    assert code == 0, seen
    assert seen.count("assword") == 2
    assert SECRET not in seen
    assert call("verify", out, *WITH).code == 0

    code, seen = on_terminal("verify", out, answers=[SECRET])
    assert code == 0, seen
    assert SECRET not in seen


def test_two_that_differ_are_asked_for_again(portrait, tmp_path):
    out = tmp_path / "out.png"
    answers = ["one", "two", SECRET, SECRET]

    code, seen = on_terminal("protect", portrait, "-o", out, *HAND, answers=answers)

    assert code == 0, seen
    assert "They differ" in seen
    assert call("verify", out, *WITH).code == 0


def test_damage_is_told_before_the_password_is_asked_for(protected, tmp_path):
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(protected.read_bytes()[:-3000])

    code, seen = on_terminal("recover", damaged, "-o", tmp_path / "out", answers=[])

    assert code == 13
    assert "Password" not in seen


def test_a_progress_bar_on_a_terminal_only(portrait, meadow, tmp_path):
    arguments = ("protect", portrait, meadow, *HAND, *WITH)

    code, seen = on_terminal(*arguments, "-o", tmp_path / "a", answers=[])
    assert code == 0
    assert "━" in seen
    assert "2/2" in seen

    piped = call(*arguments, "-o", tmp_path / "b")
    assert "━" not in piped.out + piped.err
    assert "\x1b" not in piped.out + piped.err
