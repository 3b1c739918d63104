"""What is guarded when a grant is given: the person's account, and the places of person, scenario and merchant.

All of it is taken in one chain, in the one order in which everybody holds more than one: the person's account first,
then his own counters, then the shared ones by their keys.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from backend.grants.grant import OWN, Grant, PlaceKey, Quota
from backend.grants.tables import (
    BenefitAccountRow,
    CitizenQuotaUseRow,
    GrantRow,
    HoldTransferRow,
    QuotaUseRow,
)
from backend.storage.chains import Chain, Link, give, table_of
from backend.storage.inserts import Insert, insert_into

_ACCOUNT, _GRANT = table_of(BenefitAccountRow), table_of(GrantRow)
_SHARED, _PERSONAL = table_of(QuotaUseRow), table_of(CitizenQuotaUseRow)


class LedgerError(Exception):
    """Accounts, places and grants do not agree: a fault of ours, by which everything that was begun is rolled back."""


class Account(NamedTuple):
    """What one person has in use."""

    open_grants: int
    overdue_grants: int
    held_fen: int
    broken_fen: int


_BALANCES = [_ACCOUNT.c[name] for name in Account._fields]


@cache
def chain_of(quotas: tuple[Quota, ...], *, is_held: bool) -> Chain:
    """Give the chain that gives a grant: account, the `quotas` in their order, grant, and what it holds.

    Its values are those of a `Plan`: of the grant by the names of its columns; `opens`, the bounds `open_limit`,
    `overdue_limit` and `most_held`, `now`; for each quota its `limit_`, `owner_` and `period_`; and `CONSTANTS`.
    """
    return Chain(list_links(quotas, is_held=is_held))


def list_links(quotas: Sequence[Quota], *, is_held: bool) -> list[Link]:
    """List the links of such a chain, for whoever gives a grant together with something else."""
    account = {"subject_id": "subject_id", "open_grants": "opens", "held_fen": "held_fen"}
    zeros = dict.fromkeys(("overdue_grants", "broken_fen"), "zero")
    links = [
        Link(BenefitAccountRow, account | zeros, _open_within_bounds),
        *(_take_place(quota) for quota in quotas),
        Link(GrantRow, {column.name: column.name for column in _GRANT.c}, _unless_order_taken),
    ]
    if is_held:
        sides = {"debit": "available", "credit": "held", "amount_fen": "held_fen"}
        place = {"subject_id": "subject_id", "grant_id": "grant_id", "transfer_no": "one"}
        links.append(Link(HoldTransferRow, place | sides | {"transferred_at": "granted_at"}))
    return links


CONSTANTS = {"zero": 0, "one": 1, "available": "available", "held": "held"}


def _open_within_bounds(insert: Insert) -> Insert:
    """One more open grant, and what it holds, for somebody who is within his bounds and has none that is due."""
    new = insert.excluded
    # Seen as of the beginning of the statement, which is enough: whoever changes a grant that is due makes it undue.
    due = exists().where(
        _GRANT.c.subject_id == give(_GRANT.c.subject_id, "subject_id"),
        _GRANT.c.ended_at.is_(None),
        _GRANT.c.due_at <= give(_GRANT.c.due_at, "now"),
    )
    number = _ACCOUNT.c.open_grants.type
    return insert.on_conflict_do_update(
        index_elements=["subject_id"],
        set_={
            "open_grants": _ACCOUNT.c.open_grants + new.open_grants,
            "held_fen": _ACCOUNT.c.held_fen + new.held_fen,
        },
        where=and_(
            _ACCOUNT.c.open_grants + new.open_grants <= bindparam("open_limit", type_=number),
            _ACCOUNT.c.overdue_grants < bindparam("overdue_limit", type_=number),
            or_(new.open_grants == 0, _ACCOUNT.c.broken_fen == 0),
            _ACCOUNT.c.held_fen + new.held_fen <= bindparam("most_held", type_=number),
            ~due,
        ),
    )


def _take_place(quota: Quota) -> Link:
    table, owner, given = _SHARED, "owner", f"owner_{quota}"
    row: type[QuotaUseRow | CitizenQuotaUseRow] = QuotaUseRow
    if quota in OWN:
        row, table, owner, given = CitizenQuotaUseRow, _PERSONAL, "subject_id", "subject_id"
    used = table.c.used

    def unless(insert: Insert) -> Insert:
        return insert.on_conflict_do_update(
            index_elements=["scenario", owner, "period"],
            set_={"used": used + 1},
            where=used < bindparam(f"limit_{quota}", type_=used.type),
        )

    return Link(row, {"scenario": "scenario", owner: given, "period": f"period_{quota}", "used": "one"}, unless)


def _unless_order_taken(insert: Insert) -> Insert:
    return insert.on_conflict_do_nothing(index_elements=["merchant", "order_no"])


def hold_account(session: Session, subject_id: UUID) -> Account | None:
    """Hold a person's account until the transaction ends, and give its balances; None where there is none."""
    wanted = select(*_BALANCES).where(_ACCOUNT.c.subject_id == subject_id).with_for_update()
    row = session.execute(wanted).first()
    return None if row is None else Account(*row)


def open_account(session: Session, subject_id: UUID) -> Account:
    """Hold a person's account until the transaction ends, and add an empty one where there is none."""
    empty = {"subject_id": subject_id, **dict.fromkeys(Account._fields, 0)}
    insert = insert_into(session, BenefitAccountRow).values(empty)
    session.execute(insert.on_conflict_do_nothing(index_elements=["subject_id"]))
    account = hold_account(session, subject_id)
    if account is None:
        raise LedgerError("a benefit account was taken away while it was opened")
    return account


def move_account(
    session: Session, subject_id: UUID, *, opens: int = 0, overdue: int = 0, held_fen: int = 0, broken_fen: int = 0
) -> Account:
    """Change the balances of an account by so much, and give them; less than nothing is refused by the database."""
    account = _ACCOUNT.c
    changes = {
        "open_grants": account.open_grants + opens,
        "overdue_grants": account.overdue_grants + overdue,
        "held_fen": account.held_fen + held_fen,
        "broken_fen": account.broken_fen + broken_fen,
    }
    changed = update(_ACCOUNT).where(account.subject_id == subject_id).values(changes).returning(*_BALANCES)
    return Account(*_expect_one(session, changed, f"the benefit account of {subject_id}"))


def hold_places(session: Session, keys: Iterable[PlaceKey]) -> None:
    """Hold counters of scenarios and merchants until the transaction ends, in the order in which everybody does.

    Whoever gives places back and takes others in one transaction holds all of them first.
    """
    for key in sorted(set(keys)):
        insert = insert_into(session, QuotaUseRow).values(**key._asdict(), used=0)
        session.execute(insert.on_conflict_do_update(index_elements=key._fields, set_={"used": _SHARED.c.used}))


def give_back_place(session: Session, grant: Grant, quota: Quota, key: PlaceKey) -> None:
    """Give back a place that a grant took; a LedgerError where none was taken."""
    table = _PERSONAL if quota in OWN else _SHARED
    owner = table.c.subject_id == grant.subject_id if quota in OWN else table.c.owner == key.owner
    here = (owner, table.c.scenario == key.scenario, table.c.period == key.period, table.c.used > 0)
    given_back = update(table).where(*here).values(used=table.c.used - 1).returning(table.c.used)
    _expect_one(session, given_back, f"a place of {quota} {key}")


def _expect_one(session: Session, statement: Any, what: str) -> Any:  # noqa: ANN401 - a row of whatever it returns
    row = session.execute(statement).one_or_none()
    if row is None:
        raise LedgerError(f"{what} was to be changed and is not there; run `shangding proof`")
    return row
