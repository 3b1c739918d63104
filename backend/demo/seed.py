"""Fills an empty database with an invented city, through the same use cases as every caller, at moments of the past.

All of it is one transaction: interrupted, it leaves nothing behind, and what is there is whole.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from rich.console import Console
from rich.progress import track
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import today
from backend.context import Context
from backend.demo.cast import list_persons
from backend.demo.performance import CLERK, Performer, expect
from backend.demo.shops import DEMO_SHOP, offers_everything, open_shop
from backend.demo.timeline import Planner
from backend.demo.workplace import DemoError
from backend.people.subjects import find_subject_id
from backend.people.tables import SubjectRow
from backend.records.batches import take_batch
from backend.records.departments import register_departments
from backend.records.rows import Desk
from backend.records.tables import BatchRow, find_batch_by_number
from backend.storage.identifiers import new_id
from backend.storage.migrations import current_revision

ONE_DAY = timedelta(days=1)
STEWARD = "demo"


@dataclass(frozen=True, slots=True)
class Seeded:
    """What is in the database: rows by outcome or code of refusal; empty when it was all there before."""

    is_new: bool
    receipts: Counter[str] = field(default_factory=Counter)


def seed_city(context: Context, *, people: int, seed: int, now: datetime, console: Console) -> Seeded:
    """Fill the migrated, empty database of `context` with a city of `people` and the personas.

    A database that holds this very city is left as it is, but for the merchant, if it was made before there was one;
    one that holds anything else is a DemoError.
    """
    with context.database.transaction() as session:
        is_there = find_city(session, context, people=people, seed=seed)
        if offers_everything(DEMO_SHOP, context.benefits, now=now):
            open_shop(session, DEMO_SHOP, context.benefits, by=STEWARD, now=now)
        if is_there:
            return Seeded(is_new=False)
        for edition in context.rules.editions:
            register_departments(session, edition.catalogue)
        performer = Performer(session, context)
        plan = Planner(context.rules, count=people, seed=seed, day=today(now) - ONE_DAY).make()
        for step in track(plan.steps, "seeding", console=console, transient=True):
            performer.perform(step)
            # What a step has loaded is of no use to the next one.
            session.expunge_all()
        _leave_mark(session, context, people=people, seed=seed, now=now)
        return Seeded(is_new=True, receipts=performer.receipts)


def check_usable(context: Context, *, people: int, seed: int) -> None:
    """See to it that the database is new, empty or holds this very city, before its schema is touched; DemoError."""
    if current_revision(context.database.engine) is not None:
        with context.database.reading() as session:
            find_city(session, context, people=people, seed=seed)


def find_city(session: Session, context: Context, *, people: int, seed: int) -> bool:
    """Tell whether the database holds this very city; False for an empty one, DemoError for anything else."""
    mark = find_batch_by_number(session, _first_department(context), _name_city(people, seed))
    if mark is None:
        if any(session.scalars(select(key).limit(1)).first() for key in (SubjectRow.subject_id, BatchRow.batch_id)):
            raise DemoError(
                "the database is not empty and holds no demo with this number of people and this seed;"
                " set SHANGDING_DATABASE_URL to an empty one, or leave it out"
            )
        return False
    day = today(mark.received_at) - ONE_DAY
    _, person = list_persons(context.rules.catalogue_on(day), day)[0]
    if find_subject_id(session, person.id_number, pseudonyms=context.pseudonyms) is None:
        raise DemoError("the database holds a demo made with other keys; give the directory it was made with")
    return True


def read_day(session: Session, context: Context, *, people: int, seed: int) -> date:
    """Read the last day of the past of the city that the database holds; LookupError when there is none."""
    mark = find_batch_by_number(session, _first_department(context), _name_city(people, seed))
    if mark is None:
        raise LookupError("the database holds no demo with this number of people and this seed")
    return today(mark.received_at) - ONE_DAY


def _leave_mark(session: Session, context: Context, *, people: int, seed: int, now: datetime) -> None:
    """Hand in an empty batch whose number names the city."""
    desk = Desk(
        department=_first_department(context),
        clerk=CLERK,
        batch_id=new_id(now),
        catalogue=context.rules.catalogue_on(today(now)),
        pseudonyms=context.pseudonyms,
        sealer=context.sealer,
        now=now,
    )
    expect(take_batch(session, _name_city(people, seed), (), desk))


def _first_department(context: Context) -> str:
    return next(iter(context.rules.editions[-1].catalogue.departments))


def _name_city(people: int, seed: int) -> str:
    return f"demo-{seed}-{people}"
