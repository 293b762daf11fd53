"""The limits of the service, and who may reach it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from proface.errors import UsageError
from proface.inference.cores import cores

LEAST_TOKEN = 16  # characters
UPLOADS = "/v1/uploads"


@dataclass(frozen=True)
class Limits:
    """What a request may cost.

    Attributes:
        file_bytes: of one uploaded photo.
        video_bytes: of one uploaded video.
        pixels: of one photo.
        seconds: from the end of the upload to the answer, for one photo.
        video_seconds: of work on one video.
        body_seconds: for a whole request body to arrive.
        idle_seconds: without a byte of a body arriving.
        requests: with a body, at a time; more are answered with 429.
        workers: photos worked on at a time.
        uploads: files kept for later requests, at a time.
        upload_bytes: of all of them.
        keep_seconds: after its last use, an upload or a finished job is removed.
        jobs: at a time, finished ones included.
    """

    file_bytes: int = 64 << 20
    video_bytes: int = 512 << 20
    pixels: int = 64_000_000
    seconds: float = 120
    video_seconds: float = 3600
    body_seconds: float = 120
    idle_seconds: float = 10
    requests: int = 16
    workers: int = field(default_factory=lambda: min(cores(), 4))
    uploads: int = 1000
    upload_bytes: int = 2 << 30
    keep_seconds: float = 1800
    jobs: int = 8

    def body_bytes(self, path: str) -> int:
        """Of the body of a request to a path, whose fields have a MiB.

        An upload is a video or a photo; elsewhere there may be two photos (`verify` takes the
        original too).
        """
        files = max(self.video_bytes, self.file_bytes) if path == UPLOADS else 2 * self.file_bytes
        return files + (1 << 20)


@dataclass(frozen=True)
class Access:
    """Where the service listens and who may use it.

    Attributes:
        host: the address that it is bound to.
        port: 0 for any free one.
        names: host names under which it is reached, besides its address.
        token: what a client must know; None on a loopback address only.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    names: tuple[str, ...] = ()
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.token is None and not is_loopback(self.host):
            raise UsageError(
                f"--host {self.host}: other machines can reach this address, so a token is "
                "needed. Give --token-env or --token-file."
            )
        if self.token is not None and (len(self.token) < LEAST_TOKEN or not self.token.isascii()):
            raise UsageError(
                f"The token must have {LEAST_TOKEN} ASCII characters or more. Make one with "
                "`openssl rand -hex 32`."
            )

    def allows_host(self, header: str) -> bool:
        """Whether a Host header names this service.

        A page of another site can make its name resolve to this machine (DNS rebinding), but the
        browser then sends that site's name. An address cannot be rebound.
        """
        name = _without_port(header).lower()
        if name in self.names or name == self.host.lower():
            return True
        if is_loopback(self.host):
            return is_loopback(name)
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _without_port(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]
