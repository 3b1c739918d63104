"""A statement as a file, JSON Lines or CSV; its hash is that of the JSON Lines, whichever is asked for."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

from backend.storage.database import write_json

COLUMNS = (
    *("line", "merchant", "day", "previous", "form", "order_no", "grant_id", "verification_id", "scenario", "via"),
    *("answer", "reason", "opening_state", "closing_state", "changes", "grants", "verifications"),
    *("opening_fen", "held_fen", "released_fen", "closing_fen", "final_fen"),
)
PIECE = 64 * 1024


class StatementForm(StrEnum):
    """The form of a statement's file."""

    JSON_LINES = "jsonl"
    CSV = "csv"


MEDIA_TYPES: Mapping[StatementForm, str] = MappingProxyType(
    {StatementForm.JSON_LINES: "application/x-ndjson", StatementForm.CSV: "text/csv"}
)


class Hashes(NamedTuple):
    """SHA-256 of a statement's JSON Lines (hex), and of the file that was written (raw)."""

    statement: str
    file: bytes


def write_lines(lines: Iterable[Mapping[str, str | int | None]], file: BinaryIO, form: StatementForm) -> Hashes:
    """Write the lines of a statement into a file, and give the hashes."""
    statement, written = sha256(), sha256()
    if form is StatementForm.CSV:
        heading = _write_row(COLUMNS)
        written.update(heading)
        file.write(heading)
    for line in lines:
        text = f"{write_json(line)}\n".encode()
        statement.update(text)
        if form is StatementForm.CSV:
            text = _write_row([line.get(column) for column in COLUMNS])
        written.update(text)
        file.write(text)
    return Hashes(statement.hexdigest(), written.digest())


def read_pieces(file: BinaryIO) -> Iterator[bytes]:
    """Give the bytes of a file from its start, piece by piece, and close it."""
    with file:
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _write_row(cells: Sequence[str | int | None]) -> bytes:
    """Write a row of CSV (RFC 4180); nothing is an empty cell."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue().encode()
