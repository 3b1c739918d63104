"""What is known already about the facts of many rows: reports, what was said in them, and rows in quarantine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from backend.records.derived import CLOSING
from backend.records.ledger import REPORTED, Report, read_content
from backend.records.quarantine_tables import OPEN, QuarantinedRow
from backend.records.receipts import Quarantine
from backend.records.tables import LedgerEntryRow
from backend.storage.bulk import is_one_of
from scoring.records import EventKind

_SAYING = (REPORTED, EventKind.CORRECTED.value)


class FactKey(NamedTuple):
    """What one department knows a fact by."""

    subject_id: UUID
    indicator: str
    source_key: str


@dataclass(slots=True)
class KnownFact:
    """A fact in the ledger, and everything that its department ever said of it, the latest last.

    `reached` are the subjects of the records that derive from it and are not withdrawn.
    """

    record_id: UUID
    reports: list[Report] = field(default_factory=list, repr=False)
    is_open: bool = True
    reached: set[UUID] = field(default_factory=set)

    def may_reach(self, subject_id: UUID) -> bool:
        """Tell whether the record stands, and reaches nobody else: one record reaches one representative."""
        return self.is_open and self.reached <= {subject_id}

    def says_now(self, report: Report) -> bool:
        """Tell whether just this is what its department says of it today."""
        return self.reports[-1] == report


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A row in quarantine about a fact, with what it says."""

    quarantine_id: UUID
    content_sealed: bytes = field(repr=False)


def find_facts(session: Session, department: str, keys: Sequence[FactKey]) -> dict[FactKey, KnownFact]:
    """Find the facts that a department reported under these keys."""
    if not keys:
        return {}
    columns = [LedgerEntryRow.subject_id, LedgerEntryRow.indicator, LedgerEntryRow.source_key]
    statement = select(*columns, LedgerEntryRow.record_id).where(
        LedgerEntryRow.department == department, is_one_of(session, columns, keys)
    )
    facts = {FactKey(*key): KnownFact(record_id) for *key, record_id in session.execute(statement)}
    _put_history(session, list(facts.values()))
    return facts


def find_fact(session: Session, record_id: UUID) -> KnownFact:
    """Find what is known of a record that is there."""
    fact = KnownFact(record_id)
    _put_history(session, [fact])
    return fact


def find_waiting(session: Session, department: str, subject_ids: Sequence[UUID]) -> dict[FactKey, WaitingRow]:
    """Find the rows of a department about these subjects that are in quarantine now."""
    if not subject_ids:
        return {}
    columns = (QuarantinedRow.subject_id, QuarantinedRow.indicator, QuarantinedRow.source_key)
    statement = select(*columns, QuarantinedRow.quarantine_id, QuarantinedRow.content_sealed).where(
        QuarantinedRow.department == department,
        QuarantinedRow.state == OPEN,
        is_one_of(session, [QuarantinedRow.subject_id], [(subject_id,) for subject_id in subject_ids]),
    )
    return {FactKey(*row[:3]): WaitingRow(*row[3:]) for row in session.execute(statement)}


def find_quarantines(session: Session, quarantine_ids: Sequence[UUID]) -> dict[UUID, Quarantine]:
    """Find what has become of rows in quarantine."""
    if not quarantine_ids:
        return {}
    row = QuarantinedRow
    statement = select(row.quarantine_id, row.state, row.decided_at, row.record_id).where(
        is_one_of(session, [row.quarantine_id], [(quarantine_id,) for quarantine_id in quarantine_ids])
    )
    return {found.quarantine_id: Quarantine(*found) for found in session.execute(statement)}


def find_latest_moments(session: Session, versions: Mapping[UUID, int]) -> dict[UUID, datetime]:
    """Find the moment of the last entry of each subject, given the facts versions, which are the numbers of these."""
    numbered = [item for item in versions.items() if item[1] > 0]
    if not numbered:
        return {}
    statement = select(LedgerEntryRow.subject_id, LedgerEntryRow.known_at).where(
        is_one_of(session, [LedgerEntryRow.subject_id, LedgerEntryRow.ledger_no], numbered)
    )
    return {row.subject_id: row.known_at for row in session.execute(statement)}


def _put_history(session: Session, facts: Sequence[KnownFact]) -> None:
    """Put into facts what was said of them, whether they are open, and whom they reach."""
    by_record = {fact.record_id: fact for fact in facts}
    if not by_record:
        return
    keys = [(record_id,) for record_id in by_record]
    entry = LedgerEntryRow
    statement = (
        select(entry.record_id, entry.kind, entry.content)
        .where(is_one_of(session, [entry.record_id], keys), entry.kind.in_([*_SAYING, *CLOSING]))
        .order_by(entry.subject_id, entry.ledger_no)
    )
    for record_id, kind, content in session.execute(statement):
        if kind in CLOSING:
            by_record[record_id].is_open = False
        else:
            by_record[record_id].reports.append(read_content(content))
    withdrawal = aliased(LedgerEntryRow)
    withdrawn = select(withdrawal.record_id).where(
        withdrawal.record_id == entry.record_id, withdrawal.kind == EventKind.WITHDRAWN.value
    )
    derived = select(entry.derived_from, entry.subject_id).where(
        is_one_of(session, [entry.derived_from], keys), ~withdrawn.exists()
    )
    for origin, subject_id in session.execute(derived):
        if origin is not None:
            by_record[origin].reached.add(subject_id)
