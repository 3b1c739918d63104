"""Samples for inspection: some of what a department handed in, held against its files by an operator.

Whoever doubts a draw can repeat it. The population is every row of the department (and indicator) accepted on the
city days named. It stays what it was: these days are over, every file received in them is read to its end before
anything is drawn, and receipts never change. Each record is marked with the
SHA-256 of the text `seed:record_id`; the records with the smallest marks, in that order, are the sample.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.entries import Purpose, record_look
from backend.principals import Principal
from backend.records.looks import HandedInRecord, show_record
from backend.records.tables import list_entries_of_record
from backend.reports.counts import Span
from backend.reports.tables import (
    Drawable,
    SampleFindingRow,
    SampleMemberRow,
    SampleRow,
    add_sample,
    append_finding,
    count_unread_files,
    find_member,
    find_sample,
    iterate_drawable,
    list_findings,
    list_members,
)
from backend.storage.identifiers import new_id
from backend.web.problems import ProblemCode, Refusal


class Finding(StrEnum):
    """What an inspection can find: the record agrees with its document, differs from it, or there is no document."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NO_DOCUMENT = "no_document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What is to be drawn, by whom and why; `span` names a department. `seed` decides which records it will be."""

    span: Span
    size: int
    reason: str
    operator: str
    seed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOut:
    """What was found about a member, the latest word."""

    record_id: UUID
    finding: Finding
    note: str | None = field(repr=False)
    found_by: str
    found_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A record of a sample, counted from 1 in the order of the draw; `found` is None while nobody has looked."""

    member_no: int
    record_id: UUID
    indicator: str | None
    found: FoundOut | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sample with its members; `population` tells how many records it was drawn from."""

    sample_id: UUID
    department: str
    indicator: str | None
    first_on: date
    last_on: date
    size: int
    population: int
    seed: str
    reason: str
    drawn_by: str
    drawn_at: datetime
    members: tuple[Member, ...]


def mark_record(seed: str, record_id: UUID) -> str:
    """Give the mark by which a record is drawn: 64 hexadecimal digits."""
    return sha256(f"{seed}:{record_id}".encode()).hexdigest()


def draw_sample(session: Session, draw: Draw, *, now: datetime) -> Sample | Refusal:
    """Draw a sample and keep it; refuses where nothing was accepted in these days. The days must be over.

    Refuses too while a file received in these days is not read to its end: its rows would join the population later.
    """
    span = draw.span
    if span.department is None:
        raise ValueError("a sample is drawn from one department; name it")
    unread = count_unread_files(session, department=span.department, since=span.since, before=span.before)
    if unread:
        return Refusal(ProblemCode.FILES_UNREAD, {"files": unread})
    drawable = iterate_drawable(
        session, department=span.department, indicator=span.indicator, since=span.since, before=span.before
    )
    drawn, population = _draw(drawable, draw.seed, draw.size)
    if not drawn:
        return Refusal(ProblemCode.NOTHING_TO_SAMPLE)
    row = SampleRow(
        sample_id=new_id(now),
        department=span.department,
        indicator=span.indicator,
        from_on=span.first_on,
        to_on=span.last_on,
        size=draw.size,
        population=population,
        seed=draw.seed,
        reason=draw.reason,
        drawn_by=draw.operator,
        drawn_at=now,
    )
    members = [
        SampleMemberRow(sample_id=row.sample_id, member_no=member_no, **each._asdict())
        for member_no, each in enumerate(drawn, start=1)
    ]
    add_sample(session, row, members)
    return _show(row, members, [])


def read_sample(session: Session, sample_id: UUID) -> Sample | Refusal:
    """Read a sample with what was found so far."""
    row = find_sample(session, sample_id)
    if row is None:
        return Refusal(ProblemCode.SAMPLE_NOT_FOUND)
    return _show(row, list_members(session, sample_id), list_findings(session, sample_id))


def look_at_member(
    session: Session, sample_id: UUID, record_id: UUID, *, principal: Principal, now: datetime
) -> HandedInRecord | Refusal:
    """Show a record of a sample to an operator, and note the look, with the sample as its case, for the person."""
    refusal = _find_absence(session, sample_id, record_id)
    if refusal is not None:
        return refusal
    entries = list_entries_of_record(session, record_id)
    if not entries:
        raise LookupError(f"record {record_id} of sample {sample_id} is not in the ledger")
    record_look(
        session,
        subject_id=entries[0].subject_id,
        principal=principal,
        purpose=Purpose.DATA_CHECK,
        answered={"kind": "record", "record_id": str(record_id), "indicator": entries[0].indicator},
        case_no=str(sample_id),
        now=now,
    )
    return show_record(entries)


def note_finding(session: Session, sample_id: UUID, found: FoundOut) -> FoundOut | Refusal:
    """Note what was found about a record of a sample; it takes the place of what was found before, which stays."""
    refusal = _find_absence(session, sample_id, found.record_id)
    if refusal is not None:
        return refusal
    row = SampleFindingRow(
        sample_id=sample_id,
        record_id=found.record_id,
        finding=found.finding.value,
        note=found.note,
        found_by=found.found_by,
        found_at=found.found_at,
    )
    return _show_finding(append_finding(session, row))


def _draw(drawable: Iterable[Drawable], seed: str, size: int) -> tuple[list[Drawable], int]:
    population = 0

    def count() -> Iterable[Drawable]:
        nonlocal population
        for each in drawable:
            population += 1
            yield each

    drawn = heapq.nsmallest(size, count(), key=lambda each: mark_record(seed, each.record_id))
    return drawn, population


def _find_absence(session: Session, sample_id: UUID, record_id: UUID) -> Refusal | None:
    if find_sample(session, sample_id) is None:
        return Refusal(ProblemCode.SAMPLE_NOT_FOUND)
    return None if find_member(session, sample_id, record_id) else Refusal(ProblemCode.RECORD_NOT_FOUND)


def _show(row: SampleRow, members: Iterable[SampleMemberRow], findings: Iterable[SampleFindingRow]) -> Sample:
    latest = {finding.record_id: _show_finding(finding) for finding in findings}
    return Sample(
        sample_id=row.sample_id,
        department=row.department,
        indicator=row.indicator,
        first_on=row.from_on,
        last_on=row.to_on,
        size=row.size,
        population=row.population,
        seed=row.seed,
        reason=row.reason,
        drawn_by=row.drawn_by,
        drawn_at=row.drawn_at,
        members=tuple(
            Member(
                member_no=member.member_no,
                record_id=member.record_id,
                indicator=member.indicator,
                found=latest.get(member.record_id),
            )
            for member in members
        ),
    )


def _show_finding(row: SampleFindingRow) -> FoundOut:
    return FoundOut(
        record_id=row.record_id,
        finding=Finding(row.finding),
        note=row.note,
        found_by=row.found_by,
        found_at=row.found_at,
    )
