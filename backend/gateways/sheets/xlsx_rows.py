"""Rows of an XLSX sheet, as a stream: values only, the last computed ones where there are formulas."""

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NamedTuple
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook

from backend.gateways.sheets.packages import MAX_SHEET_ROW, check_package
from backend.gateways.sheets.sheet import RawRow, SheetError

# What openpyxl and the parser under it raise at a file that is none; DefusedXmlException is a ValueError.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    EOFError,
    NotImplementedError,
)
if not openpyxl.DEFUSEDXML:
    raise ImportError("openpyxl reads XML without defusedxml; install it, and leave OPENPYXL_DEFUSEDXML unset")
warnings.filterwarnings("ignore", module=r"openpyxl\.")  # it tells that it drops charts and rules, which we want


class XlsxFile(NamedTuple):
    """An opened workbook, the sheet that is read, and the names of the other visible ones."""

    workbook: Workbook
    sheet: str
    other_sheets: tuple[str, ...]

    @property
    def counts_from_1904(self) -> bool:
        """Tell from which year the numbers of days in it count."""
        return bool(self.workbook.epoch == CALENDAR_MAC_1904)


def open_xlsx(stream: BinaryIO, name: str | None) -> XlsxFile:
    """Open a workbook at the sheet of a name, or at its first visible one.

    Raises SheetError: what `check_package` does, `xlsx_broken`, and `no_such_sheet`.
    """
    check_package(stream)
    try:
        workbook = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False, keep_vba=False)
        visible = [sheet.title for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    except _BROKEN:
        raise SheetError("xlsx_broken") from None
    wanted = visible[:1] if name is None else [each for each in visible if each == name]
    if not wanted:
        workbook.close()
        raise SheetError("no_such_sheet")
    return XlsxFile(workbook, wanted[0], tuple(each for each in visible if each != wanted[0]))


def read_xlsx(file: XlsxFile) -> Iterator[RawRow]:
    """Read the rows under the numbers that the sheet shows; missing ones come as empty rows.

    Raises SheetError `xlsx_broken` with the row before which the file ends to make sense.
    """
    sheet: Any = file.workbook[file.sheet]  # read-only, which its type does not say
    row_no = 0
    try:
        sheet.reset_dimensions()  # what a file says of its own size is often wrong
        for row_no, cells in enumerate(sheet.iter_rows(max_row=MAX_SHEET_ROW, values_only=True), 1):
            yield RawRow(row_no, cells)
    except _BROKEN:
        raise SheetError("xlsx_broken", row_no=row_no + 1) from None
