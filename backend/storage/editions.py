"""Editions of the rulebook and of the scenarios that the city announced, each in force from its day on.

What is in force on a day must be the same on every node, and none may learn of it too late. So nothing about a day is
decided any more from an hour before it begins: `announce_edition` and `withdraw_edition` refuse it. Whoever has read
the table after `find_settled_moment` of a day knows all editions of that day and of every earlier one.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.identifiers import new_id
from backend.storage.tables import Row
from scoring.days import ONE_DAY, end_of

LEAD = timedelta(hours=1)
# What a decision may take to be committed, with the clock of its node behind that of another: half of the lead.
SETTLED_AFTER = LEAD / 2
_STANDS = text("withdrawn_at IS NULL")


class EditionKind(StrEnum):
    """What an edition is of."""

    RULEBOOK = "rulebook"
    SCENARIOS = "scenarios"


class EditionRow(Row):
    """An announced edition with its documents; triggers forbid every change but one withdrawal."""

    __tablename__ = "edition"
    __table_args__ = (
        CheckConstraint("kind IN ('rulebook', 'scenarios')", name="kind"),
        CheckConstraint("withdrawn_at >= announced_at", name="withdrawn_at"),
        *(
            Index(f"uq_edition_{column}", "kind", column, unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS)
            for column in ("effective_on", "version")
        ),
    )

    edition_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    version: Mapped[str]
    effective_on: Mapped[date]
    digest: Mapped[str]
    documents: Mapped[dict[str, Any]]
    announced_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    summary: Mapped[str | None]
    reason: Mapped[str | None]
    decision: Mapped[str | None]
    urgency: Mapped[str | None]
    restores_on: Mapped[date | None]
    withdrawn_because: Mapped[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What everybody is told with an edition: what it changes in a few words, and why.

    `decision` is the paper by which the city decided it; `urgency` why people are told later than they would have been;
    `restores_on` is the day of the former edition that it brings back. None where there is nothing to tell.
    """

    summary: str
    reason: str
    decision: str | None = None
    urgency: str | None = None
    restores_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEdition:
    """What is announced. `documents` are TOML texts by what they are, such as `rulebook`, `catalogue`, `cases`.

    `announcement` is None only of what was announced before such words were kept.
    """

    kind: EditionKind
    version: str
    effective_on: date
    digest: str
    documents: Mapping[str, str]
    announcement: Announcement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition(NewEdition):
    """An announced edition; one that was withdrawn has never been in force and never will be."""

    edition_id: UUID
    announced_at: datetime
    withdrawn_at: datetime | None
    withdrawn_because: str | None = None


class NotDone(StrEnum):
    """Why nothing was announced or withdrawn."""

    TOO_LATE = "too_late"
    DAY_TAKEN = "day_taken"
    VERSION_TAKEN = "version_taken"
    NOT_FOUND = "not_found"
    ALREADY_WITHDRAWN = "already_withdrawn"


def find_deadline(effective_on: date) -> datetime:
    """Give the moment from which nothing about the editions of a city day is decided any more."""
    return end_of(effective_on - ONE_DAY) - LEAD


def find_settled_moment(day: date) -> datetime:
    """Give the moment from which a reading of the table shows all editions of a city day and of those before it."""
    return find_deadline(day) + SETTLED_AFTER


def list_editions(session: Session) -> tuple[Edition, ...]:
    """List all that was ever announced, withdrawn ones too, by the day of force and then by the announcement."""
    order = EditionRow.effective_on, EditionRow.announced_at, EditionRow.edition_id
    return tuple(map(_to_edition, session.scalars(select(EditionRow).order_by(*order))))


def announce_edition(session: Session, new: NewEdition, *, now: datetime) -> Edition | NotDone:
    """Announce an edition; it is in force on every node when its day begins. It says nothing about its documents.

    Refused: a day that begins in less than an hour, or has; a day or a version that another announced one of the kind
    has. Whoever decides has taken the turn before (`take_turn`).
    """
    if now >= find_deadline(new.effective_on):
        return NotDone.TOO_LATE
    standing = [each for each in list_editions(session) if each.kind is new.kind and each.withdrawn_at is None]
    if any(each.effective_on == new.effective_on for each in standing):
        return NotDone.DAY_TAKEN
    if any(each.version == new.version for each in standing):
        return NotDone.VERSION_TAKEN
    row = EditionRow(
        edition_id=new_id(now),
        kind=new.kind.value,
        version=new.version,
        effective_on=new.effective_on,
        digest=new.digest,
        documents=dict(new.documents),
        announced_at=now,
        **({} if new.announcement is None else asdict(new.announcement)),
    )
    session.add(row)
    session.flush()
    return _to_edition(row)


def withdraw_edition(
    session: Session, edition_id: UUID, *, because: str | None = None, now: datetime
) -> Edition | NotDone:
    """Withdraw an announced edition before its day, with the same lead; it stays listed, and never gets in force.

    Everybody is told `because` of what.

    Whoever decides has taken the turn before (`take_turn`).
    """
    row = session.get(EditionRow, edition_id, populate_existing=True)
    if row is None:
        return NotDone.NOT_FOUND
    if row.withdrawn_at is not None:
        return NotDone.ALREADY_WITHDRAWN
    if now >= find_deadline(row.effective_on):
        return NotDone.TOO_LATE
    row.withdrawn_at, row.withdrawn_because = max(now, row.announced_at), because
    session.flush()
    return _to_edition(row)


def take_turn(session: Session) -> None:
    """Wait until nobody else decides about editions; SQLite has one writer anyway. Reading goes on meanwhile.

    Whoever decides takes it once, first of all in the transaction, before reading what the decision rests on.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE edition IN SHARE ROW EXCLUSIVE MODE"))


def _to_edition(row: EditionRow) -> Edition:
    return Edition(
        edition_id=row.edition_id,
        kind=EditionKind(row.kind),
        version=row.version,
        effective_on=row.effective_on,
        digest=row.digest,
        documents=row.documents,
        announced_at=row.announced_at,
        withdrawn_at=row.withdrawn_at,
        withdrawn_because=row.withdrawn_because,
        announcement=_to_announcement(row),
    )


def _to_announcement(row: EditionRow) -> Announcement | None:
    if row.summary is None or row.reason is None:
        return None
    return Announcement(
        summary=row.summary,
        reason=row.reason,
        decision=row.decision,
        urgency=row.urgency,
        restores_on=row.restores_on,
    )
