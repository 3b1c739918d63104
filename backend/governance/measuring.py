"""What a draft would do to the people of the city, measured by the server itself on the files of the city.

Figures are never handed in: whoever wants a rule cannot also say what it does. They are of one day, of the files of
that day, and of one draft beside the editions that stood. Each comparison reads the whole city, and there is one for
today and one for each edition that is announced (`Standing.list_beside`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.clock import Clock, today
from backend.governance.diary import Event, note_event
from backend.governance.documents import Kind, KnownEdition, read_beside
from backend.governance.drafts import read_documents
from backend.governance.standing import Beside, Standing, load_standing
from backend.governance.states import Kept
from backend.governance.tables import RuleDraftRow, RuleImpactRow, append_row, find_draft_row, lock_draft_row
from backend.impact.document import write_json
from backend.impact.figures import Impact
from backend.population.city_files import CityFiles, CityFilesError, reading_files
from backend.population.files_of_day import UnfitFilesError, check_files, has_files
from backend.population.origin import check_origin
from backend.storage.database import Database
from scenarios.catalogue import ScenarioCatalogue
from scoring.documents import DocumentError
from scoring.rulebook import Rulebook

log = structlog.get_logger("shangding.governance")


class Fault(StrEnum):
    """Why there is no impact."""

    NO_FILES = "no_files"
    FILES_UNREADABLE = "files_unreadable"
    FILES_INCOMPLETE = "files_incomplete"
    FILES_OF_OTHER_CITY = "files_of_other_city"
    FILES_OF_OTHER_DAY = "files_of_other_day"
    FILES_OF_OTHER_LEDGER = "files_of_other_ledger"
    DRAFT_UNREADABLE = "draft_unreadable"
    NOT_COMPARABLE = "not_comparable"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two editions to compare as of a day, each a rulebook with the scenarios beside it; None where there are none."""

    old: Rulebook
    new: Rulebook
    old_benefits: ScenarioCatalogue | None
    new_benefits: ScenarioCatalogue | None
    as_of: date


class NotComparableError(ValueError):
    """Two editions, or the files, have too little in common to be compared."""


class Measure(Protocol):
    """Compares two editions over everybody in the files."""

    def __call__(self, files: CityFiles, comparison: Comparison) -> Impact:
        """Give the report; raises CityFilesError for files that cannot be read, or NotComparableError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuringDesk:
    """What measuring needs; `folder` holds the files of the city, None where this machine has none."""

    database: Database
    clock: Clock
    city: str
    folder: Path | None
    measure: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of measuring a draft: the reports, with what they are of, or the fault."""

    digest: str
    standing: str
    as_of: date
    known_at: datetime | None = None
    files_digest: str | None = None
    fault: Fault | None = None
    impacts: Sequence[Impact] = ()


def measure_draft(
    desk: MeasuringDesk, draft_id: UUID, *, settle: Callable[[Session], None] = lambda _: None
) -> Outcome | None:
    """Measure what an open draft would do, and attach it, or why it could not be measured.

    None for one that is closed, or was closed meanwhile; nothing is attached to it.

    `settle` is called in the transaction that attaches it; what it raises takes everything back.
    """
    now = desk.clock.now()
    with desk.database.reading() as session:
        row = find_draft_row(session, draft_id)
        read = None if row is None or row.state != Kept.OPEN else read_candidate(session, row, desk.city)
    if read is None:
        with desk.database.transaction() as session:
            settle(session)
        return None
    digest, standing, candidate = read
    outcome = _measure_all(desk, digest, standing, candidate, now)
    with desk.database.transaction() as session:
        held = lock_draft_row(session, draft_id)
        is_open = held is not None and held.state == Kept.OPEN  # it may have been decided while this was measured
        if held is not None and is_open:
            _attach(session, held, outcome, now=desk.clock.now())
        settle(session)
    return outcome if is_open else None


def attach_fault(session: Session, draft_id: UUID, fault: Fault, *, city: str, now: datetime) -> None:
    """Note that there will be no impact of a draft, and why."""
    row = lock_draft_row(session, draft_id)
    if row is not None and row.state == Kept.OPEN:
        digest = load_standing(session, city).digest
        outcome = Outcome(digest=row.digest, standing=digest, as_of=today(now), fault=fault)
        _attach(session, row, outcome, now=now)


def tell_files_fault(folder: Path | None, error: CityFilesError) -> Fault:
    """Tell why a draft cannot be measured on the files in a folder; the log has it with its place."""
    log.warning("city_files_refused", said=str(error))
    if isinstance(error, UnfitFilesError):
        return Fault(error.why.value)
    return Fault.FILES_UNREADABLE if has_files(folder) else Fault.NO_FILES


def compare(candidate: KnownEdition, beside: Beside, day: date) -> Comparison | None:
    """Put a candidate in the place of the edition of its kind that stands, as of a day; the other kind stays.

    None where no rulebook stands to compare by.
    """
    former, other = beside
    of_rules = candidate.kind is Kind.RULEBOOK
    books = (former, candidate) if of_rules else (other, other)
    offers = (other, other) if of_rules else (former, candidate)
    old, new = (None if each is None else each.rulebook for each in books)
    old_benefits, new_benefits = (None if each is None else each.scenarios for each in offers)
    if old is None or new is None:
        return None
    return Comparison(old=old, new=new, old_benefits=old_benefits, new_benefits=new_benefits, as_of=day)


def read_candidate(session: Session, row: RuleDraftRow, city: str) -> tuple[str, Standing, KnownEdition | None]:
    """Read the present documents of a draft: their digest, what stands, and the edition; None where it is refused."""
    standing = load_standing(session, city)
    try:
        read = read_beside(Kind(row.kind), read_documents(session, row), standing.editions, city=city)
    except DocumentError:
        read = None
    return row.digest, standing, read


def _measure_all(
    desk: MeasuringDesk, digest: str, standing: Standing, candidate: KnownEdition | None, now: datetime
) -> Outcome:
    day = today(now)
    outcome = Outcome(digest=digest, standing=standing.digest, as_of=day)
    if candidate is None:
        return replace(outcome, fault=Fault.DRAFT_UNREADABLE)
    if desk.folder is None:
        return replace(outcome, fault=Fault.NO_FILES)
    try:
        with reading_files(desk.folder) as files:
            check_files(files, city=desk.city, day=day)
            check_origin(files, desk.database)
            impacts = []
            for beside in standing.list_beside(candidate.kind, day, candidate.effective_on):
                comparison = compare(candidate, beside, day)
                if comparison is not None:
                    impacts.append(desk.measure(files, comparison))
            return replace(outcome, known_at=files.known_at, files_digest=files.digest, impacts=tuple(impacts))
    except CityFilesError as error:
        return replace(outcome, fault=tell_files_fault(desk.folder, error))
    except NotComparableError:
        return replace(outcome, fault=Fault.NOT_COMPARABLE)


def _attach(session: Session, row: RuleDraftRow, outcome: Outcome, *, now: datetime) -> None:
    written = None if outcome.fault is not None else _write(Kind(row.kind), outcome.impacts)
    pairs = [] if written is None else [[each["old_digest"], each["new_digest"]] for each in written]
    impact = RuleImpactRow(
        draft_id=row.draft_id,
        digest=outcome.digest,
        standing=outcome.standing,
        as_of=outcome.as_of,
        known_at=outcome.known_at,
        files_digest=outcome.files_digest,
        fault=None if outcome.fault is None else outcome.fault.value,
        compared=None if written is None else {"pairs": pairs},
        comparisons=None if written is None else {"comparisons": written},
        measured_at=now,
    )
    append_row(session, impact, RuleImpactRow.impact_no)
    event = Event.IMPACT_ATTACHED if outcome.fault is None else Event.IMPACT_FAILED
    reason = None if outcome.fault is None else outcome.fault.value
    note_event(session, row, event, by=None, reason=reason, digest=outcome.digest, now=now)


def _write(kind: Kind, impacts: Sequence[Impact]) -> list[dict[str, Any]]:
    """Write reports with the digests of what each has compared, as the report itself says."""
    pairs = [
        (each.old, each.new) if kind is Kind.RULEBOOK else (each.old_benefits, each.new_benefits) for each in impacts
    ]
    return [
        {
            "old_digest": None if old is None else old.digest,
            "new_digest": None if new is None else new.digest,
            "report": write_json(impact),
        }
        for impact, (old, new) in zip(impacts, pairs, strict=True)
    ]
