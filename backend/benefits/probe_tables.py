"""How often merchants miss, counted in windows of ten minutes: rows and their named queries."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, case, delete, func, or_, select, text, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.grants.grant import GrantState
from backend.grants.tables import GrantRow
from backend.storage.inserts import insert_into
from backend.storage.tables import Row

# Long enough for any ask to be taken off its window; those in which somebody was slowed down are for stewards to see.
KEPT_FOR, SLOWED_KEPT_FOR = timedelta(days=2), timedelta(days=366)


class ProbeWindowRow(Row):
    """How often a merchant missed in ten minutes, by what it missed; `slowed_at` is when it was first slowed down."""

    __tablename__ = "probe_window"
    __table_args__ = (
        CheckConstraint("miss IN ('not_granted', 'code_unusable', 'unconfirmed_ask')", name="miss"),
        CheckConstraint("misses >= 0", name="misses"),
        Index(
            "ix_probe_window_slowed_at",
            "slowed_at",
            sqlite_where=text("slowed_at IS NOT NULL"),
            postgresql_where=text("slowed_at IS NOT NULL"),
        ),
    )

    merchant: Mapped[str] = mapped_column(ForeignKey("merchant.code"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    miss: Mapped[str] = mapped_column(primary_key=True)
    misses: Mapped[int]
    slowed_at: Mapped[datetime | None]


def count_miss(session: Session, merchant: str, miss: str, starts_at: datetime, *, by: int = 1) -> None:
    """Count a miss of a merchant in the window that begins at a moment; -1 takes one back."""
    values = {"merchant": merchant, "starts_at": starts_at, "miss": miss, "misses": max(by, 0)}
    counted = ProbeWindowRow.misses + by
    session.execute(
        insert_into(session, ProbeWindowRow)
        .values(values)
        .on_conflict_do_update(
            index_elements=["merchant", "starts_at", "miss"], set_={"misses": case((counted < 0, 0), else_=counted)}
        )
    )


def find_misses(session: Session, merchant: str, starts_at: datetime) -> dict[str, int]:
    """Find how often a merchant has missed in a window, by what it missed."""
    wanted = (ProbeWindowRow.merchant == merchant, ProbeWindowRow.starts_at == starts_at)
    rows = session.execute(select(ProbeWindowRow.miss, ProbeWindowRow.misses).where(*wanted))
    return {miss: misses for miss, misses in rows}  # noqa: C416 - rows are no pairs for the type checker


def count_served(session: Session, merchant: str, since: datetime) -> int:
    """Count the persons whom a merchant has given something since a moment, each once, and not what came to nothing.

    So one accomplice who reserves and cancels, or comes again and again, is one person at most.
    """
    came_to_something = GrantRow.state.not_in([GrantState.CANCELLED, GrantState.EXPIRED])
    wanted = (GrantRow.merchant == merchant, GrantRow.granted_at >= since, came_to_something)
    return session.scalar(select(func.count(GrantRow.subject_id.distinct())).where(*wanted)) or 0


def note_slowed(session: Session, merchant: str, miss: str, starts_at: datetime, *, now: datetime) -> None:
    """Note when a merchant was first slowed down in a window."""
    wanted = (
        ProbeWindowRow.merchant == merchant,
        ProbeWindowRow.starts_at == starts_at,
        ProbeWindowRow.miss == miss,
        ProbeWindowRow.slowed_at.is_(None),
    )
    session.execute(
        update(ProbeWindowRow).where(*wanted).values(slowed_at=now).execution_options(synchronize_session=False)
    )


def list_slowed(session: Session, *, limit: int) -> Sequence[ProbeWindowRow]:
    """List at most `limit` windows in which merchants were slowed down, the newest first."""
    statement = select(ProbeWindowRow).where(ProbeWindowRow.slowed_at.is_not(None))
    return session.scalars(statement.order_by(ProbeWindowRow.slowed_at.desc()).limit(limit)).all()


def purge_windows(session: Session, now: datetime, *, limit: int) -> int:
    """Forget windows of two days ago, and after a year those in which a merchant was slowed down; gives how many."""
    row = ProbeWindowRow
    keys = (row.merchant, row.starts_at, row.miss)
    quiet = row.slowed_at.is_(None) & (row.starts_at <= now - KEPT_FOR)
    old = select(*keys).where(or_(quiet, row.starts_at <= now - SLOWED_KEPT_FOR)).limit(limit)
    return len(session.scalars(delete(row).where(tuple_(*keys).in_(old)).returning(row.merchant)).all())
