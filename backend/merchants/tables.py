"""Merchants, their contracts, and what is suspended: rows and their named queries.

A merchant is an organisation or a sole trader that offers scenarios to citizens. Nothing here is ever deleted.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.inserts import insert_into
from backend.storage.tables import Row
from backend.storage.types import Day

MERCHANT, SCENARIO = "merchant", "scenario"


class MerchantRow(Row):
    """A merchant under its code."""

    __tablename__ = "merchant"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
    uscc: Mapped[str | None]
    contact: Mapped[str]
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]


class ContractRow(Row):
    """What a merchant may offer: one scenario in one district, from a day until another, which is excluded.

    `figures` holds what the scenario leaves to the contract: `limit_fen`, `charged_percent` or `free_minutes`. A
    contract that was ended before its time has `ended_at`. No two contracts of a merchant for a scenario are in force
    on the same day: they are signed one after the other, while the merchant is held.
    """

    __tablename__ = "contract"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR starts_on < ends_on", name="window"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended"),
        Index(None, "merchant", "scenario"),
        Index(None, "scenario"),
    )

    contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant: Mapped[str] = mapped_column(ForeignKey("merchant.code"))
    scenario: Mapped[str]
    region: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    figures: Mapped[dict[str, Any]]
    signed_at: Mapped[datetime]
    signed_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class SuspensionRow(Row):
    """A merchant, or a scenario with every merchant, for which nothing new is given until somebody lifts that."""

    __tablename__ = "suspension"
    __table_args__ = (
        CheckConstraint("what IN ('merchant', 'scenario')", name="what"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted"),
        Index(
            "uq_suspension_live",
            "what",
            "code",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    suspension_id: Mapped[UUID] = mapped_column(primary_key=True)
    what: Mapped[str]
    code: Mapped[str]
    because: Mapped[str]
    suspended_at: Mapped[datetime]
    suspended_by: Mapped[str]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]


def add_merchant(session: Session, values: dict[str, Any]) -> bool:
    """Add a merchant; False when its code is taken, also by one added at the same time."""
    statement = insert_into(session, MerchantRow).values(values).on_conflict_do_nothing()
    return bool(session.scalars(statement.returning(MerchantRow.code)).all())


def find_merchant_row(session: Session, code: str) -> MerchantRow | None:
    """Find a merchant by its code."""
    return session.get(MerchantRow, code)


def find_merchant_names(session: Session, codes: Collection[str]) -> Mapping[str, str]:
    """Find what merchants are called, by their codes; whoever is not registered is left out."""
    if not codes:
        return {}
    named = select(MerchantRow.code, MerchantRow.name).where(MerchantRow.code.in_(codes))
    return {code: name for code, name in session.execute(named)}  # noqa: C416 - rows are no pairs for the type checker


def list_merchant_rows(session: Session, *, after: str | None = None, limit: int) -> Sequence[MerchantRow]:
    """List at most `limit` merchants in order of their codes; only those behind `after`, if given."""
    wanted = select(MerchantRow).order_by(MerchantRow.code).limit(limit)
    return session.scalars(wanted if after is None else wanted.where(MerchantRow.code > after)).all()


def lock_merchant(session: Session, code: str) -> MerchantRow | None:
    """Find a merchant and hold it until the transaction ends: its contracts are signed one after the other.

    Rows that name the merchant are added meanwhile; on PostgreSQL they would wait for a stronger lock.
    """
    wanted = select(MerchantRow).where(MerchantRow.code == code).with_for_update(key_share=True)
    return session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()


def has_contract_within(
    session: Session, merchant: str, scenario: str, *, starts_on: date, ends_on: date | None
) -> bool:
    """Tell whether a merchant has a contract for a scenario that is in force on a day of a window."""
    within: list[ColumnElement[bool]] = [or_(ContractRow.ends_on.is_(None), ContractRow.ends_on > starts_on)]
    within += [] if ends_on is None else [ContractRow.starts_on < ends_on]
    live = (ContractRow.merchant == merchant, ContractRow.scenario == scenario, ContractRow.ended_at.is_(None))
    return session.scalar(select(exists().where(*live, *within))) or False


def add_contract(session: Session, row: ContractRow) -> None:
    """Add a contract of a merchant that this transaction holds."""
    session.add(row)
    session.flush()


def list_contract_rows(session: Session, merchants: Collection[str]) -> Sequence[ContractRow]:
    """List the contracts of some merchants in order of signing, ended ones too."""
    wanted = select(ContractRow).where(ContractRow.merchant.in_(merchants)).order_by(ContractRow.contract_id)
    return session.scalars(wanted).all()


def lock_contract(session: Session, merchant: str, contract_id: UUID) -> ContractRow | None:
    """Find a contract of a merchant, ended or not, and hold it until the transaction ends."""
    wanted = select(ContractRow).where(ContractRow.contract_id == contract_id, ContractRow.merchant == merchant)
    return session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).one_or_none()


def end_contract_row(session: Session, row: ContractRow, *, by: str, now: datetime) -> None:
    """Mark a contract that this transaction holds as ended."""
    row.ended_at, row.ended_by = now, by
    session.flush()


def find_contract_in_force(session: Session, merchant: str, scenario: str, day: date) -> tuple[str, str, Any] | None:
    """Find name, region and figures by which a merchant may offer a scenario on a day; None when it may not."""
    found = session.execute(_IN_FORCE, {"merchant": merchant, "scenario": scenario, "day": day}).one_or_none()
    return None if found is None else (found[0], found[1], found[2])


def list_offering_rows(
    session: Session, scenario: str, day: date, *, after: str | None, limit: int
) -> Sequence[tuple[str, str, str | None, str, Any]]:
    """List code, name, English name, region and figures of at most `limit` merchants that may offer a scenario."""
    wanted = (
        select(MerchantRow.code, MerchantRow.name, MerchantRow.name_en, ContractRow.region, ContractRow.figures)
        .join(ContractRow, MerchantRow.code == ContractRow.merchant)
        .where(ContractRow.scenario == scenario, *list_contract_conditions())
        .order_by(MerchantRow.code)
        .limit(limit)
    )
    wanted = wanted if after is None else wanted.where(MerchantRow.code > after)
    rows = session.execute(wanted, {"day": day}).all()
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def list_offering_rows_of_each(
    session: Session, scenarios: Collection[str], day: date, *, limit: int
) -> Sequence[tuple[str, str, str, str | None, str, Any]]:
    """List for each of some scenarios what `list_offering_rows` lists, at most `limit`; the scenario comes first."""
    place = func.row_number().over(partition_by=ContractRow.scenario, order_by=ContractRow.merchant)
    in_force = (
        select(
            ContractRow.scenario, ContractRow.merchant, ContractRow.region, ContractRow.figures, place.label("place")
        )
        .where(ContractRow.scenario.in_(sorted(scenarios)), *list_contract_conditions())
        .subquery()
    )
    found, merchant = in_force.c, MerchantRow
    wanted = (
        select(found.scenario, merchant.code, merchant.name, merchant.name_en, found.region, found.figures)
        .join(merchant, merchant.code == found.merchant)
        .where(found.place <= limit)
        .order_by(found.scenario, merchant.code)
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in session.execute(wanted, {"day": day})]


def add_suspension(session: Session, values: dict[str, Any]) -> bool:
    """Add a suspension; False when this merchant or scenario is suspended already."""
    statement = insert_into(session, SuspensionRow).values(values).on_conflict_do_nothing()
    return bool(session.scalars(statement.returning(SuspensionRow.suspension_id)).all())


def list_live_suspensions(session: Session, what: str, codes: Collection[str]) -> Sequence[SuspensionRow]:
    """List the suspensions of some merchants, or of some scenarios, that nobody has lifted."""
    live = (SuspensionRow.what == what, SuspensionRow.code.in_(codes), SuspensionRow.lifted_at.is_(None))
    return session.scalars(select(SuspensionRow).where(*live)).all()


def lift_suspension_row(session: Session, what: str, code: str, *, by: str, now: datetime) -> bool:
    """Lift the suspension of a merchant or scenario; False without one."""
    live = (SuspensionRow.what == what, SuspensionRow.code == code, SuspensionRow.lifted_at.is_(None))
    statement = update(SuspensionRow).where(*live).values(lifted_at=now, lifted_by=by)
    statement = statement.returning(SuspensionRow.suspension_id).execution_options(synchronize_session=False)
    return bool(session.scalars(statement).all())


def list_contract_conditions() -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a contract is in force on `day`, and nothing about it is suspended."""
    day = bindparam("day", type_=Day())
    live = (SuspensionRow.lifted_at.is_(None),)
    of_merchant = (SuspensionRow.what == MERCHANT) & (SuspensionRow.code == ContractRow.merchant)
    of_scenario = (SuspensionRow.what == SCENARIO) & (SuspensionRow.code == ContractRow.scenario)
    return (
        ContractRow.ended_at.is_(None),
        ContractRow.starts_on <= day,
        or_(ContractRow.ends_on.is_(None), ContractRow.ends_on > day),
        ~exists().where(of_merchant, *live),
        ~exists().where(of_scenario, *live),
    )


# Asked at every verification, so it is put together once.
_IN_FORCE = (
    select(MerchantRow.name, ContractRow.region, ContractRow.figures)
    .join(MerchantRow, MerchantRow.code == ContractRow.merchant)
    .where(
        ContractRow.merchant == bindparam("merchant"),
        ContractRow.scenario == bindparam("scenario"),
        *list_contract_conditions(),
    )
)
