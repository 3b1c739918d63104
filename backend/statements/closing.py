"""Daily statements of merchants: closed once when their day is over, chained by hash, the same bytes for ever.

Closing a day notes the hash of its lines and the sums. Whoever reads it later gets lines that are made anew of the same
rows, and only if they give the same hash: a row that was changed behind our back is noticed by the next reader.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, NamedTuple, cast
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.clock import today
from backend.grants.due import settle_person
from backend.grants.places import LedgerError, hold_account
from backend.statements.lines import StatementError, Totals, make_lines, make_window
from backend.statements.tables import (
    StatementRow,
    Window,
    add_closed,
    find_closed,
    find_last_closed,
    find_registered_at,
    list_closed,
    list_merchant_codes,
    list_unsettled,
)
from backend.statements.writing import Hashes, StatementForm, write_lines
from backend.storage.database import Database, StorageUnavailableError
from backend.web.problems import ProblemCode, Refusal
from scoring.days import ONE_DAY, end_of

# A call that read the clock before midnight must have committed by then, or it would change a day that is closed. It
# does within seconds: PostgreSQL ends whoever waits 2 s for a lock, takes 5 s for a statement or idles 10 s in a
# transaction, SQLite waits 5 s for its one lock, gunicorn ends a worker that is silent for 30 s, and clocks of several
# machines differ by less. What came later all the same (a machine that slept) is noticed by whoever reads that day.
CLOSED_AFTER = timedelta(minutes=15)
NO_DAY_BEFORE = "0" * 64
IN_MEMORY = 1024 * 1024
AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The proof of a statement: SHA-256 of its JSON Lines and of those of the day before (hex), and its sums."""

    merchant: str
    day: date
    sha256: str
    previous: str
    grants: int
    verifications: int
    opening_fen: int
    held_fen: int
    released_fen: int
    closing_fen: int
    final_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFile:
    """A statement as a file: `sha256` (raw) is that of its bytes; whoever takes it closes it."""

    statement: Statement
    file: BinaryIO = field(repr=False)
    sha256: bytes


class Closing(NamedTuple):
    """How many days were closed, and what kept those of a merchant (by its code) from being closed."""

    closed: int
    faults: Mapping[str, Exception]


def find_closing_moment(day: date) -> datetime:
    """Find when the statement of a city day can be closed: a quarter of an hour after its end."""
    return end_of(day) + timedelta(microseconds=1) + CLOSED_AFTER


def open_statement(
    database: Database, merchant: str, day: date, *, form: StatementForm, now: datetime
) -> StatementFile | Refusal:
    """Write the statement of a day into a file, after closing whatever days up to it are not closed.

    Refusals: `day_not_over` (says when to come again), `statement_not_found` for a day before the merchant was
    registered. Raises StatementError when the rows do not give what was closed.
    """
    with database.reading() as session:
        registered_at = find_registered_at(session, merchant)
    if registered_at is None or day < today(registered_at):
        return Refusal(ProblemCode.STATEMENT_NOT_FOUND)
    left_s = int((find_closing_moment(day) - now).total_seconds())
    if now < find_closing_moment(day):
        return Refusal(ProblemCode.DAY_NOT_OVER, headers={"Retry-After": str(left_s + 1)})
    close_days(database, merchant, until=day, now=now)
    with database.reading() as session:
        closed = find_closed(session, merchant, day)
        if closed is None:
            raise StatementError(f"the statement of {merchant} for {day} was not closed")
        file = cast("BinaryIO", SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115 - whoever sends it closes it
        try:
            hashes, totals = _write(session, closed, form, file)
            _check(closed, hashes, totals)
        except BaseException:
            file.close()
            raise
    return StatementFile(statement=_show(closed), file=file, sha256=hashes.file)


def list_statements(session: Session, merchant: str, *, before: date | None, limit: int) -> list[Statement]:
    """List at most `limit` closed statements of a merchant, the newest first; only those before a day, if given."""
    return [_show(row) for row in list_closed(session, merchant, before=before, limit=limit)]


def close_days(database: Database, merchant: str, *, until: date, now: datetime) -> int:
    """Close a merchant's days up to `until` that are over and not closed, each in a transaction; gives how many.

    Two that close one day at once write the same, and the first is kept.
    """
    closed = 0
    for day in _list_open_days(database, merchant, until=until, now=now):
        window = make_window(merchant, day)
        _let_time_pass(database, window, now=now)
        values = _close(database, window)
        if values is None:
            continue
        with database.transaction() as session:
            add_closed(session, {**values, "closed_at": now})
        closed += 1
    return closed


def close_all(database: Database, *, now: datetime) -> Closing:
    """Close every day that is over, of every merchant; one whose day cannot be closed keeps no other merchant waiting.

    Raises StorageUnavailableError when the database is gone.
    """
    with database.reading() as session:
        merchants = list_merchant_codes(session)
    until, closed, faults = today(now) - ONE_DAY, 0, dict[str, Exception]()
    for merchant in merchants:
        try:
            closed += close_days(database, merchant, until=until, now=now)
        except StorageUnavailableError as fault:
            database.check()  # busy with a person of this merchant, or gone for all of them
            faults[merchant] = fault
        except (StatementError, LedgerError, IntegrityError) as fault:
            faults[merchant] = fault
    return Closing(closed, faults)


def _let_time_pass(database: Database, window: Window, *, now: datetime) -> None:
    """Note whatever time has done to a merchant's grants by the end of a window, each person once in a transaction."""
    seen: set[UUID] = set()
    while True:
        with database.reading() as session:
            persons = set(list_unsettled(session, window, limit=AT_ONCE)) - seen
        if not persons:  # or only such as it did nothing to, which `_close` refuses
            return
        for subject_id in sorted(persons):
            with database.transaction() as session:
                hold_account(session, subject_id)
                settle_person(session, subject_id, now=now)
        seen |= persons


def _close(database: Database, window: Window) -> dict[str, object] | None:
    """Make the values of a day's row; None where another one who closes the same days is ahead."""
    with database.reading() as session, SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        if list_unsettled(session, window, limit=1):
            raise StorageUnavailableError("grants of a day to be closed are still being noted; try again later")
        last = find_last_closed(session, window.merchant)
        if last is not None and last.day + ONE_DAY != window.day:
            return None
        made = StatementRow(
            merchant=window.merchant,
            day=window.day,
            previous=NO_DAY_BEFORE if last is None else last.sha256,
            opening_fen=0 if last is None else last.closing_fen,
        )
        hashes, totals = _write(session, made, StatementForm.JSON_LINES, cast("BinaryIO", file))
    given = {"merchant": window.merchant, "day": window.day, "previous": made.previous}
    return {**_list_values(hashes, totals), **given}


def _list_open_days(database: Database, merchant: str, *, until: date, now: datetime) -> Iterator[date]:
    with database.reading() as session:
        registered_at, last = find_registered_at(session, merchant), find_last_closed(session, merchant)
    if registered_at is None:
        return
    day = today(registered_at) if last is None else last.day + ONE_DAY
    while day <= until and find_closing_moment(day) <= now:
        yield day
        day += ONE_DAY


def _write(session: Session, row: StatementRow, form: StatementForm, file: BinaryIO) -> tuple[Hashes, Totals]:
    totals = Totals(opening_fen=row.opening_fen)
    lines = make_lines(session, make_window(row.merchant, row.day), previous=row.previous, totals=totals)
    return write_lines(lines, file, form), totals


def _check(closed: StatementRow, hashes: Hashes, totals: Totals) -> None:
    if closed.sha256 != hashes.statement:
        differing = [name for name, value in _list_values(hashes, totals).items() if getattr(closed, name) != value]
        raise StatementError(
            f"the rows of {closed.merchant} on {closed.day} give another statement than was closed: {differing} differ"
        )


def _list_values(hashes: Hashes, totals: Totals) -> dict[str, object]:
    names = ("grants", "verifications", "opening_fen", "held_fen", "released_fen", "closing_fen", "final_fen")
    return {"sha256": hashes.statement, **{name: getattr(totals, name) for name in names}}


def _show(row: StatementRow) -> Statement:
    return Statement(
        merchant=row.merchant,
        day=row.day,
        sha256=row.sha256,
        previous=row.previous,
        grants=row.grants,
        verifications=row.verifications,
        opening_fen=row.opening_fen,
        held_fen=row.held_fen,
        released_fen=row.released_fen,
        closing_fen=row.closing_fen,
        final_fen=row.final_fen,
    )
