"""Drafts of rules, their revisions, checks, impacts and diary: rows and their named queries.

A draft alone changes, and only as its state does. What was written, found, measured and done is never changed; triggers
refuse it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from backend.storage.tables import Row


class RuleDraftRow(Row):
    """A draft as it stands. `revision_no`, `digest`, `author` and `acting` are those of its latest revision.

    `restores_on` is the day of the edition that it brings back. An announced one is the edition `edition_id`.
    """

    __tablename__ = "rule_draft"
    __table_args__ = (
        CheckConstraint("kind IN ('rulebook', 'scenarios')", name="kind"),
        CheckConstraint("state IN ('open', 'announced', 'rejected', 'withdrawn')", name="state"),
        CheckConstraint("revision_no >= 1", name="revision_no"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by"),
        CheckConstraint("(state IN ('announced', 'withdrawn')) = (edition_id IS NOT NULL)", name="edition"),
        CheckConstraint("(edition_id IS NULL) = (effective_on IS NULL)", name="effective_on"),
        CheckConstraint("state <> 'announced' OR decided_by <> author", name="second_person"),
        Index(None, "edition_id", unique=True),
    )

    draft_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    state: Mapped[str]
    revision_no: Mapped[int]
    digest: Mapped[str]
    author: Mapped[str]
    acting: Mapped[str | None]
    restores_on: Mapped[date | None]
    created_at: Mapped[datetime]
    edition_id: Mapped[UUID | None]
    effective_on: Mapped[date | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class RuleRevisionRow(Row):
    """The documents of a draft as somebody wrote them, numbered from 1, and what is told with them; append-only."""

    __tablename__ = "rule_revision"
    __table_args__ = (CheckConstraint("revision_no >= 1", name="revision_no"),)

    draft_id: Mapped[UUID] = mapped_column(ForeignKey("rule_draft.draft_id"), primary_key=True)
    revision_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str]
    documents: Mapped[dict[str, Any]]
    author: Mapped[str]
    acting: Mapped[str | None]
    written_at: Mapped[datetime]
    decision: Mapped[str | None]
    urgency: Mapped[str | None]


class RuleCheckRow(Row):
    """What a check found about the documents of a digest, beside the editions of a standing; append-only.

    Version, day and `edition_digest` are those of the edition that was read; a sound one has all three.
    """

    __tablename__ = "rule_check"
    __table_args__ = (
        CheckConstraint("check_no >= 1", name="check_no"),
        CheckConstraint("NOT is_sound OR effective_on IS NOT NULL", name="effective_on"),
        CheckConstraint("(edition_digest IS NULL) = (effective_on IS NULL)", name="edition_digest"),
    )

    draft_id: Mapped[UUID] = mapped_column(ForeignKey("rule_draft.draft_id"), primary_key=True)
    check_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str]
    standing: Mapped[str]
    is_sound: Mapped[bool]
    version: Mapped[str | None]
    effective_on: Mapped[date | None]
    edition_digest: Mapped[str | None]
    findings: Mapped[dict[str, Any]]
    checked_by: Mapped[str]
    checked_at: Mapped[datetime]


class RuleImpactRow(Row):
    """What the documents of a digest would do, as the server measured it, or why it could not; append-only.

    `comparisons` holds the reports, one for each edition that the draft must be compared with. They are large, and
    loaded only where they are asked for; `compared` has the digests of the two editions of each, the former one first.
    """

    __tablename__ = "rule_impact"
    __table_args__ = (
        CheckConstraint("impact_no >= 1", name="impact_no"),
        CheckConstraint("(fault IS NULL) = (comparisons IS NOT NULL)", name="fault"),
        CheckConstraint("(fault IS NULL) = (compared IS NOT NULL)", name="compared"),
        CheckConstraint("(fault IS NULL) = (known_at IS NOT NULL)", name="known_at"),
        CheckConstraint("(fault IS NULL) = (files_digest IS NOT NULL)", name="files_digest"),
    )

    draft_id: Mapped[UUID] = mapped_column(ForeignKey("rule_draft.draft_id"), primary_key=True)
    impact_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str]
    standing: Mapped[str]
    as_of: Mapped[date]
    known_at: Mapped[datetime | None]
    files_digest: Mapped[str | None]
    fault: Mapped[str | None]
    compared: Mapped[dict[str, Any] | None]
    comparisons: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    measured_at: Mapped[datetime]


class RuleEventRow(Row):
    """One thing that was done about a draft, by whom, when and why; append-only. Nobody acted where `actor` is None."""

    __tablename__ = "rule_event"
    __table_args__ = (CheckConstraint("event_no >= 1", name="event_no"),)

    draft_id: Mapped[UUID] = mapped_column(ForeignKey("rule_draft.draft_id"), primary_key=True)
    event_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[str]
    digest: Mapped[str]
    actor: Mapped[str | None]
    acting: Mapped[str | None]
    reason: Mapped[str | None]
    happened_at: Mapped[datetime]


_Numbered = TypeVar("_Numbered", RuleCheckRow, RuleImpactRow, RuleEventRow, RuleRevisionRow)


def add_draft_row(session: Session, row: RuleDraftRow) -> None:
    """Add a draft; its first revision is added after it."""
    session.add(row)
    session.flush()


def find_draft_row(session: Session, draft_id: UUID) -> RuleDraftRow | None:
    """Find a draft by its id."""
    return session.get(RuleDraftRow, draft_id)


def lock_draft_row(session: Session, draft_id: UUID) -> RuleDraftRow | None:
    """Find a draft as it stands now, and hold it until the transaction ends."""
    held = select(RuleDraftRow).where(RuleDraftRow.draft_id == draft_id).with_for_update()
    return session.scalars(held, execution_options={"populate_existing": True}).one_or_none()


def change_draft_row(session: Session, row: RuleDraftRow, values: Mapping[str, object]) -> bool:
    """Change a draft if it still has the state and the documents of `row`; False where it was changed meanwhile."""
    changed = (
        update(RuleDraftRow)
        .where(RuleDraftRow.draft_id == row.draft_id)
        .where(RuleDraftRow.state == row.state, RuleDraftRow.digest == row.digest)
        .values(**values)
        .returning(RuleDraftRow)
    )
    return session.scalars(changed, execution_options={"populate_existing": True}).one_or_none() is not None


def list_draft_rows(session: Session, *, before: UUID | None, limit: int) -> Sequence[RuleDraftRow]:
    """List at most `limit` drafts, newest first; only those before one, if given."""
    statement = select(RuleDraftRow).order_by(RuleDraftRow.draft_id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(RuleDraftRow.draft_id < before)
    return session.scalars(statement).all()


def append_row(session: Session, row: _Numbered, number: InstrumentedAttribute[int]) -> _Numbered:
    """Append a row to what its draft has of the kind, as its next number; whoever appends holds the draft."""
    table = type(row)
    latest = session.scalar(select(func.max(number)).where(table.draft_id == row.draft_id))
    setattr(row, number.key, (latest or 0) + 1)
    session.add(row)
    session.flush()
    return row


def find_revision_row(session: Session, draft_id: UUID, revision_no: int) -> RuleRevisionRow | None:
    """Find a revision of a draft."""
    return session.get(RuleRevisionRow, (draft_id, revision_no))


def list_authors(session: Session, draft_id: UUID) -> Sequence[tuple[str, str | None]]:
    """List who wrote any revision of a draft, and which clerk acted."""
    found = select(RuleRevisionRow.author, RuleRevisionRow.acting).where(RuleRevisionRow.draft_id == draft_id)
    return [(author, acting) for author, acting in session.execute(found.distinct())]


def find_last_check(session: Session, draft_id: UUID) -> RuleCheckRow | None:
    """Find the latest check of a draft."""
    wanted = select(RuleCheckRow).where(RuleCheckRow.draft_id == draft_id)
    return session.scalars(wanted.order_by(RuleCheckRow.check_no.desc()).limit(1)).one_or_none()


def find_last_impact(session: Session, draft_id: UUID, *, attached: bool) -> RuleImpactRow | None:
    """Find the latest impact of a draft; unless it must be an attached one, perhaps the reason why there is none."""
    wanted = select(RuleImpactRow).where(RuleImpactRow.draft_id == draft_id)
    if attached:
        wanted = wanted.where(RuleImpactRow.fault.is_(None))
    return session.scalars(wanted.order_by(RuleImpactRow.impact_no.desc()).limit(1)).one_or_none()


def find_event_row(session: Session, draft_id: UUID, event_no: int) -> RuleEventRow | None:
    """Find an event of a draft by its number."""
    return session.get(RuleEventRow, (draft_id, event_no))


def list_event_rows(session: Session, draft_id: UUID, *, limit: int) -> Sequence[RuleEventRow]:
    """List the latest events of a draft, the earliest of them first."""
    wanted = select(RuleEventRow).where(RuleEventRow.draft_id == draft_id)
    rows = session.scalars(wanted.order_by(RuleEventRow.event_no.desc()).limit(limit)).all()
    return rows[::-1]


def find_last_event(session: Session, draft_id: UUID, events: Sequence[str]) -> RuleEventRow | None:
    """Find the latest event of some sorts of a draft."""
    wanted = select(RuleEventRow).where(RuleEventRow.draft_id == draft_id, RuleEventRow.event.in_(events))
    return session.scalars(wanted.order_by(RuleEventRow.event_no.desc()).limit(1)).one_or_none()
