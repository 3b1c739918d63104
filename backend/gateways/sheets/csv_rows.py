"""Rows of a CSV file, by the strict rules of RFC 4180, as a stream."""

import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from backend.gateways.sheets.encodings import GB18030, Encoding, find_encoding, open_text
from backend.gateways.sheets.heading import LOOKED_AT, Heading, find_heading
from backend.gateways.sheets.sheet import CellFault, RawRow, SheetError

SEPARATORS: Final = (",", ";", "\t")
_HEAD: Final = 1 << 18  # characters in which the heading must end
_TORN: Final = CellFault("row_torn")
_STRANGE: Final = CellFault("row_in_other_encoding")
_PLAINLY: Final = 2  # characters
_OTHER = re.compile("[^\x00-\x7f\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


class CsvForm(NamedTuple):
    """How a CSV file is written."""

    encoding: Encoding
    separator: str


class CsvFile(NamedTuple):
    """A CSV file that has been looked at: how it is written, and its heading."""

    form: CsvForm
    heading: Heading
    is_ended: bool  # the last row has its line end


def look_at_csv(stream: BinaryIO, titles: frozenset[str]) -> CsvFile:
    """Find encoding, separator and heading; the separator is the one with which the heading says most.

    Raises SheetError when the text is broken or no heading is found.
    """
    encoding = find_encoding(stream)
    is_ended = _has_last_line_end(stream)
    text = open_text(stream, encoding)
    try:
        head = text.read(_HEAD)
    finally:
        text.detach()
    found = []
    for separator in SEPARATORS:
        heading = find_heading(_read_head(head, separator), titles)
        if heading is not None:
            found.append((heading.known, len(heading.titles), CsvFile(CsvForm(encoding, separator), heading, is_ended)))
    if not found:
        raise SheetError("no_heading")
    return max(found, key=lambda each: each[:2])[2]


def read_csv(stream: BinaryIO, file: CsvFile) -> Iterator[RawRow]:
    """Read the rows; `row_no` counts records, as a spreadsheet shows them, empty lines included.

    Raises SheetError `csv_broken` with the row at a quote that is none or does not end, or a cell beyond 131072
    characters. A last row that lacks its line end and some of its cells bears the fault `row_torn`, and one that was
    plainly written in UTF-8, among others in GB18030, `row_in_other_encoding`.
    """
    rows = _read_records(stream, file)
    return map(_find_stranger, rows) if file.form.encoding.name == GB18030 else rows


def _find_stranger(row: RawRow) -> RawRow:
    """Tell a row in UTF-8 within a file in GB18030: pasted together, its names would be others.

    All that is not ASCII must be Chinese when read as UTF-8, with at least two characters. Of real words in GB18030
    hardly any can be read so: of those of three characters some three in a hundred thousand.
    """
    found = 0
    for cell in row.cells:
        if not isinstance(cell, str) or cell.isascii():
            continue
        try:
            strange = cell.encode(GB18030).decode("utf-8")
        except UnicodeError:
            return row
        if _OTHER.search(strange) is not None:
            return row
        found += sum("\u4e00" <= character <= "\u9fff" for character in strange)
    return row if found < _PLAINLY or row.fault is not None else row._replace(fault=_STRANGE)


def _read_records(stream: BinaryIO, file: CsvFile) -> Iterator[RawRow]:
    text = open_text(stream, file.form.encoding)
    row_no = 0
    held: list[str] | None = None
    try:
        rows = enumerate(csv.reader(text, delimiter=file.form.separator, strict=True), 1)
        if file.is_ended:
            for row_no, cells in rows:
                yield RawRow(row_no, cells)
        else:
            for row_no, cells in rows:
                if held is not None:
                    yield RawRow(row_no - 1, held)
                held = cells
            if held is not None:
                yield RawRow(row_no, held, _TORN if len(held) < len(file.heading.titles) else None)
    except csv.Error:
        if held is not None:
            yield RawRow(row_no, held)
        raise SheetError("csv_broken", row_no=row_no + 1) from None
    finally:
        text.detach()


def _has_last_line_end(stream: BinaryIO) -> bool:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - 2))
    tail = stream.read(2)  # two bytes are one character of UTF-16
    return b"\n" in tail or b"\r" in tail


def _read_head(head: str, separator: str) -> list[RawRow]:
    rows = []
    try:
        for row_no, cells in enumerate(csv.reader(io.StringIO(head, newline=""), delimiter=separator, strict=True), 1):
            rows.append(RawRow(row_no, cells))
            if row_no == LOOKED_AT:
                break
    except csv.Error:
        pass  # with this separator it is no CSV, or the head ends within quotes
    return rows
