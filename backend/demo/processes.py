"""The servers of a demo: the identity provider in a thread, the service and its worker in processes of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from socket import create_server
from threading import Thread

from flask import Flask
from typing_extensions import override
from werkzeug.serving import WSGIRequestHandler, make_server

from backend.demo.client import is_ready
from backend.demo.workplace import HOST, DemoError, Workplace

START_S, STOP_S, PAUSE_S = 30.0, 25.0, 0.1
LOG_LINES_SHOWN = 20
THREADS = 8


class QuietHandler(WSGIRequestHandler):
    """Leaves no line about each request on the terminal."""

    @override
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing."""


def check_ports(*ports: int) -> None:
    """See to it that all ports are free; DemoError names the one that is not."""
    for port in ports:
        try:
            create_server((HOST, port)).close()
        except OSError:
            raise DemoError(f"port {port} is in use; it is needed here, and --port chooses another") from None


@contextmanager
def running_provider(place: Workplace, app: Flask) -> Iterator[None]:
    """Serve the identity provider on this machine while the context lasts."""
    server = make_server(HOST, place.provider_port, app, threaded=True, request_handler=QuietHandler)
    thread = Thread(target=server.serve_forever, name="identity-provider", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running_service(place: Workplace, variables: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `shangding serve` with `variables` for settings, while the context lasts."""
    place.log.write_bytes(b"")
    bind = f"{HOST}:{place.port}"
    with _running(place, variables, "serve", "--bind", bind, "--workers", "1", "--threads", str(THREADS)) as process:
        yield process


@contextmanager
def running_worker(place: Workplace, variables: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `shangding work`, which reads the files that are handed in, while the context lasts."""
    with _running(place, variables, "work") as process:
        yield process


@contextmanager
def ending_together(*processes: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ask processes to end as soon as the context does, so that they are waited for together and not one by one."""
    try:
        yield
    finally:
        for process in processes:
            process.terminate()


@contextmanager
def _running(place: Workplace, variables: Mapping[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHANGDING_")}
    command = [sys.executable, "-c", "from backend.cli import main; main()", *arguments]
    with place.log.open("ab") as log:
        # In a session of its own, Ctrl-C reaches us alone, and we end it in order.
        process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            env={**environ, **variables},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
        process.kill()
        process.wait()


def wait_until_ready(place: Workplace, process: subprocess.Popen[bytes]) -> None:
    """Wait until the service takes requests; DemoError with the end of its log when it does not."""
    until = time.monotonic() + START_S
    while not is_ready(place.port):
        if process.poll() is not None or time.monotonic() > until:
            raise DemoError(f"the service did not start; the end of {place.log}:\n{read_log_end(place)}")
        time.sleep(PAUSE_S)


def read_log_end(place: Workplace) -> str:
    """Read the last lines of the service's log."""
    return "\n".join(place.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:])
