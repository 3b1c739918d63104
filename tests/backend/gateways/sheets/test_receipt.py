import io
import json
from collections.abc import Callable, Iterator

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from backend.gateways.sheets.cells import fold_text
from backend.gateways.sheets.receipt import RowOutcome, disarm, write_receipt
from backend.gateways.sheets.sheet import RECEIPT_TITLES, SheetError, SheetKind
from tests.backend.gateways.sheets.files import Line, read, save, write_csv, write_json_lines, write_xlsx

TITLES = ("姓名", "备注")
TABLE: list[Line] = [("表一", None), TITLES, ("张三", "=1+1"), (None, None), ("李四", "好"), ("注：略", None)]
OUTCOMES = [RowOutcome(3, "已接收", record_id="r-1"), RowOutcome(5, "未接收", "决定尚未终局", "《条例》第二十条")]


def write(data: bytes, kind: SheetKind = SheetKind.CSV, outcomes: list[RowOutcome] = OUTCOMES) -> bytes:
    return b"".join(write_receipt(io.BytesIO(data), kind, iter(outcomes)))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_comes_back_in_its_own_form(encoding: str, separator: str) -> None:
    receipt = write(write_csv(TABLE, encoding=encoding, separator=separator))
    assert receipt == write_csv(
        [
            ("表一", ""),
            (*TITLES, *RECEIPT_TITLES),
            ("张三", "'=1+1", "已接收", "", "", "r-1"),
            ("", ""),
            ("李四", "好", "未接收", "决定尚未终局", "《条例》第二十条", ""),
            ("注：略", ""),
        ],
        encoding=encoding,
        separator=separator,
    )


def test_a_workbook_comes_back_as_one_with_texts_for_formulas() -> None:
    data = write_xlsx([*TABLE[:2], ("张三", "x"), *TABLE[3:]])
    receipt = write(data, SheetKind.XLSX, [RowOutcome(3, "=HYPERLINK(1)", "#N/A"), OUTCOMES[1]])
    sheet = openpyxl.load_workbook(io.BytesIO(receipt)).worksheets[0]
    assert [cell.value for cell in sheet[2]] == [*TITLES, *RECEIPT_TITLES]
    assert [cell.value for cell in sheet[5]][:4] == ["李四", "好", "未接收", "决定尚未终局"]
    assert {cell.data_type for cell in sheet[3][:4]} == {"s"}
    assert sheet["C3"].value == "=HYPERLINK(1)"


def test_numbers_for_days_count_from_the_same_year() -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    for line in (TITLES, ("张三", 44620)):
        book.worksheets[0].append(line)
    again = read(write(save(book), SheetKind.XLSX, []), SheetKind.XLSX)
    assert again.counts_from_1904
    assert next(again.rows).cells[:2] == ("张三", 44620)


def test_json_lines_keep_their_digits_and_their_numbers() -> None:
    data = b'{"a": 1.10, "b": "\xe5\xbc\xa0"}\n\n{broken\n{"a": 2}\n'
    lines = write(data, SheetKind.JSONL, [RowOutcome(1, "已接收"), RowOutcome(3, "未接收", "不是 JSON")]).split(b"\n")
    assert lines[0].startswith('{"a": 1.10, "b": "张", "处理结果": "已接收"'.encode())
    assert lines[1] == b""
    assert json.loads(lines[2])["原因"] == "不是 JSON"
    assert json.loads(lines[3]) == {"a": 2}


@pytest.mark.parametrize("kind", SheetKind)
def test_a_receipt_can_be_handed_in_again(kind: SheetKind) -> None:
    lines: list[Line] = [TITLES, ("张三", "-"), ("李四", "@x" if kind is SheetKind.CSV else "x")]
    writers: dict[SheetKind, Callable[[list[Line]], bytes]] = {
        SheetKind.CSV: write_csv,
        SheetKind.XLSX: write_xlsx,
        SheetKind.JSONL: write_json_lines,
    }
    first = writers[kind](lines)
    outcomes = [RowOutcome(n, "未接收", "见原因") for n in range(1, 4)]
    if kind is not SheetKind.JSONL:
        outcomes = outcomes[1:]
    once = write(first, kind, outcomes)
    twice = write(once, kind, [each._replace(outcome="已接收") for each in outcomes])
    sheet = read(twice, kind)
    assert sheet.titles == (*TITLES, *RECEIPT_TITLES)
    rows = list(sheet.rows)
    assert [row.cells[2] for row in rows] == ["已接收"] * 2
    assert fold_text(str(rows[1].cells[1])) == lines[2][1]


@pytest.mark.parametrize("end", ["", "\n"], ids=repr)
def test_a_file_that_breaks_off_still_has_its_receipt(end: str) -> None:
    data = f'姓名,备注\n张三,好\n李四,"好{end}'.encode()
    receipt = write(data, outcomes=[RowOutcome(2, "已接收"), RowOutcome(3, "未处理", "引号不成对")])
    assert receipt.decode().splitlines()[1:] == ["张三,好,已接收,,,", ",,未处理,引号不成对,,"]


def test_a_cell_without_a_title_is_kept_behind() -> None:
    receipt = write("姓名,备注\n张三,好,多\n".encode(), outcomes=[RowOutcome(2, "未接收")])
    assert receipt.decode().splitlines()[1] == "张三,好,未接收,,,,多"


def test_a_file_without_a_heading_has_none() -> None:
    with pytest.raises(SheetError):
        write(b"")


@pytest.mark.parametrize(
    ("text", "disarmed"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        (" =1+1", "' =1+1"),
        ("\t=1+1", "'=1+1"),
        ("＝1+1", "'＝1+1"),
        ('="0071"', "'0071"),
        ("-5.20", "-5.20"),
        ("+8613800000000", "+8613800000000"),
        ("-", "-"),
        ("张三", "张三"),
        ("'=1", "'=1"),
        ("", ""),
    ],
    ids=repr,
)
def test_formulas_are_disarmed(text: str, disarmed: str) -> None:
    assert disarm(text) == disarmed


@given(st.text(st.sampled_from("=+-@\t\r\n '\"1a")))
def test_nothing_disarmed_is_a_formula_and_disarming_twice_changes_nothing(text: str) -> None:
    once = disarm(text)
    assert disarm(once) == once
    assert not once.lstrip().startswith(("=", "@"))


def test_pieces_come_as_the_rows_do() -> None:
    data = write_csv([TITLES, *[("张三", "好" * 50)] * 5000])
    seen = 0

    def give() -> Iterator[RowOutcome]:
        nonlocal seen
        for seen in range(2, 5002):
            yield RowOutcome(seen, "已接收")

    pieces = write_receipt(io.BytesIO(data), SheetKind.CSV, give())
    next(pieces)
    next(pieces)
    assert seen < 2500
    assert sum(map(len, pieces)) > 400_000
