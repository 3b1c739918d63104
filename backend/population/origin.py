"""Whether the files of a city were made from this database, at no later moment than it knows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import duckdb
from sqlalchemy import select

from backend.people.tables import SubjectRow
from backend.population.city_files import CityFiles, Kind
from backend.population.columns import SCHEMAS
from backend.population.files_of_day import Unfit, UnfitFilesError
from backend.population.marking import read_files
from backend.records.tables import LedgerEntryRow
from backend.storage.bulk import is_one_of
from backend.storage.database import Database

_BEGIN, _STEP = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
# Of one part: who came last, and the last thing that became known, of whomever.
_LATEST = """
    WITH heard AS (
        SELECT subject_no, record_no AS ledger_no, known_at FROM records
        UNION ALL SELECT subject_no, event_no, known_at FROM events
    ),
    newest AS (SELECT arg_max(heard, known_at) AS entry FROM heard)
    SELECT
        (SELECT arg_max(subject_id, subject_no) FROM subjects),
        (SELECT any_value(subject_id) FROM subjects, newest WHERE subject_no = entry.subject_no),
        (SELECT entry.ledger_no FROM newest),
        (SELECT epoch_us(entry.known_at) FROM newest)
"""


class Newest(NamedTuple):
    """The last entry of a part: whose it is, its number, and when it became known."""

    subject_id: UUID
    ledger_no: int
    known_at: datetime


def check_origin(files: CityFiles, database: Database) -> None:
    """Refuse files that say what the database does not know: of another one, or of before it was restored.

    Looked at is the last person and the last entry of each part: what was lost became known after all that was kept,
    so the last entry of its part was lost, too; grown anew, one of its number became known at another moment. Only what
    was under way together with the last entry when the copy was made can be told apart by neither.
    Raises UnfitFilesError, and StorageUnavailableError where the database is away.
    """
    people, entries = set[UUID](), dict[tuple[UUID, int], datetime]()
    for last, newest in _find_latest(files):
        people.add(last)
        if newest is not None:
            entries[newest.subject_id, newest.ledger_no] = newest.known_at
    key = [LedgerEntryRow.subject_id, LedgerEntryRow.ledger_no]
    with database.reading() as session:
        known = set(session.scalars(select(SubjectRow.subject_id).where(SubjectRow.subject_id.in_(people))))
        found = dict[tuple[UUID, int], datetime]()
        if entries:
            rows = session.execute(select(*key, LedgerEntryRow.known_at).where(is_one_of(session, key, list(entries))))
            found = {(row.subject_id, row.ledger_no): row.known_at for row in rows}
    if known != people or found != entries:
        raise UnfitFilesError(
            Unfit.OF_OTHER_LEDGER,
            f"the files in {files.folder} say what the database does not know: they are of another one, or of before"
            " it was restored; let `shangding population export` make them anew in an empty folder",
        )


def _find_latest(files: CityFiles) -> Iterator[tuple[UUID, Newest | None]]:
    """Find the last person and the last entry of each part that has anybody."""
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        for kind in (Kind.RECORDS, Kind.EVENTS, Kind.SUBJECTS):
            engine.register(f"no_{kind}", SCHEMAS[kind].empty_table())
        for part in range(files.parts):
            if not files.list_files(Kind.SUBJECTS, part):
                continue
            for kind in (Kind.RECORDS, Kind.EVENTS, Kind.SUBJECTS):
                rows = read_files(kind, files.list_files(kind, part))
                engine.execute(f"CREATE OR REPLACE TEMP VIEW {kind} AS SELECT * FROM {rows}")  # noqa: S608 - paths of ours
            row = engine.execute(_LATEST).fetchone()
            if row is not None and row[0] is not None:
                yield UUID(row[0]), None if row[1] is None else Newest(UUID(row[1]), row[2], _BEGIN + row[3] * _STEP)
