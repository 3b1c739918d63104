"""`shangding serve`: the service under gunicorn."""

import os
from typing import Any

import click
from gunicorn.app.base import BaseApplication
from typing_extensions import override

from backend.app import create_app
from backend.context import make_context
from backend.settings import read_settings
from backend.web.logs import configure_logs

SECONDS_TO_FINISH = 20


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn with options from the command line; each process builds its own application."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        super().__init__()

    @override
    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    @override
    def load(self) -> Any:
        settings = read_settings(os.environ)
        configure_logs(settings.log_level)
        return create_app(make_context(settings))


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--threads", type=click.IntRange(1), default=8, show_default=True, help="Threads a process.")
def serve(bind: str, workers: int, threads: int) -> None:
    """Serve the API; settings come from SHANGDING_... variables, all faults are told at once.

    Put nginx or haproxy with buffering in front: threads are not made for slow clients.
    """
    # Put together once before any process is started, so that faults of settings, keys and rules are told once.
    make_context(read_settings(os.environ)).database.dispose()
    Server(
        {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "graceful_timeout": SECONDS_TO_FINISH,
            "timeout": 30,
            "keepalive": 5,
            "limit_request_line": 4094,
            "accesslog": None,  # requests are logged by the application, without addresses of persons
            "errorlog": "-",
            "control_socket_disable": True,
        }
    ).run()
