"""What visitors may have here by the word of their home cities: rows and their named queries.

The rooms that talk with other cities write them; whoever judges a scan believes them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.tables import Row
from backend.storage.types import Moment


class EntitlementSourceRow(Row):
    """A version of a treaty by which visitors are entitled; one row ends all that hangs on it at once."""

    __tablename__ = "entitlement_source"

    treaty_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    city: Mapped[str]
    ends_at: Mapped[datetime]
    is_live: Mapped[bool]


class VisitorEntitlementRow(Row):
    """A scenario that a visitor is entitled to until a moment, by an answer of the home city.

    What the home city takes back is deleted: it may not be kept.
    """

    __tablename__ = "visitor_entitlement"
    __table_args__ = (
        ForeignKeyConstraint(["treaty_id", "version"], ["entitlement_source.treaty_id", "entitlement_source.version"]),
        Index(None, "question_id"),
        Index(None, "until"),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    scenario: Mapped[str] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    treaty_id: Mapped[str]
    version: Mapped[str]
    given_at: Mapped[datetime]
    until: Mapped[datetime]


class Entitlement(NamedTuple):
    """A scenario to which a visitor is entitled until a moment, by which answer of which home city."""

    scenario: str
    question_id: UUID
    city: str
    given_at: datetime
    until: datetime


_IS_OF_SOURCE = and_(
    EntitlementSourceRow.treaty_id == VisitorEntitlementRow.treaty_id,
    EntitlementSourceRow.version == VisitorEntitlementRow.version,
)


def is_live() -> ColumnElement[bool]:
    """Tell of an entitlement beside its source whether it holds at the moment `now`, which is bound."""
    now = bindparam("now", type_=Moment())
    return and_(
        _IS_OF_SOURCE,
        VisitorEntitlementRow.until > now,
        EntitlementSourceRow.is_live.is_(True),
        EntitlementSourceRow.ends_at > now,
    )


def put_source(session: Session, treaty_id: str, version: str, *, city: str, ends_at: datetime) -> None:
    """Let visitors from `city` be entitled by a version of a treaty until a moment."""
    row = EntitlementSourceRow(treaty_id=treaty_id, version=version, city=city, ends_at=ends_at, is_live=True)
    session.add(row)
    session.flush()


def switch_source(session: Session, treaty_id: str, version: str, *, is_live: bool) -> None:
    """End, or give back, all that visitors are entitled to by a version of a treaty."""
    row = EntitlementSourceRow
    mine = update(row).where(row.treaty_id == treaty_id, row.version == version)
    session.execute(mine.values(is_live=is_live), execution_options={"synchronize_session": False})


def put_entitlements(
    session: Session,
    subject_id: UUID,
    question_id: UUID,
    *,
    treaty: tuple[str, str],
    until: Mapping[str, datetime],
    now: datetime,
) -> None:
    """Entitle a person who is held to scenarios, each until a moment, in place of all that one answer said before.

    `treaty` is the id and version by which the home city answered. With nothing in `until` all of it ends.
    """
    end_entitlements(session, subject_id, question_id)
    treaty_id, version = treaty
    rows = [
        {
            "subject_id": subject_id,
            "scenario": scenario,
            "question_id": question_id,
            "treaty_id": treaty_id,
            "version": version,
            "given_at": now,
            "until": moment,
        }
        for scenario, moment in sorted(until.items())
    ]
    if rows:
        session.execute(insert(VisitorEntitlementRow), rows)


def add_entitlement(session: Session, entitlement: Mapping[str, Any]) -> None:
    """Entitle a person who is held to one scenario, by an answer of which there was none; values by column."""
    session.execute(insert(VisitorEntitlementRow).values(dict(entitlement)))


def end_entitlements(session: Session, subject_id: UUID, question_id: UUID) -> None:
    """End what one answer entitled a person to; nothing of it is kept."""
    row = VisitorEntitlementRow
    session.execute(delete(row).where(row.subject_id == subject_id, row.question_id == question_id))


def list_entitlements(session: Session, subject_id: UUID, now: datetime) -> list[Entitlement]:
    """List what a person is entitled to as a visitor at a moment, by scenario, the longest first."""
    row, source = VisitorEntitlementRow, EntitlementSourceRow
    wanted = (
        select(row.scenario, row.question_id, source.city, row.given_at, row.until)
        .join(source, is_live())
        .where(row.subject_id == subject_id)
        .order_by(row.scenario, row.until.desc())
    )
    return [Entitlement(*found) for found in session.execute(wanted, {"now": now})]


def is_entitled(session: Session, subject_id: UUID, scenario: str, *, city: str, now: datetime) -> bool:
    """Tell whether somebody is entitled to a scenario at a moment by the word of one city; one row whoever it is."""
    row = VisitorEntitlementRow
    standing = exists().where(row.subject_id == subject_id, row.scenario == scenario, EntitlementSourceRow.city == city)
    return bool(session.scalar(select(standing.where(is_live())), {"now": now}))


def list_live_sources(session: Session, now: datetime) -> frozenset[tuple[str, str]]:
    """List the versions of treaties, each with the id of its treaty, by which visitors may be entitled at a moment."""
    row = EntitlementSourceRow
    found = session.execute(select(row.treaty_id, row.version).where(row.is_live.is_(True), row.ends_at > now))
    return frozenset((treaty_id, version) for treaty_id, version in found)
