"""The receipt of a file: the same file again, in the same form, with what became of each row beside it.

Whoever opens it sees texts: a cell that a spreadsheet would take for a formula is a text in XLSX, and bears an
apostrophe in a CSV, which reading takes off again. So a corrected receipt can be handed in as it is; the columns of an
earlier receipt give way to the new ones.
"""

import csv
import io
import json
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as XlsxCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from backend.gateways.sheets.cells import unmark_text
from backend.gateways.sheets.csv_rows import look_at_csv, read_csv
from backend.gateways.sheets.heading import LOOKED_AT, Heading, find_heading, fold_title
from backend.gateways.sheets.json_lines import read_line, read_lines
from backend.gateways.sheets.sheet import RECEIPT_TITLES, Cell, CellFault, RawRow, SheetError, SheetKind
from backend.gateways.sheets.xlsx_rows import open_xlsx, read_xlsx

MEDIA_TYPES: Final = {
    SheetKind.CSV: "text/csv",
    SheetKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    SheetKind.JSONL: "application/x-ndjson",
}
_CHUNK: Final = 1 << 16
_LINES: Final = 200
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_HARMLESS = re.compile(r"[+-]?[0-9][0-9,]*(\.[0-9]+)?%?|[-－]{1,2}")


class RowOutcome(NamedTuple):
    """What became of a row, in the words that a clerk reads; empty texts where there is nothing to say."""

    row_no: int
    outcome: str
    reason: str = ""
    law: str = ""
    record_id: str = ""


class _Shape(NamedTuple):
    """How many columns the file has, and whether those of an earlier receipt follow them."""

    width: int
    has_receipt: bool


def write_receipt(
    stream: BinaryIO,
    kind: SheetKind,
    outcomes: Iterable[RowOutcome],
    *,
    titles: Collection[str] = (),
    sheet_name: str | None = None,
) -> Iterator[bytes]:
    """Write the receipt of the file in `stream`, piece by piece; `titles` and `sheet_name` as it was read with.

    `outcomes` come by rising row number. One for a row that the file does not give (it cannot be read on) is written
    in a row of its own. Raises SheetError for a file that `open_sheet` refuses as a whole.
    """
    known = frozenset(fold_title(title) for title in titles)
    match kind:
        case SheetKind.CSV:
            return _write_csv(stream, known, outcomes)
        case SheetKind.XLSX:
            return _write_xlsx(stream, known, sheet_name, outcomes)
        case SheetKind.JSONL:
            return _write_json_lines(stream, outcomes)


def disarm(text: str) -> str:
    """Make a text of a CSV one that no spreadsheet computes: with an apostrophe before it, where it needs one."""
    if _FORMULA.match(text) is None or _HARMLESS.fullmatch(text):
        return text
    return f"'{unmark_text(text)}"


def _write_csv(stream: BinaryIO, known: frozenset[str], outcomes: Iterable[RowOutcome]) -> Iterator[bytes]:
    file = look_at_csv(stream, known)
    encoding = file.form.encoding
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=file.form.separator, lineterminator="\r\n")
    yield encoding.mark
    for cells in _join(read_csv(stream, file), file.heading, outcomes):
        writer.writerow([disarm(cell) if isinstance(cell, str) else cell for cell in cells])
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue().encode(encoding.name)
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode(encoding.name)


def _write_xlsx(
    stream: BinaryIO, known: frozenset[str], sheet_name: str | None, outcomes: Iterable[RowOutcome]
) -> Iterator[bytes]:
    file = open_xlsx(stream, sheet_name)
    heading = find_heading(list(islice(read_xlsx(file), LOOKED_AT)), known)
    if heading is None:
        raise SheetError("no_heading")
    book = Workbook(write_only=True)
    book.epoch = file.workbook.epoch  # the numbers that stand for days count from the same year
    sheet = book.create_sheet(file.sheet)
    for cells in _join(read_xlsx(file), heading, outcomes):
        sheet.append([_make_text(sheet, cell) if isinstance(cell, str) else cell for cell in cells])
    with tempfile.TemporaryFile() as written:
        book.save(written)
        written.seek(0)
        while chunk := written.read(_CHUNK):
            yield chunk


def _make_text(sheet: WriteOnlyWorksheet, text: str) -> str | XlsxCell:
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)
    if not clean.startswith(("=", "#")):
        return clean
    cell = WriteOnlyCell(sheet, clean)
    cell.data_type = "s"  # openpyxl would write a formula, or an error
    return cell


def _write_json_lines(stream: BinaryIO, outcomes: Iterable[RowOutcome]) -> Iterator[bytes]:
    left = iter(outcomes)
    outcome = next(left, None)
    pieces: list[bytes] = []
    for row_no, line in enumerate(read_lines(stream), 1):
        if not line.strip():
            pieces.append(b"\n")
            continue
        members = read_line(line)
        values: dict[str, Cell] = {} if isinstance(members, CellFault) else dict(members)
        for title in RECEIPT_TITLES:
            values.pop(title, None)
        if outcome is not None and outcome.row_no == row_no:
            values |= dict(zip(RECEIPT_TITLES, outcome[1:], strict=True))
            outcome = next(left, None)
        pieces.append(_write_object(values))
        if len(pieces) == _LINES:
            yield b"".join(pieces)
            pieces.clear()
    yield b"".join(pieces)


def _write_object(values: dict[str, Cell]) -> bytes:
    """Write an object on a line; a decimal keeps the digits that it came with."""
    if not any(isinstance(value, Decimal) for value in values.values()):
        return f"{_ENCODE(values)}\n".encode()
    members = (
        f"{_ENCODE(key)}: " + (str(value) if isinstance(value, Decimal) else _ENCODE(value))
        for key, value in values.items()
    )
    return ("{" + ", ".join(members) + "}\n").encode()


def _join(rows: Iterator[RawRow], heading: Heading, outcomes: Iterable[RowOutcome]) -> Iterator[list[Cell]]:
    """Put the outcomes beside their rows, and the titles of their columns beside the heading."""
    shape = _find_shape(heading)
    left = iter(outcomes)
    outcome = next(left, None)
    try:
        for row_no, cells, _ in rows:
            told: Sequence[str] = ()
            if row_no == heading.row_nos[-1]:
                told = RECEIPT_TITLES
            elif outcome is not None and outcome.row_no == row_no:
                told = outcome[1:]
                outcome = next(left, None)
            yield _add(cells, told, shape)
    except SheetError:
        pass  # whoever read the file met the same; what is to be said of it is among the outcomes
    while outcome is not None:
        yield _add((), outcome[1:], shape)
        outcome = next(left, None)


def _add(cells: Sequence[Cell], told: Sequence[str], shape: _Shape) -> list[Cell]:
    """Give the cells, what is told in the columns behind them, and then what stood where no column is."""
    own = list(cells[: shape.width])
    beyond = cells[shape.width + (len(RECEIPT_TITLES) if shape.has_receipt else 0) :]
    if not told and not any(beyond):
        return own
    told = told or [""] * len(RECEIPT_TITLES)
    return [*own, *([None] * (shape.width - len(own))), *told, *beyond]


def _find_shape(heading: Heading) -> _Shape:
    size = len(RECEIPT_TITLES)
    has_receipt = heading.titles[-size:] == RECEIPT_TITLES
    return _Shape(len(heading.titles) - (size if has_receipt else 0), has_receipt)
