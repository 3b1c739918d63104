"""Days as departments write them. Pure.

A spreadsheet counts days from 1900 or from 1904. The count from 1900 holds a day that never was, 29 February 1900
(ECMA-376 part 1, 18.17.4.1), so that 1 March 1900 is its day 61.
"""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from backend.gateways.sheets.cells import SPECIAL, fold_text, read_number
from backend.gateways.sheets.sheet import Cell, CellFault

_DAY_BEFORE_1900: Final = date(1899, 12, 31)
_FIRST_OF_1904: Final = date(1904, 1, 1)
_NEVER_WAS: Final = 60
_LAST_SERIAL: Final = 2_958_465  # 31 December 9999
_YEARS: Final = range(1900, 2101)
_NOT_A_DAY: Final = CellFault("cell_not_a_day")
_TIME = r"(?:[T ]\s*[0-9]{1,2}:[0-9]{1,2}(?::[0-9]{1,2}(?:\.[0-9]+)?)?)?"
_WRITTEN = re.compile(
    r"([0-9]{4})\s*(?:年\s*([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*日?|([-/.])\s*([0-9]{1,2})\s*\4\s*([0-9]{1,2}))" + _TIME
)
_EIGHT_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:\.0+)?")
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]{1,12})?")
_INCOMPLETE = re.compile(r"[0-9]{4}\s*(?:年|[-/.]\s*[0-9]{1,2}|年\s*[0-9]{1,2}\s*月?)?")
_TO_ASCII = str.maketrans("／－．：–—", "/-.:--")
_ISO_LENGTH = 10


def read_day(cell: Cell, *, counts_from_1904: bool = False) -> date | CellFault | None:
    """Read a day: `2026-3-1`, `2026/03/01`, `2026.3.1`, `20260301`, `2026年3月1日`, a date cell, or Excel's number.

    A time of day behind it is passed over. A year or a month alone is a fault: the day is not ours to choose.
    """
    if isinstance(cell, str):
        return _read_written_day(cell, counts_from_1904=counts_from_1904)
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    number = read_number(cell)
    if isinstance(number, CellFault):
        return _NOT_A_DAY
    return None if number is None else _read_numeric_day(number, counts_from_1904=counts_from_1904)


def count_days(serial: int, *, counts_from_1904: bool = False) -> date | CellFault:
    """Turn a spreadsheet's number into its day."""
    if not 0 < serial <= _LAST_SERIAL or (serial == _NEVER_WAS and not counts_from_1904):
        return _NOT_A_DAY
    if counts_from_1904:
        return _FIRST_OF_1904 + timedelta(serial) if serial <= _LAST_SERIAL - 1462 else _NOT_A_DAY
    return _DAY_BEFORE_1900 + timedelta(serial if serial < _NEVER_WAS else serial - 1)


def _read_written_day(cell: str, *, counts_from_1904: bool) -> date | CellFault | None:
    if len(cell) == _ISO_LENGTH and cell[4] == "-" == cell[7] and cell.isascii():
        try:
            return date.fromisoformat(cell)
        except ValueError:
            pass  # the slow way says what is wrong
    text = fold_text(cell).translate(_TO_ASCII)
    if text in SPECIAL:
        return SPECIAL[text]
    match = _WRITTEN.fullmatch(text)
    if match is not None:
        year, month, day = match[1], match[2] or match[5], match[3] or match[6]
        return _make_day(int(year), int(month), int(day))
    match = _EIGHT_DIGITS.fullmatch(text)
    if match is not None:
        return _make_day(int(match[1]), int(match[2]), int(match[3]))
    if _SERIAL.fullmatch(text):
        return _read_numeric_day(Decimal(text), counts_from_1904=counts_from_1904)
    return CellFault("cell_day_incomplete") if _INCOMPLETE.fullmatch(text) else _NOT_A_DAY


def _read_numeric_day(number: Decimal, *, counts_from_1904: bool) -> date | CellFault:
    whole = int(number)
    if whole in _YEARS:  # 2026 is a year to whoever wrote it, and 18 July 1905 to Excel
        return CellFault("cell_day_incomplete")
    if whole > _LAST_SERIAL:
        digits = str(whole)
        if number != whole or _EIGHT_DIGITS.fullmatch(digits) is None:
            return _NOT_A_DAY
        return _make_day(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    return count_days(whole, counts_from_1904=counts_from_1904)


def _make_day(year: int, month: int, day: int) -> date | CellFault:
    try:
        return date(year, month, day)
    except ValueError:
        return CellFault("cell_no_such_day")
