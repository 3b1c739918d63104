"""What an answer about one person rests on: who it is, the score that was kept, and the consents to this city.

Somebody is always found: for whoever is not known a stand-in answers, a subject of its own that is nobody. So the same
statements give rows of the same width, and leave the same entries, whether or not somebody is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import fields as fields_of
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from backend.benefits.situation_tables import STAND_IN
from backend.gateways.pseudonyms import KeyedIndex
from backend.grants.tables import BenefitAccountRow
from backend.people.tables import ConsentRow, EnrolmentRow, SubjectRow
from backend.scores.tables import NewScore, StoredScoreRow
from backend.storage.inserts import insert_into
from backend.storage.questions import Question, ask_within
from backend.storage.types import Moment

NOBODY = UUID("00000000-0000-7000-8000-000000000000")
_SCORE = tuple(each.name for each in fields_of(NewScore))
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class StandingConsent(NamedTuple):
    """A consent that stands, and when it ends; None where it stands until it is withdrawn."""

    consent_id: UUID
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """A person as the tables know him; see `has_kept` and `is_enrolled` for what a stand-in is in the place of.

    `paused_until` is the end of a pause, perhaps over. `consents` has, for each scope that was asked about, the consent
    that covers it and lasts longest.
    """

    subject_id: UUID
    in_doubt: bool
    facts_version: int
    is_enrolled: bool
    opened_at: datetime
    has_kept: bool
    paused_until: datetime | None
    kept: NewScore
    consents: Mapping[str, StandingConsent]


def hold_person(session: Session, indexes: Sequence[KeyedIndex]) -> UUID | None:
    """Hold whoever has a number, by its keyed hashes, against changes of what is known and consented until the end.

    `NOBODY` where nobody has it; None where not even that one is there. Others may hold him so at the same time. Read
    what is known of him after, in a statement of its own: a statement that waits for somebody goes on with what it saw
    before it waited.
    """
    values = {f"index_{place}": index.digest for place, index in enumerate(indexes)}
    found = ask_within(session, _ask_who(len(indexes)), {**values, "nobody": NOBODY})
    return None if found is None else found[0]


def hold_known_person(session: Session, subject_id: UUID) -> None:
    """Hold somebody by his id in the same way."""
    session.execute(select(SubjectRow.subject_id).where(SubjectRow.subject_id == subject_id).with_for_update(read=True))


def find_person(
    session: Session,
    subject_id: UUID,
    *,
    purpose: str,
    recipient: str,
    terms: str,
    any_scope: str,
    scopes: Sequence[str],
    now: datetime,
) -> KnownPerson | None:
    """Find a person with the kept score, and for each of `scopes` the consent for a purpose to a recipient.

    Only one that was given under `terms` counts. A consent to `any_scope` covers all of them. None for an unknown
    subject.
    """
    values = {f"scope_{place}": scope for place, scope in enumerate(scopes)}
    values |= {"purpose": purpose, "recipient": recipient, "terms": terms, "any_scope": any_scope}
    row = ask_within(session, _ask_about(len(scopes)), {**values, "now": now, "subject_id": subject_id})
    if row is None:
        return None
    known, kept, ids = row[:7], row[7 : 7 + len(_SCORE)], row[7 + len(_SCORE) :]
    found = zip(scopes, ids[0::2], ids[1::2], strict=True)
    return KnownPerson(
        subject_id=known[0],
        in_doubt=known[1],
        facts_version=known[2],
        is_enrolled=bool(known[3]),
        opened_at=known[4],
        has_kept=bool(known[5]),
        paused_until=known[6],
        kept=NewScore(**dict(zip(_SCORE, kept, strict=True))),
        consents={scope: StandingConsent(given, until) for scope, given, until in found if given is not None},
    )


def add_nobody(session: Session, values: Mapping[str, Any]) -> None:
    """Add the stand-in, unless it is there; `values` are those of a subject besides its id."""
    statement = insert_into(session, SubjectRow).values(subject_id=NOBODY, **values)
    session.execute(statement.on_conflict_do_nothing())


@cache
def _ask_who(indexes: int) -> Question:
    each = (_find_by(f"index_{place}") for place in range(indexes))
    wanted = func.coalesce(*each, bindparam("nobody", type_=SubjectRow.subject_id.type))
    return Question(select(SubjectRow.subject_id).where(SubjectRow.subject_id == wanted).with_for_update(read=True))


def _find_by(name: str) -> ScalarSelect[UUID]:
    other = aliased(SubjectRow)
    return select(other.subject_id).where(other.identity_index == bindparam(name)).scalar_subquery()


@cache
def _ask_about(scopes: int) -> Question:
    subject = SubjectRow
    consents = [_find_consent(column, f"scope_{place}") for place in range(scopes) for column in _CONSENT]
    enrolled = and_(EnrolmentRow.subject_id == subject.subject_id, EnrolmentRow.closed_at.is_(None))
    wanted: Select[Any] = (
        select(
            subject.subject_id,
            subject.in_doubt,
            subject.facts_version,
            EnrolmentRow.subject_id.is_not(None),
            func.coalesce(EnrolmentRow.opened_at, literal(_NEVER, Moment())),
            StoredScoreRow.subject_id.is_not(None),
            BenefitAccountRow.paused_until,
            *(_or_stand_in(name) for name in _SCORE),
            *consents,
        )
        .select_from(subject)
        .outerjoin(EnrolmentRow, enrolled)
        .outerjoin(StoredScoreRow, StoredScoreRow.subject_id == subject.subject_id)
        .outerjoin(BenefitAccountRow, BenefitAccountRow.subject_id == subject.subject_id)
        .where(subject.subject_id == bindparam("subject_id"))
    )
    return Question(wanted)


_CONSENT = (ConsentRow.consent_id, ConsentRow.expires_at)


def _find_consent(column: Any, scope: str) -> ScalarSelect[Any]:  # noqa: ANN401 - one of the two columns
    consent, now = ConsentRow, bindparam("now", type_=Moment())
    return (
        select(column)
        .where(
            consent.subject_id == SubjectRow.subject_id,
            consent.purpose == bindparam("purpose"),
            consent.recipient == bindparam("recipient"),
            consent.agreement_version == bindparam("terms"),
            or_(consent.scope == bindparam(scope), consent.scope == bindparam("any_scope")),
            consent.given_at <= now,
            consent.withdrawn_at.is_(None),
            or_(consent.expires_at.is_(None), consent.expires_at > now),
        )
        .order_by(consent.expires_at.is_not(None), consent.expires_at.desc(), consent.consent_id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _or_stand_in(name: str) -> ColumnElement[Any]:
    column = getattr(StoredScoreRow, name)
    return func.coalesce(column, literal(getattr(STAND_IN, name), column.type))


def list_city_consents(
    session: Session, subject_id: UUID, *, purposes: Sequence[str], before: UUID | None, limit: int
) -> Sequence[ConsentRow]:
    """List at most `limit` consents for some purposes, the newest first; only those before consent `before`."""
    wanted = select(ConsentRow).where(ConsentRow.subject_id == subject_id, ConsentRow.purpose.in_(purposes))
    if before is not None:
        wanted = wanted.where(ConsentRow.consent_id < before)
    return session.scalars(wanted.order_by(ConsentRow.consent_id.desc()).limit(limit)).all()


def withdraw_city_consent(
    session: Session, subject_id: UUID, consent_id: UUID, *, purposes: Sequence[str], now: datetime
) -> ConsentRow | None:
    """Withdraw a consent of a person who is held; one that was withdrawn stays as it is. None when it is not there."""
    this = (ConsentRow.subject_id == subject_id, ConsentRow.consent_id == consent_id, ConsentRow.purpose.in_(purposes))
    row = session.scalars(select(ConsentRow).where(*this).execution_options(populate_existing=True)).one_or_none()
    if row is not None and row.withdrawn_at is None:
        row.withdrawn_at = now
        session.flush()
    return row
