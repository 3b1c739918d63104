"""Files as departments send them, for tests: one table, written in every form."""

import csv
import io
import json
from collections.abc import Iterable, Sequence

from openpyxl import Workbook

from backend.gateways.sheets.reading import open_sheet
from backend.gateways.sheets.sheet import Cell, Sheet, SheetKind

Line = Sequence[Cell]


def write_csv(lines: Iterable[Line], *, encoding: str = "utf-8", separator: str = ",", ending: str = "\r\n") -> bytes:
    """A CSV file, as a spreadsheet writes it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=ending)
    writer.writerows(["" if cell is None else cell for cell in line] for line in lines)
    return text.getvalue().encode(encoding)


def write_xlsx(lines: Iterable[Line], *, name: str = "Sheet1") -> bytes:
    """A workbook of one sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name)
    for line in lines:
        sheet.append(list(line))
    return save(book)


def save(book: Workbook) -> bytes:
    """The bytes of a workbook."""
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def write_json_lines(lines: Sequence[Line]) -> bytes:
    """A JSON Lines file with the first line as the keys of the others."""
    titles = [str(title) for title in lines[0]]
    return "".join(
        json.dumps(dict(zip(titles, line, strict=True)), ensure_ascii=False) + "\n" for line in lines[1:]
    ).encode()


def read(data: bytes, kind: SheetKind = SheetKind.CSV, *titles: str, name: str | None = None) -> Sheet:
    """Open a file."""
    return open_sheet(io.BytesIO(data), kind, titles=titles, sheet_name=name)


def read_cells(data: bytes, kind: SheetKind = SheetKind.CSV, *titles: str) -> list[tuple[Cell, ...]]:
    """The cells of every row of data."""
    return [row.cells for row in read(data, kind, *titles).rows]
