"""Sizes, time and parallel work are bounded, and nothing outlives the service."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests.cli.runs import call
from tests.server.conftest import saved
from tests.server.services import PASSWORD, SECONDS, Running, serving

LIMITS = {
    "file_bytes": 200_000,
    "pixels": 300_000,
    "requests": 2,
    "idle_seconds": 10 * SECONDS,  # a client on a busy machine is not given up
    "body_seconds": 10 * SECONDS,
    "uploads": 3,
    "jobs": 1,
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with small limits."""
    with serving(tmp_path_factory.mktemp("small"), limits=LIMITS) as running:
        yield running


def connect(running: Running) -> socket.socket:
    address = urlsplit(running.address)
    return socket.create_connection((address.hostname, address.port), SECONDS)


def begin(running: Running, length: int = 5000) -> socket.socket:
    """A request whose body does not come."""
    opened = connect(running)
    host = urlsplit(running.address).netloc
    opened.sendall(
        f"POST /v1/faces HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n".encode()
    )
    return opened


def test_files_and_pictures_over_a_limit_are_refused_by_name(small: Running):
    with small.client() as client:
        large = client.post("/v1/faces", files={"photo": ("large.jpg", bytes(200_001))})
        assert large.status_code == 413
        assert large.json()["detail"].startswith("large.jpg: the file is over")

        wide = saved(Image.new("L", (1000, 301)), "PNG")
        for path in ("/v1/faces", "/v1/uploads", "/v1/inspect"):
            answer = client.post(path, files={"photo": ("wide.png", wide)})
            assert answer.status_code == 413
            assert "1000 x 301 pixels" in answer.json()["detail"]

    with begin(small, length=9**15) as opened:
        assert b" 413 " in opened.recv(4096).partition(b"\r\n")[0]
    assert small.left() == []


def test_a_body_that_has_no_end_is_cut_off(small: Running):
    def endless() -> Iterator[bytes]:
        yield b"--x\r\nContent-Disposition: form-data; name=photo; filename=a\r\n\r\n"
        for _ in range(3000):
            yield bytes(1000)

    with small.client() as client:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = client.post("/v1/faces", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert small.left() == []


def test_a_body_that_does_not_come_is_given_up(tmp_path: Path):
    with serving(tmp_path / "t", limits={"idle_seconds": 1}) as running, begin(running) as opened:
        answer = opened.recv(4096)
    assert b" 408 " in answer.partition(b"\r\n")[0]


def test_too_much_at_a_time_is_told_to_wait(small: Running, portrait: bytes):
    waiting = [begin(small), begin(small)]
    try:
        with small.client() as client:
            # The two hold their places, as soon as the service has heard of them.
            until = time.monotonic() + SECONDS
            while True:
                answer = client.post("/v1/faces", files={"photo": ("a.jpg", portrait)})
                if answer.status_code != 200:
                    break
                assert time.monotonic() < until, "two requests in progress are as many as may be"
    finally:
        for opened in waiting:
            opened.close()
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_uploads_and_jobs_are_counted(small: Running, portrait: bytes):
    with small.client() as client:
        kept = [
            client.post("/v1/uploads", files={"photo": ("a.jpg", portrait)}).json()["id"]
            for _ in range(3)
        ]
        more = client.post("/v1/uploads", files={"photo": ("a.jpg", portrait)})
        assert more.status_code == 429
        assert int(more.headers["retry-after"]) > 0

        fields = {"upload": kept[:1], "password": PASSWORD}
        job = client.post("/v1/jobs/protect", data=fields).json()["id"]
        again = client.post("/v1/jobs/protect", data={**fields, "upload": kept[1:]})
        assert again.status_code == 429
        client.delete(f"/v1/jobs/{job}")
        for number in kept:
            client.delete(f"/v1/uploads/{number}")


def test_work_over_its_time_is_given_up_and_its_files_go(tmp_path: Path, portrait: bytes):
    with serving(tmp_path / "t", limits={"seconds": 0.001}) as running:
        with running.client() as client:
            files = {"photo": ("a.jpg", portrait)}
            answer = client.post("/v1/protect", files=files, data={"password": PASSWORD})
            assert answer.status_code == 503
            assert "the service's limit" in answer.json()["detail"]
        until = time.monotonic() + SECONDS
        while running.left():
            assert time.monotonic() < until
            time.sleep(0.05)
    assert "Traceback" not in "".join(running.log)


def test_many_clients_get_their_photo_or_are_told_to_wait(tmp_path: Path, portrait: bytes):
    """The small version of benchmarks/bench_server.py."""
    with serving(tmp_path / "t", "--max-requests", "4") as running:

        def one(_n: int) -> int:
            with running.client() as client:
                files = {"photo": ("a.jpg", portrait)}
                while True:
                    answer = client.post("/v1/protect", files=files, data={"password": PASSWORD})
                    if answer.status_code != 429:
                        return answer.status_code
                    time.sleep(0.2)

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(one, range(16))) == {200}
        assert running.left() == []
    assert "Traceback" not in "".join(running.log)


def test_the_folder_is_private_and_goes_with_the_service(tmp_path: Path, portrait: bytes):
    with serving(tmp_path / "t") as running:
        assert stat.S_IMODE(running.private.stat().st_mode) == 0o700
        with running.client() as client:
            client.post("/v1/uploads", files={"photo": ("a.jpg", portrait)})
    assert list((tmp_path / "t").glob("proface-*")) == []


def test_a_killed_service_leaves_nothing_either(tmp_path: Path, portrait: bytes):
    with serving(tmp_path / "t") as running:
        with running.client() as client:
            client.post("/v1/uploads", files={"photo": ("a.jpg", portrait)})
        assert running.left()
        os.kill(running.process.pid, signal.SIGKILL)
        until = time.monotonic() + SECONDS
        while list((tmp_path / "t").glob("proface-*")):
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_start_removes_what_a_crash_of_the_machine_left_and_nothing_else(tmp_path: Path):
    folder = tmp_path / "t"
    with serving(folder) as first:
        used = first.private
        stale = folder / "proface-serve-stale"
        stale.mkdir()
        (stale / "lock").touch()
        (stale / "photo.jpg").write_bytes(b"a face")
        (folder / "somebody-elses").mkdir()
        with serving(folder):
            assert not stale.exists()
            assert used.exists()
    assert list(folder.glob("proface-*")) == []
    assert (folder / "somebody-elses").exists()


def test_the_password_is_in_no_file_argument_environment_or_log(tmp_path: Path, portrait: bytes):
    secret = "geheim-7315-kein-Wort"
    seen: list[bytes] = []
    stop = threading.Event()

    with serving(tmp_path / "t") as running:

        def watch() -> None:
            while not stop.is_set():
                for folder, _folders, names in os.walk(running.temporary):
                    for name in names:
                        with contextlib.suppress(OSError):  # gone already
                            seen.append((Path(folder) / name).read_bytes())

        watcher = threading.Thread(target=watch)
        watcher.start()
        with running.client() as client:
            files = {"photo": ("a.jpg", portrait)}
            fields = {"password": secret}
            protected = client.post("/v1/protect", files=files, data=fields).content
            for word in (secret, secret + "x"):
                files = {"photo": ("a.jpg", protected)}
                answer = client.post("/v1/recover", files=files, data={"password": word})
                assert secret not in answer.text if answer.status_code != 200 else True
            client.post("/v1/faces", files=files, data={**fields, "threshold": "7"})
        stop.set()
        watcher.join()
        proc = Path(f"/proc/{running.process.pid}")
        if proc.exists():
            seen += [(proc / "cmdline").read_bytes(), (proc / "environ").read_bytes()]
    seen += [protected, "".join(running.log).encode()]
    assert not any(secret.encode() in data for data in seen)


def test_a_port_in_use_is_one_line(service: Running):
    port = urlsplit(service.address).port
    run = call("serve", "--port", port)
    assert run.code == 1
    assert run.err.count("\n") == 1
    assert "cannot listen there" in run.err
