"""The export: brings the files of a city up to what the ledgers hold.

All persons are gone through in portions, each read in one look at the database that holds nobody up. What the files
hold of a ledger is known by its last number, so only later entries are read. Every so many rows a step is written and
counts: an export that is killed is finished by the next one, and nothing is skipped or written twice.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.gateways.sealing import Sealer
from backend.people.standing import IDENTITY_FIELD
from backend.population.city_files import PARTS, CityFilesError, CityWriter, Kind, begin_files, writing_files
from backend.population.content_numbers import ContentNumbers
from backend.population.exported import Change, Exported, find_change
from backend.population.gathering import PARTED, Gathered, find_reports
from backend.population.ledger_reading import (
    BEFORE_ALL,
    Account,
    find_report_numbers,
    read_accounts,
    read_new_entries,
    read_sealed_identities,
)
from backend.population.origin import check_origin
from backend.population.settling import complete_files, settle_subjects
from backend.population.traits import Traits, read_traits
from backend.storage.database import Database, StorageUnavailableError

PORTION, SMALLEST_PORTION = 2000, 50
STEP_SUBJECTS = 500_000
STEP_ROWS = 6_000_000  # about half a gigabyte
_FOREIGN = (
    "the files hold {missing} persons or more whom the database does not know: they were made from another one, or it"
    " was set back; make them anew in an empty folder"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much is done at once: persons a look at the database, and persons or rows a step."""

    portion: int = PORTION
    step_subjects: int = STEP_SUBJECTS
    step_rows: int = STEP_ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportCounts:
    """What an export has done: persons looked at, persons with news, and entries written."""

    looked_at: int = 0
    subjects: int = 0
    entries: int = 0


Watch = Callable[[ExportCounts], None]


def export_city(
    database: Database,
    folder: Path,
    *,
    city: str,
    sealer: Sealer,
    now: datetime,
    parts: int = PARTS,
    pace: Pace = Pace(),
    watch: Watch | None = None,
) -> ExportCounts:
    """Bring the files in `folder` up to date with the ledgers and accounts of `city`; makes them where there are none.

    `watch` is told after each portion how far it has come. Raises CityFilesError where somebody else writes to the
    files, where they are of another city or of another database, and where the ledger has what nobody wrote;
    StorageUnavailableError where the database stays away.
    """
    begin_files(folder, city=city, parts=parts)
    with writing_files(folder) as writer:
        check_origin(writer.files, database)
        settle_subjects(writer)
        export = _Export(database, writer, sealer, today(now), pace)
        while export.take_portion():
            if watch is not None:
                watch(export.counts)
        export.finish(now)
        return export.counts


@contextmanager
def _cycles_left_alone() -> Iterator[None]:
    """Look for no cycles of objects meanwhile: a portion is many small ones without any; looking doubles the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Export:
    """One run of the export."""

    def __init__(self, database: Database, writer: CityWriter, sealer: Sealer, day: date, pace: Pace) -> None:
        files = writer.files
        self._database, self._writer, self._sealer, self._day, self._pace = database, writer, sealer, day, pace
        self._exported = Exported(files)
        self._gathered = Gathered(ContentNumbers(files.list_files(Kind.CONTENTS)))
        self._after = BEFORE_ALL
        self._size = pace.portion
        self.counts = ExportCounts()

    def take_portion(self) -> bool:
        """Take the next portion of persons, and write a step where enough has come together; False after the last."""
        with _cycles_left_alone():
            accounts, rows = self._read()
            self._gathered.add(rows)
        if not accounts:
            return False
        self._after = accounts[-1].subject_id
        self.counts = ExportCounts(
            looked_at=self.counts.looked_at + len(accounts),
            subjects=self.counts.subjects + len(rows[Kind.SUBJECTS]),
            entries=self.counts.entries + len(rows[Kind.RECORDS]) + len(rows[Kind.EVENTS]),
        )
        if self._gathered.subjects >= self._pace.step_subjects or self._gathered.rows >= self._pace.step_rows:
            self._gathered.write(self._writer)
        return True

    def finish(self, began_at: datetime) -> None:
        """Write what is left, and say that everything known when the export began is in the files."""
        if self._gathered.rows:
            self._gathered.write(self._writer)
        missing = self._exported.count_unseen()
        if missing:
            raise CityFilesError(_FOREIGN.format(missing=missing))
        complete_files(self._writer, known_at=began_at)

    def _read(self) -> tuple[list[Account], dict[Kind, list[tuple[Any, ...]]]]:
        """Read a portion; where the database finds it too large, a smaller one."""
        while True:
            try:
                with self._database.reading() as session:
                    accounts = list(read_accounts(session, self._after, size=self._size))
                    rows = self._read_rows(session, accounts)
            except StorageUnavailableError:
                if self._size <= SMALLEST_PORTION:
                    raise
                self._size = max(self._size // 4, SMALLEST_PORTION)
            else:
                self._size = min(self._size * 2, self._pace.portion)
                return accounts, rows

    def _read_rows(self, session: Session, accounts: list[Account]) -> dict[Kind, list[tuple[Any, ...]]]:
        numbers, changes = self._find_changes(accounts)
        wanted = {each: (change.known_entries, change.facts_version) for each, change in changes.items()}
        entries = list(read_new_entries(session, wanted))
        reports = find_reports(entries)
        reports |= find_report_numbers(session, {each.place for each in entries if each.is_word} - reports.keys())
        sealed = read_sealed_identities(session, (each for each, change in changes.items() if change.traits is None))
        rows: dict[Kind, list[tuple[Any, ...]]] = {kind: [] for kind in PARTED}
        for each, change in changes.items():
            traits = change.traits or self._read_traits(each, sealed[each])
            rows[Kind.SUBJECTS].append((numbers[each], str(each), change.facts_version, change.since, *traits))
        for entry in entries:
            kind, row = self._gathered.make_row(entry, numbers[entry.subject_id], reports)
            rows[kind].append(row)
        return rows

    def _find_changes(self, accounts: list[Account]) -> tuple[dict[UUID, int], dict[UUID, Change]]:
        """Find the persons of whom the files do not hold all that there is, with their numbers."""
        numbers: dict[UUID, int] = {}
        changes: dict[UUID, Change] = {}
        held = self._exported.look_up([account.subject_id for account in accounts])
        for account, known in zip(accounts, held, strict=True):
            change = find_change(account, known)
            if change is not None:
                subject_id = account.subject_id
                numbers[subject_id] = self._exported.give_number(subject_id) if known is None else known.subject_no
                changes[subject_id] = change
        return numbers, changes

    def _read_traits(self, subject_id: UUID, sealed: bytes) -> Traits:
        number = self._sealer.open(sealed, subject_id=subject_id, field=IDENTITY_FIELD)
        return read_traits(number, today=self._day)
