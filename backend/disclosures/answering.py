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

from backend.benefits.nobody import find_or_add_nobody
from backend.clock import today
from backend.disclosures.answer_tables import NewQuestion, Taken, put_look, put_told, take_question
from backend.disclosures.checking import check_told
from backend.disclosures.looks import NOTHING, ExchangeLook, make_exchange_look
from backend.disclosures.person_tables import KnownPerson, StandingConsent, find_person, make_person_wanted
from backend.disclosures.scopes import find_limit, list_roles, name_scope
from backend.disclosures.tables import ANSWERED_FOR, find_answer
from backend.disclosures.telling import Content, Telling, Tools, Wanted, empty_content, tell
from backend.partners.open_cities import find_open_city
from backend.partners.protocol import MOST_SCENARIOS
from backend.people.identity_numbers import IdentityFault, SubjectKind, read_identity
from backend.scores.tables import keep_score
from backend.web.problems import Problem, ProblemCode, Refusal
from scenarios.treaty import Role, Scope, Treaty, TreatyPurpose

AHEAD_AT_MOST = timedelta(minutes=5)
QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a partner asks: about the owner of a number, under a treaty; `digest` is the SHA-256 of its body.

    `acting` is who acts there in the role (a merchant's code, a clerk, the visitor), `acting_name` what a merchant is
    called, `case_no` what it is asked for.
    """

    partner: str
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
    acting_name: str | None
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
    found = find_open_city(session, question.partner, now=now)
    if found is None or not _is_of(question, found.treaty):
        return Refusal(ProblemCode.TREATY_NOT_IN_FORCE)
    treaty = found.treaty
    if not _is_covered(question, treaty, tools.city, now):
        return Refusal(ProblemCode.QUESTION_REFUSED)
    number = read_identity(SubjectKind.NATURAL_PERSON, question.id_number, today=today(now))
    if isinstance(number, IdentityFault):
        return Refusal(ProblemCode.PERSON_UNREADABLE)
    wanted = Wanted(treaty, question.partner, question.scope, tuple(sorted(question.scenarios)))
    indexes = tools.pseudonyms.all_indexes(number)
    asked = NewQuestion(
        question.partner,
        question.question_id,
        digest=question.digest,
        content=empty_content(question.scope),
        person=indexes[0].digest,
        most=treaty.questions_person_day,
    )
    about = make_person_wanted(indexes, wanted.name_consents(question.purpose), now=now)
    taken, person = take_question(session, asked, about, now=now)
    if taken is Taken.ANSWERED_BEFORE:
        return _repeat(session, question, tools=tools, now=now)
    if taken is Taken.TOO_MANY:
        return Refusal(ProblemCode.TOO_MANY_QUESTIONS)
    person = person or _find_nobody(session, tools, now)
    telling = _answer(session, question, wanted, person, title=found.partner.title, tools=tools, now=now)
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
        and (question.acting_name is None or question.role is Role.MERCHANT)  # a visitor or clerk has none here
        and now - ANSWERED_FOR < question.asked_at <= now + AHEAD_AT_MOST
    )


def _repeat(session: Session, question: Question, *, tools: Tools, now: datetime) -> AnswerGiven | Refusal:
    """Answer a question that was asked before; `question_reused` for the id of another one, of a card, of long ago."""
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
    wanted: Wanted,
    person: KnownPerson,
    *,
    title: str,
    tools: Tools,
    now: datetime,
) -> Telling:
    treaty = wanted.treaty
    consents = _sort_by_part(wanted, person)
    # Found for every part, consented to or not: it takes as long as much else.
    ends = {part: consents[part].expires_at if part in consents else None for part in wanted.list_parts()}
    limits = {part: find_limit(treaty, expires_at, now) for part, expires_at in ends.items()}
    limits = {part: limit for part, limit in limits.items() if part in consents}
    telling = tell(session, person, wanted, limits=limits, tools=tools, now=now)
    if telling.computed is not None:
        keep_score(session, person.subject_id, telling.computed, now=now)
    said = _describe_look(question, title, telling, consents)
    look = make_exchange_look(person.subject_id, said, now=now)
    day, most = today(now), treaty.questions_day
    if telling.until is None:
        is_within = put_look(session, question.partner, look, day=day, most=most)
    else:
        told = _make_disclosure(question, person, telling, consents, now=now)
        is_within = put_told(session, told, look, day=day, most=most)
    if not is_within:
        raise Problem(Refusal(ProblemCode.TOO_MANY_QUESTIONS))  # and all of it is rolled back
    return telling


def _find_nobody(session: Session, tools: Tools, now: datetime) -> KnownPerson:
    """Find the stand-in for whoever is not known, where it had to be added."""
    subject_id = find_or_add_nobody(session, (), pseudonyms=tools.pseudonyms, sealer=tools.sealer, now=now)
    nobody = find_person(session, subject_id, now=now)
    if nobody is None:
        raise LookupError(f"subject {subject_id} was found and is not there")
    return nobody


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
        "acting_name": question.acting_name,
        "case_no": question.case_no,
        "consent_id": consents[told[0]].consent_id,
        "told": telling.content,
        "told_at": now,
        "until": telling.until,
        "checked_version": person.facts_version,
        "checked_on": today(now),
    }


def _describe_look(
    question: Question, title: str, telling: Telling, consents: Mapping[str, StandingConsent]
) -> ExchangeLook:
    is_told = telling.until is not None
    return ExchangeLook(
        partner=question.partner,
        title=title,
        role=question.role.value,
        acting=question.acting,
        acting_name=question.acting_name,
        told=question.scope.value if is_told else NOTHING,
        scope=question.scope.value,
        purpose=question.purpose.value,
        question_id=question.question_id,
        case_no=question.case_no,
        consent_id=next(iter(consents.values())).consent_id if is_told else None,
        because=telling.because,
    )
