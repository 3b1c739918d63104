"""Benefit cards and their places on status lists: rows and their named queries.

The published list is computed from these rows at each reading. What ends a card without anybody touching its row (a
consent withdrawn, an account closed, a pause, a doubt, a contract that ended) counts at once. So do facts that changed,
until the sweep has judged by them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVarTuple
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Select,
    and_,
    case,
    delete,
    false,
    func,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.grants.tables import BenefitAccountRow
from backend.merchants.contracts import Contract
from backend.merchants.tables import ContractRow, MerchantRow, list_contract_conditions
from backend.people.tables import ConsentRow, SubjectRow
from backend.storage.inserts import insert_into
from backend.storage.tables import Row

_Columns = TypeVarTuple("_Columns")

_NO_FACTS = -1  # no version that anybody has


class CardEnd(StrEnum):
    """Why a card ended before its time. The card's owner reads it; the status list says only that it ended."""

    CITIZEN = "citizen"
    CONSENT = "consent"
    PAUSED = "paused"
    OFFER = "offer"
    STANDING = "standing"


class CardRow(Row):
    """A card that a person made for one merchant; `terms` is what it says that he gets there.

    `facts_version` and `checked_on` say by what the person was last judged.
    """

    __tablename__ = "benefit_card"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "consent_id"], ["consent.subject_id", "consent.consent_id"]),
        ForeignKeyConstraint(["subject_id", "grant_id"], ["benefit_grant.subject_id", "benefit_grant.grant_id"]),
        CheckConstraint("list_no >= 0 AND place >= 0 AND place < 65536", name="place"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended"),
        CheckConstraint("ended_because IN ('citizen', 'consent', 'paused', 'offer', 'standing')", name="ended_because"),
        Index("uq_benefit_card_place", "list_no", "place", unique=True),
        Index(None, "expires_at"),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    card_id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant: Mapped[str] = mapped_column(ForeignKey("merchant.code"))
    scenario: Mapped[str]
    terms: Mapped[dict[str, Any]]
    consent_id: Mapped[UUID]
    grant_id: Mapped[UUID]
    list_no: Mapped[int]
    place: Mapped[int]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    facts_version: Mapped[int]
    checked_on: Mapped[date]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]


class UsedOffer(NamedTuple):
    """What a merchant offers and somebody has a card for, with the contract for it, if one is in force."""

    merchant: str
    scenario: str
    contract: Contract | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCard:
    """A card with what its merchant is called, and why it ended as far as rows can tell; None while they say live."""

    row: CardRow
    merchant_name: str
    ended: CardEnd | None


def add_card(session: Session, values: dict[str, object]) -> bool:
    """Add a card with its place; False when the place is taken, also by one added at the same time."""
    statement = insert_into(session, CardRow).values(values)
    statement = statement.on_conflict_do_nothing(index_elements=["list_no", "place"])
    return bool(session.scalars(statement.returning(CardRow.card_id)).all())


def count_live_cards(session: Session, subject_id: UUID, now: datetime) -> int:
    """Count the cards of a person that neither ended nor expired."""
    live = (CardRow.subject_id == subject_id, CardRow.expires_at > now, CardRow.ended_at.is_(None))
    return session.scalar(select(func.count()).where(*live)) or 0


def find_card(session: Session, subject_id: UUID, card_id: UUID, now: datetime) -> FoundCard | None:
    """Find a card of a person, as it stands at `now`."""
    wanted = _select_cards(now).where(CardRow.subject_id == subject_id, CardRow.card_id == card_id)
    return next(iter(_show(session, wanted)), None)


def list_cards(session: Session, subject_id: UUID, now: datetime, *, limit: int) -> list[FoundCard]:
    """List at most `limit` cards of a person that are kept, the newest first, as they stand at `now`."""
    wanted = _select_cards(now).where(CardRow.subject_id == subject_id).order_by(CardRow.card_id.desc())
    return _show(session, wanted.limit(limit))


def list_ended_places(
    session: Session, list_no: int, offers_gone: Sequence[tuple[str, str]], now: datetime
) -> list[int]:
    """List the places of a list whose cards are not to be trusted, in order.

    Those ended before their time, as far as rows can tell; those of an offer that is gone; and those whose person's
    facts have changed since somebody judged by them.
    """
    untold = and_(CardRow.expires_at > now, or_(_have_facts_changed(), _is_of(offers_gone)))
    wanted = (
        _join_rows_beside(select(CardRow.place))
        .where(CardRow.list_no == list_no, or_(_find_end(now).is_not(None), untold))
        .order_by(CardRow.place)
    )
    return list(session.scalars(wanted))


def list_offers(session: Session, now: datetime, day: date, *, list_no: int | None = None) -> list[UsedOffer]:
    """List what merchants offer for which there are cards that have not expired, on one list or on any.

    With the contract that is in force for it on a day of the city, if there is one.
    """
    used = select(CardRow.merchant, CardRow.scenario).where(CardRow.expires_at > now).distinct()
    offers = (used if list_no is None else used.where(CardRow.list_no == list_no)).subquery()
    of_offer = (ContractRow.merchant == offers.c.merchant, ContractRow.scenario == offers.c.scenario)
    wanted = (
        select(offers.c.merchant, offers.c.scenario, MerchantRow.name, ContractRow.region, ContractRow.figures)
        .join(MerchantRow, MerchantRow.code == offers.c.merchant)
        .outerjoin(ContractRow, and_(*of_offer, *list_contract_conditions()))
        .order_by(offers.c.merchant, offers.c.scenario)
    )
    return [_show_offer(*row) for row in session.execute(wanted, {"day": day})]


def _show_offer(merchant: str, scenario: str, name: str, region: str | None, figures: Mapping[str, int]) -> UsedOffer:
    if region is None:
        return UsedOffer(merchant, scenario, None)
    given = MappingProxyType(figures)
    contract = Contract(merchant=merchant, merchant_name=name, scenario=scenario, region=region, figures=given)
    return UsedOffer(merchant, scenario, contract)


def list_list_numbers(session: Session) -> list[int]:
    """List the numbers of the lists on which there are cards, in order."""
    return sorted(session.scalars(select(CardRow.list_no).distinct()))


def list_doubtful(
    session: Session, offers_gone: Sequence[tuple[str, str]], now: datetime, day: date, *, limit: int
) -> list[CardRow]:
    """List at most `limit` cards whose rows say that they are good, and of which something speaks against it.

    That is what other rows say, an offer that is gone, facts that changed, or a day on which nobody has judged yet.
    Those with changed facts come first: they may be good, and no gate opens for them until they are judged.
    """
    changed = _have_facts_changed()
    against = (_find_end(now).is_not(None), changed, CardRow.checked_on != day, _is_of(offers_gone))
    wanted = (
        _join_rows_beside(select(CardRow))
        .where(CardRow.expires_at > now, CardRow.ended_at.is_(None), or_(*against))
        .order_by(case((changed, 0), else_=1), CardRow.card_id)
        .limit(limit)
    )
    return list(session.scalars(wanted))


def end_card_row(session: Session, subject_id: UUID, card_id: UUID, *, because: CardEnd, now: datetime) -> bool:
    """End a card before its time; False for one that ended or expired before, or is not there."""
    return bool(_end(session, and_(CardRow.subject_id == subject_id, CardRow.card_id == card_id), because, now))


def end_card_rows(session: Session, subject_id: UUID, *, because: CardEnd, now: datetime) -> int:
    """End all live cards of a person; gives how many."""
    return len(_end(session, CardRow.subject_id == subject_id, because, now))


def doubt_cards(session: Session, subject_id: UUID, *, now: datetime) -> None:
    """Let no gate trust the live cards of a person until somebody has judged them anew, as when facts have changed."""
    live = (CardRow.subject_id == subject_id, CardRow.expires_at > now, CardRow.ended_at.is_(None))
    statement = update(CardRow).where(*live).values(facts_version=_NO_FACTS)
    session.execute(statement.execution_options(synchronize_session=False))


def put_checked(session: Session, subject_id: UUID, card_id: UUID, *, facts_version: int, day: date) -> None:
    """Note that a card was judged by the facts of a version on a day, and carried."""
    this = (CardRow.subject_id == subject_id, CardRow.card_id == card_id)
    statement = update(CardRow).where(*this).values(facts_version=facts_version, checked_on=day)
    session.execute(statement.execution_options(synchronize_session=False))


def purge_card_rows(session: Session, before: datetime, *, limit: int) -> int:
    """Forget cards that expired before a moment, at most `limit` at once; gives how many."""
    old = select(CardRow.card_id).where(CardRow.expires_at <= before).limit(limit)
    statement = delete(CardRow).where(CardRow.card_id.in_(old)).returning(CardRow.card_id)
    return len(session.scalars(statement.execution_options(synchronize_session=False)).all())


def _end(session: Session, which: ColumnElement[bool], because: CardEnd, now: datetime) -> Sequence[UUID]:
    live = (which, CardRow.expires_at > now, CardRow.ended_at.is_(None))
    statement = update(CardRow).where(*live).values(ended_at=now, ended_because=because.value)
    return session.scalars(statement.returning(CardRow.card_id).execution_options(synchronize_session=False)).all()


def _is_consent_of_card() -> ColumnElement[bool]:
    return and_(ConsentRow.subject_id == CardRow.subject_id, ConsentRow.consent_id == CardRow.consent_id)


def _have_facts_changed() -> ColumnElement[bool]:
    return SubjectRow.facts_version != CardRow.facts_version


def _is_of(offers: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    return tuple_(CardRow.merchant, CardRow.scenario).in_(offers) if offers else false()


def _find_end(now: datetime) -> ColumnElement[str | None]:
    """Why a card ended: as its row says, or what the rows beside it say now; closing an account takes consents back."""
    live = CardRow.expires_at > now
    return case(
        (CardRow.ended_because.is_not(None), CardRow.ended_because),
        (and_(live, ConsentRow.withdrawn_at.is_not(None)), CardEnd.CONSENT.value),
        (and_(live, BenefitAccountRow.paused_until > now), CardEnd.PAUSED.value),
        (and_(live, SubjectRow.in_doubt), CardEnd.STANDING.value),
        else_=null(),
    )


def _select_cards(now: datetime) -> Select[CardRow, str, str | None]:
    wanted = select(CardRow, MerchantRow.name, _find_end(now))
    return _join_rows_beside(wanted.join(MerchantRow, MerchantRow.code == CardRow.merchant))


def _join_rows_beside(wanted: Select[*_Columns]) -> Select[*_Columns]:
    """Join what `_find_end` looks at."""
    return (
        wanted.join(SubjectRow, SubjectRow.subject_id == CardRow.subject_id)
        .join(ConsentRow, _is_consent_of_card())
        .outerjoin(BenefitAccountRow, BenefitAccountRow.subject_id == CardRow.subject_id)
    )


def _show(session: Session, wanted: Select[CardRow, str, str | None]) -> list[FoundCard]:
    rows = session.execute(wanted.execution_options(populate_existing=True)).all()
    return [
        FoundCard(row=row, merchant_name=name, ended=None if end is None else CardEnd(end)) for row, name, end in rows
    ]
