"""Reading a handed-in file: rows are settled chunk by chunk, each in a transaction that also notes how far it is.

Whoever dies in the middle leaves whole chunks behind; the next goes on after the last of them. Two who read one file
at once cannot both settle a chunk: the second finds that the file has moved on, and stops.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import Clock, today
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.rulebook_files import CityRules
from backend.gateways.sealing import Sealer
from backend.gateways.sheets.reading import open_sheet
from backend.gateways.sheets.sheet import Sheet, SheetError, SheetKind, SheetRow
from backend.records.dry_runs import DryRun
from backend.records.file_mappings import open_mapping
from backend.records.file_tables import ENDED, FileRow, advance_file, end_file, find_file
from backend.records.intake import settle_rows
from backend.records.mapping import ColumnMapping
from backend.records.mapping_rows import BoundMapping, bind_mapping, map_row
from backend.records.row_forms import read_row
from backend.records.rows import AnyRow, Desk, MalformedRow
from backend.storage.database import Database
from backend.web.problems import Fault

CHUNK_ROWS = 1000
# Enough to try a mapping and too few to try names on numbers: a dry run leaves no receipt behind.
DRY_RUN_ROWS = 5000

NumberedRow: TypeAlias = tuple[int, AnyRow]
# Called with the transaction of each chunk, and the number of the last row that it settles.
Watch: TypeAlias = Callable[[Session, int], None]


class MovedOnError(Exception):
    """Another worker has settled rows of this file meanwhile; what was begun is rolled back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingDesk:
    """What reading files needs from outside itself."""

    database: Database
    clock: Clock
    rules: CityRules
    pseudonyms: Pseudonyms = field(repr=False)
    sealer: Sealer = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a file is given up: a code, and what its sentence needs."""

    code: str
    values: dict[str, Any]


def read_file(desk: ReadingDesk, file_id: UUID, content: BinaryIO, *, watch: Watch) -> bool:
    """Read a file from where it was left to its end, or until it must be given up; False when it had ended already.

    `watch` is called within each transaction and may raise, to stop before that chunk is settled. Raises MovedOnError
    when another reads the file too, and StorageUnavailableError; reading can go on after either.
    """
    with desk.database.reading() as session:
        file = find_file(session, file_id)
        if file is None:
            raise LookupError(f"there is no file {file_id}")
        mapping = open_mapping(session, file.mapping, desk.rules.catalogue_on(today(file.received_at)))
    if file.state in ENDED:
        return False
    settler = _Settler(desk, file, watch)
    settler.prepare()
    fault = _read_sheet(settler, content, mapping)
    with desk.database.transaction() as session:
        watch(session, settler.rows_read)
        end_file(
            session,
            file_id,
            now=desk.clock.now(),
            fault_code=None if fault is None else fault.code,
            fault_values=None if fault is None else fault.values,
        )
    return True


def _read_sheet(settler: "_Settler", content: BinaryIO, mapping: ColumnMapping) -> _Fault | None:
    try:
        sheet = open_sheet(content, SheetKind(settler.file.format), titles=mapping.titles)
        bound = bind_mapping(mapping, sheet)
        if not isinstance(bound, BoundMapping):
            return _Fault("columns_do_not_fit", {"faults": [_write_fault(fault) for fault in bound]})
        with _closing_rows(sheet):
            return _settle_all(settler, _list_rows(sheet, bound, behind=settler.rows_read))
    except SheetError as error:
        return _Fault(error.code, {**error.values, "row_no": error.row_no})


def _settle_all(settler: "_Settler", rows: Iterator[NumberedRow]) -> _Fault | None:
    while chunk := _take(rows, settler.find_room()):
        settler.settle(chunk.rows)
        if chunk.error is not None:
            raise chunk.error
    if settler.find_room() == 0 and next(rows, None) is not None:
        return _Fault("dry_run_cut", {"maximum": DRY_RUN_ROWS})
    return None


@contextmanager
def _closing_rows(sheet: Sheet) -> Iterator[None]:
    """Let go of the content when reading ends early: its owner is about to close it."""
    try:
        yield
    finally:
        if isinstance(sheet.rows, Generator):
            sheet.rows.close()


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows to be settled together, and what ended the file behind them."""

    rows: Sequence[NumberedRow]
    error: SheetError | None

    def __bool__(self) -> bool:
        return bool(self.rows) or self.error is not None


def _take(rows: Iterator[NumberedRow], most: int) -> _Chunk:
    taken: list[NumberedRow] = []
    try:
        taken.extend(islice(rows, most))
    except SheetError as error:  # what could be read before it stands
        return _Chunk(taken, error)
    return _Chunk(taken, None)


def _list_rows(sheet: Sheet, bound: BoundMapping, *, behind: int) -> Iterator[NumberedRow]:
    for row in sheet.rows:
        if row.row_no > behind:
            yield row.row_no, _make_row(row, bound)


def _make_row(row: SheetRow, bound: BoundMapping) -> AnyRow:
    mapped = map_row(row, bound)
    return MalformedRow(mapped) if isinstance(mapped, tuple) else read_row(mapped)


def _write_fault(fault: Fault) -> dict[str, Any]:
    return {"pointer": fault.pointer, "code": fault.code, "values": dict(fault.values)}


class _Settler:
    """Settles the chunks of one file, one transaction each."""

    def __init__(self, desk: ReadingDesk, file: FileRow, watch: Watch) -> None:
        self.file = file
        self.rows_read = file.rows_read
        self._desk = desk
        self._watch = watch
        self._catalogue = desk.rules.catalogue_on(today(file.received_at))
        self._dry_run = DryRun(file.file_id) if file.dry_run else None

    def prepare(self) -> None:
        """Begin a dry run anew: what it has seen so far, it only remembers while it runs."""
        if self._dry_run is not None:
            with self._desk.database.transaction() as session:
                self._dry_run.restart(session)
            self.rows_read = 0

    def find_room(self) -> int:
        """Give how many rows the next chunk may have."""
        if self._dry_run is None:
            return CHUNK_ROWS
        return min(CHUNK_ROWS, DRY_RUN_ROWS - self._dry_run.rows)

    def settle(self, rows: Sequence[NumberedRow]) -> None:
        """Settle the rows of a chunk and note that they are; raises MovedOnError."""
        if not rows:
            return
        desk, last = self._desk, rows[-1][0]
        with desk.database.transaction() as session:
            self._watch(session, last)
            if not advance_file(session, self.file.file_id, from_row=self.rows_read, to_row=last):
                raise MovedOnError(f"file {self.file.file_id} is being read by another worker")
            counter = Desk(
                department=self.file.department,
                clerk=self.file.clerk,
                batch_id=self.file.file_id,
                catalogue=self._catalogue,
                pseudonyms=desk.pseudonyms,
                sealer=desk.sealer,
                now=desk.clock.now(),
                received_at=self.file.received_at,
            )
            if self._dry_run is None:
                settle_rows(session, rows, counter)
            else:
                self._dry_run.keep(session, rows, settle_rows(session, rows, counter, dry_run=True))
        self.rows_read = last
