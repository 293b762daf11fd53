"""`serve`: the page and the REST service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proface.cli import options
from proface.cli.output import complain, say
from proface.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from proface.server.settings import Access


def serve(
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="The address to listen on. One that other machines can reach needs a token.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0 takes any free one.")
    ] = 8000,
    name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A host name under which it is reached, besides its address."
        ),
    ] = None,
    token_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Read the token from an environment variable."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Read the token from a file.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Serve HTTPS with this certificate (PEM).")
    ] = None,
    certificate_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The certificate's private key (PEM).")
    ] = None,
    max_megabytes: Annotated[
        int, typer.Option(metavar="N", min=1, max=4096, help="Of one photo.")
    ] = 64,
    max_video_megabytes: Annotated[
        int, typer.Option(metavar="N", min=1, max=65536, help="Of one video.")
    ] = 512,
    max_video_minutes: Annotated[
        int, typer.Option(metavar="N", min=1, max=1440, help="Of work on one video.")
    ] = 60,
    max_megapixels: Annotated[
        int, typer.Option(metavar="N", min=1, max=200, help="Of one photo.")
    ] = 64,
    max_seconds: Annotated[
        int, typer.Option(metavar="N", min=1, max=3600, help="Of work on one photo.")
    ] = 120,
    max_requests: Annotated[
        int, typer.Option(metavar="N", min=1, max=100, help="At a time; others are told to wait.")
    ] = 16,
    device: options.Device = "cpu",
) -> None:
    """Serve a page to protect and recover photos in the browser, and the same as REST.

    For this machine only, unless another --host is given. Photos and passwords are not kept: what
    is sent lies in a private folder, which is gone when the service ends. /docs has the requests.
    """
    try:
        import python_multipart  # noqa: F401 - FastAPI asks for it at the first form

        from proface.server.run import run
        from proface.server.settings import Access, Limits
    except ModuleNotFoundError as error:
        if error.name not in {"fastapi", "uvicorn", "python_multipart", "starlette", "filelock"}:
            raise
        raise MissingExtraError(
            f"The service needs {error.name}. Install it with: pip install 'proface[server]'"
        ) from None
    from proface.models.store import ModelStore

    access = Access(
        host, port, tuple(one.lower() for one in name or ()), _token(token_env, token_file)
    )
    _check_certificate(certificate, certificate_key, access)
    limits = Limits(
        file_bytes=max_megabytes << 20,
        video_bytes=max_video_megabytes << 20,
        pixels=max_megapixels * 1_000_000,
        seconds=max_seconds,
        video_seconds=60 * max_video_minutes,
        requests=max_requests,
    )
    models = ModelStore(device)
    for model in ("padded", "robust"):  # reports a broken installation before anyone comes
        models.load(model)
    _log_to_stderr()
    run(
        access,
        limits,
        models,
        certificate=certificate,
        certificate_key=certificate_key,
        ready=lambda address: say(f"{address} is ready. Ctrl-C ends it."),
    )


def _token(env: str | None, file: Path | None) -> str | None:
    """The token, from where it is."""
    if env is not None and file is not None:
        raise UsageError("Give only one of --token-env and --token-file.")
    if env is not None:
        if env not in os.environ:
            raise UsageError(f"--token-env {env}: this environment variable is not set. Set it.")
        return os.environ[env].strip()
    if file is None:
        return None
    try:
        with open(file, "rb") as opened:
            return opened.read(4096).decode("utf-8", "replace").strip()
    except OSError as error:
        raise UsageError(
            f"{file}: the token file cannot be read ({error.strerror}). Check its name."
        ) from None


def _check_certificate(certificate: Path | None, key: Path | None, access: Access) -> None:
    from proface.server.settings import is_loopback

    if key is not None and certificate is None:
        raise UsageError("--certificate-key needs --certificate.")
    for file in (certificate, key):
        if file is not None and not file.is_file():
            raise UsageError(f"{file}: there is no such file. Check its name.")
    if certificate is None and not is_loopback(access.host):
        complain(
            "WARNING, without --certificate passwords and photos cross the network in clear. Put a "
            "proxy with HTTPS before the service, or give a certificate."
        )


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(format="proface: %(message)s", level=logging.WARNING)
    logging.getLogger("proface.server").setLevel(logging.INFO)
