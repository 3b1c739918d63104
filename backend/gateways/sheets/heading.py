"""The heading of a table among the rows above it, and the rows below it that are no data. Pure.

Departments put a title above the heading, set groups above its columns, print the heading again on every page, and
write sums, notes and names below. What the mapping knows of the titles decides where the heading is; without it, the
first row with at least two texts.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import Final, NamedTuple

from backend.gateways.sheets.cells import fold_text
from backend.gateways.sheets.sheet import MAX_COLUMNS, Cell, CellFault, PassedOver, RawRow, SheetError, SheetRow

LOOKED_AT: Final = 30  # rows in which the heading must stand
_FEW: Final = 2
_IGNORED_IN_TITLES = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
# A sum by itself, or a word of a note with a colon (填表人：…), or alone in its row.
_NOTE = re.compile(
    r"(?:合\s*计|总\s*计|小\s*计|累\s*计|共\s*计|本页合计)\s*[:：]?\s*[¥￥]?[0-9,.]*\s*(?:元|万元|条|件|人)?"
    r"|共\s*[0-9]+\s*(?:条|行|件|人).*"
    r"|(?:备\s*注|注|注意|说\s*明|附\s*注|填表说明|填报说明|注意事项)\s*[0-9]{0,2}\s*[:：].*"
    r"|(?:填\s*表\s*人|填\s*报\s*人|制\s*表\s*人|制\s*表|经\s*办\s*人|审\s*核\s*人?|复\s*核\s*人?|负\s*责\s*人|单位负责人|联\s*系\s*人"
    r"|联系电话|联系方式|电\s*话|填表日期|填报日期|填报时间|制表日期|报送日期|填报单位|填表单位|报送单位|制表单位|单位盖章"
    r"|单位[(（](?:盖章|公章)[)）])\s*(?:[(（][^)）]*[)）])?\s*(?:[:：].*)?",
    re.DOTALL,
)
_LABELLED = re.compile(r"[^:：]{1,10}[:：].+")  # 填报单位：市城管局
_VALUE = re.compile(r"[0-9\s.,:/年月日%-]+")


class Heading(NamedTuple):
    """The titles, one a column (empty where there is none), the rows they stand in, and how many of them are known.

    `lines` are those rows themselves, folded, to know them again further down.
    """

    titles: tuple[str, ...]
    row_nos: tuple[int, ...]
    lines: tuple[tuple[str, ...], ...]
    known: int


def fold_title(title: str) -> str:
    """Give the form in which titles are compared: NFKC, without blanks, case and the asterisk of a required column."""
    return _IGNORED_IN_TITLES.sub("", unicodedata.normalize("NFKC", title)).strip("*★").casefold()


def name_column(index: int) -> str:
    """Name a column, counted from 0, by the letters that a spreadsheet shows."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def find_heading(rows: Sequence[RawRow], titles: frozenset[str]) -> Heading | None:
    """Find the heading in the first rows of a file; `titles` are the known ones, folded.

    Raises SheetError `too_many_columns` beyond 300.
    """
    best: Heading | None = None
    for index, row in enumerate(rows[:LOOKED_AT]):
        below = rows[index + 1] if index + 1 < len(rows) else None
        for heading in _list_headings(row, below, titles):
            if best is None or heading.known > best.known:
                best = heading
    if best is not None and len(best.titles) > MAX_COLUMNS:
        raise SheetError("too_many_columns", maximum=MAX_COLUMNS)
    return best


def list_data_rows(rows: Iterator[RawRow], heading: Heading, passed_over: Counter[PassedOver]) -> Iterator[SheetRow]:
    """Give the rows of data below the heading, and count those that are none in `passed_over`.

    A row of blanks counts nowhere. A cell where the heading has no title is a fault of its row: nothing is dropped.
    """
    width = len(heading.titles)
    first = next(index for index, title in enumerate(heading.titles) if title)
    untitled = [index for index, title in enumerate(heading.titles) if not title]
    few = max(_FEW, width // 2)
    suspicious = {"", " ", None, *(line[first] for line in heading.lines if first < len(line))}
    last_heading_row = heading.row_nos[-1]
    for row in rows:
        row_no, cells, fault = row
        if row_no <= last_heading_row:
            if row_no not in heading.row_nos and _count_filled(cells):
                passed_over[PassedOver.ABOVE_HEADING] += 1
            continue
        size = len(cells)
        # Only a row that is short, thinly filled or begins like a heading is looked at closely.
        is_odd = size <= first or cells[first] in suspicious or size - cells.count("") - cells.count(None) <= few
        if is_odd and fault is None:
            filled = _count_filled(cells)
            kind = _find_kind(cells, heading, is_thin=filled <= few) if filled else None
            if kind is not None:
                passed_over[kind] += 1
            if kind is not None or not filled:
                continue
        if size == width and not untitled:
            yield SheetRow(row_no, tuple(cells), fault)
        else:
            yield _fit(row, width, untitled)


def _find_kind(cells: Sequence[Cell], heading: Heading, *, is_thin: bool) -> PassedOver | None:
    line = _fold_line(cells)
    if line in heading.lines:
        return PassedOver.HEADING_AGAIN
    start = next(text for text in line if text)
    return PassedOver.NOTE if is_thin and _NOTE.fullmatch(start) else None


def _fit(row: RawRow, width: int, untitled: Sequence[int]) -> SheetRow:
    cells = (*row.cells[:width], *(None for _ in range(width - len(row.cells))))
    return SheetRow(row.row_no, cells, row.fault or _find_stray_cell(row.cells, width, untitled))


def _find_stray_cell(cells: Sequence[Cell], width: int, untitled: Sequence[int]) -> CellFault | None:
    for index in (*untitled, *range(width, len(cells))):
        if index < len(cells) and not _is_blank(cells[index]):
            return CellFault("cell_without_title", {"column": name_column(index)})
    return None


def _list_headings(row: RawRow, below: RawRow | None, known: frozenset[str]) -> Iterator[Heading]:
    """List the headings that could begin in a row; of two that are equally well known the first is meant."""
    upper = _fold_line(row.cells)
    if not _is_heading_line(upper, _FEW):
        return
    if below is not None and below.row_no == row.row_no + 1:
        lower = _fold_line(below.cells)
        if _is_heading_line(lower, 1) and _is_under(upper, lower):
            titles = tuple(_join_lines(upper, lower, known))
            yield _make_heading(titles, (row.row_no, below.row_no), (upper, lower), known)
    yield _make_heading(upper, (row.row_no,), (upper,), known)


def _make_heading(
    titles: tuple[str, ...], row_nos: tuple[int, ...], lines: tuple[tuple[str, ...], ...], known: frozenset[str]
) -> Heading:
    return Heading(titles, row_nos, lines, len({fold_title(title) for title in titles if title} & known))


def _is_heading_line(line: Sequence[str], least: int) -> bool:
    texts = [text for text in line if text]
    return len(texts) >= least and not any(_VALUE.fullmatch(text) or _LABELLED.fullmatch(text) for text in texts)


def _is_under(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Tell whether a line can hold the titles below groups.

    It fills a gap of the upper one; and either some title reaches down past it, or all above it are groups.
    """
    pairs = list(zip_longest(upper, lower, fillvalue=""))
    if not any(below and not above for above, below in pairs):
        return False
    reaches_down = any(above and not below for above, below in pairs)
    return reaches_down or all(not next_above for (above, _), (next_above, _) in pairwise([*pairs, ("", "")]) if above)


def _join_lines(upper: Sequence[str], lower: Sequence[str], known: frozenset[str]) -> Iterator[str]:
    """Give the titles of two lines: `group/column`, or the one there is where cells are merged downwards."""
    group = ""
    for above, below in zip_longest(upper, lower, fillvalue=""):
        if not below:
            group = ""  # this one reaches down to the data, and over no other column
            yield above
            continue
        group = above or group
        joined = f"{group}/{below}" if group else below
        yield below if fold_title(joined) not in known and fold_title(below) in known else joined


def _fold_line(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Fold the cells of a row to texts, without the empty ones at its end."""
    texts = ["" if cell is None else fold_text(cell if isinstance(cell, str) else str(cell)) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def _count_filled(cells: Sequence[Cell]) -> int:
    return sum(not _is_blank(cell) for cell in cells)


def _is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not fold_text(cell))
