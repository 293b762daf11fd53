"""Who may use the service: hosts, origins, the token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.runs import call
from tests.server.services import Running, serving

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with a token, on all addresses."""
    arguments = ("--host", "0.0.0.0", "--name", "photos.example", "--token-env", "SERVICE_TOKEN")
    folder = tmp_path_factory.mktemp("guarded")
    with serving(folder, *arguments, env={"SERVICE_TOKEN": TOKEN}) as running:
        port = urlsplit(running.address).port
        running.address = f"http://127.0.0.1:{port}/"
        yield running


def test_another_address_needs_a_token():
    run = call("serve", "--host", "0.0.0.0")
    assert run.code == 2
    assert "a token is needed" in run.err


def test_a_short_token_is_refused(tmp_path: Path):
    (tmp_path / "token").write_text("short\n")
    run = call("serve", "--token-file", tmp_path / "token")
    assert run.code == 2
    assert "short" not in run.err


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
    ],
)
def test_requests_need_the_token(guarded: Running, header: str | None, status: int):
    with guarded.client() as client:
        answer = client.get(
            "/v1/about", headers={} if header is None else {"Authorization": header}
        )
        assert client.get("/").status_code == 200  # the page itself is public, and asks for it
    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(
    ("host", "status"),
    [("photos.example", 200), ("192.0.2.7:80", 200), ("[::1]:8000", 200), ("evil.example", 421)],
)
def test_only_its_own_names_are_answered(guarded: Running, host: str, status: int):
    with guarded.client() as client:
        headers = {"Host": host, "Authorization": f"Bearer {TOKEN}"}
        assert client.get("/v1/about", headers=headers).status_code == status


def test_neither_token_nor_warning_is_missing_or_told(guarded: Running):
    log = "".join(guarded.log)
    assert TOKEN not in log
    assert "without --certificate" in log


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_pages_of_other_origins_can_do_nothing(client, headers):
    answer = client.post("/v1/keys/generate", headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_every_answer_has_the_headers_that_protect_a_browser(client):
    for path in ("/", "/docs", "/static/main.js", "/v1/about", "/v1/nothing", "/static/nothing"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
