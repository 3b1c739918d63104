import io
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from typing_extensions import Buffer, override

from backend.gateways.sheets.cells import read_text
from backend.gateways.sheets.heading import fold_title, name_column
from backend.gateways.sheets.reading import open_sheet
from backend.gateways.sheets.sheet import CellFault, PassedOver, SheetError, SheetKind
from tests.backend.gateways.sheets.files import Line, read, read_cells, save, write_csv, write_json_lines, write_xlsx

TITLES = ("姓名", "证件号码", "决定日期", "罚款金额(万元)")
ROW = ("张三", "41010519900101123X", "2026年3月1日", "1.1")
TABLE: list[Line] = [TITLES, ROW, ("李四", "410105199001011230", "2026-3-2", "0.05")]
FORMS: dict[str, tuple[SheetKind, Callable[[list[Line]], bytes]]] = {
    "utf-8": (SheetKind.CSV, write_csv),
    "utf-8 with a mark": (SheetKind.CSV, lambda lines: write_csv(lines, encoding="utf-8-sig")),
    "gb18030": (SheetKind.CSV, lambda lines: write_csv(lines, encoding="gb18030")),
    "utf-16": (SheetKind.CSV, lambda lines: write_csv(lines, encoding="utf-16")),
    "big-endian": (SheetKind.CSV, lambda lines: b"\xfe\xff" + write_csv(lines, encoding="utf-16-be")),
    "semicolons": (SheetKind.CSV, lambda lines: write_csv(lines, separator=";")),
    "tabs": (SheetKind.CSV, lambda lines: write_csv(lines, encoding="gb18030", separator="\t", ending="\n")),
    "xlsx": (SheetKind.XLSX, write_xlsx),
    "jsonl": (SheetKind.JSONL, write_json_lines),
}
WORDS = st.text(st.sampled_from("张三李四王麻子，。；\t,;\"'㐀𠀀Ab1 \n"), max_size=8)


def expect_error(code: str, data: bytes, kind: SheetKind = SheetKind.CSV) -> SheetError:
    with pytest.raises(SheetError) as caught:
        list(read(data, kind).rows)
    assert caught.value.code == code
    return caught.value


@pytest.mark.parametrize("form", FORMS)
def test_a_table_is_the_same_in_every_form(form: str) -> None:
    kind, write = FORMS[form]
    sheet = read(write(TABLE), kind)
    assert sheet.titles == TITLES
    rows = list(sheet.rows)
    assert [row.cells for row in rows] == TABLE[1:]
    assert [row.row_no for row in rows] == ([1, 2] if kind is SheetKind.JSONL else [2, 3])


@given(st.lists(st.tuples(st.just("r"), WORDS, WORDS, WORDS), min_size=1, max_size=5), st.sampled_from(sorted(FORMS)))
def test_whatever_stands_in_the_cells_comes_back(rows: list[tuple[str, ...]], form: str) -> None:
    kind, write = FORMS[form]
    found = read_cells(write([TITLES, *rows]), kind, *TITLES)
    assert [tuple(map(read_text, cells)) for cells in found] == [tuple(map(read_text, row)) for row in rows]


@pytest.mark.parametrize("form", [form for form in FORMS if form != "jsonl"])
def test_what_departments_put_around_a_table(form: str) -> None:
    kind, write = FORMS[form]
    empty: Line = ("", "", "", "", "")
    lines: list[Line] = [
        ("2026年3月行政处罚信息表", "", "", "", ""),
        ("填报单位：市城管局", "", "", "填报日期：2026年4月1日", ""),
        empty,
        ("", *TITLES),
        ("", *ROW),
        empty,
        ("", "姓名", "证件号码", "决定日期", "罚款金额(万元)"),
        ("", *ROW),
        ("", "小计", "", "", "2.2"),
        ("", "合 计：", "", "", "2.2"),
        ("", "注：本表一式两份", "", "", ""),
        ("填表人：王五", "", "审核人：赵六", "", ""),
    ]
    kind, write = FORMS[form]
    sheet = read(write(lines), kind, *TITLES)
    assert sheet.titles == ("", *TITLES)
    assert [(row.row_no, row.cells[1:], row.fault) for row in sheet.rows] == [(5, ROW, None), (8, ROW, None)]
    assert sheet.passed_over == {PassedOver.ABOVE_HEADING: 2, PassedOver.HEADING_AGAIN: 1, PassedOver.NOTE: 4}


@pytest.mark.parametrize("titles", [(), ("姓名", "处罚信息/决定日期", "备注")], ids=["unknown", "known"])
def test_merged_headings_of_two_lines(titles: tuple[str, ...]) -> None:
    lines: list[Line] = [
        ("姓名", "处罚信息", "", "备注"),
        ("", "决定日期", "金额", ""),
        ("张三", "2026-03-01", "1", "无"),
        ("姓名", "处罚信息", "", "备注"),
        ("", "决定日期", "金额", ""),
        ("李四", "2026-03-01", "1", "无"),
    ]
    sheet = read(write_csv(lines), SheetKind.CSV, *titles)
    assert sheet.titles == ("姓名", "处罚信息/决定日期", "处罚信息/金额", "备注")
    assert [row.row_no for row in sheet.rows] == [3, 6]
    assert sheet.passed_over == {PassedOver.HEADING_AGAIN: 2}


def test_a_mapping_may_know_the_lower_titles_only() -> None:
    lines: list[Line] = [("姓名", "处罚信息", ""), ("", "决定日期", "金额"), ("张三", "2026-03-01", "1")]
    assert read(write_csv(lines), SheetKind.CSV, "姓名", "决定日期", "金额").titles == ("姓名", "决定日期", "金额")


def test_words_of_notes_may_be_titles() -> None:
    lines: list[Line] = [("姓名", "联系电话", "备注"), ("张三", "1", "2")]
    assert read(write_csv(lines)).titles == ("姓名", "联系电话", "备注")


def test_known_titles_find_the_heading_that_a_guess_would_miss() -> None:
    lines: list[Line] = [("单位", "市城管局"), ("联系方式", "办公室"), TITLES, ROW]
    assert read(write_csv(lines), SheetKind.CSV, *TITLES).heading_rows == (3,)
    assert read(write_csv(lines)).heading_rows == (1,)


def test_a_company_named_like_a_sum_is_no_sum() -> None:
    lines: list[Line] = [TITLES, ("合计科技有限公司", "", "", ""), ("注册会计师协会", "", "", "")]
    assert [row.cells[0] for row in read(write_csv(lines)).rows] == ["合计科技有限公司", "注册会计师协会"]


def test_a_cell_without_a_title_is_a_fault_of_its_row() -> None:
    lines: list[Line] = [("姓名", "", "日期"), ("张三", "x", "2026"), ("李四", "", "2026"), ("王五", "", "2026", "y")]
    faults = [row.fault for row in read(write_csv(lines), SheetKind.CSV, "姓名", "日期").rows]
    assert faults == [
        CellFault("cell_without_title", {"column": letter}) if letter else None for letter in ("B", "", "D")
    ]


def test_a_torn_last_row_is_a_fault_and_a_whole_one_is_none() -> None:
    data = write_csv(TABLE)
    assert [row.fault for row in read(data.rstrip()).rows] == [None, None]
    torn = data[: data.rindex(b",")]
    assert [row.fault for row in read(torn).rows] == [None, CellFault("row_torn")]


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    data = '姓名,备注\r\n张三,"一\r\n二"\r\n\r\n李四,"说""是"""\r\n'.encode()
    assert [(row.row_no, row.cells[1]) for row in read(data).rows] == [(2, "一\r\n二"), (4, '说"是"')]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_broken_byte_is_told_with_its_row(encoding: str) -> None:
    good = write_csv([TITLES, *[ROW] * 5000], encoding=encoding)
    at = good.index("张三".encode(encoding.replace("16", "16-le")), len(good) // 2)
    broken = good[:at] + (b"\x00\xd8\x41\x00" if encoding == "utf-16" else b"\xff") + good[at + 1 :]
    if encoding == "utf-16":
        broken = good[:at] + b"\x00\xdc" + good[at + 2 :]
    error = expect_error("text_broken", broken)
    rows = [row.row_no for row in read(good).rows]
    assert error.row_no in rows
    assert abs((error.row_no or 0) - len(rows) // 2) <= 2


def test_broken_utf_8_is_not_taken_for_gb18030() -> None:
    """The twin that tries one encoding after the other reads this as other characters, without a word."""
    good = write_csv([TITLES, *[("啊", *ROW[1:])] * 50])
    at = good.rindex("啊".encode())
    broken = good[:at] + b"\xb0\xa1" + good[at + 3 :]  # the same character, pasted from a GB18030 file
    assert broken.decode("gb18030", errors="ignore")
    assert expect_error("text_broken", broken).row_no == 51


def test_a_break_in_quotes_counts_rows_and_not_lines() -> None:
    data = '姓名,备注\n张三,"一\n二\n三"\n李四,"四'.encode() + b"\xff\xff" + '五"\n'.encode()
    assert expect_error("text_broken", data).row_no == 3


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_heading"),
        (b"\n\n\n", "no_heading"),
        (b"1,2\n3,4\n", "no_heading"),
        ('姓名,日期\n张三,"未完\n'.encode(), "csv_broken"),
        ('姓名,日期\n张三,"a"b\n'.encode(), "csv_broken"),
        ("姓名,日期\n张三,".encode() + b"x" * 200_000, "csv_broken"),
        ("姓名,日期\n张三,a\0b\n".encode(), "text_holds_nul"),
        ("姓名,日期\n".encode("utf-16-le"), "text_broken"),
        (write_xlsx(TABLE), "wrong_kind"),
        (",".join(f"列{n}" for n in range(301)).encode(), "too_many_columns"),
    ],
    ids=range(10),
)
def test_files_that_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(SheetError) as caught:
        list(read(data).rows)
    assert caught.value.code in {code, "text_holds_nul" if code == "text_broken" else code}


def test_typed_cells_and_hidden_sheets() -> None:
    book = Workbook()
    book.worksheets[0].sheet_state = "hidden"
    sheet = book.create_sheet("数据")
    book.create_sheet("说明")
    for line in (TITLES, ("张三", 4.10105199001011e17, datetime(2026, 3, 1), 1.1), (), ("李四", "x", 46082, 3)):  # noqa: DTZ001
        sheet.append(line)
    found = read(save(book), SheetKind.XLSX)
    assert found.other_sheets == ("说明",)
    assert found.is_typed
    assert [(row.row_no, *row.cells) for row in found.rows] == [
        (2, "张三", 4.10105199001011e17, datetime(2026, 3, 1), 1.1),  # noqa: DTZ001
        (4, "李四", "x", 46082, 3),
    ]
    assert not found.counts_from_1904
    book.epoch = CALENDAR_MAC_1904
    assert read(save(book), SheetKind.XLSX).counts_from_1904


def test_a_sheet_is_found_by_its_name() -> None:
    data = write_xlsx(TABLE, name="三月")
    assert read(data, SheetKind.XLSX, name="三月").titles == TITLES
    with pytest.raises(SheetError, match="no_such_sheet"):
        read(data, SheetKind.XLSX, name="四月")


def test_cells_merged_in_a_workbook() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (("表一", None, None), ("姓名", "处罚", None), (None, "日期", "金额"), ("张三", date(2026, 3, 1), 2)):
        sheet.append(line)
    for merged in ("A1:C1", "A2:A3", "B2:C2"):
        sheet.merge_cells(merged)
    found = read(save(book), SheetKind.XLSX, "姓名", "处罚/日期", "处罚/金额")
    assert found.titles == ("姓名", "处罚/日期", "处罚/金额")
    assert [row.row_no for row in found.rows] == [4]


def test_a_bad_line_of_json_spoils_no_other() -> None:
    lines = {
        b'{"a": 1.10, "b": "x"}': None,
        b'{"a": 1': "line_not_json",
        b'{"a": NaN}': "line_not_json",
        b'{"a": 1, "a": 2}': "line_key_twice",
        b'{"a": {"b": 1}}': "line_not_flat",
        b'{"a": ' + b"[" * 1000: "line_not_flat",
        b"[1]": "line_not_an_object",
        b'{"a": "\xff"}': "line_not_utf8",
        b'{"a": "\\u0000"}': "line_forbidden_character",
        b'{"a": "\\ud800"}': "line_forbidden_character",
        b'{"a": 123456789012345678901}': "line_digits",
        b'{"a": "' + b"x" * (1 << 17) + b'"}': "line_too_long",
        b'{"c": null}': None,
    }
    sheet = read(b"\xef\xbb\xbf" + b"\n".join(lines), SheetKind.JSONL)
    assert sheet.titles == ("a", "b", "c")
    rows = list(sheet.rows)
    assert [row.fault and row.fault.code for row in rows] == list(lines.values())
    assert rows[0].cells == (Decimal("1.10"), "x", None)
    assert [row.row_no for row in rows] == list(range(1, len(lines) + 1))


@pytest.mark.parametrize(("index", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_named_by_letters(index: int, name: str) -> None:
    assert name_column(index) == name


def test_titles_are_compared_folded() -> None:
    assert fold_title(" ＊罚款金额（万元）\n") == fold_title("罚款金额(万元)*")
    assert fold_title("罚款金额(元)") != fold_title("罚款金额(万元)")


class Endless(io.RawIOBase):
    """A CSV of many rows that is never in memory as a whole."""

    def __init__(self, rows: int) -> None:
        self.head = write_csv([TITLES])
        self.row = write_csv([ROW])
        self.size = len(self.head) + rows * len(self.row)
        self.position = 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = offset + (self.size if whence == io.SEEK_END else 0)
        return self.position

    @override
    def readinto(self, given: Buffer) -> int:
        buffer = memoryview(given)
        count = min(len(buffer), self.size - self.position)
        start = self.position - len(self.head)
        if start < 0:
            count = min(count, -start)
            buffer[:count] = self.head[self.position : self.position + count]
        else:
            offset = start % len(self.row)
            repeated = self.row * (count // len(self.row) + 2)
            buffer[:count] = repeated[offset : offset + count]
        self.position += count
        return count


def read_all(rows: int) -> None:
    stream = io.BufferedReader(Endless(rows))
    assert sum(1 for _ in open_sheet(stream, SheetKind.CSV, titles=TITLES).rows) == rows


def measure(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_stays_flat_over_200_000_rows() -> None:
    few, many = measure(lambda: read_all(50_000)), measure(lambda: read_all(200_000))
    assert many < few * 1.2 + 100_000


def test_keeping_the_rows_would_be_caught() -> None:
    """The twin that makes a list of the rows grows with the file."""

    def keep(rows: int) -> Iterator[object]:
        yield list(open_sheet(io.BufferedReader(Endless(rows)), SheetKind.CSV, titles=TITLES).rows)

    few, many = measure(lambda: list(keep(10_000))), measure(lambda: list(keep(20_000)))
    assert many > few * 1.2 + 100_000
