"""`shangding serve`: the service under gunicorn."""

import os
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from typing_extensions import override

from backend.app import choose_rooms, create_app
from backend.cli.starting import opened_context
from backend.context import make_context
from backend.settings import read_settings
from backend.web.logs import configure_logs

SECONDS_TO_FINISH = 20
PIECE, MOST_PIECES = 65536, 2048  # 128 MB, more than any operation takes


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn with options from the command line; each process makes its own application."""

    def __init__(self, options: dict[str, Any], make_app: Callable[[], Flask]) -> None:
        self._options = options
        self._make_app = make_app
        super().__init__()

    @override
    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    @override
    def load(self) -> Flask:
        return self._make_app()


def make_service() -> Flask:
    """Make the application and its log from the settings in the environment; raises what `make_context` raises."""
    settings = read_settings(os.environ)
    configure_logs(settings.log_level)
    app = create_app(make_context(settings), choose_rooms(settings))
    app.wsgi_app = read_out(app.wsgi_app)  # type: ignore[assignment]  # the way that Flask documents
    return app


def read_out(app: WSGIApplication) -> WSGIApplication:
    """Let `app` answer without having read the body, and read the rest of it before the answer goes out.

    Whoever is refused for his token has sent his file all the same. A connection that is closed on it would take the
    answer along, and the front would know no better than that the service was away.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = app(environ, start_response)
        for _ in range(MOST_PIECES):
            if not environ["wsgi.input"].read(PIECE):
                break
        return given

    return answer


def choose_options(bind: str, *, workers: int, threads: int) -> dict[str, Any]:
    """Choose how gunicorn serves at `bind`, an address with a port or `unix:` with a path."""
    return {
        "bind": bind,
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "graceful_timeout": SECONDS_TO_FINISH,
        "timeout": 30,
        # Longer than the front keeps an idle connection to us, so that it never writes into one that we close.
        "keepalive": 75,
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        "limit_request_field_size": 8190,
        "accesslog": None,  # requests are logged by the application, without addresses of persons
        "errorlog": "-",
        "control_socket_disable": True,
    }


@click.command()
@click.option(
    "--bind", default="127.0.0.1:8000", show_default=True, help="Address and port, or unix: and the path of a socket."
)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--threads", type=click.IntRange(1), default=8, show_default=True, help="Threads a process.")
def serve(bind: str, workers: int, threads: int) -> None:
    """Serve the API; settings come from SHANGDING_... variables, all faults are told at once.

    Put the front of deploy/nginx/ before it: threads are not made for slow clients.
    """
    # Put together once before any process is started, so that faults of settings, keys and rules are told once.
    with opened_context(read_settings(os.environ)):
        pass
    Server(choose_options(bind, workers=workers, threads=threads), make_service).run()
