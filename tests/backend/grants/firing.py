"""Processes for tests that kill them: clients that race for places, and the application serving on a socket.

They are forked, with the application in memory: starting is cheap, and kill -9 is what it is. Nothing of the parent's
connections goes along.
"""

import logging
import os
import random
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import UUID
from warnings import catch_warnings, simplefilter

from flask import Flask
from werkzeug.serving import make_server

from backend.grants.giving import give_grant
from backend.grants.grant import Actor, Grant, Shortage
from backend.grants.life import Mover, cancel
from backend.storage.database import Database, StorageUnavailableError
from scenarios.catalogue import Bounds, Scenario
from tests.backend.grants.giving import LIBRARY, NOON, want

THREADS = 16
BOUNDLESS = Bounds(open_grants=10**6, overdue_grants=10**6, held_fen=10**12)
_forking = get_context("fork")


@dataclass(frozen=True)
class Race:
    """A race for the places of a scenario: over which database, by whom; what was acknowledged goes to a file."""

    url: str
    scenario: Scenario
    persons: list[UUID]
    log: Path
    cancels: float

    def read_log(self) -> tuple[set[str], set[str]]:
        """Which grants were acknowledged as given, which as cancelled."""
        lines = self.log.read_text().split() if self.log.exists() else []
        return {line[1:] for line in lines if line[0] == "+"}, {line[1:] for line in lines if line[0] == "-"}


def start(act: Callable[..., None], *given: object) -> BaseProcess:
    """Fork a process that does something."""
    process = _forking.Process(target=act, args=given, daemon=True)
    with catch_warnings():
        # From Python 3.12 on a fork beside threads is warned of. Ours talk HTTP and hold nothing that the child needs.
        simplefilter("ignore", DeprecationWarning)
        process.start()
    return process


def kill(process: BaseProcess) -> None:
    """End a process as a power cut would."""
    assert process.pid is not None
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.join()


def take_places(race: Race, seed: int) -> None:
    """Race with so many threads until no place is left; what was committed is noted after it was."""
    database = Database(race.url, pool_size=THREADS)
    log = os.open(race.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(_take_on, race, database, log, f"{seed}-{each}") for each in range(THREADS)]:
            done.result()
    database.dispose()


def _take_on(race: Race, database: Database, log: int, name: str) -> None:
    chance, number = random.Random(name), 0  # noqa: S311 - a seed makes a failure happen again
    while True:
        number += 1
        wanted = want(
            chance.choice(race.persons), race.scenario, bounds=BOUNDLESS, order_no=f"{name}-{os.getpid()}-{number}"
        )
        try:
            with database.transaction() as session:
                given = give_grant(session, wanted, now=NOON)
            if given is Shortage.SCENARIO_QUOTA:
                return
            assert isinstance(given, Grant), given
            os.write(log, f"+{given.grant_id}\n".encode())
            if chance.random() < race.cancels:
                with database.transaction() as session:
                    cancel(session, given.grant_id, Mover(Actor.MERCHANT, merchant=LIBRARY), now=NOON)
                os.write(log, f"-{given.grant_id}\n".encode())
        except StorageUnavailableError:
            continue


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket that outlives whoever serves on it: callers wait in its queue while nobody does."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        yield server


def serve(app: Flask, server: socket.socket) -> None:
    """Serve the application on a socket, a thread for each call, until killed."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    host, port = server.getsockname()
    make_server(host, port, app, threaded=True, fd=server.fileno()).serve_forever()
