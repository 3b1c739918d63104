"""Cells as departments fill them, read into texts, numbers and flags without a guess. Pure.

Each reader gives the value, None where the cell says that there is none, or a `CellFault`. Nothing passes through a
binary fraction: what Excel keeps as one is taken with the 15 digits that Excel itself keeps and shows, so that the
fraction behind 1.1 is 1.1.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from backend.gateways.sheets.sheet import Cell, CellFault

EXACT_DIGITS: Final = 15  # of a number in Excel; it puts zeros in the place of the others
MAX_WHOLE: Final = 10**15

_ERROR: Final = CellFault("cell_error")
_SAYS_NOTHING = ("", "无", "空", "/", "\\", "-", "--", "—", "——", "–", "－", "／", "N/A", "n/a", "NULL", "null")
_EXCEL_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!")
SPECIAL: Mapping[str, CellFault | None] = dict.fromkeys(_SAYS_NOTHING) | dict.fromkeys(_EXCEL_ERRORS, _ERROR)

# A cell without any of these is taken as it stands. The punctuation of Chinese texts is theirs and stays full-width.
_UNUSUAL = re.compile(r"^['=]|[^ -~\u4e00-\u9fff、。〈〉《》【】〔〕！（），．：；？“”‘’…·]")
_HALF_WIDTH = {
    full: full - 0xFEE0
    for first, last in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
    for full in range(first, last + 1)
}
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"))
_CLEANED = {**_HALF_WIDTH, **_INVISIBLE}
_BLANKS = re.compile(r"\s+")  # tabs, line breaks, blanks of every width
# Three ways in which a CSV tells Excel that a text is one; the apostrophe is also how our receipts disarm a formula.
_MARKED = re.compile(r"""=\s*"(?P<quoted>[^"]*)"|'(?P<text>[^']*)|\t(?P<tabbed>.*)""", re.DOTALL)
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]+")
_ROUNDED = re.compile(r"[0-9]{15}0{3,5}")
_LONG = re.compile(r"[0-9]{16,20}")
_WHOLE = re.compile(r"(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,16})(?:\.0+)?")
_FLAGS = {"是": True, "否": False, "true": True, "false": False, "y": True, "n": False, "yes": True, "no": False}
_FLAGS |= {"1": True, "0": False, "√": True, "×": False, "有": True}


def fold_text(text: str) -> str:
    """Clean a text: NFC, half-width digits, letters and blanks, one blank for many, nothing invisible, no mark.

    Punctuation and ideographs stay: NFKC would turn `（` into `(` and `㎡` into `m2`, and the text into another.
    """
    if _UNUSUAL.search(text):
        text = unicodedata.normalize("NFC", unmark_text(text)).translate(_CLEANED)
        text = _BLANKS.sub(" ", text)
    return text.strip()


def fold_compactly(text: str) -> str:
    """Fold what has an ASCII form (days, amounts, numbers): NFKC, and no blank or invisible character at all."""
    if text.isascii() and text.isalnum():
        return text
    return _BLANKS.sub("", unicodedata.normalize("NFKC", unmark_text(text)).translate(_INVISIBLE))


def read_text(cell: Cell) -> str | CellFault | None:
    """Read a text; a number becomes its digits, unless Excel has lost some of them."""
    if isinstance(cell, str):
        text = fold_text(cell)
        return SPECIAL.get(text, text)
    if cell is None:
        return None
    if isinstance(cell, bool):
        return CellFault("cell_not_a_text")
    if isinstance(cell, int | float | Decimal):
        return write_number(cell)
    return CellFault("cell_became_a_day")


def read_identity_number(cell: Cell, *, is_typed: bool) -> str | CellFault | None:
    """Read the number of a document, a phone or a code; told apart is only whether Excel has destroyed it.

    Excel keeps 15 digits: `4.10105E+17` and 15 digits followed by zeros have lost the rest, and a number cell of more
    than 15 digits is trusted in no program. A text of 15 digits and zeros is believed where it was meant as a text:
    in a typed cell (`is_typed`), or marked with an apostrophe.
    """
    if isinstance(cell, str):
        text = fold_compactly(cell)
        if text in SPECIAL:
            return SPECIAL[text]
        if _SCIENTIFIC.fullmatch(text):
            return CellFault("cell_digits_lost")
        if _ROUNDED.fullmatch(text) and not is_typed and not _is_marked(cell):
            return CellFault("cell_digits_lost")
        return text
    return read_text(cell)


def is_whole_number(cell: str) -> bool:
    """Tell whether a cell holds 16 to 20 digits that do not end in the zeros that Excel puts for lost ones."""
    text = fold_compactly(cell)
    return _LONG.fullmatch(text) is not None and _ROUNDED.fullmatch(text) is None


def read_whole(cell: Cell) -> int | CellFault | None:
    """Read a whole number: `12`, `1,200`, `１２`, and the `12.0` that Excel makes of it."""
    if isinstance(cell, str):
        text = fold_compactly(cell)
        if text in SPECIAL:
            return SPECIAL[text]
        match = _WHOLE.fullmatch(text)
        if match is None:
            return CellFault("cell_not_whole")
        whole = int(match[1] + match[2].replace(",", ""))
    else:
        number = read_number(cell)
        if not isinstance(number, Decimal):
            return number
        if number != number.to_integral_value():
            return CellFault("cell_not_whole")
        whole = int(number)
    return whole if abs(whole) <= MAX_WHOLE else CellFault("cell_not_whole")


def read_flag(cell: Cell) -> bool | CellFault | None:
    """Read 是 or 否 and their usual kin; `无` is no `否` but says nothing."""
    if cell is None or isinstance(cell, bool):
        return cell
    text = read_text(cell)
    if not isinstance(text, str):
        return text
    flag = _FLAGS.get(text.casefold())
    return CellFault("cell_not_a_flag") if flag is None else flag


def read_number(cell: Cell) -> Decimal | CellFault | None:
    """Read a cell that is a number by type, with the digits that Excel shows; texts are for the callers."""
    if cell is None:
        return None
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        return CellFault("cell_became_a_day" if isinstance(cell, date) else "cell_not_a_number")
    number = Decimal(format(cell, f".{EXACT_DIGITS}g")) if isinstance(cell, float) else Decimal(cell)
    return number if number.is_finite() and abs(number) < Decimal(10) ** 18 else CellFault("cell_not_a_number")


def write_number(cell: float | Decimal) -> str | CellFault:
    """Write a number cell as the digits that a clerk sees: `123` for 123.0; a fault beyond 15 digits."""
    number = read_number(cell)
    if not isinstance(number, Decimal):
        return CellFault("cell_not_a_number")
    if abs(number) >= 10**EXACT_DIGITS or len(number.as_tuple().digits) > EXACT_DIGITS:
        return CellFault("cell_digits_lost")
    return str(int(number)) if number == number.to_integral_value() else f"{number.normalize():f}"


def _is_marked(cell: str) -> bool:
    """Tell whether whoever wrote a CSV took care that Excel leaves the cell alone; a tab behind it does, too."""
    return cell.endswith("\t") or _MARKED.fullmatch(cell) is not None


def unmark_text(text: str) -> str:
    """Take off what marks a text as one for Excel: `'…`, `="…"`, or a tab before it."""
    match = _MARKED.fullmatch(text)
    return text if match is None else str(match[match.lastgroup or 0])
