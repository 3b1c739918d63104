"""A handed-in file as a sheet: titles, and a stream of rows. The only door to the formats.

The stream is binary, can be sought, and stays open; it is the caller's. Memory does not grow with a CSV or JSON Lines
file; of an XLSX file the texts of all cells are held, within the bounds of `packages`.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from typing import BinaryIO

from backend.gateways.sheets.cells import is_whole_number
from backend.gateways.sheets.csv_rows import look_at_csv, read_csv
from backend.gateways.sheets.heading import LOOKED_AT, Heading, find_heading, fold_title, list_data_rows
from backend.gateways.sheets.json_lines import list_keys, read_json_lines
from backend.gateways.sheets.packages import MAX_XLSX_ROWS
from backend.gateways.sheets.sheet import (
    PassedOver,
    RawRow,
    Sheet,
    SheetError,
    SheetKind,
    SheetRow,
)
from backend.gateways.sheets.xlsx_rows import open_xlsx, read_xlsx

_ZIP = b"PK\x03\x04"
_SAMPLE = 500


def open_sheet(
    stream: BinaryIO, kind: SheetKind, *, titles: Collection[str] = (), sheet_name: str | None = None
) -> Sheet:
    """Open a file: find its encoding and heading, and give its rows as they are asked for.

    `titles` are those that a mapping knows; by them the heading is found, and a title line or groups above it.
    Raises SheetError, here or from `rows` (there with the row): what it could read before that stands.
    """
    _check_kind(stream, kind)
    known = frozenset(fold_title(title) for title in titles)
    match kind:
        case SheetKind.CSV:
            file = look_at_csv(stream, known)
            sheet = _make_sheet(kind, read_csv(stream, file), file.heading)
            sheet.whole_columns = _find_whole_columns(_make_sheet(kind, read_csv(stream, file), file.heading).rows)
            return sheet
        case SheetKind.XLSX:
            return _open_xlsx_sheet(stream, known, sheet_name)
        case SheetKind.JSONL:
            keys = list_keys(stream)
            return Sheet(kind=kind, titles=keys, heading_rows=(), rows=read_json_lines(stream, keys), is_typed=True)


def _open_xlsx_sheet(stream: BinaryIO, known: frozenset[str], sheet_name: str | None) -> Sheet:
    file = open_xlsx(stream, sheet_name)
    heading = find_heading(list(islice(read_xlsx(file), LOOKED_AT)), known)
    if heading is None:
        raise SheetError("no_heading")
    sheet = _make_sheet(SheetKind.XLSX, read_xlsx(file), heading)
    sheet.rows = _count_rows(sheet.rows)
    sheet.is_typed = True
    sheet.counts_from_1904 = file.counts_from_1904
    sheet.other_sheets = file.other_sheets
    return sheet


def _make_sheet(kind: SheetKind, rows: Iterator[RawRow], heading: Heading) -> Sheet:
    passed_over: Counter[PassedOver] = Counter()
    return Sheet(
        kind=kind,
        titles=heading.titles,
        heading_rows=heading.row_nos,
        rows=list_data_rows(rows, heading, passed_over),
        passed_over=passed_over,
    )


def _count_rows(rows: Iterator[SheetRow]) -> Iterator[SheetRow]:
    for count, row in enumerate(rows, 1):
        if count > MAX_XLSX_ROWS:
            raise SheetError("xlsx_too_many_rows", row_no=row.row_no, maximum=MAX_XLSX_ROWS)
        yield row


def _find_whole_columns(rows: Iterator[SheetRow]) -> frozenset[int]:
    """Find the columns whose long numbers are whole: Excel cuts a column throughout, so one that is not cut is enough.

    Judged by the first rows and not on the way, so that a file read on from its middle is read alike.
    """
    found: set[int] = set()
    try:
        for row in islice(rows, _SAMPLE):
            found.update(
                index for index, cell in enumerate(row.cells) if isinstance(cell, str) and is_whole_number(cell)
            )
    except SheetError:
        pass  # whoever reads on meets it
    return frozenset(found)


def _check_kind(stream: BinaryIO, kind: SheetKind) -> None:
    """Tell a spreadsheet under another name before its bytes are taken for a broken text."""
    stream.seek(0)
    if kind is not SheetKind.XLSX and stream.read(len(_ZIP)) == _ZIP:
        raise SheetError("wrong_kind", expected=kind.value)
