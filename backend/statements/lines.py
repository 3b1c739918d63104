"""What a merchant's city day was, line by line: grants that began, changed or ended, verifications, and the sums.

Nothing in a line depends on what happened after the day, on the moment of reading or on an order that is not fixed, so
that the same day gives the same lines for ever. No line names a person.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.answers import Answer, Reason
from backend.benefits.verification_tables import PENDING
from backend.grants.grant import GrantState
from backend.statements.tables import (
    HELD,
    GrantEvent,
    Moved,
    TouchedGrant,
    Transfer,
    Window,
    count_lines,
    list_answered,
    list_events_until,
    list_touched_grants,
    list_transfers_until,
    sum_transfers,
)
from scoring.days import ONE_DAY, end_of

FORM = 1
PAGE = 2000
ASKED_WITHIN = timedelta(days=2)  # no question waits longer for its answer, by far
_PAID = frozenset({GrantState.COMPLETED, GrantState.SETTLED, GrantState.BROKEN})
_Line: TypeAlias = dict[str, str | int | None]


class StatementError(Exception):
    """Grants, events and the hold ledger tell different days: a fault of ours, and nothing is handed out."""


@dataclass(slots=True, kw_only=True)
class Totals:
    """The sums of a day; they are complete when all lines were made. `closing_fen` is what the next day opens with."""

    opening_fen: int
    grants: int = 0
    changes: int = 0
    verifications: int = 0
    held_fen: int = 0
    released_fen: int = 0
    final_fen: int = 0

    @property
    def closing_fen(self) -> int:
        """What the merchant's grants hold when the day is over."""
        return self.opening_fen + self.held_fen - self.released_fen

    def describe(self) -> _Line:
        """Give the sums as a line."""
        counted = ("grants", "changes", "verifications")
        names = (*counted, "opening_fen", "held_fen", "released_fen", "closing_fen", "final_fen")
        return {"line": "sums", **{name: getattr(self, name) for name in names}}


def make_window(merchant: str, day: date) -> Window:
    """Give the window of a merchant's city day."""
    return Window(
        merchant, day, end_of(day - ONE_DAY) + timedelta(microseconds=1), end_of(day) + timedelta(microseconds=1)
    )


def make_lines(session: Session, window: Window, *, previous: str, totals: Totals) -> Iterator[_Line]:
    """Make the lines of a day in their order, and sum them up in `totals`; `previous` is the hash of the day before.

    Raises StatementError where a grant's events and the hold ledger do not agree, or a line is missing in a sum.
    """
    head: _Line = {"merchant": window.merchant, "day": window.day.isoformat(), "previous": previous, "form": FORM}
    yield {"line": "statement", **head}
    yield from _make_grant_lines(session, window, totals)
    yield from _make_verification_lines(session, window, totals)
    counted = count_lines(session, window, earliest=window.since - ASKED_WITHIN)
    expected = (*counted, *sum_transfers(session, window))
    found = (totals.grants, totals.changes, totals.verifications, totals.held_fen, totals.released_fen)
    if found != expected:
        raise StatementError(
            f"the lines of {window.merchant} on {window.day} tell of {found} grants, changes, verifications, fen held"
            f" and fen let go, rows and ledger of {expected}; run `shangding proof`"
        )
    yield totals.describe()


def _make_grant_lines(session: Session, window: Window, totals: Totals) -> Iterator[_Line]:
    after: UUID | None = None
    while grants := list_touched_grants(session, window, after=after, limit=PAGE):
        after = grants[-1].grant_id
        events: dict[UUID, list[GrantEvent]] = defaultdict(list)
        transfers: dict[UUID, list[Transfer]] = defaultdict(list)
        for event in list_events_until(session, grants, window.before):
            events[event.grant_id].append(event)
        for transfer in list_transfers_until(session, grants, window.before):
            transfers[transfer.grant_id].append(transfer)
        for grant in grants:
            yield _make_grant_line(grant, events[grant.grant_id], transfers[grant.grant_id], window, totals)


def _make_grant_line(
    grant: TouchedGrant,
    events: Sequence[GrantEvent],
    transfers: Sequence[Transfer],
    window: Window,
    totals: Totals,
) -> _Line:
    """Tell one grant's day: how it stood, what it held, what came of it."""
    earlier = [event for event in events if event.happened_at < window.since]
    of_day = events[len(earlier) :]
    began = grant.granted_at >= window.since
    first = _find_first_state(grant, events)
    opening, closing = _find_held(grant, first, earlier), _find_held(grant, first, events)
    before = Moved(0, 0) if began else _sum_moved(transfers, before=window.since)
    moved = _sum_moved(transfers, since=window.since)
    if began:
        opening = 0
    if (opening, closing) != (before.held_fen - before.released_fen, opening + moved.held_fen - moved.released_fen):
        raise StatementError(f"grant {grant.grant_id} holds something else than its ledger; run `shangding proof`")
    final = next((event.amount_fen for event in reversed(of_day) if event.state in _PAID), None)
    totals.grants += 1
    totals.changes += len(of_day)
    totals.held_fen += moved.held_fen
    totals.released_fen += moved.released_fen
    totals.final_fen += final or 0
    return {
        "line": "grant",
        "order_no": grant.order_no,
        "grant_id": str(grant.grant_id),
        "scenario": grant.scenario,
        "via": grant.via,
        "opening_state": None if began else _find_state(first, earlier),
        "closing_state": _find_state(first, events),
        "changes": len(of_day),
        "opening_fen": opening,
        "held_fen": moved.held_fen,
        "released_fen": moved.released_fen,
        "closing_fen": closing,
        "final_fen": final,
    }


def _make_verification_lines(session: Session, window: Window, totals: Totals) -> Iterator[_Line]:
    after: UUID | None = None
    earliest = window.since - ASKED_WITHIN
    while rows := list_answered(session, window, earliest=earliest, after=after, limit=PAGE):
        after = rows[-1].verification_id
        for row in rows:
            totals.verifications += 1
            is_pending = row.answer == PENDING  # for us, as nobody has noted yet that its time is over
            yield {
                "line": "verification",
                "order_no": row.order_no,
                "grant_id": None if row.grant_id is None else str(row.grant_id),
                "verification_id": str(row.verification_id),
                "scenario": row.scenario,
                "via": row.via,
                "answer": Answer.NOT_GRANTED.value if is_pending else row.answer,
                "reason": Reason.NOT_AVAILABLE.value if is_pending else row.reason,
            }


def _find_first_state(grant: TouchedGrant, events: Sequence[GrantEvent]) -> str:
    """How a grant began: one that is enjoyed at once was over at once, every other one was reserved."""
    at_once = not events and grant.state == GrantState.COMPLETED and grant.ended_at == grant.granted_at
    return GrantState.COMPLETED.value if at_once else GrantState.RESERVED.value


def _find_state(first: str, events: Sequence[GrantEvent]) -> str:
    return events[-1].state if events else first


def _find_held(grant: TouchedGrant, first: str, events: Sequence[GrantEvent]) -> int:
    if events:
        return events[-1].held_fen
    return 0 if first == GrantState.COMPLETED else grant.agreed_fen


def _sum_moved(
    transfers: Sequence[Transfer], *, since: datetime | None = None, before: datetime | None = None
) -> Moved:
    within = [
        transfer
        for transfer in transfers
        if (since is None or since <= transfer.transferred_at) and (before is None or transfer.transferred_at < before)
    ]
    return Moved(
        sum(transfer.amount_fen for transfer in within if transfer.credit == HELD),
        sum(transfer.amount_fen for transfer in within if transfer.debit == HELD),
    )
