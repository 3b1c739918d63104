"""Merchants and their contracts: rows and their named queries.

A merchant is an organisation or a sole trader that offers scenarios to citizens; it is never deleted.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.tables import Row


class MerchantRow(Row):
    """A merchant under its code; a suspended one is answered `cannot_say` until somebody lifts that."""

    __tablename__ = "merchant"
    __table_args__ = (
        CheckConstraint("(suspended_at IS NULL) = (suspended_because IS NULL)", name="suspended"),
        CheckConstraint("(suspended_at IS NULL) = (suspended_by IS NULL)", name="suspended_by"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
    uscc: Mapped[str | None]
    contact: Mapped[str]
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]
    suspended_at: Mapped[datetime | None]
    suspended_because: Mapped[str | None]
    suspended_by: Mapped[str | None]


class ContractRow(Row):
    """What a merchant may offer: one scenario in one district, from a day until another, which is excluded.

    `figures` holds what the scenario leaves to the contract: `limit_fen`, `charged_percent`.
    """

    __tablename__ = "contract"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR starts_on < ends_on", name="window"),
        Index(
            "uq_contract_live",
            "merchant",
            "scenario",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
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
