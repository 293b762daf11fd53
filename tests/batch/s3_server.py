"""An S3 server in a process of its own, which now and then refuses, or loses an answer.

python -m tests.batch.s3_server EVERY: one request in EVERY fails, 0 for none; half of those have
been carried out all the same. Prints the port, and counts requests in the order they come.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Faulty:
    """A WSGI application that fails every so-many requests."""

    def __init__(self, every: int) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._every = every
        self._count = itertools.count(1)
        self._lock = threading.Lock()  # moto's state is not made for several threads

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            number = next(self._count)
            fails = self._every and number % self._every == 0
            if not fails or number % (2 * self._every) == 0:
                answer = list(self._app(environ, (lambda *_a: None) if fails else start))
            else:  # a client sends all of its request before it reads the answer
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if fails:
            text = b"the store is busy"
            start("503 Service Unavailable", [("Content-Length", str(len(text)))])
            return [text]
        return answer


class Handler(WSGIRequestHandler):
    """Answers `Expect: 100-continue`, for which clients wait."""

    protocol_version = "HTTP/1.1"


if __name__ == "__main__":
    server = make_server(
        "127.0.0.1", 0, Faulty(int(sys.argv[1])), threaded=True, request_handler=Handler
    )
    print(server.port, flush=True)
    server.serve_forever()
