"""What a decision about one person rests on, asked in one look: who it is, the kept score, and what he has said.

Everything is asked for at every decision, whatever of it will matter, so that the work of a no does not tell why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy import SQLColumnExpression as Column
from sqlalchemy.orm import Session

from backend.benefits.consent_tables import CONSENT_OF_CODE as _CODE
from backend.benefits.probe_tables import ProbeWindowRow
from backend.benefits.verification_tables import IS_USABLE, DeclinedOfferRow, OneTimeCodeRow
from backend.benefits.visitor_tables import VisitorEntitlementRow, is_live
from backend.clock import today
from backend.grants.tables import BenefitAccountRow
from backend.merchants.contracts import Contract
from backend.merchants.tables import ContractRow, MerchantRow, list_contract_conditions
from backend.people.identity_numbers import SubjectKind
from backend.people.tables import ConsentRow, EnrolmentRow, SubjectRow
from backend.scores.tables import NewScore, StoredScoreRow
from backend.storage.questions import Found, Question, ask_within
from backend.storage.short_transactions import ShortTransaction
from backend.storage.types import Moment

_SCORE = tuple(each.name for each in fields_of(NewScore))


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """A natural person as the tables know him: when the open enrolment began, and the score that was kept.

    Where there is none of either, a stand-in takes its place, so that it costs as much to weigh: see `is_enrolled` and
    `has_kept`.
    """

    subject_id: UUID
    in_doubt: bool
    identity_sealed: bytes = field(repr=False)
    facts_version: int
    is_enrolled: bool
    opened_at: datetime
    has_kept: bool
    kept: NewScore


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A person before one offer of one merchant, and what he has said about it.

    `paused_until` is the end of a pause, perhaps over; `consent_id` the consent to this merchant that stands, if any.
    `is_entitled` says that the home city of a visitor has said yes to this offer, and that this still holds.
    """

    person: KnownPerson
    paused_until: datetime | None
    has_declined: bool
    consent_id: UUID | None
    is_entitled: bool


class ScannedOrder(NamedTuple):
    """What is asked with a code, by its digest; `purpose`, `recipient` and `any_scenario` are those of a consent."""

    code_digest: bytes
    merchant: str
    scenario: str
    recipient: str
    purpose: str
    any_scenario: str


class Scanned(NamedTuple):
    """Whose code was scanned, how he stands, whether it names the merchant, its consent then, the contract in force."""

    situation: Situation
    is_named: bool
    consent_id: UUID | None
    contract: Contract


# What is read in place of a score or an enrolment that is not there.
STAND_IN = NewScore(
    facts_version=-1,
    since=date(1970, 1, 1),
    rules_digest="0" * 66,
    computed_on=date(1970, 1, 1),
    changes_on=date(9999, 12, 31),
    points=0,
    level="",
    payload={
        "dimensions": dict.fromkeys(("honour", "ethics", "profession", "law", "administration"), 0),
        "incentives_suspended": False,
        "in_force": [],
    },
)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def _or_stand_in(name: str) -> ColumnElement[Any]:
    column = getattr(StoredScoreRow, name)
    return func.coalesce(column, literal(getattr(STAND_IN, name), column.type))


_PERSON = (
    SubjectRow.subject_id,
    SubjectRow.in_doubt,
    SubjectRow.identity_sealed,
    SubjectRow.facts_version,
    EnrolmentRow.subject_id.is_not(None),
    func.coalesce(EnrolmentRow.opened_at, literal(_NEVER, Moment())),
    StoredScoreRow.subject_id.is_not(None),
)
_WIDTH = len(_PERSON) + len(_SCORE)
_STANDING = (
    select(ConsentRow.consent_id)
    .where(
        ConsentRow.subject_id == SubjectRow.subject_id,
        ConsentRow.purpose == bindparam("purpose"),
        ConsentRow.recipient == bindparam("recipient"),
        or_(ConsentRow.scope == bindparam("scenario"), ConsentRow.scope == bindparam("any_scenario")),
        ConsentRow.given_at <= bindparam("now", type_=Moment()),
        ConsentRow.withdrawn_at.is_(None),
        or_(ConsentRow.expires_at.is_(None), ConsentRow.expires_at > bindparam("now", type_=Moment())),
    )
    .order_by(ConsentRow.consent_id.desc())
    .limit(1)
    .scalar_subquery()
)
_DECLINED = exists().where(
    DeclinedOfferRow.subject_id == SubjectRow.subject_id, DeclinedOfferRow.scenario == bindparam("scenario")
)
_ENTITLED = exists().where(
    VisitorEntitlementRow.subject_id == SubjectRow.subject_id,
    VisitorEntitlementRow.scenario == bindparam("scenario"),
    is_live(),
)
_BY_ID = SubjectRow.subject_id == bindparam("subject_id")


def _ask_about(*more: Column[Any]) -> Select[Any]:
    return (
        select(*_PERSON, *(_or_stand_in(name) for name in _SCORE), *more)
        .select_from(SubjectRow)
        .outerjoin(
            EnrolmentRow,
            and_(EnrolmentRow.subject_id == SubjectRow.subject_id, EnrolmentRow.closed_at.is_(None)),
        )
        .outerjoin(StoredScoreRow, StoredScoreRow.subject_id == SubjectRow.subject_id)
        .where(SubjectRow.kind == SubjectKind.NATURAL_PERSON)
    )


def _ask_before_offer(*more: Column[Any]) -> Select[Any]:
    return _ask_about(BenefitAccountRow.paused_until, _DECLINED, _STANDING, _ENTITLED, *more).outerjoin(
        BenefitAccountRow, BenefitAccountRow.subject_id == SubjectRow.subject_id
    )


# Asked first, and alone: a statement that waits for somebody sees of all other rows what there was before it waited.
_HOLD = Question(select(SubjectRow.subject_id).where(_BY_ID).with_for_update(read=True))
_HOLD_SCANNED = Question(
    select(SubjectRow.subject_id)
    .join(OneTimeCodeRow, OneTimeCodeRow.subject_id == SubjectRow.subject_id)
    .where(OneTimeCodeRow.digest == bindparam("given", type_=OneTimeCodeRow.__table__.c.digest.type))
    .with_for_update(read=True, of=SubjectRow)
)
_PERSON_QUESTION = Question(_ask_about().where(_BY_ID))
_SITUATION_QUESTION = Question(_ask_before_offer().where(_BY_ID))
_MANY_MISSES = exists().where(
    ProbeWindowRow.merchant == bindparam("merchant"),
    ProbeWindowRow.starts_at == bindparam("window_at", type_=Moment()),
    or_(
        *(
            and_(ProbeWindowRow.miss == miss, ProbeWindowRow.misses >= bindparam(f"few_{miss}"))
            for miss in ("not_granted", "code_unusable")
        )
    ),
)
_SCAN_QUESTION = Question(
    _ask_before_offer(_CODE, OneTimeCodeRow.merchant, MerchantRow.name, ContractRow.region, ContractRow.figures)
    .join(OneTimeCodeRow, OneTimeCodeRow.subject_id == SubjectRow.subject_id)
    .join(ContractRow, ContractRow.merchant == bindparam("merchant"))
    .join(MerchantRow, MerchantRow.code == ContractRow.merchant)
    .where(
        *IS_USABLE,
        ContractRow.scenario == bindparam("scenario"),
        *list_contract_conditions(),
        ~_MANY_MISSES,
    )
)


def find_known_person(session: Session, subject_id: UUID) -> KnownPerson | None:
    """Find a natural person with the kept score; None for an unknown subject and for organisations."""
    row = ask_within(session, _PERSON_QUESTION, {"subject_id": subject_id})
    return None if row is None else _read_person(row)


def find_situation(
    session: Session,
    subject_id: UUID,
    *,
    scenario: str,
    recipient: str,
    purpose: str,
    any_scenario: str,
    now: datetime,
) -> Situation | None:
    """Find how a natural person stands before an offer; None for an unknown subject and for organisations.

    Shares the subject with other readers until the transaction ends: whoever changes what is known of the person, his
    account or his consents holds the subject alone, and waits. So no answer can leave after such a change was
    acknowledged that does not reflect it.
    """
    values = {
        "subject_id": subject_id,
        "scenario": scenario,
        "recipient": recipient,
        "purpose": purpose,
        "any_scenario": any_scenario,
        "now": now,
    }
    ask_within(session, _HOLD, values)
    row = ask_within(session, _SITUATION_QUESTION, values)
    return None if row is None else _read_situation(row)


def find_scanned(
    transaction: ShortTransaction,
    order: ScannedOrder,
    *,
    window_at: datetime,
    few_misses: Mapping[str, int],
    now: datetime,
) -> Scanned | None:
    """Find in one look all that most scans are answered from, and hold the person as `find_situation` does.

    None where something is not as it mostly is: the code cannot be used by this merchant for this scenario, there is no
    contract in force, or the merchant has missed as often as `few_misses` says for a kind of misses in the window that
    began at `window_at`. Whatever stands against the person is found, and takes the same look.
    """
    values = {
        **order._asdict(),
        "given": order.code_digest,
        "by": order.merchant,
        "wanted": order.scenario,
        **{f"few_{miss}": few for miss, few in few_misses.items()},
        "window_at": window_at,
        "day": today(now),
        "now": now,
    }
    _, row = transaction.ask_in_turn(values, _HOLD_SCANNED, _SCAN_QUESTION)
    if row is None:
        return None
    consent_id, named, name, region, figures = row[-5:]
    given, place = MappingProxyType(figures), {"merchant": order.merchant, "scenario": order.scenario}
    contract = Contract(**place, merchant_name=name, region=region, figures=given)
    situation = _read_situation(row)
    return Scanned(situation=situation, is_named=named is not None, consent_id=consent_id, contract=contract)


def _read_situation(row: Found) -> Situation:
    paused_until, has_declined, consent_id, is_entitled = row[_WIDTH : _WIDTH + 4]
    return Situation(
        person=_read_person(row),
        paused_until=paused_until,
        has_declined=bool(has_declined),
        consent_id=consent_id,
        is_entitled=bool(is_entitled),
    )


def _read_person(row: Found) -> KnownPerson:
    subject_id, in_doubt, identity_sealed, facts_version, is_enrolled, opened_at, has_kept = row[: len(_PERSON)]
    return KnownPerson(
        subject_id=subject_id,
        in_doubt=in_doubt,
        identity_sealed=identity_sealed,
        facts_version=facts_version,
        is_enrolled=bool(is_enrolled),
        opened_at=opened_at,
        has_kept=bool(has_kept),
        kept=NewScore(**dict(zip(_SCORE, row[len(_PERSON) : _WIDTH], strict=True))),
    )
