"""What an XLSX file is held to before it is opened: it is a ZIP of XML, and either can be a bomb.

Sizes are counted by unpacking in pieces, not only believed. Macros, pictures and links to other files are never opened.
"""

import re
import zipfile
import zlib
from typing import BinaryIO, Final

from backend.gateways.sheets.sheet import SheetError

MAX_ENTRIES: Final = 2_000
MAX_UNPACKED: Final = 1 << 29
MAX_SHARED_TEXTS: Final = 48 << 20  # the texts of all cells are held in memory while the sheet is read
MAX_SMALL_PART: Final = 1 << 23
MAX_XLSX_ROWS: Final = 100_000  # of data
MAX_ROW_ELEMENTS: Final = 300_000  # with those that are only formatted; each leaves something in memory
MAX_SHEET_ROW: Final = 1_048_576
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 512
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_ZIP: Final = b"PK\x03\x04"
_ROW_NO = re.compile(
    rb"row\s(?:[^<>]{0,200}\s)?r=[\"']([0-9]{1,20})[\"']"
)  # begins with letters, to be looked for fast
_ROW_TAGS: Final = (b"<row ", b"<row>", b"<row/", b":row ", b":row>", b":row/")
_BEFORE_ROW: Final = (b"<", b":")
_ENCRYPTED: Final = 0x1


def check_package(stream: BinaryIO) -> None:
    """Refuse what is no XLSX, or one that would unpack to more than we read; the stream is left at its start.

    Raises SheetError: `xlsx_old` for a file of Excel 97 or one with a password, `xlsx_broken`, `xlsx_too_large`.
    """
    stream.seek(0)
    head = stream.read(4)
    if head == _OLD_EXCEL:
        raise SheetError("xlsx_old")
    if head != _ZIP:
        raise SheetError("xlsx_broken")
    try:
        with zipfile.ZipFile(stream) as package:
            _check_entries(package)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise SheetError("xlsx_broken") from None
    stream.seek(0)


def _check_entries(package: zipfile.ZipFile) -> None:
    entries = package.infolist()
    if len(entries) > MAX_ENTRIES:
        raise SheetError("xlsx_too_large")
    if len({entry.filename for entry in entries}) != len(entries):
        raise SheetError("xlsx_broken")  # of two parts with one name it is open which is read
    parts = [entry for entry in entries if entry.filename.endswith((".xml", ".rels"))]
    if sum(entry.file_size for entry in parts) > MAX_UNPACKED:
        raise SheetError("xlsx_too_large")
    unpacked = 0
    for entry in parts:
        if entry.flag_bits & _ENCRYPTED:
            raise SheetError("xlsx_old")
        limit = min(_find_limit(entry.filename), MAX_UNPACKED - unpacked)
        unpacked += _unpack(package, entry, limit)


def _find_limit(name: str) -> int:
    if name.startswith("xl/worksheets/"):
        return MAX_UNPACKED
    return MAX_SHARED_TEXTS if name == "xl/sharedStrings.xml" else MAX_SMALL_PART


def _unpack(package: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> int:
    """Count what a part unpacks to; of a sheet also see that its rows stand in their order.

    A reader fills the rows that are left out, and drops one that comes after a later one.
    """
    size, rows, tail, last_row = 0, 0, b"", 0
    is_sheet = entry.filename.startswith("xl/worksheets/")
    with package.open(entry) as part:
        while chunk := part.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise SheetError("xlsx_too_large")
            if is_sheet:
                chunk = tail + chunk
                # What stands across two pieces is looked for again in the second one, and not twice.
                whole = chunk.rfind(b"<") if len(chunk) > _OVERLAP else len(chunk)
                chunk, tail = chunk[:whole], chunk[whole:]
                last_row = _follow_rows(chunk, last_row)
                rows += sum(map(chunk.count, _ROW_TAGS))
                if rows > MAX_ROW_ELEMENTS:
                    raise SheetError("xlsx_too_many_rows", maximum=MAX_XLSX_ROWS)
    _follow_rows(tail, last_row)
    return size


def _follow_rows(xml: bytes, last_row: int) -> int:
    for match in _ROW_NO.finditer(xml):
        if xml[match.start() - 1 : match.start()] not in _BEFORE_ROW:
            continue
        row_no = int(match[1])
        if not last_row < row_no <= MAX_SHEET_ROW:
            raise SheetError("xlsx_broken")
        last_row = row_no
    return last_row
