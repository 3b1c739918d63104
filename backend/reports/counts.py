"""What departments handed in, counted in the database: a million rows come back as a few hundred counts.

Days are city days. Whatever needs the calendar of working days is done over the distinct pairs of days.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, String, case, cast, func, literal_column, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.records.file_tables import FileRow
from backend.records.quarantine_tables import QuarantinedRow
from backend.records.tables import BatchRow, LedgerEntryRow, ReceiptRow
from backend.reports.tables import SampleFindingRow, SampleMemberRow, SampleRow, is_unread
from scoring.days import end_of

ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days of receipt from `first_on` to `last_on`, both included, of one department or indicator if named."""

    first_on: date
    last_on: date
    department: str | None = None
    indicator: str | None = None

    @property
    def since(self) -> datetime:
        """The moment at which the first day begins."""
        return end_of(self.first_on - timedelta(days=1)) + timedelta(microseconds=1)

    @property
    def before(self) -> datetime:
        """The moment at which the last day is over."""
        return end_of(self.last_on) + timedelta(microseconds=1)


class ReceiptCount(NamedTuple):
    """Rows of one fate; only accepted ones tell `occurred_on`, and `items_given` over all `rows_with_items`.

    A batch is checked while it is received. A file is read later: its rows count as checked on the day on which it
    ended, and `checked_on` is None until then, or where its reading failed and will go on.
    """

    department: str
    indicator: str | None
    outcome: str
    code: str | None
    occurred_on: date | None
    received_on: date
    checked_on: date | None
    rows: int
    items_given: int
    rows_with_items: int


class ChangeCount(NamedTuple):
    """How many of the accepted rows were later changed in one way, however often."""

    department: str
    indicator: str | None
    kind: str
    records: int


class QuarantineCount(NamedTuple):
    """Rows in quarantine by the days of receipt and decision; None while nobody has decided."""

    department: str
    indicator: str | None
    received_on: date
    decided_on: date | None
    rows: int


class Inspected(NamedTuple):
    """The latest word about an inspected record, from whichever sample."""

    department: str
    indicator: str | None
    record_id: UUID
    finding: str


def count_receipts(session: Session, span: Span) -> Iterator[ReceiptCount]:
    """Count the rows received in a span by what became of them."""
    accepted = ReceiptRow.outcome == ACCEPTED
    received_on = _city_day(session, BatchRow.received_at)
    checked_on = case(
        (FileRow.file_id.is_(None), received_on),
        (is_unread(), None),
        else_=_city_day(session, FileRow.ended_at),
    )
    rows = _narrow(
        select(
            BatchRow.department.label("department"),
            ReceiptRow.indicator.label("indicator"),
            ReceiptRow.outcome.label("outcome"),
            ReceiptRow.code.label("code"),
            case((accepted, ReceiptRow.occurred_on)).label("happened_on"),
            received_on.label("arrived_on"),
            checked_on.label("checked_on"),
            case((accepted, ReceiptRow.items_given)).label("items"),
        )
        .join(BatchRow, BatchRow.batch_id == ReceiptRow.batch_id)
        .outerjoin(FileRow, FileRow.file_id == BatchRow.batch_id),
        span,
    ).subquery()
    keys = [column for column in rows.c if column.name != "items"]
    items = rows.c["items"]
    statement: Select[*tuple[Any, ...]] = select(*keys, func.count(), func.sum(items), func.count(items))
    statement = statement.group_by(*keys)
    for row in session.execute(statement):
        counted = ReceiptCount(*row)
        yield counted._replace(items_given=int(counted.items_given or 0))  # no items at all sum up to NULL


def count_changes(session: Session, span: Span, kinds: tuple[str, ...]) -> Iterator[ChangeCount]:
    """Count the rows accepted in a span that were changed since, by the kind of change; each record once a kind."""
    statement = _narrow(
        select(
            BatchRow.department,
            ReceiptRow.indicator,
            LedgerEntryRow.kind,
            func.count(LedgerEntryRow.record_id.distinct()),
        )
        .join(BatchRow, BatchRow.batch_id == ReceiptRow.batch_id)
        .join(LedgerEntryRow, LedgerEntryRow.record_id == ReceiptRow.record_id)
        .where(ReceiptRow.outcome == ACCEPTED, LedgerEntryRow.kind.in_(kinds), LedgerEntryRow.known_at >= span.since)
        .group_by(BatchRow.department, ReceiptRow.indicator, LedgerEntryRow.kind),
        span,
    )
    return (ChangeCount(*row) for row in session.execute(statement))


def count_quarantined(session: Session, span: Span) -> Iterator[QuarantineCount]:
    """Count the rows received in a span that went to quarantine, by the day on which somebody decided."""
    rows = _narrow(
        select(
            BatchRow.department.label("department"),
            ReceiptRow.indicator.label("indicator"),
            _city_day(session, BatchRow.received_at).label("arrived_on"),
            _city_day(session, QuarantinedRow.decided_at).label("decided_on"),
        )
        .join(
            QuarantinedRow,
            (QuarantinedRow.batch_id == ReceiptRow.batch_id) & (QuarantinedRow.row_no == ReceiptRow.row_no),
        )
        .join(BatchRow, BatchRow.batch_id == ReceiptRow.batch_id)
        .where(QuarantinedRow.part == "row"),
        span,
    ).subquery()
    statement: Select[*tuple[Any, ...]] = select(*rows.c, func.count()).group_by(*rows.c)
    return (QuarantineCount(*row) for row in session.execute(statement))


def list_inspected(session: Session, span: Span) -> Iterator[Inspected]:
    """List the records received in a span about which something was found, the earlier findings before the later."""
    statement = (
        select(SampleRow.department, SampleMemberRow.indicator, SampleMemberRow.record_id, SampleFindingRow.finding)
        .join(SampleMemberRow, SampleMemberRow.sample_id == SampleRow.sample_id)
        .join(
            SampleFindingRow,
            (SampleFindingRow.sample_id == SampleMemberRow.sample_id)
            & (SampleFindingRow.record_id == SampleMemberRow.record_id),
        )
        .where(SampleMemberRow.received_at >= span.since, SampleMemberRow.received_at < span.before)
        .order_by(SampleFindingRow.found_at, SampleFindingRow.finding_no)
    )
    if span.department is not None:
        statement = statement.where(SampleRow.department == span.department)
    if span.indicator is not None:
        statement = statement.where(SampleMemberRow.indicator == span.indicator)
    return (Inspected(*row) for row in session.execute(statement))


def _narrow(statement: Select[*tuple[Any, ...]], span: Span) -> Select[*tuple[Any, ...]]:
    statement = statement.where(BatchRow.received_at >= span.since, BatchRow.received_at < span.before)
    if span.department is not None:
        statement = statement.where(BatchRow.department == span.department)
    if span.indicator is not None:
        statement = statement.where(ReceiptRow.indicator == span.indicator)
    return statement


def _city_day(session: Session, moment: InstrumentedAttribute[Any]) -> ColumnElement[date]:
    """The city day of a column of moments; constants stand in the text, or GROUP BY would not know it again."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.timezone(literal_column("'Asia/Shanghai'"), moment), Date)
    return type_coerce(func.date(type_coerce(moment, String), literal_column("'+8 hours'")), Date)
