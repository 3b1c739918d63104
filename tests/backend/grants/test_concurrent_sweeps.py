"""Sweeps beside everything else that moves the grants of the same persons: nothing happens twice, and it adds up."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from backend.benefits.grant_proof import prove
from backend.grants import due as due_grants
from backend.grants import life as grant_life
from backend.grants import places
from backend.grants.due import sweep_due
from backend.grants.giving import give_grant
from backend.grants.grant import Actor, Grant, PlaceKey
from backend.grants.life import Mover
from backend.grants.places import LedgerError
from backend.grants.queries import list_open_grants
from backend.storage.database import Database, StorageUnavailableError
from backend.web.problems import Refusal
from scenarios.catalogue import BenefitKind, Bounds, Quotas
from tests.backend.grants.giving import HOTEL, LIBRARY, NOON, make_scenario, settle_in, want
from tests.databases import migrated_database

DEADLOCK = "40P01"
BOUNDS = Bounds(open_grants=4, overdue_grants=3, held_fen=40_000)
PLACES = Quotas(citizen_day=6, citizen_total=4_000, merchant_day=9, scenario_day=14, scenario_total=4_000)
# A reservation lapses after some dozen steps of all, what is in use is overdue after some more, and let go in the end.
SCENARIOS = (
    make_scenario("swept_card", quotas=PLACES, reserved_minutes=480, lasting_days=1),
    make_scenario("swept_bike", quotas=PLACES, reserved_minutes=360, lasting_days=1, overdue_days=1),
    make_scenario(
        "swept_room", quotas=PLACES, excludes=frozenset({"swept_card"}), reserved_minutes=240, lasting_days=1
    ),
    make_scenario("swept_ticket", kind=BenefitKind.DISCOUNT, quotas=PLACES),
)
ACTS = (*["give"] * 3, *["start"] * 3, "cancel", "withdraw", "complete", "settle", "break_", "sweep")
ENDS = frozenset({"completed", "cancelled", "expired", "settled"})  # for ever


@dataclass
class Bustle:
    """Threads that move the grants of a few persons while time passes, twenty minutes at each step of anybody."""

    database: Database
    persons: list[UUID]
    given: list[Grant] = field(default_factory=list)
    ended: dict[UUID, str] = field(default_factory=dict)
    owed: list[Grant] = field(default_factory=list)
    failed: Event = field(default_factory=Event)
    steps: "count[int]" = field(default_factory=count)

    def now(self) -> datetime:
        return NOON + timedelta(minutes=20 * next(self.steps))

    def run(self, seed: int, steps: int) -> None:
        """Do so many things, one after the other; all stop when one fails."""
        chance = random.Random(seed)  # noqa: S311 - a seed makes a failure likely to happen again
        for _ in range(steps):
            try:
                self._act(chance)
            except StorageUnavailableError as fault:  # busy for longer than anybody waits; but never with each other
                if is_deadlock(fault):
                    self.failed.set()
                    raise AssertionError("two of them waited for each other") from fault
            except BaseException:
                self.failed.set()
                raise
            if self.failed.is_set():
                return

    def _act(self, chance: random.Random) -> None:
        act = chance.choice(ACTS)
        if act == "sweep":
            sweep_due(self.database, now=self.now())
        elif act == "give" or not self.given:
            self._give(chance)
        else:
            self._move(chance, act)

    def _give(self, chance: random.Random) -> None:
        person, scenario = chance.choice(self.persons), chance.choice(SCENARIOS)
        wanted = want(person, scenario, merchant=chance.choice((LIBRARY, HOTEL)), bounds=BOUNDS)
        with self.database.transaction() as session:
            given = give_grant(session, wanted, now=self.now())
        if isinstance(given, Grant):
            self.given.append(given)

    def _move(self, chance: random.Random, act: str) -> None:
        choices = self.given[-8:] if act in {"start", "cancel"} else self._list_unfinished(chance.choice(self.persons))
        grant = chance.choice(choices or self.given[-8:])
        with self.database.transaction() as session:
            moved = self._turn(session, grant, act, by_citizen=chance.random() < 1 / 2)
        self.ended |= {each.grant_id: each.state for each in moved if each.state in ENDS}
        self.owed += [each for each in moved if each.state == "broken"]

    def _list_unfinished(self, person: UUID) -> list[Grant]:
        owed = [each for each in self.owed if each.subject_id == person and each.grant_id not in self.ended]
        with self.database.reading() as session:
            return [*list_open_grants(session, person), *owed]

    def _turn(self, session: Session, grant: Grant, act: str, *, by_citizen: bool) -> list[Grant]:
        now, mover = self.now(), Mover(Actor.MERCHANT, merchant=grant.merchant)
        if act == "withdraw":
            return grant_life.cancel_reserved(session, grant.subject_id, now=now)
        if act == "cancel" and by_citizen:
            mover = Mover(Actor.CITIZEN, subject_id=grant.subject_id)
        make: Callable[..., Grant | Refusal] = getattr(grant_life, act)
        made = make(session, grant.grant_id, mover, *(() if act in {"start", "cancel"} else (0,)), now=now)
        return [] if isinstance(made, Refusal) else [made]


def is_deadlock(fault: StorageUnavailableError) -> bool:
    cause = fault.__cause__
    return isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", None) == DEADLOCK


def bustle(database: Database, *, threads: int, steps: int) -> Bustle:
    """Let threads loose on six persons; what a thread raises is raised here, an AssertionError for a deadlock."""
    ours = Bustle(database, settle_in(database, persons=6))
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(ours.run, seed, steps) for seed in range(threads)]:
            done.result()
    return ours


def check(ours: Bustle) -> None:
    """What was told is so, nothing happened twice, and it adds up."""
    now = ours.now() + timedelta(days=3)
    while sweep_due(ours.database, now=now):
        pass
    with ours.database.reading() as session:
        rows = session.execute(text("SELECT grant_id, state FROM benefit_grant"))
        states = {UUID(str(grant_id)): state for grant_id, state in rows}
        told = session.execute(text("SELECT grant_id, event FROM grant_event"))
        events = Counter((grant_id, event) for grant_id, event in told)
        differences = [each for found in prove(session).values() for each in found]
    assert differences == []
    assert states.keys() == {grant.grant_id for grant in ours.given}
    assert {each: states[each] for each in ours.ended} == ours.ended
    assert set(states.values()) <= ENDS | {"overdue", "broken"}
    assert set(events.values()) == {1}
    happened = {event for _, event in events}
    assert happened >= {"started", "expired", "overdue", "cancelled", "completed"}


def test_sweeps_beside_everything_else_do_nothing_twice(postgresql_url: str) -> None:
    with migrated_database(postgresql_url) as database:
        check(bustle(database, threads=8, steps=40))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_sweeps_beside_everything_else_do_nothing_twice_for_long(postgresql_url: str) -> None:
    with migrated_database(postgresql_url) as database:
        check(bustle(database, threads=15, steps=1_000))


def _hold_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(due_grants, "hold_account", lambda *_: None)


def _take_places_backwards(patch: pytest.MonkeyPatch) -> None:
    def hold_backwards(session: Session, keys: Iterable[PlaceKey]) -> None:
        for key in sorted(set(keys), reverse=True):
            places.hold_places(session, [key])

    for room in (due_grants, grant_life):
        patch.setattr(room, "hold_places", hold_backwards)


@pytest.mark.parametrize("plant", [_hold_nobody, _take_places_backwards], ids=lambda plant: plant.__name__.strip("_"))
def test_a_sweep_that_does_not_wait_its_turn_is_found(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    with migrated_database(postgresql_url) as database, pytest.raises((AssertionError, IntegrityError, LedgerError)):
        check(bustle(database, threads=8, steps=150))
