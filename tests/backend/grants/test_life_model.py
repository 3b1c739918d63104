"""The life of grants against a plain list of what was given: whatever is done, both tell the same, and it adds up."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.benefits.grant_proof import prove
from backend.clock import today
from backend.grants import changes as grant_changes
from backend.grants import due as due_grants
from backend.grants import giving as granting
from backend.grants import life as grant_life
from backend.grants import places
from backend.grants.changes import Change
from backend.grants.due import see_grants, sweep_due
from backend.grants.giving import give_grant
from backend.grants.grant import Actor, Grant, Shortage
from backend.grants.life import Mover
from backend.grants.places import LedgerError
from backend.grants.queries import find_grant, put_grant
from backend.grants.tables import BenefitAccountRow, CitizenQuotaUseRow, HoldTransferRow, QuotaUseRow
from backend.people.tables import close_enrolment, open_enrolment
from backend.storage.database import Database
from backend.web.problems import ProblemCode, Refusal
from scenarios.catalogue import BenefitKind, Quotas, Scenario
from tests.backend.builders import add_person
from tests.backend.grants.giving import BOUNDS, HOTEL, LIBRARY, NOON, make_scenario, settle_in, want
from tests.databases import migrated_database

_numbers = count(1)
OPEN, UNUSED = {"reserved", "in_use", "overdue"}, {"cancelled", "expired"}
AMOUNTS = st.sampled_from([0, 1, 2_500, 5_000, 10_000])
STEPS = st.sampled_from([timedelta(minutes=5), timedelta(minutes=16), *(timedelta(days=days) for days in (1, 2, 4))])
LASTING, OVERDUE = timedelta(days=2), timedelta(days=3)
PERSONS = st.integers(0, 1)
GIFTS = st.tuples(PERSONS, st.integers(0, 3), st.sampled_from([LIBRARY, HOTEL]), st.none() | AMOUNTS, st.integers(0, 9))
OTHERS = st.tuples(PERSONS, st.sampled_from(["sweep", "leave", "withdraw", "withdraw_everywhere"]))
ALREADY = {
    "reserved": ProblemCode.GRANT_NOT_STARTED,
    "in_use": ProblemCode.GRANT_ALREADY_STARTED,
    "overdue": ProblemCode.GRANT_OVERDUE,
    "completed": ProblemCode.GRANT_ALREADY_COMPLETED,
    "cancelled": ProblemCode.GRANT_ALREADY_CANCELLED,
    "expired": ProblemCode.GRANT_ALREADY_EXPIRED,
    "settled": ProblemCode.GRANT_ALREADY_SETTLED,
    "broken": ProblemCode.GRANT_ALREADY_BROKEN,
}
# From which states a turn may be made, to which it leads.
TURNS: dict[str, tuple[set[str], str | None]] = {
    "start": ({"reserved"}, "in_use"),
    "lower": (OPEN, None),
    "complete": ({"in_use"}, "completed"),
    "cancel": ({"reserved", "in_use"}, "cancelled"),
    "settle": ({"overdue", "broken"}, "settled"),
    "break_": ({"overdue"}, "broken"),
}
RIGHT_TURNS = st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 3), st.integers(1, 2))
TURNS_AT_ALL = st.tuples(
    st.integers(0, 9),
    st.sampled_from(sorted(TURNS)),
    AMOUNTS,
    st.sampled_from([Actor.MERCHANT, Actor.MERCHANT, Actor.CITIZEN]),
    st.integers(0, 9),
)


@dataclass
class Told:
    """A grant as the model knows it: what stands written of it."""

    given: Grant
    scenario: Scenario
    state: str
    held: int
    final: int | None = None
    due_at: datetime | None = None

    @property
    def owed(self) -> int:
        return self.final or 0 if self.state == "broken" else 0

    @property
    def live(self) -> bool:
        return self.state not in UNUSED


@dataclass
class Person:
    """Somebody, and when he left and came back, if he did."""

    subject_id: UUID
    left: list[datetime] = field(default_factory=list)
    returned: list[datetime] = field(default_factory=list)
    enrolled: bool = True

    def has_left(self, grant: Grant) -> datetime | None:
        """Since when he has left a grant: he left later than he got it, or had not come back when he got it."""
        returned: list[datetime | None] = [*self.returned, None]
        for left, back in zip(self.left, returned, strict=False):
            if left >= grant.granted_at or back is None or back > grant.granted_at:
                return max(left, grant.granted_at)
        return None


class GrantMachine(RuleBasedStateMachine):
    """Two persons, two merchants, scenarios with few places, and time that passes."""

    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        number = next(_numbers)
        self.scenarios = [
            make_scenario(f"card_{number}"),
            make_scenario(f"line_{number}", kind=BenefitKind.CREDIT_LINE, quotas=Quotas(scenario_total=2)),
            make_scenario(
                f"bike_{number}",
                quotas=Quotas(citizen_day=2, citizen_total=3, merchant_day=2, scenario_day=3, scenario_total=5),
                excludes=frozenset({f"card_{number}"}),
            ),
            make_scenario(f"ticket_{number}", kind=BenefitKind.DISCOUNT, quotas=Quotas(citizen_total=2)),
        ]
        self.grants: list[Told] = []
        with self.database.transaction() as session:
            self.persons = [Person(add_person(session)) for _ in range(2)]
            for person in self.persons:
                open_enrolment(session, person.subject_id, agreement_version="1", now=self.now)

    # --- what is done, to the tables and to the model ---

    @rule(data=st.data(), action=st.sampled_from(["give", "give", "move_on", "move_on", "anyhow", "time", "else"]))
    def act(self, data: st.DataObject, action: str) -> None:
        """One rule for all, so that no run is left without any of them."""
        if action == "give" or not self.grants:
            self._give(*data.draw(GIFTS))
        elif action == "move_on" and self.list_movable():
            self._move_on(*data.draw(RIGHT_TURNS))
        elif action in {"anyhow", "move_on"}:
            self._move_anyhow(*data.draw(TURNS_AT_ALL))
        elif action == "time":
            self.now += data.draw(STEPS)
        else:
            self._change_something_else(*data.draw(OTHERS))

    def _give(self, who: int, what: int, merchant: str, amount: int | None, again: int) -> None:
        person, scenario = self.persons[who], self.scenarios[what]
        earlier = [told.given.order_no for told in self.grants if told.given.merchant == merchant]
        order_no = earlier[-1] if earlier and not again else None
        wanted = want(person.subject_id, scenario, merchant=merchant, amount_fen=amount, order_no=order_no)
        held = (10_000 if amount is None else amount) if scenario.benefit.is_held else 0
        expected = self._expect_grant(person, scenario, merchant, held, taken=order_no is not None)
        with self.database.transaction() as session:
            given = give_grant(session, wanted, now=self.now)
        if expected is not None:
            assert given == expected
            return
        assert isinstance(given, Grant), given
        state, due_at = (
            ("reserved", self.now + timedelta(minutes=15)) if scenario.benefit.is_held else ("completed", None)
        )
        self.grants.append(Told(given, scenario, state, held, None if due_at else 0, due_at))

    def _move_on(self, which: int, turn: int, share: int, times: int) -> None:
        """A turn that the state allows, as far as the amounts allow it."""
        movable = self.list_movable()
        told = movable[which % len(movable)]
        names = [name for name, (states, _) in TURNS.items() if told.state in states]
        for _ in range(times):  # the same again gets the same answer
            self._turn(told, names[turn % len(names)], (told.held + told.owed) * share // 3, Actor.MERCHANT)

    def _move_anyhow(self, which: int, name: str, amount: int, by: Actor, stranger: int) -> None:
        told = self.grants[-1 - which % len(self.grants)]
        if stranger:
            self._turn(told, name, amount, by if name == "cancel" else Actor.MERCHANT)
        else:
            self._turn_as_stranger(told.given, name, by)

    def _change_something_else(self, who: int, what: str) -> None:
        person = self.persons[who]
        if what == "sweep":
            self._sweep()
        elif what == "leave":
            self._leave_or_return(person)
        else:
            self._withdraw(person, LIBRARY if what == "withdraw" else None)

    def _sweep(self) -> None:
        sweep_due(self.database, now=self.now, limit=10_000)
        for person in self.persons:
            if any(self._is_due(told) for told in self._of(person)):
                self._settle(person)

    def _leave_or_return(self, person: Person) -> None:
        with self.database.transaction() as session:
            if person.enrolled:
                close_enrolment(session, person.subject_id, because="closed", now=self.now)
                person.left.append(self.now)
            else:
                open_enrolment(session, person.subject_id, agreement_version="1", now=self.now)
                person.returned.append(self.now)
        person.enrolled = not person.enrolled

    def _withdraw(self, person: Person, merchant: str | None) -> None:
        with self.database.transaction() as session:
            grant_life.cancel_reserved(session, person.subject_id, merchant=merchant, now=self.now)
        for told in self._of(person):
            if told.state in OPEN and merchant in {None, told.given.merchant}:
                self._pass_time(told)
                if told.state == "reserved":
                    told.state, told.held, told.due_at = "cancelled", 0, None

    # --- what must hold after each ---

    @invariant()
    def both_tell_the_same(self) -> None:
        with self.database.reading() as session:
            for person in self.persons:
                self._compare_person(session, person)
            self._compare_places(session)
            found = [find_grant(session, told.given.grant_id) for told in self.grants]
            standing = [grant for grant in found if grant is not None]
            told = [(each.state, each.held, each.final) for each in self.grants]
            assert [(each.state, each.held_fen, each.final_fen) for each in standing] == told
            seen = see_grants(session, standing, now=self.now)
            assert [each.state for each in seen] == [self._see(each) for each in self.grants]

    def teardown(self) -> None:
        with self.database.reading() as session:
            differences = [each for found in prove(session).values() for each in found]
        assert differences == []

    # --- the small steps ---

    def list_movable(self) -> list[Told]:
        return [told for told in self.grants if told.state in OPEN or told.state == "broken"]

    def _turn(self, told: Told, name: str, amount: int, by: Actor) -> None:
        grant = told.given
        mover = Mover(by, merchant=grant.merchant) if by is Actor.MERCHANT else Mover(by, subject_id=grant.subject_id)
        expected = self._expect_turn(told, name, amount, by)
        with self.database.transaction() as session:
            made = self.make_turn(session, grant.grant_id, mover, name, amount)
        if isinstance(expected, ProblemCode):
            assert isinstance(made, Refusal), made
            assert made.code is expected
        else:
            assert isinstance(made, Grant), made
            assert (made.state, made.held_fen, made.final_fen) == (told.state, told.held, told.final)

    def _turn_as_stranger(self, grant: Grant, name: str, by: Actor) -> None:
        other = next(each.subject_id for each in self.persons if each.subject_id != grant.subject_id)
        shop = LIBRARY if grant.merchant == HOTEL else HOTEL
        with self.database.transaction() as session:
            mover = Mover(by, merchant=shop) if by is Actor.MERCHANT else Mover(by, subject_id=other)
            assert self.make_turn(session, grant.grant_id, mover, name, 0) == Refusal(ProblemCode.GRANT_NOT_FOUND)

    def make_turn(self, session: Session, grant_id: UUID, mover: Mover, name: str, amount: int) -> object:
        make: Callable[..., object] = getattr(grant_life, name)
        given = () if name in {"start", "cancel"} else (amount,)
        return make(session, grant_id, mover, *given, now=self.now)

    def _of(self, person: Person) -> list[Told]:
        return [told for told in self.grants if told.given.subject_id == person.subject_id]

    def _is_due(self, told: Told) -> bool:
        return told.due_at is not None and told.due_at <= self.now

    def _see(self, told: Told) -> str:
        person = next(each for each in self.persons if each.subject_id == told.given.subject_id)
        left_at = person.has_left(told.given)
        if told.state == "reserved" and told.due_at is not None and left_at is not None and left_at < told.due_at:
            return "cancelled"
        if told.due_at is None or told.due_at > self.now:
            return told.state
        if told.state == "in_use" and told.due_at + OVERDUE > self.now:
            return "overdue"
        return "expired" if told.state == "reserved" else "settled"

    def _pass_time(self, told: Told) -> None:
        state = self._see(told)
        if state != told.state:
            told.state, told.due_at = state, told.due_at + OVERDUE if told.due_at and state == "overdue" else None
            told.held, told.final = (told.held, None) if state == "overdue" else (0, 0 if state == "settled" else None)

    def _settle(self, person: Person) -> None:
        for told in self._of(person):
            self._pass_time(told)

    def _find_account_shortage(self, person: Person, scenario: Scenario, held: int) -> Shortage | None:
        mine = self._of(person)
        if sum(told.state == "overdue" for told in mine) >= BOUNDS.overdue_grants:
            return Shortage.OVERDUE_GRANTS
        if not scenario.benefit.is_held:
            return None
        if sum(told.state in OPEN for told in mine) >= BOUNDS.open_grants:
            return Shortage.OPEN_GRANTS
        if any(told.owed for told in mine):
            return Shortage.BROKEN_PROMISE
        if sum(told.held for told in mine) + held > BOUNDS.held_fen:
            return Shortage.HELD_LIMIT
        return None

    def _expect_grant(
        self, person: Person, scenario: Scenario, merchant: str, held: int, *, taken: bool
    ) -> Shortage | None:
        if scenario.excludes:
            self._settle(person)
            if any(told.state in OPEN and told.scenario.code in scenario.excludes for told in self._of(person)):
                return Shortage.EXCLUDED
        if any(self._is_due(told) for told in self._of(person)) or self._find_account_shortage(person, scenario, held):
            self._settle(person)
            short = self._find_account_shortage(person, scenario, held)
            if short is not None:
                return short
        used = self._count_places()
        day = today(self.now).isoformat()
        mine = (person.subject_id, scenario.code)
        quotas = scenario.quotas
        for limit, place, short in (
            (quotas.citizen_total, (*mine, ""), Shortage.CITIZEN_QUOTA),
            (quotas.citizen_day, (*mine, day), Shortage.CITIZEN_QUOTA),
            (quotas.scenario_total, (scenario.code, "", ""), Shortage.SCENARIO_QUOTA),
            (quotas.scenario_day, (scenario.code, "", day), Shortage.SCENARIO_QUOTA),
            (quotas.merchant_day, (scenario.code, f"merchant:{merchant}", day), Shortage.MERCHANT_QUOTA),
        ):
            if limit is not None and used[place] >= limit:
                return short
        return Shortage.ORDER_TAKEN if taken else None

    def _expect_turn(self, told: Told, name: str, amount: int, by: Actor) -> ProblemCode | None:
        self._pass_time(told)
        states, leads_to = TURNS[name]
        has_final = name in {"complete", "settle", "break_"}
        if told.state == leads_to and (not has_final or told.final == amount):
            return None
        if told.state not in states or (name == "cancel" and by is Actor.CITIZEN and told.state == "in_use"):
            early = name in {"settle", "break_"} and told.state == "in_use"
            return ProblemCode.GRANT_NOT_OVERDUE if early else ALREADY[told.state]
        if name == "lower":
            if amount > told.held:
                return ProblemCode.AMOUNT_NOT_LOWER
            told.held = amount
            return None
        if has_final and amount > told.held + told.owed:
            return ProblemCode.AMOUNT_ABOVE_HOLD
        assert leads_to is not None
        told.state, told.final = leads_to, amount if has_final else None
        told.held = told.held if leads_to in OPEN else 0
        told.due_at = self.now + LASTING if leads_to == "in_use" else None
        return None

    def _count_places(self) -> Counter[Any]:
        used: Counter[Any] = Counter()
        for told in self.grants:
            if not told.live:
                continue
            grant, quotas, code = told.given, told.scenario.quotas, told.scenario.code
            day = today(grant.granted_at).isoformat()
            for limit, place in (
                (quotas.citizen_total, (grant.subject_id, code, "")),
                (quotas.citizen_day, (grant.subject_id, code, day)),
                (quotas.scenario_total, (code, "", "")),
                (quotas.scenario_day, (code, "", day)),
                (quotas.merchant_day, (code, f"merchant:{grant.merchant}", day)),
            ):
                used[place] += 0 if limit is None else 1
        return used

    def _compare_person(self, session: Session, person: Person) -> None:
        row, mine = session.get(BenefitAccountRow, person.subject_id), self._of(person)
        kept = (0, 0, 0, 0) if row is None else (row.open_grants, row.overdue_grants, row.held_fen, row.broken_fen)
        held, owed = sum(told.held for told in mine), sum(told.owed for told in mine)
        opened = sum(told.state in OPEN for told in mine)
        assert kept == (opened, sum(told.state == "overdue" for told in mine), held, owed)
        balances: Counter[str] = Counter()
        here = HoldTransferRow.subject_id == person.subject_id
        for transfer in session.scalars(select(HoldTransferRow).where(here)):
            balances[transfer.debit] -= transfer.amount_fen
            balances[transfer.credit] += transfer.amount_fen
        assert (balances["held"], balances["broken"], balances["available"]) == (held, owed, -held - owed)

    def _compare_places(self, session: Session) -> None:
        codes = [scenario.code for scenario in self.scenarios]
        kept: Counter[Any] = Counter()
        for shared in session.scalars(select(QuotaUseRow).where(QuotaUseRow.scenario.in_(codes))):
            kept[shared.scenario, shared.owner, shared.period] = shared.used
        for own in session.scalars(select(CitizenQuotaUseRow).where(CitizenQuotaUseRow.scenario.in_(codes))):
            kept[own.subject_id, own.scenario, own.period] = own.used
        assert +kept == +self._count_places()


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
SEARCH = settings(max_examples=12, stateful_step_count=40, deadline=None, suppress_health_check=QUIET, database=None)


def run(database: Database, chosen: settings) -> None:
    settle_in(database)
    GrantMachine.database = database
    run_state_machine_as_test(GrantMachine, settings=chosen)


def test_grants_live_as_they_should(database: Database) -> None:
    run(database, settings(SEARCH, max_examples=6))


@pytest.mark.long
@pytest.mark.timeout(900)
def test_grants_live_as_they_should_for_long(database: Database) -> None:
    run(database, settings(SEARCH, max_examples=120, stateful_step_count=50))


def _release_too_much(patch: pytest.MonkeyPatch) -> None:
    move = places.move_account
    patch.setattr(grant_changes, "move_account", lambda *a, held_fen, **k: move(*a, held_fen=held_fen - 1, **k))


def _forget_transfers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(grant_changes, "add_transfer", lambda *_, **__: None)


def _keep_places(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(grant_changes, "give_back_place", lambda *_: None)


def _lapse_twice(patch: pytest.MonkeyPatch) -> None:
    apply = grant_changes.apply_change

    def apply_twice(session: Session, before: Grant, change: Change, *, now: datetime) -> Grant:
        apply(session, before, change, now=now)
        return apply(session, before, change, now=now)

    patch.setattr(due_grants, "apply_change", apply_twice)
    patch.setattr(grant_changes, "put_grant", lambda *a: put_grant(*a) or True)


def _leave_half_behind(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(granting, "_take_back", lambda *_: None)


def _bar_for_ever(patch: pytest.MonkeyPatch) -> None:
    find = vars(due_grants)["_find_next"]
    patch.setattr(due_grants, "_find_next", lambda grant, *a: None if grant.state == "overdue" else find(grant, *a))


DEFECTS = (_release_too_much, _forget_transfers, _keep_places, _lapse_twice, _leave_half_behind, _bar_for_ever)


@pytest.mark.parametrize("plant", DEFECTS, ids=lambda plant: plant.__name__.strip("_"))
def test_a_planted_defect_is_found(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    enough = settings(SEARCH, phases=[Phase.generate], derandomize=True)
    with migrated_database(sqlite_url) as database, pytest.raises((AssertionError, IntegrityError, LedgerError)):
        run(database, enough)
