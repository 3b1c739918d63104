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

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, bindparam, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from backend.benefits.nobody import NOBODY
from backend.benefits.situation_tables import STAND_IN
from backend.gateways.pseudonyms import KeyedIndex
from backend.grants.tables import BenefitAccountRow
from backend.people.tables import ConsentRow, EnrolmentRow, SubjectRow
from backend.scores.tables import NewScore, StoredScoreRow
from backend.storage.chains import Hold
from backend.storage.questions import Found, Listing, Question, ask_in_turn_within
from backend.storage.types import Moment

_SCORE = tuple(each.name for each in fields_of(NewScore))
_NEVER, _FOREVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


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


class ConsentsAsked(NamedTuple):
    """The consents that are asked about: for a purpose, to a recipient, given under `terms`, to each of `scopes`.

    A consent to `any_scope` covers all of them.
    """

    purpose: str
    recipient: str
    terms: str
    any_scope: str
    scopes: Sequence[str]


NO_CONSENTS = ConsentsAsked("", "", "", "", ())


class PersonWanted(NamedTuple):
    """Whom to hold, and find when he is held: `questions` are asked of `values`, and `read` takes their answers."""

    values: Mapping[str, object]
    holding: Hold
    questions: tuple[Question, Listing]
    asked: ConsentsAsked

    def read(self, known: Found | None, consents: Sequence[Found]) -> KnownPerson | None:
        """Read what was found; None where not even the stand-in is there."""
        return None if known is None else _read_person(known, consents, self.asked)


def make_person_wanted(indexes: Sequence[KeyedIndex], asked: ConsentsAsked, *, now: datetime) -> PersonWanted:
    """Say how whoever has a number is held and found by its keyed hashes; `NOBODY` where nobody has it.

    He is held against changes of what is known and consented until the end of the transaction. What is known of him is
    read after, in statements of their own: one that waits for somebody goes on with what it saw before it waited.
    """
    values = {f"index_{place}": index.digest for place, index in enumerate(indexes)}
    given = {**values, **_name_values(asked, now), "nobody": NOBODY}
    return PersonWanted(given, make_hold(len(indexes)), _make_questions(len(indexes)), asked)


@cache
def make_hold(indexes: int) -> Hold:
    """Make what holds a person by so many keyed hashes of his number; the same one for the same number of them."""
    return Hold(SubjectRow, (SubjectRow.subject_id == _find_by(indexes),))


def find_person(
    session: Session, subject_id: UUID, asked: ConsentsAsked = NO_CONSENTS, *, now: datetime
) -> KnownPerson | None:
    """Find a person with the kept score, and the consents that are asked about. None for an unknown subject."""
    values = {**_name_values(asked, now), "subject_id": subject_id}
    known, consents = ask_in_turn_within(session, values, *_make_questions(0))
    return None if known is None else _read_person(known, consents, asked)


def _name_values(asked: ConsentsAsked, now: datetime) -> dict[str, object]:
    return {"purpose": asked.purpose, "recipient": asked.recipient, "terms": asked.terms, "now": now}


def _read_person(known: Found, consents: Sequence[Found], asked: ConsentsAsked) -> KnownPerson:
    return KnownPerson(
        subject_id=known[0],
        in_doubt=known[1],
        facts_version=known[2],
        is_enrolled=bool(known[3]),
        opened_at=known[4],
        has_kept=bool(known[5]),
        paused_until=known[6],
        kept=NewScore(**dict(zip(_SCORE, known[7:], strict=True))),
        consents=_sort_by_scope(consents, asked),
    )


def _sort_by_scope(consents: Sequence[Found], asked: ConsentsAsked) -> Mapping[str, StandingConsent]:
    """Find for each scope the consent that covers it and lasts longest, of two alike the one given last."""
    ordered = sorted(consents, key=lambda row: (row[2], row[1]))  # so that the last one of each scope is the one
    best = {scope: (until, consent_id) for scope, consent_id, until in ordered}
    none = best[""]  # the one that is always there, and ends before all others
    everything = best.get(asked.any_scope, none)
    longest = {scope: max(best.get(scope, none), everything) for scope in asked.scopes}
    found = {
        scope: StandingConsent(consent_id, None if until == _FOREVER else until)
        for scope, (until, consent_id) in longest.items()
    }
    return {scope: consent for scope, consent in found.items() if consent.consent_id != NOBODY}


@cache
def _make_questions(indexes: int) -> tuple[Question, Listing]:
    """Make what finds a person by so many keyed hashes of his number; by his id, without any."""
    this = _find_by(indexes) if indexes else bindparam("subject_id", type_=SubjectRow.subject_id.type)
    return Question(_ask_who_it_is(this)), Listing(_ask_for_consents(this))


def _find_by(indexes: int) -> ColumnElement[UUID]:
    """Find the id of whoever has one of so many keyed hashes, or nobody's."""
    found = []
    for place in range(indexes):
        other = aliased(SubjectRow)
        wanted = select(other.subject_id).where(other.identity_index == bindparam(f"index_{place}"))
        found.append(wanted.scalar_subquery())
    return func.coalesce(*found, bindparam("nobody", type_=SubjectRow.subject_id.type))


def _ask_who_it_is(this: ColumnElement[UUID]) -> Select[Any]:
    subject = SubjectRow
    enrolled = and_(EnrolmentRow.subject_id == subject.subject_id, EnrolmentRow.closed_at.is_(None))
    return (
        select(
            subject.subject_id,
            subject.in_doubt,
            subject.facts_version,
            EnrolmentRow.subject_id.is_not(None),
            func.coalesce(EnrolmentRow.opened_at, literal(_NEVER, Moment())),
            StoredScoreRow.subject_id.is_not(None),
            BenefitAccountRow.paused_until,
            *(_or_stand_in(name) for name in _SCORE),
        )
        .select_from(subject)
        .outerjoin(EnrolmentRow, enrolled)
        .outerjoin(StoredScoreRow, StoredScoreRow.subject_id == subject.subject_id)
        .outerjoin(BenefitAccountRow, BenefitAccountRow.subject_id == subject.subject_id)
        .where(subject.subject_id == this)
    )


def _ask_for_consents(this: ColumnElement[UUID]) -> CompoundSelect[Any]:
    """Ask for all consents that stand: in one scan, so that asking about many scopes takes no longer.

    A row that is always there makes it read one where there is no consent.
    """
    consent, now = ConsentRow, bindparam("now", type_=Moment())
    forever = literal(_FOREVER, Moment())
    standing = select(consent.scope, consent.consent_id, func.coalesce(consent.expires_at, forever)).where(
        consent.subject_id == this,
        consent.purpose == bindparam("purpose"),
        consent.recipient == bindparam("recipient"),
        consent.agreement_version == bindparam("terms"),
        consent.given_at <= now,
        consent.withdrawn_at.is_(None),
        or_(consent.expires_at.is_(None), consent.expires_at > now),
    )
    none = select(literal(""), literal(NOBODY, consent.consent_id.type), literal(_NEVER, Moment()))
    return union_all(none, standing)


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
