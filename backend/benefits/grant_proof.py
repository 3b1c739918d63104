"""The proof that nothing was doubled or lost: what is counted in one place is counted again from another.

Every balance is the sum of the transfers and of the open grants, every counter of places the number of live grants that
took one, every answer `granted` has its grant. Nothing is mended: a difference is a fault of ours to be understood.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Label,
    Select,
    SQLColumnExpression,
    Subquery,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from backend.benefits.verification_tables import VerificationRow
from backend.grants.grant import UNUSED, GrantState, Quota, Via
from backend.grants.tables import (
    BenefitAccountRow,
    CitizenQuotaUseRow,
    GrantEventRow,
    GrantRow,
    HoldTransferRow,
    QuotaUseRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where two counts of the same thing differ: which check, whose (ids only), what is kept, what was counted."""

    check: str
    ids: str
    kept: int
    counted: int


class _Check(NamedTuple):
    """Two counts of the same thing, each a select of `keys` and an `amount` in that order."""

    name: str
    keys: tuple[str, ...]
    kept: Select[Any]
    counted: Select[Any]


def prove(session: Session) -> dict[str, list[Difference]]:
    """Count everything twice, as of one moment, and give the differences of each check by its name."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = 0"))  # a whole city takes longer than a request may
    found = {check.name: list(_compare(session, check)) for check in _list_checks()}
    found["states_by_history"] = list(_list_strange_states(session))
    for name, number, moment in (
        ("order_of_events", GrantEventRow.event_no, GrantEventRow.happened_at),
        ("order_of_transfers", HoldTransferRow.transfer_no, HoldTransferRow.transferred_at),
    ):
        found[name] = list(_list_going_back(session, name, number, moment))
    return found


def _compare(session: Session, check: _Check) -> Iterator[Difference]:
    kept, counted = check.kept.subquery(), check.counted.subquery()
    both = union_all(
        select(*_split(kept, check.keys), kept.c.amount, literal(0).label("other")),
        select(*_split(counted, check.keys), literal(0), counted.c.amount),
    ).subquery()
    names, sums = list(both.c)[:-2], [func.sum(column) for column in list(both.c)[-2:]]
    for row in session.execute(select(*names, *sums).group_by(*names).having(sums[0] != sums[1]).order_by(*names)):
        ids = " ".join(f"{key}={value}" for key, value in zip(check.keys, row, strict=False))
        yield Difference(check=check.name, ids=ids, kept=int(row[-2]), counted=int(row[-1]))


def _split(source: Subquery, keys: tuple[str, ...]) -> list[ColumnElement[Any]]:
    return [source.c[key] for key in keys]


def _list_checks() -> list[_Check]:
    account, grant = BenefitAccountRow, GrantRow
    person, one = ("subject_id",), ("subject_id", "grant_id")
    is_open, is_broken = grant.ended_at.is_(None), grant.state == GrantState.BROKEN
    return [
        _Check("open_grants", person, _each(account.open_grants), _of_grants(person, literal(1), is_open)),
        _Check(
            "overdue_grants",
            person,
            _each(account.overdue_grants),
            _of_grants(person, literal(1), grant.state == GrantState.OVERDUE),
        ),
        _Check("held_by_grants", person, _each(account.held_fen), _of_grants(person, grant.held_fen, is_open)),
        _Check("broken_by_grants", person, _each(account.broken_fen), _of_grants(person, grant.final_fen, is_broken)),
        _Check("held_by_transfers", person, _each(account.held_fen), _of_transfers(person, "held")),
        _Check("broken_by_transfers", person, _each(account.broken_fen), _of_transfers(person, "broken")),
        _Check("held_of_each", one, _of_grants(one, grant.held_fen), _of_transfers(one, "held")),
        _Check("broken_of_each", one, _of_grants(one, grant.final_fen, is_broken), _of_transfers(one, "broken")),
        _Check("agreed_of_each", one, _of_grants(one, grant.agreed_fen), _list_first_transfers()),
        _Check("places", ("scenario", "owner", "period"), _list_places(), _count_places()),
        _Check("own_places", ("subject_id", "scenario", "period"), _list_own_places(), _count_own_places()),
        _Check("answers", ("grant_id",), _list_granted(), _list_verified()),
    ]


def _pick(*columns: SQLColumnExpression[Any]) -> Select[Any]:
    return select(*columns)


def _each(balance: SQLColumnExpression[int]) -> Select[Any]:
    return _pick(BenefitAccountRow.subject_id, balance.label("amount"))


def _of_grants(keys: tuple[str, ...], amount: SQLColumnExpression[Any], *where: ColumnElement[bool]) -> Select[Any]:
    return select(*(getattr(GrantRow, key) for key in keys), amount.label("amount")).where(*where)


def _of_transfers(keys: tuple[str, ...], account: str) -> Select[Any]:
    row = HoldTransferRow
    amount = case((row.credit == account, row.amount_fen), (row.debit == account, -row.amount_fen), else_=0)
    return select(*(getattr(row, key) for key in keys), amount.label("amount"))


def _list_first_transfers() -> Select[Any]:
    row = HoldTransferRow
    return _pick(row.subject_id, row.grant_id, row.amount_fen.label("amount")).where(row.debit == "available")


def _list_places() -> Select[Any]:
    row = QuotaUseRow
    return _pick(row.scenario, row.owner, row.period, row.used.label("amount"))


def _list_own_places() -> Select[Any]:
    row = CitizenQuotaUseRow
    return _pick(row.subject_id, row.scenario, row.period, row.used.label("amount"))


def _count_places() -> Select[Any]:
    nobody, merchant = literal("", Text()), literal("merchant:", Text()) + GrantRow.merchant
    counted = union_all(
        _live(Quota.SCENARIO_TOTAL, GrantRow.scenario, nobody.label("owner"), _ever()),
        _live(Quota.SCENARIO_DAY, GrantRow.scenario, nobody.label("owner"), _day()),
        _live(Quota.MERCHANT_DAY, GrantRow.scenario, merchant.label("owner"), _day()),
    ).subquery()
    return select(*counted.c)


def _count_own_places() -> Select[Any]:
    counted = union_all(
        _live(Quota.CITIZEN_TOTAL, GrantRow.subject_id, GrantRow.scenario, _ever()),
        _live(Quota.CITIZEN_DAY, GrantRow.subject_id, GrantRow.scenario, _day()),
    ).subquery()
    return select(*counted.c)


def _live(quota: Quota, *keys: SQLColumnExpression[Any]) -> Select[Any]:
    """Select every grant that took a place of a quota and has not given it back."""
    took = (literal(" ", Text()) + GrantRow.places + " ").contains(f" {quota.value} ", autoescape=True)
    return select(*keys, literal(1).label("amount")).where(took, GrantRow.state.not_in(sorted(UNUSED)))


def _ever() -> Label[str]:
    return literal("", Text()).label("period")


def _day() -> Label[str]:
    return cast(GrantRow.granted_on, Text).label("period")


def _list_granted() -> Select[Any]:
    return _pick(VerificationRow.grant_id, literal(1).label("amount")).where(VerificationRow.answer == "granted")


def _list_verified() -> Select[Any]:
    verified = (GrantRow.via.in_([Via.CODE.value, Via.ASK.value, Via.VISITOR.value]),)
    return _pick(GrantRow.grant_id, literal(1).label("amount")).where(*verified)


def _list_strange_states(session: Session) -> Iterator[Difference]:
    """List grants whose state is not the one that their history tells."""
    event, later = GrantEventRow, aliased(GrantEventRow)
    of_it = (event.subject_id == GrantRow.subject_id, event.grant_id == GrantRow.grant_id)
    is_last = ~exists().where(
        later.subject_id == event.subject_id, later.grant_id == event.grant_id, later.event_no > event.event_no
    )
    first_states = (GrantState.RESERVED.value, GrantState.COMPLETED.value)
    wanted = (
        select(GrantRow.subject_id, GrantRow.grant_id, GrantRow.held_fen, event.held_fen)
        .outerjoin(event, and_(*of_it, is_last))
        .where(
            or_(
                and_(event.event_no.is_(None), GrantRow.state.not_in(first_states)),
                event.state != GrantRow.state,
                event.held_fen != GrantRow.held_fen,
            )
        )
        .order_by(GrantRow.grant_id)
    )
    for subject_id, grant_id, kept, told in session.execute(wanted):
        ids = f"subject_id={subject_id} grant_id={grant_id}"
        yield Difference(check="states_by_history", ids=ids, kept=kept, counted=told or 0)


def _list_going_back(
    session: Session, check: str, number: InstrumentedAttribute[int], moment: InstrumentedAttribute[datetime]
) -> Iterator[Difference]:
    """List what is told of a grant with a moment before that of what went before, or before the grant was given.

    A day that is cut out of such a history would tell what never was; `counted` is how many are where they should be.
    """
    row = number.class_
    last_at = func.lag(moment).over(partition_by=(row.subject_id, row.grant_id), order_by=number)
    told = select(row.subject_id, row.grant_id, moment.label("at"), last_at.label("last_at")).subquery()
    goes_back = or_(told.c.at < told.c.last_at, told.c.at < GrantRow.granted_at)
    ones = (GrantRow.subject_id, GrantRow.grant_id)
    kept, back = func.count(), func.sum(case((goes_back, 1), else_=0))
    wanted = (
        select(*ones, kept, kept - back)
        .join(told, and_(told.c.subject_id == GrantRow.subject_id, told.c.grant_id == GrantRow.grant_id))
        .group_by(*ones)
        .having(back > 0)
        .order_by(GrantRow.grant_id)
    )
    for subject_id, grant_id, found, ordered in session.execute(wanted):
        ids = f"subject_id={subject_id} grant_id={grant_id}"
        yield Difference(check=check, ids=ids, kept=found, counted=ordered)
