"""Whether the files of a city are whole: each file as the manifest says, and the files as the ledger numbers say.

Every subject's numbers from 1 to its last must be there, each once, in the records and events together; so nothing is
missing and nothing twice. Faults are listed with their place; nothing is mended.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from backend.population.city_files import CityFiles, Kind, list_strays
from backend.population.columns import KEYS, SCHEMAS, find_part, read_rows
from backend.population.damage import Fault, find_damage
from backend.population.manifest import ListedFile
from backend.population.marking import find_marked, is_marked
from backend.population.settling import read_subjects
from scoring.records import EventKind

MOST_TOLD = 20  # faults of one sort in one place
_NUMBER_BITS = 31
_NEVER_NULL = {
    Kind.CONTENTS: ("content_no", "indicator", "items"),
    Kind.RECORDS: ("subject_no", "record_no", "record_hi", "record_lo", "content_no", "occurred_on", "known_at"),
    Kind.EVENTS: ("subject_no", "event_no", "record_no", "kind", "known_at"),
    Kind.SUBJECTS: ("subject_no", "subject_id", "facts_version"),
}
_NEVER_NULL[Kind.MARKED] = _NEVER_NULL[Kind.RECORDS]

Numbers = npt.NDArray[np.int64]


def verify_files(files: CityFiles, *, watch: Callable[[int, int], None] | None = None) -> list[Fault]:
    """List what is wrong with the files; `watch` is told after each part how many of how many are done."""
    faults = [Fault(str(path.relative_to(files.folder)), "is not in the manifest") for path in _list_strays(files)]
    listed = [each for kind in Kind for each in files.list_entries(kind)]
    broken = list(find_damage(files.folder, listed))
    broken = broken or [fault for each in listed for fault in _check_file(files, each)]
    faults += broken
    if broken:  # what they hold cannot be told
        return faults
    known, of_contents = _check_contents(files)
    faults += of_contents
    for part in range(files.parts):
        faults += _check_part(files, part, known)
        if watch is not None:
            watch(part + 1, files.parts)
    return faults


def _list_strays(files: CityFiles) -> list[Path]:
    return list_strays(files.folder, files.manifest)


def _check_file(files: CityFiles, listed: ListedFile) -> Iterator[Fault]:
    """Check the rows, the columns, the order and the part of a file that is as it was written."""
    path, place = files.folder / listed.path, str(listed.path)
    footer = pq.read_metadata(path)
    if footer.num_rows != listed.rows:
        yield Fault(place, f"has {footer.num_rows} rows, not {listed.rows}")
    if not footer.schema.to_arrow_schema().equals(SCHEMAS[listed.kind]):
        yield Fault(place, f"has other columns than {listed.kind}")
        return
    yield from _check_rows(read_rows(listed.kind, [path]), listed, files.parts)


def _check_rows(table: pa.Table, listed: ListedFile, parts: int) -> Iterator[Fault]:
    kind, place = listed.kind, str(listed.path)
    empty = [name for name in _NEVER_NULL[kind] if table[name].null_count]
    if empty:
        yield Fault(place, f"has rows without {', '.join(empty)}")
        return
    keys = _join_keys(*(table[name].to_numpy() for name in KEYS[kind]))
    for at in np.flatnonzero(np.diff(keys) <= 0)[:MOST_TOLD]:
        yield Fault(place, f"row {at + 2} is not behind row {at + 1} by {', '.join(KEYS[kind])}")
    if kind.is_parted:
        for at in np.flatnonzero(table["subject_no"].to_numpy() % parts != listed.part)[:MOST_TOLD]:
            yield Fault(
                place, f"row {at + 1} is of subject {table['subject_no'][int(at)]}, who belongs to another part"
            )


def _check_contents(files: CityFiles) -> tuple[Numbers, list[Fault]]:
    numbers: Numbers = np.sort(read_rows(Kind.CONTENTS, files.list_files(Kind.CONTENTS))["content_no"].to_numpy())
    twice = numbers[1:][np.diff(numbers) == 0]
    return numbers, [Fault(Kind.CONTENTS, f"content {number} is there twice") for number in twice[:MOST_TOLD]]


def _check_part(files: CityFiles, part: int, contents: Numbers) -> Iterator[Fault]:
    place = f"part {part}"
    subjects = read_subjects(files, part)
    records = read_rows(Kind.RECORDS, files.list_files(Kind.RECORDS, part))
    events = read_rows(Kind.EVENTS, files.list_files(Kind.EVENTS, part))
    yield from _check_subjects(subjects, place, part, files.parts)
    yield from _check_numbers(subjects, records, events, place)
    for kind, table in ((Kind.RECORDS, records), (Kind.EVENTS, events)):
        used = pc.unique(pc.drop_null(table["content_no"])).to_numpy()
        for number in np.setdiff1d(used, contents)[:MOST_TOLD]:
            yield Fault(place, f"{kind} name content {number}, which is not there")
    yield from _check_events(records, events, place)
    if is_marked(files, part):  # who finds them not marked looks for them, so that is no fault
        marked = read_rows(Kind.MARKED, files.list_files(Kind.MARKED, part))
        if not marked.equals(find_marked(files, part)):
            yield Fault(place, "the marked records are not those that share an act or have events")


def _check_subjects(subjects: pa.Table, place: str, part: int, parts: int) -> Iterator[Fault]:
    ids = subjects["subject_id"].to_pylist()
    if len(set(ids)) != len(ids):
        yield Fault(place, "a subject has two numbers")
    strange = [each for each in ids if find_part(UUID(each), parts) != part]
    for each in strange[:MOST_TOLD]:
        yield Fault(place, f"subject {each} belongs to another part")
    told = [pc.is_valid(subjects[name]) for name in ("birth_year", "sex", "district")]
    if pc.any(pc.and_(pc.is_null(subjects["since"]), pc.or_(told[0], pc.or_(told[1], told[2])))).as_py():
        yield Fault(place, "a subject who is not scored has a year of birth, a sex or a district")


def _check_numbers(subjects: pa.Table, records: pa.Table, events: pa.Table, place: str) -> Iterator[Fault]:
    """Check that each number of each ledger is there once, in the records or in the events."""
    of_subject = np.concatenate([records["subject_no"].to_numpy(), events["subject_no"].to_numpy()])
    number = np.concatenate([records["record_no"].to_numpy(), events["event_no"].to_numpy()])
    found = np.sort(_join_keys(of_subject, number))
    versions = subjects["facts_version"].to_numpy().astype(np.int64)
    ends = np.cumsum(versions)
    nth = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - versions, versions) + 1
    wanted = _join_keys(np.repeat(subjects["subject_no"].to_numpy(), versions), nth)
    if np.array_equal(found, wanted):
        return
    for what, keys in (
        ("is there twice", np.unique(found[1:][np.diff(found) == 0])),
        ("is missing", np.setdiff1d(wanted, found)),
        ("is more than the subject has, or of no subject", np.setdiff1d(found, wanted)),
    ):
        for key in keys[:MOST_TOLD].tolist():
            yield Fault(place, f"number {key & ((1 << _NUMBER_BITS) - 1)} of subject {key >> _NUMBER_BITS} {what}")


def _check_events(records: pa.Table, events: pa.Table, place: str) -> Iterator[Fault]:
    """Check that each event is of a record that is there and came before, and is a correction if it has a content."""
    of_records = _join_keys(records["subject_no"].to_numpy(), records["record_no"].to_numpy())
    about = _join_keys(events["subject_no"].to_numpy(), events["record_no"].to_numpy())
    is_early = events["record_no"].to_numpy() >= events["event_no"].to_numpy()
    is_correction = pc.equal(events["kind"], EventKind.CORRECTED.value).to_numpy()
    content_no, occurred_on = (pc.is_valid(events[name]).to_numpy() for name in ("content_no", "occurred_on"))
    is_half = (is_correction != content_no) | (is_correction != occurred_on)
    is_strange = ~pc.is_in(events["kind"], pa.array(list(EventKind))).to_numpy()
    for what, places in (
        ("is about a record that is not there", ~np.isin(about, of_records)),
        ("came before its report", is_early),
        ("has half a content, or is none of the corrections, which have one", is_half),
        (f"is none of {', '.join(EventKind)}", is_strange),
    ):
        for at in np.flatnonzero(places)[:MOST_TOLD].tolist():
            yield Fault(place, f"event {events['event_no'][at]} of subject {events['subject_no'][at]} {what}")


def _join_keys(*columns: npt.NDArray[Any]) -> Numbers:
    """Make one number of the one or two that a row is known by; its order is theirs."""
    first = columns[0].astype(np.int64)
    return first if len(columns) == 1 else (first << _NUMBER_BITS) | columns[1].astype(np.int64)
