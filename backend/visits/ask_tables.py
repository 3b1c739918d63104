"""What merchants have just asked about visitors, so that the same asked twice is answered once: rows and queries."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Index, delete, or_, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.benefits.nobody import NOBODY
from backend.benefits.verification_tables import VerificationRow
from backend.benefits.visitor_tables import VisitorEntitlementRow
from backend.grants.grant import GrantState
from backend.grants.tables import GrantRow
from backend.storage.chains import table_of
from backend.storage.inserts import insert_into
from backend.storage.tables import Row
from backend.visits.tables import HomeQuestionRow

# Longer than a double click, and than a till that asks again; shorter than it takes a visitor to consent at home.
SAME_FOR = timedelta(seconds=5)
_UNDONE = (GrantState.CANCELLED, GrantState.EXPIRED)


class VisitorAskRow(Row):
    """The order under which a merchant has last asked one thing: visitor, scenario and amount, by their digest.

    It counts for `SAME_FOR`, and goes at the next `shangding purge`.
    """

    __tablename__ = "visitor_ask"
    __table_args__ = (Index(None, "begun_at"),)

    merchant: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    order_no: Mapped[str]
    begun_at: Mapped[datetime]


class JustAsked(NamedTuple):
    """The order of whoever asked the same a moment ago; `is_undone`: what it was given was given or brought back."""

    order_no: str
    is_undone: bool


def find_ask(session: Session, merchant: str, digests: Collection[bytes], *, now: datetime) -> JustAsked | None:
    """Find under which order a merchant asks the same just now, or asked it a moment ago; `digests` as of an order."""
    ask, given, grant = VisitorAskRow, VerificationRow, GrantRow
    wanted = (
        select(ask.order_no, or_(grant.state.in_(_UNDONE), _is_used_up()))
        .outerjoin(given, (given.merchant == ask.merchant) & (given.order_no == ask.order_no))
        .outerjoin(grant, grant.grant_id == given.grant_id)
        .where(ask.merchant == merchant, ask.digest.in_(digests))
        .where(ask.begun_at > now - SAME_FOR, ask.begun_at < now + SAME_FOR)  # a clock set back must not make it last
        .limit(1)
    )
    found = session.execute(wanted).first()
    return None if found is None else JustAsked(found[0], bool(found[1]))


def _is_used_up() -> ColumnElement[bool]:
    """Tell whether what is held was begun and brought back; what is never held is complete when it is given."""
    return (GrantRow.state == GrantState.COMPLETED) & GrantRow.started_at.is_not(None)


def begin_ask(session: Session, merchant: str, digest: bytes, order_no: str, *, now: datetime) -> bool:
    """Note that a merchant asks something; False where it just has, also in a call at the same time."""
    row = VisitorAskRow
    is_over = or_(row.begun_at <= now - SAME_FOR, row.begun_at >= now + SAME_FOR)
    begun = (
        insert_into(session, row)
        .values(merchant=merchant, digest=digest, order_no=order_no, begun_at=now)
        .on_conflict_do_update(
            index_elements=["merchant", "digest"], set_={"order_no": order_no, "begun_at": now}, where=is_over
        )
        .returning(row.order_no)
    )
    return bool(session.scalars(begun).all())


def leave_ask(session: Session, merchant: str, digests: Collection[bytes], order_no: str) -> None:
    """Let the same be asked again at once: what was asked under this order comes to nothing; `digests` as of it."""
    row = VisitorAskRow
    mine = delete(row).where(row.merchant == merchant, row.digest.in_(digests), row.order_no == order_no)
    session.execute(mine.execution_options(synchronize_session=False))


def find_outcome(session: Session, merchant: str, order_no: str) -> Mapping[str, Any] | None:
    """Find all that is kept of an order of a merchant, by column; None while it is not answered."""
    table = table_of(VerificationRow)
    wanted = select(table).where(table.c.merchant == merchant, table.c.order_no == order_no)
    found = session.execute(wanted).mappings().one_or_none()
    return None if found is None else dict(found)


def purge_asks(session: Session, now: datetime, *, limit: int) -> int:
    """Forget what was asked more than a moment ago, at most `limit`; gives how many."""
    row = VisitorAskRow
    keys = (row.merchant, row.digest)
    old = select(*keys).where(row.begun_at <= now - SAME_FOR).limit(limit)
    return len(session.scalars(delete(row).where(tuple_(*keys).in_(old)).returning(row.order_no)).all())


def forget_of_nobody(session: Session, question_id: UUID) -> None:
    """Delete what was written by a question of the stand-in for whoever is not known or not entitled."""
    for row in (VisitorEntitlementRow, HomeQuestionRow):
        mine = delete(row).where(row.subject_id == NOBODY, row.question_id == question_id)
        session.execute(mine.execution_options(synchronize_session=False))
