"""Shadow runs of candidates beside the rules in force: rows and their named queries.

A run is started and stopped; the figures of each day are never changed, triggers refuse it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.governance.tables import RuleDraftRow
from backend.storage.inserts import insert_into
from backend.storage.tables import Row

_RUNNING = text("stopped_at IS NULL")


class ShadowRunRow(Row):
    """A run of the documents of a digest, numbered from 1 within its draft; one of a draft runs at a time."""

    __tablename__ = "shadow_run"
    __table_args__ = (
        ForeignKeyConstraint(["draft_id"], ["rule_draft.draft_id"]),
        CheckConstraint("run_no >= 1", name="run_no"),
        CheckConstraint("(stopped_at IS NULL) = (stopped_by IS NULL)", name="stopped"),
        Index("uq_shadow_run_running", "draft_id", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    )

    draft_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str]
    started_by: Mapped[str]
    started_at: Mapped[datetime]
    stopped_by: Mapped[str | None]
    stopped_at: Mapped[datetime | None]


class ShadowDayRow(Row):
    """What a candidate would have made of the city on a day, against the edition `beside` in force; append-only."""

    __tablename__ = "shadow_day"
    __table_args__ = (ForeignKeyConstraint(["draft_id", "run_no"], ["shadow_run.draft_id", "shadow_run.run_no"]),)

    draft_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    as_of: Mapped[date] = mapped_column(primary_key=True)
    beside: Mapped[str | None]
    files_digest: Mapped[str]
    figures: Mapped[dict[str, Any]]
    measured_at: Mapped[datetime]


def add_run_row(session: Session, draft_id: UUID, *, digest: str, by: str, now: datetime) -> ShadowRunRow:
    """Start a run as the next one of its draft; whoever starts one holds the draft, and none is running."""
    latest = session.scalar(select(func.max(ShadowRunRow.run_no)).where(ShadowRunRow.draft_id == draft_id)) or 0
    row = ShadowRunRow(draft_id=draft_id, run_no=latest + 1, digest=digest, started_by=by, started_at=now)
    session.add(row)
    session.flush()
    return row


def find_run_row(session: Session, draft_id: UUID) -> ShadowRunRow | None:
    """Find the latest run of a draft, running or stopped."""
    wanted = select(ShadowRunRow).where(ShadowRunRow.draft_id == draft_id).order_by(ShadowRunRow.run_no.desc()).limit(1)
    return session.scalars(wanted).one_or_none()


def list_running(session: Session) -> Sequence[tuple[ShadowRunRow, RuleDraftRow]]:
    """List the runs that go on, with their drafts; of a draft that was revised since, its run has nothing to say."""
    wanted = (
        select(ShadowRunRow, RuleDraftRow)
        .join(RuleDraftRow, RuleDraftRow.draft_id == ShadowRunRow.draft_id)
        .where(ShadowRunRow.stopped_at.is_(None), ShadowRunRow.digest == RuleDraftRow.digest)
        .order_by(ShadowRunRow.draft_id)
    )
    return [(run, draft) for run, draft in session.execute(wanted)]


def has_day_row(session: Session, run: ShadowRunRow, as_of: date) -> bool:
    """Tell whether a run has its figures of a day."""
    return session.get(ShadowDayRow, (run.draft_id, run.run_no, as_of)) is not None


def add_day_row(session: Session, values: dict[str, Any]) -> bool:
    """Add the figures of a day; False where they are there already."""
    statement = insert_into(session, ShadowDayRow).values(values).on_conflict_do_nothing()
    return session.scalars(statement.returning(ShadowDayRow.as_of)).one_or_none() is not None


def list_day_rows(session: Session, run: ShadowRunRow, *, limit: int) -> Sequence[ShadowDayRow]:
    """List the latest days of a run, the earliest of them first."""
    wanted = select(ShadowDayRow).where(ShadowDayRow.draft_id == run.draft_id, ShadowDayRow.run_no == run.run_no)
    return session.scalars(wanted.order_by(ShadowDayRow.as_of.desc()).limit(limit)).all()[::-1]
