"""Run the service until it is told to end."""

from __future__ import annotations

import logging
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvicorn

from proface.errors import OutputError
from proface.models.store import ModelStore
from proface.server.app import make_app
from proface.server.private_folder import PrivateFolder
from proface.server.settings import Access, Limits

_MOST_CONNECTIONS = 128


def run(
    access: Access,
    limits: Limits,
    models: ModelStore,
    *,
    certificate: Path | None = None,
    certificate_key: Path | None = None,
    ready: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        access, limits, models: see `make_app`.
        certificate, certificate_key: PEM files, for HTTPS.
        ready: called with the address once connections are accepted.

    Raises:
        OutputError: the address cannot be bound.
    """
    listener = _listen(access)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    folder = PrivateFolder()
    tempfile.tempdir = str(folder.path)  # what the form parser spools belongs there too
    try:
        app = make_app(folder.path, access, limits, models)
        config = uvicorn.Config(
            app,
            access_log=False,  # it would show the ids of uploads
            log_config=None,
            log_level=logging.WARNING,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=5,
            server_header=False,
            ws="none",
            ssl_certfile=certificate,
            ssl_keyfile=certificate_key,
        )
        server = uvicorn.Server(config)
        ready(f"{'https' if certificate else 'http'}://{shown}:{port}/")
        server.run(sockets=[listener])
    finally:
        folder.close()
        listener.close()


def _listen(access: Access) -> socket.socket:
    try:
        family = socket.getaddrinfo(access.host, access.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((access.host, access.port), family=family, backlog=64)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(
            f"{access.host}:{access.port}: cannot listen there ({reason}). Choose another --port."
        ) from None
