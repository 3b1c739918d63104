"""Fills an empty database with a sandbox: twenty people with a past each, a merchant to be, and a neighbour of it.

All of it goes through the same use cases as every call, in one transaction: interrupted, it leaves nothing behind.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from backend.benefits.applications import apply_for_benefit
from backend.benefits.consents import give_consent
from backend.benefits.judging import Tools
from backend.benefits.pausing import pause_benefits
from backend.clock import FixedClock, today
from backend.context import Context
from backend.demo.people import Person
from backend.demo.performance import Performer, expect
from backend.demo.sandbox_cast import FIXED_PEOPLE, Before, FixedPerson
from backend.demo.shops import Shop, open_shop
from backend.demo.steps import HAND_IN_UTC, HandInBatch, Step, moment_of
from backend.demo.stories import Teller
from backend.demo.timeline import find_first_day
from backend.demo.workplace import DemoError
from backend.grants.grant import Actor, Grant
from backend.grants.life import Mover, complete, start
from backend.people.subjects import find_subject_id
from backend.people.tables import SubjectRow, find_strange_key
from backend.records.departments import register_departments
from backend.sandbox.tables import SandboxPersonRow, list_people
from backend.storage.migrations import current_revision
from backend.storage.moved_clock import MovedClockRow, is_sandbox, mark_as_sandbox
from scoring.days import ONE_DAY

MERCHANT, NEIGHBOUR = "sandbox_merchant", "sandbox_neighbour"
STEWARD, REGION = "sandbox", "410105"
PAUSED_FOR, LENT_BEFORE = timedelta(days=30), timedelta(days=3)
LIBRARY, RENTAL, BIKE, CLINIC = "library_card", "rental_deposit", "bike_hire", "medical_credit"
RENTAL_FIGURES = {"limit_fen": 300_000}
SHOPS = (
    Shop(
        code=MERCHANT,
        name="沙箱商户",
        name_en="Sandbox merchant",
        region=REGION,
        contracts={
            LIBRARY: {},
            RENTAL: RENTAL_FIGURES,
            BIKE: {},
            "scenic_ticket": {"charged_percent": 80},
            "hospital_counter": {},
        },
    ),
    Shop(
        code=NEIGHBOUR,
        name="沙箱邻店",
        name_en="Sandbox neighbour",
        region=REGION,
        contracts={LIBRARY: {}, RENTAL: RENTAL_FIGURES, BIKE: {}, CLINIC: {}},
    ),
)


def is_seeded(context: Context) -> bool:
    """Tell whether the database holds a sandbox that this context can use; False for an empty one.

    Anything else, and a sandbox made with other keys, is a DemoError.
    """
    engine = context.database.engine
    if current_revision(engine) is None:
        return False
    if not inspect(engine).has_table(MovedClockRow.__tablename__):
        raise DemoError("the database is older than sandboxes are; give an empty one")
    with context.database.reading() as session:
        if not is_sandbox(session):
            if session.scalars(select(SubjectRow.subject_id).limit(1)).first() is not None:
                raise DemoError("the database holds people and is no sandbox; give an empty one")
            return False
        if find_strange_key(session, context.settings.pseudonym_keys.by_id) is not None:
            raise DemoError("the sandbox was made with other keys; give the directory it was made with")
    return True


def seed_sandbox(context: Context, *, now: datetime) -> None:
    """Fill the migrated, empty database of `context`; `now` is the moment of the machine."""
    context = replace(context, clock=FixedClock(now))  # the other one is made by what follows
    with context.database.transaction() as session:
        mark_as_sandbox(session)
        for edition in context.rules.editions:
            register_departments(session, edition.catalogue)
        performer = Performer(session, context)
        for step in sorted(_tell(context, now), key=lambda step: step.at):
            performer.perform(step)
            session.expunge_all()
        for shop in SHOPS:
            open_shop(session, shop, context.benefits, by=STEWARD, now=now)
        stage = _Stage(session, context, now)
        day = today(now) - ONE_DAY
        for number, fixed in enumerate(FIXED_PEOPLE, start=1):
            person = fixed.to_person(number, day)
            subject_id = find_subject_id(session, person.id_number, pseudonyms=context.pseudonyms)
            session.add(_describe(number, fixed, person, subject_id))
            if subject_id is not None:
                stage.prepare(subject_id, fixed.before)
        session.flush()


def renew_sandbox(context: Context, *, now: datetime) -> None:
    """Renew what ends with a day: the place that is used up today, and the application that waits for the merchant."""
    with context.database.transaction() as session:
        stage = _Stage(session, context, now)
        for row in list_people(session):
            if row.subject_id is not None:
                stage.renew(row.subject_id, FIXED_PEOPLE[row.person_no - 1].before)


class _Stage:
    """Brings people into the state in which the merchant is to meet them."""

    def __init__(self, session: Session, context: Context, now: datetime) -> None:
        self._session = session
        self._tools = Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer)
        self._now = now

    def prepare(self, subject_id: UUID, before: frozenset[Before]) -> None:
        """Do everything that a person has done before."""
        if Before.CONSENTED in before:
            self._consent(subject_id)
        if Before.HOLDS_THREE in before:
            for scenario in (BIKE, CLINIC, RENTAL):
                self._lend(subject_id, scenario, self._now)
        if Before.OVERDUE in before:
            self._lend(subject_id, BIKE, self._now - LENT_BEFORE)
        self.renew(subject_id, before)
        if Before.PAUSED in before:  # last: nobody gets anything meanwhile
            expect(pause_benefits(self._session, subject_id, self._now + PAUSED_FOR, now=self._now))

    def renew(self, subject_id: UUID, before: frozenset[Before]) -> None:
        """Do what lasts for a day, unless it is done."""
        if Before.USED_UP in before:
            self._use_up(subject_id)
        if Before.APPLIED in before:
            self._apply(subject_id, MERCHANT, RENTAL, self._now)

    def _consent(self, subject_id: UUID) -> None:
        catalogue = self._tools.find_catalogue(self._now)
        if catalogue is None:
            raise DemoError("the city has no scenarios today")
        given = give_consent(
            self._session,
            subject_id,
            merchant=MERCHANT,
            scenario=None,
            expires_at=None,
            catalogue=catalogue,
            now=self._now,
        )
        expect(given)

    def _lend(self, subject_id: UUID, scenario: str, at: datetime) -> None:
        grant = self._apply(subject_id, NEIGHBOUR, scenario, at)
        if grant is None:
            raise DemoError(f"a person of the sandbox does not get {scenario}: the cast and the city do not fit")
        expect(start(self._session, grant.grant_id, Mover(by=Actor.MERCHANT, merchant=NEIGHBOUR), now=at))

    def _use_up(self, subject_id: UUID) -> None:
        grant, mover = self._apply(subject_id, NEIGHBOUR, LIBRARY, self._now), Mover(Actor.MERCHANT, NEIGHBOUR)
        if grant is not None:
            expect(start(self._session, grant.grant_id, mover, now=self._now))
            expect(complete(self._session, grant.grant_id, mover, 0, now=self._now))

    def _apply(self, subject_id: UUID, merchant: str, scenario: str, at: datetime) -> Grant | None:
        applied = apply_for_benefit(
            self._session,
            subject_id,
            merchant=merchant,
            scenario=scenario,
            amount_fen=None,
            tools=self._tools,
            now=at,
        )
        outcome = expect(applied).outcome
        return outcome if isinstance(outcome, Grant) else None


def _tell(context: Context, now: datetime) -> Iterator[Step]:
    """Tell the stories of all but the stranger, who has none."""
    day = today(now) - ONE_DAY
    rules = context.rules
    teller = Teller(catalogue=rules.catalogue_on(day), first_day=find_first_day(rules, day), day=day)
    for number, fixed in enumerate(FIXED_PEOPLE, start=1):
        if fixed.is_stranger:
            continue
        person = fixed.to_person(number, day)
        yield from teller.tell_steps(fixed.persona, person)
        for each in teller.tell_deeds(fixed.persona, person):
            yield HandInBatch(moment_of(min(day, each.on), HAND_IN_UTC), each.department, (each.row,))


def _describe(number: int, fixed: FixedPerson, person: Person, subject_id: UUID | None) -> SandboxPersonRow:
    return SandboxPersonRow(
        person_no=number,
        name=person.name,
        identity_number=person.id_number,
        purpose={"zh": fixed.purpose.zh, "en": fixed.purpose.en},
        subject_id=subject_id,
    )
