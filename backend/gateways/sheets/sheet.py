"""What a handed-in file is once it is read: titles, and rows that still bear the numbers a clerk sees. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, TypeAlias

MAX_COLUMNS = 300
RECEIPT_TITLES = ("处理结果", "原因", "依据", "记录编号")  # the columns of ours in a receipt that is handed in again

Cell: TypeAlias = str | bool | int | float | Decimal | date | datetime | time | timedelta | None


class SheetKind(StrEnum):
    """The kinds of files that are read."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"


class CellFault(NamedTuple):
    """What is wrong with one cell or row: a stable code, and the values of its sentence; never what it holds."""

    code: str
    values: Mapping[str, object] = {}


class RawRow(NamedTuple):
    """A row as the file has it. `row_no` counts from 1: a row of the sheet, a record of a CSV, a line of JSON."""

    row_no: int
    cells: Sequence[Cell]
    fault: CellFault | None = None


class SheetRow(NamedTuple):
    """A row of data: one cell for each title of the sheet, unless a fault says why the row cannot be read."""

    row_no: int
    cells: tuple[Cell, ...]
    fault: CellFault | None = None


class SheetError(Exception):
    """The file as a whole cannot be read on: a stable code, the values of its sentence, and the row, if it is known.

    Codes stand in the message catalogues under `sheet.`. No error repeats anything of the file.
    """

    def __init__(self, code: str, *, row_no: int | None = None, **values: object) -> None:
        super().__init__(code if row_no is None else f"{code} in row {row_no}")
        self.code = code
        self.row_no = row_no
        self.values = values


class PassedOver(StrEnum):
    """Why a row that holds something is no row of data."""

    ABOVE_HEADING = "above_heading"
    HEADING_AGAIN = "heading_again"
    NOTE = "note"


@dataclass(slots=True, kw_only=True)
class Sheet:
    """A file that is being read. `rows` can be gone through once; `passed_over` is complete when it has been.

    `titles` has one entry a column, empty where the heading has none; two-line headings give `group/column`.
    `is_typed` says that the cells carry types of their own, so that a text in them was meant as one. `whole_columns`
    (positions) hold, among their first rows, a long number that Excel has not cut, so it cut none of the others.
    """

    kind: SheetKind
    titles: tuple[str, ...]
    heading_rows: tuple[int, ...]
    rows: Iterator[SheetRow] = field(repr=False)
    passed_over: Counter[PassedOver] = field(default_factory=Counter)
    is_typed: bool = False
    whole_columns: frozenset[int] = frozenset()
    counts_from_1904: bool = False
    other_sheets: tuple[str, ...] = ()
