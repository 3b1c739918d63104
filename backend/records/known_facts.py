"""What is known already about the facts of many rows: reports, what was said in them, and rows in quarantine."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.records.ledger import REPORTED, Report, read_content
from backend.records.quarantine_tables import OPEN, QuarantinedRow
from backend.records.receipts import Quarantine
from backend.records.tables import LedgerEntryRow
from backend.storage.bulk import is_one_of
from scoring.records import EventKind


class FactKey(NamedTuple):
    """What one department knows a fact by."""

    subject_id: UUID
    indicator: str
    source_key: str


@dataclass(slots=True)
class KnownFact:
    """A fact in the ledger, and everything that its department ever said of it."""

    record_id: UUID
    reports: list[Report] = field(default_factory=list, repr=False)


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
    said = _list_said(session, [fact.record_id for fact in facts.values()])
    for fact in facts.values():
        fact.reports += said[fact.record_id]
    return facts


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


def _list_said(session: Session, record_ids: Sequence[UUID]) -> Mapping[UUID, list[Report]]:
    said: dict[UUID, list[Report]] = defaultdict(list)
    if not record_ids:
        return said
    statement = select(LedgerEntryRow.record_id, LedgerEntryRow.content).where(
        is_one_of(session, [LedgerEntryRow.record_id], [(record_id,) for record_id in record_ids]),
        LedgerEntryRow.kind.in_([REPORTED, EventKind.CORRECTED.value]),
    )
    for record_id, content in session.execute(statement):
        said[record_id].append(read_content(content))
    return said
