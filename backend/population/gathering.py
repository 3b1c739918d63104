"""What an export has read and not written yet: rows by kind, which become the files of a step."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from backend.population.city_files import CityFilesError, CityWriter, Kind
from backend.population.columns import KEYS, SCHEMAS, split_id, write_rows
from backend.population.content_numbers import ContentNumbers
from backend.population.ledger_reading import Entry
from backend.records.ledger import REPORTED
from scoring.records import EventKind

PARTED = (Kind.RECORDS, Kind.EVENTS, Kind.SUBJECTS)
_LARGEST_HALF = 1 << 63


class Gathered:
    """Rows on their way into files. Those of a portion become columns as soon as the portion is read."""

    def __init__(self, contents: ContentNumbers) -> None:
        self._contents = contents
        self._tables: dict[Kind, list[pa.Table]] = {kind: [] for kind in PARTED}
        self.subjects = 0
        self.rows = 0

    def add(self, rows: dict[Kind, list[tuple[Any, ...]]]) -> None:
        """Take the rows of a portion, with the values in the order of the columns of their kind."""
        for kind, mine in rows.items():
            if mine:
                self._tables[kind].append(make_table(kind, mine))
        self.subjects += len(rows[Kind.SUBJECTS])
        self.rows += sum(len(mine) for mine in rows.values())

    def make_row(
        self, entry: Entry, subject_no: int, reports: Mapping[tuple[UUID, UUID], int]
    ) -> tuple[Kind, tuple[Any, ...]]:
        """Make of an entry a row of the records or of the events; `reports` has the numbers of their reports.

        Raises CityFilesError for an entry that no version of this system has written.
        """
        content_no = None
        fact: tuple[str | None, str | None, str | None] = (None, None, None)
        if entry.kind in (REPORTED, EventKind.CORRECTED):
            # What is not there is NULL on one engine and the JSON text `null` on the other.
            if entry.items is None or not entry.items.startswith("{") or entry.occurred_on is None:
                raise _tell_strange(entry, "says not both day and items")
            content_no = self._contents.number(entry.indicator, entry.items)
            fact = (entry.occurred_on, entry.ended_on, entry.act)
        if entry.is_word:
            report_no = reports.get(entry.place)
            if report_no is None:
                raise _tell_strange(entry, "is about a record that was never reported")
            event = (subject_no, entry.ledger_no, report_no, entry.kind, entry.known_at, content_no, *fact)
            return Kind.EVENTS, event
        hi, lo = split_id(entry.record_id)
        if hi >= _LARGEST_HALF:
            raise _tell_strange(entry, "has a record id that we did not give: ours begin with a 0 bit")
        return Kind.RECORDS, (subject_no, entry.ledger_no, hi, lo, content_no, *fact, entry.known_at)

    def write(self, writer: CityWriter) -> None:
        """Write what was gathered as a step that leaves the files incomplete, and begin anew."""
        with writer.step() as step:
            contents = self._contents.take_new()
            if contents.num_rows:
                write_rows(Kind.CONTENTS, step.add(Kind.CONTENTS), [contents])
            for kind in PARTED:
                for part, rows in _split(kind, self._tables[kind], writer.files.parts):
                    write_rows(kind, step.add(kind, part), [rows])
                self._tables[kind] = []
            step.keep(is_complete=False)
        self.subjects = self.rows = 0


def find_reports(entries: Sequence[Entry]) -> dict[tuple[UUID, UUID], int]:
    """Find, among some entries, the numbers of the reports that later ones of them are about."""
    wanted = {entry.place for entry in entries if entry.is_word}
    if not wanted:
        return {}
    return {entry.place: entry.ledger_no for entry in entries if not entry.is_word and entry.place in wanted}


def _tell_strange(entry: Entry, what: str) -> CityFilesError:
    return CityFilesError(f"entry {entry.ledger_no} of the ledger of {entry.subject_id} {what}; nobody here wrote that")


def make_table(kind: Kind, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Make a table of rows with the values of each column of a kind in order; days of a fact are texts."""
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMAS[kind])
    arrays = []
    for field, values in zip(SCHEMAS[kind], columns, strict=True):
        is_text_of_day = field.name in ("occurred_on", "ended_on")
        array = pa.array(values, pa.string() if is_text_of_day else field.type)
        arrays.append(array.cast(field.type) if is_text_of_day else array)
    return pa.table(arrays, schema=SCHEMAS[kind])


def _split(kind: Kind, tables: Sequence[pa.Table], parts: int) -> Iterable[tuple[int, pa.Table]]:
    """Split rows into those of each part that has any, each sorted."""
    if not tables:
        return
    table = pa.concat_tables(tables).combine_chunks()
    part = table["subject_no"].to_numpy() % parts
    order = np.lexsort((*(table[name].to_numpy() for name in reversed(KEYS[kind])), part))
    edges = np.searchsorted(part[order], np.arange(parts + 1))
    for number in range(parts):
        if edges[number] < edges[number + 1]:
            yield number, table.take(pa.array(order[edges[number] : edges[number + 1]]))
