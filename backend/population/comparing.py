"""Whether the files of a city say what the ledgers say: row by row, a portion of persons at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pyarrow as pa

from backend.population.city_files import CityFiles, CityFilesError, Kind
from backend.population.columns import KEYS, read_rows, sort_rows
from backend.population.content_numbers import ContentNumbers
from backend.population.damage import Fault
from backend.population.exported import Exported, find_change
from backend.population.gathering import Gathered, find_reports, make_table
from backend.population.ledger_reading import BEFORE_ALL, Entry, read_accounts, read_new_entries
from backend.population.settling import read_subjects
from backend.storage.database import Database

PORTION = 2000


class Comparison(NamedTuple):
    """Where the files differ from the ledgers, and how many persons have news that the next export brings."""

    faults: list[Fault]
    news: int


def compare_with_ledger(
    files: CityFiles, database: Database, *, portion: int = PORTION, watch: Callable[[int, int], None] | None = None
) -> Comparison:
    """Compare the files with the ledgers, up to the last number that the files hold of each person.

    What came since is no fault. The files must have been found whole before (`verify_files`). `watch` is told after
    each part how many of how many are done.
    """
    gathered = Gathered(ContentNumbers(files.list_files(Kind.CONTENTS)))
    faults: list[Fault] = []
    for part in range(files.parts):
        faults += _compare_part(files, part, database, gathered, portion)
        if watch is not None:
            watch(part + 1, files.parts)
    news, unknown = _count_news(files, database, portion)
    if unknown:
        faults.append(Fault(Kind.SUBJECTS, f"{unknown} persons are none of the database's"))
    return Comparison(faults, news)


def _count_news(files: CityFiles, database: Database, portion: int) -> tuple[int, int]:
    """Count the persons of whom the database has more or other than the files, and those whom it does not know."""
    exported = Exported(files)
    news, after = 0, BEFORE_ALL
    while True:
        with database.reading() as session:
            accounts = read_accounts(session, after, size=portion)
        if not accounts:
            return news, exported.count_unseen()
        held = exported.look_up([account.subject_id for account in accounts])
        news += sum(find_change(account, known) is not None for account, known in zip(accounts, held, strict=True))
        after = accounts[-1].subject_id


def _compare_part(files: CityFiles, part: int, database: Database, gathered: Gathered, portion: int) -> Iterator[Fault]:
    place, subjects = f"part {part}", read_subjects(files, part)
    tables = {kind: read_rows(kind, files.list_files(kind, part)) for kind in (Kind.RECORDS, Kind.EVENTS)}
    tables = {kind: sort_rows(kind, table) for kind, table in tables.items()}
    numbers = {kind: table["subject_no"].to_numpy() for kind, table in tables.items()}
    for begin in range(0, subjects.num_rows, portion):
        some = subjects.slice(begin, portion)
        try:
            told = _read_told(database, some, gathered)
        except CityFilesError as fault:
            yield Fault(place, str(fault))
            continue
        first, last = some["subject_no"][0].as_py(), some["subject_no"][-1].as_py()
        for kind, table in tables.items():
            start, stop = np.searchsorted(numbers[kind], [first, last + 1]).tolist()
            held = table.slice(start, stop - start)
            if not held.equals(told[kind]):
                yield Fault(place, _describe_difference(kind, held, told[kind]))


def _read_told(database: Database, subjects: pa.Table, gathered: Gathered) -> dict[Kind, pa.Table]:
    """Make of what the ledgers of some subjects say the rows that the files must hold."""
    ids = [UUID(each) for each in subjects["subject_id"].to_pylist()]
    numbers, versions = (
        dict(zip(ids, subjects[name].to_pylist(), strict=True)) for name in ("subject_no", "facts_version")
    )
    with database.reading() as session:
        entries: Sequence[Entry] = [
            entry
            for entry in read_new_entries(session, {each: (0, version) for each, version in versions.items()})
            if entry.ledger_no <= versions[entry.subject_id]
        ]
    reports = find_reports(entries)
    rows: dict[Kind, list[tuple[Any, ...]]] = {Kind.RECORDS: [], Kind.EVENTS: []}
    for entry in entries:
        kind, row = gathered.make_row(entry, numbers[entry.subject_id], reports)
        rows[kind].append(row)
    return {kind: sort_rows(kind, make_table(kind, mine)) for kind, mine in rows.items()}


def _describe_difference(kind: Kind, held: pa.Table, told: pa.Table) -> str:
    """Name the first row, by its key, that one of the two has and the other has not."""
    ours, theirs = ({_key_of(kind, row): row for row in table.to_pylist()} for table in (held, told))
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            named = " ".join(f"{name} {value}" for name, value in zip(KEYS[kind], key, strict=True))
            return f"{kind}: {named} is not as the ledger has it ({held.num_rows} rows here, {told.num_rows} there)"
    return f"{kind}: {held.num_rows} rows here and {told.num_rows} in the ledger"


def _key_of(kind: Kind, row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row[name] for name in KEYS[kind])
