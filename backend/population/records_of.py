"""One person out of the files of the city: the id behind a number, and the records as the ledger tells them."""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pyarrow.compute as pc
import pyarrow.parquet as pq

from backend.population.city_files import CityFiles, Kind
from backend.population.columns import join_id
from scoring.records import Content, Event, EventKind, Record, Value


def find_subject(files: CityFiles, subject_no: int) -> UUID:
    """Find the subject with a number; an unknown one is a LookupError. Reads one part."""
    rows = _read_rows(files, Kind.SUBJECTS, subject_no, ["subject_id"])
    if not rows:
        raise LookupError(f"the files of {files.city} hold no subject {subject_no}")
    return UUID(rows[-1]["subject_id"])


def read_records(files: CityFiles, subject_no: int) -> tuple[Record, ...]:
    """Read all records of a subject in the order of their reports, as `backend.records.ledger` does from the ledger.

    They have no source and no document number: those are not in the files. Reads one part, and the contents.
    """
    records = _read_rows(files, Kind.RECORDS, subject_no)
    words = _read_rows(files, Kind.EVENTS, subject_no)
    contents = _read_contents(files, {row["content_no"] for row in (*records, *words)} - {None})
    events: dict[int, list[Event]] = defaultdict(list)
    for row in sorted(words, key=lambda row: row["event_no"]):
        content = None if row["content_no"] is None else Content(**_fact_of(row), fields=contents[row["content_no"]][1])
        events[row["record_no"]].append(Event(EventKind(row["kind"]), row["known_at"], content))
    found = []
    for row in sorted(records, key=lambda row: row["record_no"]):
        indicator, fields = contents[row["content_no"]]
        record = Record(
            record_id=str(join_id(row["record_hi"], row["record_lo"])),
            indicator=indicator,
            known_at=row["known_at"],
            fields=fields,
            events=tuple(events[row["record_no"]]),
            **_fact_of(row),
        )
        found.append(record)
    return tuple(found)


def _fact_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("occurred_on", "ended_on", "act")}


def _read_rows(files: CityFiles, kind: Kind, subject_no: int, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """Read the rows of a subject, of which the row groups that cannot hold any are passed over."""
    part = subject_no % files.parts
    found: list[dict[str, Any]] = []
    for path in files.list_files(kind, part):
        table = pq.read_table(path, columns=columns, filters=pc.field("subject_no") == subject_no, partitioning=None)
        found.extend(table.to_pylist())
    return found


def _read_contents(files: CityFiles, numbers: set[int]) -> dict[int, tuple[str, Mapping[str, Value]]]:
    found = {}
    for path in files.list_files(Kind.CONTENTS):
        table = pq.read_table(path, filters=pc.field("content_no").isin(numbers))
        for row in table.to_pylist():
            found[row["content_no"]] = (row["indicator"], json.loads(row["items"]))
    return found
