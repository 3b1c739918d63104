"""`shangding work` sends events beside doing jobs."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import sleep
from uuid import uuid4

import pytest

from backend.clock import SystemClock
from backend.gateways.tokens import TokenIssuer
from backend.merchants.events import EventKind, leave_event
from backend.merchants.registration import NewMerchant, register_merchant
from backend.storage.database import Database
from tests.backend.cli.prompt import PUBLIC_URL, install, run
from tests.backend.merchants.receivers import Receiver, add_endpoint, serving
from tests.databases import migrated_database

SHOP = NewMerchant(code="shop", name="店", name_en=None, uscc=None, contact="desk@shop.example")


@pytest.fixture
def installation(tmp_path: Path, sqlite_url: str) -> Iterator[tuple[dict[str, str], Database]]:
    """An installation on a closed network, and its database."""
    environment = install(tmp_path / "keys", sqlite_url) | {"SHANGDING_WEBHOOK_TARGETS": "any"}
    with migrated_database(sqlite_url) as database:
        yield environment, database


@pytest.fixture
def receiver(installation: tuple[dict[str, str], Database]) -> Iterator[Receiver]:
    """A receiver of a merchant with one event on its way."""
    environment, database = installation
    tokens, clock = TokenIssuer.from_file(Path(environment["SHANGDING_TOKEN_KEYS"]), issuer=PUBLIC_URL), SystemClock()
    with serving(Receiver(tokens, clock)) as receiver:
        with database.transaction() as session:
            register_merchant(session, SHOP, by="zhao", now=clock.now())
            add_endpoint(session, SHOP.code, receiver.url, now=clock.now())
            leave_event(
                session, merchant=SHOP.code, event=EventKind.GRANT_EXPIRED, about=uuid4(), payload={}, now=clock.now()
            )
        yield receiver


def test_a_worker_sends_what_is_due_and_ends(installation: tuple[dict[str, str], Database], receiver: Receiver) -> None:
    result = run(["work", "--until-idle"], installation[0])
    assert (result.exit_code, len(receiver.list_events())) == (0, 1)


def test_a_worker_sends_until_it_is_told_to_end(
    installation: tuple[dict[str, str], Database], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.cli.working.IDLE_S", 0.01)
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    def end() -> None:
        while not receiver.list_events():  # it would hang, and the test with it
            sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    ending = Thread(target=end)
    ending.start()
    try:
        assert run(["work"], installation[0]).exit_code == 0
    finally:
        ending.join()
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
