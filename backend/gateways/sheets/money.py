"""Amounts of money as departments write them, in fen. Pure.

`Decimal` holds every step, so 1.1 万元 is 1 100 000 fen and nothing near it. What is finer than a fen is refused, as a
rounded amount is another amount.
"""

import re
from decimal import Decimal
from enum import IntEnum
from typing import Final

from backend.gateways.sheets.cells import SPECIAL, fold_compactly, read_number
from backend.gateways.sheets.sheet import Cell, CellFault

MAX_FEN: Final = 10**15
_MAX_DECIMALS: Final = 8  # far finer than a fen, and few enough for Decimal to multiply exactly
_NOT_AN_AMOUNT: Final = CellFault("cell_not_an_amount")
_PLAIN = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?")
_WRITTEN = re.compile(
    r"(?:¥|人民币|RMB|CNY)?(?P<number>(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.[0-9]+)?)"
    r"(?P<unit>万元|万|元|圆)?(?:整|正)?"
)


class MoneyUnit(IntEnum):
    """The unit of a column of money; the value tells how many decimals come down to fen."""

    YUAN = 2
    WAN_YUAN = 6


def read_fen(cell: Cell, unit: MoneyUnit) -> int | CellFault | None:
    """Read an amount in the unit of its column, in fen; a unit written in the cell itself goes before it."""
    if isinstance(cell, str):
        plain = _PLAIN.fullmatch(cell)  # most amounts; digits are moved, nothing is computed
        return _read_written_fen(cell, unit) if plain is None else int(plain[1] + (plain[2] or "").ljust(unit, "0"))
    number = read_number(cell)
    if isinstance(number, CellFault):
        return _NOT_AN_AMOUNT
    return None if number is None else _count_fen(number, unit)


def _read_written_fen(cell: str, unit: MoneyUnit) -> int | CellFault | None:
    text = fold_compactly(cell)
    if text in SPECIAL:
        return SPECIAL[text]
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return _NOT_AN_AMOUNT
    own = match["unit"]
    if own is not None:
        unit = MoneyUnit.WAN_YUAN if own.startswith("万") else MoneyUnit.YUAN
    whole, _, fraction = match["number"].replace(",", "").partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > _MAX_DECIMALS:
        return CellFault("cell_finer_than_fen")
    return _count_fen(Decimal(f"{whole}.{fraction}0"), unit)


def _count_fen(amount: Decimal, unit: MoneyUnit) -> int | CellFault:
    fen = amount.scaleb(unit)
    if fen < 0 or fen > MAX_FEN:
        return _NOT_AN_AMOUNT
    whole = int(fen)
    return whole if whole == fen else CellFault("cell_finer_than_fen")
