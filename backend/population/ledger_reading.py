"""What an export reads: persons with their accounts, sealed identity numbers, and what is new in their ledgers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Text, and_, cast, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.people.identity_numbers import SubjectKind
from backend.people.tables import EnrolmentRow, SubjectRow
from backend.records.ledger import REPORTED
from backend.records.tables import LedgerEntryRow
from backend.storage.bulk import is_one_of
from backend.storage.portions import order_after

BEFORE_ALL = UUID(int=0)
_AT_ONCE = 5000  # keys of one question: SQLite takes 32,766 values


class Account(NamedTuple):
    """A natural person: how many entries the ledger has, and since when the account is open that is scored, if any."""

    subject_id: UUID
    facts_version: int
    opened_at: datetime | None


class Entry(NamedTuple):
    """An entry of the ledger; days and items are as they lie in its content, None where it has none."""

    subject_id: UUID
    ledger_no: int
    kind: str
    record_id: UUID
    known_at: datetime
    indicator: str
    occurred_on: str | None
    ended_on: str | None
    act: str | None
    items: str | None

    @property
    def place(self) -> tuple[UUID, UUID]:
        """The subject and the record that the entry is about."""
        return self.subject_id, self.record_id

    @property
    def is_word(self) -> bool:
        """Whether this is a later word about a record, and not its report."""
        return self.kind != REPORTED


_ACCOUNTS = (
    select(SubjectRow.subject_id, SubjectRow.facts_version, EnrolmentRow.opened_at)
    # As `find_standing` has it: a doubt outranks an enrolment, and at most one enrolment is open, the newest.
    .outerjoin(
        EnrolmentRow,
        and_(
            EnrolmentRow.subject_id == SubjectRow.subject_id,
            EnrolmentRow.closed_at.is_(None),
            SubjectRow.in_doubt.is_(False),
        ),
    )
    .where(SubjectRow.kind == SubjectKind.NATURAL_PERSON)
)
_ENTRY_COLUMNS: tuple[Any, ...] = (
    LedgerEntryRow.subject_id,
    LedgerEntryRow.ledger_no,
    LedgerEntryRow.kind,
    LedgerEntryRow.record_id,
    LedgerEntryRow.known_at,
    LedgerEntryRow.indicator,
    *(LedgerEntryRow.content[name].as_string() for name in ("occurred_on", "ended_on", "act")),
    cast(LedgerEntryRow.content["fields"], Text),
)


def read_accounts(session: Session, after: UUID, *, size: int) -> Sequence[Account]:
    """Read the `size` natural persons after one, in the order of their ids."""
    rows = session.execute(order_after(_ACCOUNTS, [SubjectRow.subject_id], (after,)).limit(size))
    return [Account(*row) for row in rows]


def read_sealed_identities(session: Session, subject_ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """Read the sealed identity numbers of subjects."""
    found: dict[UUID, bytes] = {}
    wanted = select(SubjectRow.subject_id, SubjectRow.identity_sealed)
    for keys in _take_in_turn((each,) for each in subject_ids):
        rows = session.execute(wanted.where(is_one_of(session, [SubjectRow.subject_id], keys)))
        found.update((row.subject_id, row.identity_sealed) for row in rows)
    return found


def read_new_entries(session: Session, wanted: Mapping[UUID, tuple[int, int]]) -> Iterator[Entry]:
    """Read of each subject the entries after the first number given with it, up to the second; in no order.

    Numbers have no gaps, so those of a subject of which some are known are asked for one by one, by their key.
    """
    whole = [(subject_id,) for subject_id, (known, last) in wanted.items() if known == 0 < last]
    rest = [(each, no) for each, (known, last) in wanted.items() if known for no in range(known + 1, last + 1)]
    asked: tuple[tuple[list[InstrumentedAttribute[Any]], Sequence[tuple[Any, ...]]], ...] = (
        ([LedgerEntryRow.subject_id], whole),
        ([LedgerEntryRow.subject_id, LedgerEntryRow.ledger_no], rest),
    )
    for key, values in asked:
        for keys in _take_in_turn(values):
            for row in session.execute(select(*_ENTRY_COLUMNS).where(is_one_of(session, key, keys))):
                yield Entry(*row)


def find_report_numbers(session: Session, records: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], int]:
    """Find the ledger number of the report of each record, given with its subject."""
    found: dict[tuple[UUID, UUID], int] = {}
    key = [LedgerEntryRow.subject_id, LedgerEntryRow.record_id]
    for keys in _take_in_turn(records):
        rows = session.execute(
            select(*key, LedgerEntryRow.ledger_no).where(is_one_of(session, key, keys), LedgerEntryRow.kind == REPORTED)
        )
        found.update(((row.subject_id, row.record_id), row.ledger_no) for row in rows)
    return found


def _take_in_turn(keys: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    rest = iter(keys)
    while portion := list(islice(rest, _AT_ONCE)):
        yield portion
