"""Three cities in bad weather, by the seed: withdrawal wins in the end, and nothing outlives its treaty or its life.

The everyday run has a few seeds; `make test-long` has five hundred. What a failing seed did is printed; it replays by
`simulate(mould, seed, folder)`.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
import structlog
from sqlalchemy import ColumnElement, and_, bindparam
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.benefits import visitor_tables
from backend.benefits.visitor_tables import EntitlementSourceRow, VisitorEntitlementRow
from backend.exchange import post, taking
from backend.partners.message_log import Logged, log_message
from backend.storage.types import Moment
from backend.visits import counter_asking, endings, visiting
from tests.backend.exchange.simulated_cities import Mould, made_mould
from tests.backend.exchange.simulation import Simulation, revise

EVERYDAY, BLOCK, BLOCKS = 5, 50, 10
NOW = bindparam("now", type_=Moment())


@pytest.fixture(scope="module")
def mould() -> Iterator[Mould]:
    """The three cities as they begin."""
    with made_mould(revise) as made:
        yield made


@pytest.fixture
def folder(sqlite_url: str) -> Path:
    """Where the databases of a run are, in memory where there is a disk for that."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    return Path(sqlite_url.removeprefix("sqlite:///")).parent


def simulate(mould: Mould, seed: int, folder: Path) -> list[str]:
    """Run a seed, and give its trace; a seed that fails says what it did."""
    run = Simulation(mould, seed, folder)
    try:
        run.run()
    except BaseException:
        print(f"seed {seed}:", *run.trace, sep="\n")  # noqa: T201 - for whoever reads the failure
        raise
    return run.trace


def test_withdrawal_wins_and_nothing_outlives_its_treaty_or_its_life(mould: Mould, folder: Path) -> None:
    traces = [simulate(mould, seed, folder) for seed in range(EVERYDAY)]
    assert simulate(mould, 0, folder) == traces[0]  # so whatever fails can be had again


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("block", range(BLOCKS))
def test_five_hundred_seeds(mould: Mould, folder: Path, block: int) -> None:
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        simulate(mould, seed, folder)


def believe_for_ever() -> ColumnElement[bool]:
    """What judging believes, its end left out."""
    row, source = VisitorEntitlementRow, EntitlementSourceRow
    of = and_(source.treaty_id == row.treaty_id, source.version == row.version)
    return and_(of, source.is_live.is_(True), source.ends_at > NOW)


def believe_the_suspended() -> ColumnElement[bool]:
    """What judging believes, whether its treaty is suspended left out."""
    row, source = VisitorEntitlementRow, EntitlementSourceRow
    of = and_(source.treaty_id == row.treaty_id, source.version == row.version)
    return and_(of, row.until > NOW, source.ends_at > NOW)


def log_always(session: Session, logged: Logged, _: object, *, now: datetime) -> bool:
    """Log a call, whether or not its nonce was used before."""
    log_message(session, logged, now=now)
    return True


class Planted(NamedTuple):
    """A defect: in which modules what is replaced by what, and seeds that have found it; others may."""

    rooms: tuple[ModuleType, ...]
    name: str
    instead: Callable[..., object]
    seeds: tuple[int, ...]


PLANTED = {
    "tombstones are ignored": Planted((visiting, counter_asking), "hold_open", lambda *_, **__: True, (139,)),
    "a withdrawal deletes nothing": Planted((endings,), "end_answer", lambda *_, **__: None, (3, 5)),
    "the end is not looked at": Planted((visitor_tables,), "is_live", believe_for_ever, (0, 8)),
    "suspension is not looked at": Planted((visitor_tables,), "is_live", believe_the_suspended, (0, 4)),
    "nonces are not remembered": Planted((taking,), "log_call", log_always, (4, 5)),
    "deletion is not noted": Planted((post,), "note_deleted", lambda *_, **__: 0, (1, 2)),
}


@pytest.mark.parametrize("defect", PLANTED)
def test_a_planted_defect_is_found(mould: Mould, folder: Path, defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = PLANTED[defect]
    for room in planted.rooms:
        monkeypatch.setattr(room, planted.name, planted.instead)
    assert any(fails(mould, seed, folder) for seed in (*planted.seeds, *range(100, 140)))


def fails(mould: Mould, seed: int, folder: Path) -> bool:
    """Tell whether something is found wrong: by what is checked, or by what the cities themselves do not bear."""
    try:
        Simulation(mould, seed, folder).run()
    except (AssertionError, SQLAlchemyError):
        return True
    return False
