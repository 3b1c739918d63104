"""Answering another city about one of our citizens, or about somebody whom nobody here knows.

The answer is taken, counted, weighed and noted in one transaction, and every statement of it is the same for somebody
and for nobody. A question that is asked again gets what stands of its answer now: whoever something was told about is
held and looked at before. Where nothing was told there is nothing to look at, whatever the cause was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.benefits.situation_tables import STAND_IN
from backend.clock import today
from backend.disclosures.answer_tables import Taken, put_look, put_told, take_question
from backend.disclosures.checking import check_told
from backend.disclosures.looks import NOTHING, ExchangeLook, make_exchange_look
from backend.disclosures.person_tables import NOBODY, KnownPerson, StandingConsent, add_nobody, find_person, hold_person
from backend.disclosures.scopes import PURPOSE, find_limit, list_roles, name_recipient, name_scope, name_terms
from backend.disclosures.tables import ANSWERED_FOR, find_answer, find_disclosed
from backend.disclosures.telling import Content, Telling, Tools, Wanted, empty_content, tell
from backend.gateways.pseudonyms import KeyedIndex
from backend.partners.protocol import MOST_SCENARIOS
from backend.partners.treaties import find_treaty
from backend.people.identity_numbers import IdentityFault, SubjectKind, read_identity
from backend.people.standing import IDENTITY_FIELD
from backend.scores.tables import keep_score
from backend.web.problems import Problem, ProblemCode, Refusal
from scenarios.treaty import Role, Scope, Treaty, TreatyPurpose

AHEAD_AT_MOST = timedelta(minutes=5)
QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a partner asks: about the owner of a number, under a treaty; `digest` is the SHA-256 of its body.

    `acting` is who acts there in the role (a merchant's code, a clerk, the visitor), `case_no` what it is asked for.
    """

    partner: str
    partner_title: str
    question_id: UUID
    digest: bytes
    asked_at: datetime
    treaty_id: str
    treaty_version: str
    treaty_digest: str
    id_number: str = field(repr=False)
    scope: Scope
    scenarios: tuple[str, ...]
    purpose: TreatyPurpose
    role: Role
    acting: str
    case_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGiven:
    """What is answered to a question: content of its scope, until when it may be used; None with nothing in it."""

    content: Content
    until: datetime | None
    answered_at: datetime


def answer_question(session: Session, question: Question, *, tools: Tools, now: datetime) -> AnswerGiven | Refusal:
    """Answer a question of a partner whose message was verified; the answer may leave when all of it is committed.

    Refusals, none of which depends on the person, and none of which writes anything: `treaty_not_in_force`,
    `question_refused` for what the treaty does not have, `person_unreadable`, `question_reused` for the id of a
    question with another body or of a card, `too_many_questions` about this person today. The last one is raised as a
    Problem where the partner has asked too much in all: everybody waits for that count, so it is touched last.
    """
    treaty = find_treaty(session, question.partner, today(now))
    if treaty is None or not _is_of(question, treaty):
        return Refusal(ProblemCode.TREATY_NOT_IN_FORCE)
    if not _is_covered(question, treaty, tools.city, now):
        return Refusal(ProblemCode.QUESTION_REFUSED)
    number = read_identity(SubjectKind.NATURAL_PERSON, question.id_number, today=today(now))
    if isinstance(number, IdentityFault):
        return Refusal(ProblemCode.PERSON_UNREADABLE)
    if _is_taken(session, question):
        return Refusal(ProblemCode.QUESTION_REUSED)
    indexes = tools.pseudonyms.all_indexes(number)
    taken = take_question(
        session,
        question.partner,
        question.question_id,
        digest=question.digest,
        content=empty_content(question.scope),
        person=indexes[0].digest,
        most=treaty.questions_person_day,
        now=now,
    )
    if taken is not Taken.TAKEN:
        is_repeat, too_many = taken is Taken.ANSWERED_BEFORE, Refusal(ProblemCode.TOO_MANY_QUESTIONS)
        return _repeat(session, question, tools=tools, now=now) if is_repeat else too_many
    telling = _answer(session, question, treaty, indexes, tools=tools, now=now)
    return AnswerGiven(content=telling.content, until=telling.until, answered_at=now)


def _is_of(question: Question, treaty: Treaty) -> bool:
    named = question.treaty_id, question.treaty_version, question.treaty_digest
    return named == (treaty.id, treaty.version, treaty.digest)


def _is_covered(question: Question, treaty: Treaty, home: str, now: datetime) -> bool:
    """Tell whether the treaty has what is asked, and nothing else is asked; and that it was asked now, not long ago."""
    asked, given = set(question.scenarios), treaty.list_scenarios(home=home, host=question.partner)
    is_right = not asked
    if question.scope is Scope.ENTITLEMENT:
        is_right = 1 <= len(asked) == len(question.scenarios) <= MOST_SCENARIOS and asked <= set(given)
    return (
        is_right
        and question.scope in treaty.scopes
        and question.purpose in treaty.purposes
        and question.role in list_roles(question.scope, question.purpose)
        and now - ANSWERED_FOR < question.asked_at <= now + AHEAD_AT_MOST
    )


def _is_taken(session: Session, question: Question) -> bool:
    """Tell whether the id is that of something told which no repeat gets any more: a card, or an answer of long ago.

    It is looked up before anybody is: what is asked by it may be about anybody, and nobody would come to read of it.
    """
    named = question.partner, question.question_id
    return find_disclosed(session, *named) is not None and find_answer(session, *named) is None


def _repeat(session: Session, question: Question, *, tools: Tools, now: datetime) -> AnswerGiven | Refusal:
    check_told(session, question.partner, question.question_id, tools=tools, now=now)
    given = find_answer(session, question.partner, question.question_id)
    if given is None or given.digest != question.digest:
        return Refusal(ProblemCode.QUESTION_REUSED)
    if given.until is not None and given.until <= now:
        return AnswerGiven(content=empty_content(question.scope), until=None, answered_at=given.answered_at)
    return AnswerGiven(content=given.content, until=given.until, answered_at=given.answered_at)


def _answer(
    session: Session,
    question: Question,
    treaty: Treaty,
    indexes: tuple[KeyedIndex, ...],
    *,
    tools: Tools,
    now: datetime,
) -> Telling:
    wanted = Wanted(treaty, question.partner, question.scope, tuple(sorted(question.scenarios)))
    subject_id = hold_person(session, indexes) or _add_nobody(session, tools, now)
    person = find_person(
        session,
        subject_id,
        purpose=PURPOSE[question.purpose],
        recipient=name_recipient(question.partner),
        terms=name_terms(treaty),
        any_scope=question.scope.value,
        scopes=[name_scope(question.scope, part) for part in wanted.list_parts()],
        now=now,
    )
    if person is None:
        raise LookupError(f"subject {subject_id} was held and is not there")
    consents = _sort_by_part(wanted, person)
    # Found for every part, consented to or not: it takes as long as much else.
    ends = {part: consents[part].expires_at if part in consents else None for part in wanted.list_parts()}
    limits = {part: find_limit(treaty, expires_at, now) for part, expires_at in ends.items()}
    limits = {part: limit for part, limit in limits.items() if part in consents}
    telling = tell(session, person, wanted, limits=limits, tools=tools, now=now)
    if telling.computed is not None:
        keep_score(session, subject_id, telling.computed, now=now)
    look = make_exchange_look(subject_id, _describe_look(question, telling, consents), now=now)
    day, most = today(now), treaty.questions_day
    if telling.until is None:
        is_within = put_look(session, question.partner, look, day=day, most=most)
    else:
        told = _make_disclosure(question, person, telling, consents, now=now)
        is_within = put_told(session, told, look, day=day, most=most)
    if not is_within:
        raise Problem(Refusal(ProblemCode.TOO_MANY_QUESTIONS))  # and all of it is rolled back
    return telling


def _add_nobody(session: Session, tools: Tools, now: datetime) -> UUID:
    """Add the stand-in for whoever is not known: once in the life of a database."""
    index = tools.pseudonyms.index(str(NOBODY))
    values: dict[str, Any] = {
        "kind": SubjectKind.NATURAL_PERSON.value,
        "identity_index": index.digest,
        "identity_key_id": index.key_id,
        "identity_sealed": tools.sealer.seal(str(NOBODY), subject_id=NOBODY, field=IDENTITY_FIELD),
        "name_verified": False,
        "in_doubt": False,
        "facts_version": 0,
        "created_at": now,
    }
    add_nobody(session, values)
    keep_score(session, NOBODY, STAND_IN, now=now)  # to be read like one; it tells nothing without an enrolment
    return NOBODY


def _sort_by_part(wanted: Wanted, person: KnownPerson) -> Mapping[str, StandingConsent]:
    named = {part: name_scope(wanted.scope, part) for part in wanted.list_parts()}
    return {part: person.consents[scope] for part, scope in named.items() if scope in person.consents}


def _make_disclosure(
    question: Question,
    person: KnownPerson,
    telling: Telling,
    consents: Mapping[str, StandingConsent],
    *,
    now: datetime,
) -> dict[str, Any]:
    """Make what is noted of what was told, by column, so that it can be withdrawn and corrected."""
    told = [each["scenario"] for each in telling.content.get("entitlements", [])] or [question.scope.value]
    rests_on = {part: str(consents[part].consent_id) for part in told}
    return {
        "subject_id": person.subject_id,
        "question_id": question.question_id,
        "partner": question.partner,
        "treaty_id": question.treaty_id,
        "treaty_version": question.treaty_version,
        "via": QUESTION,
        "scope": question.scope.value,
        "scenarios": {"asked": sorted(question.scenarios), "rests_on": rests_on},
        "purpose": question.purpose.value,
        "role": question.role.value,
        "acting": question.acting,
        "case_no": question.case_no,
        "consent_id": consents[told[0]].consent_id,
        "told": telling.content,
        "told_at": now,
        "until": telling.until,
        "checked_version": person.facts_version,
        "checked_on": today(now),
    }


def _describe_look(question: Question, telling: Telling, consents: Mapping[str, StandingConsent]) -> ExchangeLook:
    is_told = telling.until is not None
    return ExchangeLook(
        partner=question.partner,
        title=question.partner_title,
        role=question.role.value,
        acting=question.acting,
        told=question.scope.value if is_told else NOTHING,
        scope=question.scope.value,
        purpose=question.purpose.value,
        question_id=question.question_id,
        case_no=question.case_no,
        consent_id=next(iter(consents.values())).consent_id if is_told else None,
        because=telling.because,
    )
