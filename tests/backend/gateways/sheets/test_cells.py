from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.sheets.cells import (
    fold_text,
    read_flag,
    read_identity_number,
    read_text,
    read_whole,
    write_number,
)
from backend.gateways.sheets.money import MoneyUnit, read_fen
from backend.gateways.sheets.sheet import Cell, CellFault

LOST = CellFault("cell_digits_lost")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("张三", "张三"),
        ("\u3000张　三 ", "张 三"),
        ("郑交罚（２０２６）Ａ１号", "郑交罚（2026）A1号"),  # the brackets are the document's own
        ("郑州市\r\n公安局", "郑州市 公安局"),
        ("\u202d410105\u202c", "410105"),
        ("'=1+1", "=1+1"),
        ('="007"', "007"),
        ("\t007", "007"),
        (123.0, "123"),
        (2026, "2026"),
        (1.5, "1.5"),
        (Decimal("0.10"), "0.1"),
        (None, None),
        ("", None),
        (" － ", None),
        ("无", None),
        ("/", None),
        ("N/A", None),
        ("#REF!", CellFault("cell_error")),
        (True, CellFault("cell_not_a_text")),
        (4.10105199001011e17, LOST),
    ],
    ids=repr,
)
def test_texts(cell: Cell, text: object) -> None:
    assert read_text(cell) == text


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold_text(text)
    if not once.startswith(("'", "=")):
        assert fold_text(once) == once
    assert once == once.strip()


@pytest.mark.parametrize(
    ("cell", "is_typed", "number"),
    [
        ("410105199001011230", False, "410105199001011230"),
        ("４１０１０５　１９９００１０１１２３ｘ", False, "41010519900101123x"),
        ("'410105199001011000", False, "410105199001011000"),
        ('="410105199001011000"', False, "410105199001011000"),
        ("\t410105199001011000", False, "410105199001011000"),
        ("410105199001011000\t", False, "410105199001011000"),
        ("410105199001011000", True, "410105199001011000"),
        ("410105199001011000", False, LOST),
        ("4.10105E+17", False, LOST),
        ("4.10105199001011E+17", True, LOST),
        ("4E17", False, LOST),
        (4.10105199001011e17, True, LOST),
        (410105199001011000, True, LOST),
        (410105199001011234, True, LOST),
        (Decimal(410105199001011234), True, LOST),
        (123456789012345, True, "123456789012345"),
        ("/", False, None),
        (None, True, None),
    ],
    ids=repr,
)
def test_identity_numbers(cell: Cell, is_typed: bool, number: object) -> None:  # noqa: FBT001 - a column of the table
    assert read_identity_number(cell, is_typed=is_typed) == number


@pytest.mark.parametrize(
    ("cell", "whole"),
    [
        ("12", 12),
        ("１２", 12),
        ("12.0", 12),
        ("1,200", 1200),
        (12.0, 12),
        (Decimal("12.00"), 12),
        ("-3", -3),
        ("", None),
        ("12.5", CellFault("cell_not_whole")),
        ("1,20", CellFault("cell_not_whole")),
        ("12次", CellFault("cell_not_whole")),
        (12.5, CellFault("cell_not_whole")),
        (float("inf"), CellFault("cell_not_a_number")),
        (True, CellFault("cell_not_a_number")),
    ],
    ids=repr,
)
def test_whole_numbers(cell: Cell, whole: object) -> None:
    assert read_whole(cell) == whole


@pytest.mark.parametrize(
    ("cell", "flag"),
    [("是", True), ("否", False), (True, True), ("TRUE", True), ("Ｎ", False), (1, True), (0.0, False), ("无", None)],
    ids=repr,
)
def test_flags(cell: Cell, flag: bool | None) -> None:  # noqa: FBT001 - a column of the table
    assert read_flag(cell) is flag


def test_what_is_neither_yes_nor_no_is_a_fault() -> None:
    assert read_flag("大概") == CellFault("cell_not_a_flag")


@pytest.mark.parametrize(
    ("cell", "unit", "fen"),
    [
        ("1.1", MoneyUnit.WAN_YUAN, 1_100_000),
        (1.1, MoneyUnit.WAN_YUAN, 1_100_000),
        (0.1 + 0.2, MoneyUnit.YUAN, 30),  # stored so by Excel, and shown as 0.3
        ("0.000001", MoneyUnit.WAN_YUAN, 1),
        ("500", MoneyUnit.YUAN, 50_000),
        ("1,234.50", MoneyUnit.YUAN, 123_450),
        ("￥１，２３４．５０元", MoneyUnit.YUAN, 123_450),
        ("1.2万元", MoneyUnit.YUAN, 1_200_000),
        ("12000元整", MoneyUnit.WAN_YUAN, 1_200_000),
        (Decimal("0.01"), MoneyUnit.YUAN, 1),
        ("0", MoneyUnit.YUAN, 0),
        ("-", MoneyUnit.YUAN, None),
        (None, MoneyUnit.YUAN, None),
        ("1.005", MoneyUnit.YUAN, CellFault("cell_finer_than_fen")),
        ("0.0000001", MoneyUnit.WAN_YUAN, CellFault("cell_finer_than_fen")),
        ("0.30000000000000004", MoneyUnit.YUAN, CellFault("cell_finer_than_fen")),
        ("-5", MoneyUnit.YUAN, CellFault("cell_not_an_amount")),
        (-5, MoneyUnit.YUAN, CellFault("cell_not_an_amount")),
        ("五百", MoneyUnit.YUAN, CellFault("cell_not_an_amount")),
        ("12,34", MoneyUnit.YUAN, CellFault("cell_not_an_amount")),
        ("1e3", MoneyUnit.YUAN, CellFault("cell_not_an_amount")),
        ("999999999999999", MoneyUnit.WAN_YUAN, CellFault("cell_not_an_amount")),
        (float("nan"), MoneyUnit.YUAN, CellFault("cell_not_an_amount")),
    ],
    ids=repr,
)
def test_amounts(cell: Cell, unit: MoneyUnit, fen: object) -> None:
    assert read_fen(cell, unit) == fen


@given(st.integers(0, 10**14))
def test_every_amount_comes_back_exactly(fen: int) -> None:
    assert read_fen(f"{fen // 100}.{fen % 100:02}", MoneyUnit.YUAN) == fen
    assert read_fen(f"{fen // 10**6}.{fen % 10**6:06}", MoneyUnit.WAN_YUAN) == fen
    assert read_fen(Decimal(fen).scaleb(-6), MoneyUnit.WAN_YUAN) == fen


@given(st.integers(0, 10**12))
def test_excels_own_fractions_come_back_exactly(fen: int) -> None:
    assert read_fen(fen / 10**6, MoneyUnit.WAN_YUAN) == fen


def test_an_amount_that_went_through_binary_fractions_would_be_caught() -> None:
    """The twin that computes in floats loses a fen, so the amounts above tell the two apart."""
    assert any(int(fen / 10**6 * 10**6) != fen for fen in range(10**6))


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_whole_floats_are_written_without_a_point(whole: int) -> None:
    assert write_number(float(whole)) == str(whole)
