"""Another city that asks about citizens of this one, for tests: its treaty as shipped, consents, questions, notices."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from backend.benefits.pausing import pause_benefits
from backend.clock import today
from backend.disclosures.answering import AnswerGiven, Question, answer_question
from backend.disclosures.checking import PERSONS_AT_ONCE, go_on_checking
from backend.disclosures.consents import ConsentOrder, give_consent
from backend.disclosures.passes import Progress
from backend.disclosures.telling import Tools
from backend.gateways.treaty_files import TreatyDocument, read_treaties
from backend.partners.message_tables import NoticeRow
from backend.partners.tables import PartnerRow, TreatyRow
from backend.people.account import close_account
from backend.storage.database import Database
from backend.web.problems import Refusal
from scenarios.treaty import Role, Scope, TreatyPurpose, partner_of
from tests.backend.city import City, Person, make_person
from tests.backend.scores.city import report

HOME, HANGZHOU, NANJING = "zhengzhou", "hangzhou", "nanjing"
TITLES = {HANGZHOU: "杭州市", NANJING: "南京市"}
DOCUMENTS = {partner_of(each.treaty, HOME): each for each in read_treaties(HOME)}
CREDIT = "medical_credit"  # of Hangzhou, from level `good`, with which everybody begins
EMPTY: dict[Scope, dict[str, Any]] = {
    Scope.ENTITLEMENT: {"entitlements": []},
    Scope.LEVEL: {"level": None},
    Scope.SCORE: {"score": None},
    Scope.RECORD_FLAGS: {"flags": []},
}


def agree(city: City, host: str = HANGZHOU, **changes: Any) -> TreatyDocument:  # noqa: ANN401 - columns of the treaty
    """Have a treaty in force with a city, as it is shipped."""
    document = DOCUMENTS[host]
    treaty = document.treaty
    with city.database.transaction() as session:
        url = f"https://{host}.example"
        session.add(PartnerRow(code=host, title=TITLES[host], url=url, registered_at=city.now(), registered_by="zhao"))
        session.flush()
        values = {
            "treaty_id": treaty.id,
            "version": treaty.version,
            "partner": host,
            "text": document.text,
            "digest": treaty.digest,
            "our_signature": "",
            "their_signature": "",
            "starts_on": treaty.starts_on,
            "ends_on": treaty.ends_on,
            "added_at": city.now(),
            "added_by": "zhao",
        }
        session.add(TreatyRow(**values | changes))
    return document


def make_tools(city: City) -> Tools:
    """What it takes to weigh people of a city."""
    context = city.context
    return Tools(benefits=context.benefits, rules=context.rules, sealer=context.sealer, pseudonyms=context.pseudonyms)


def purpose_of(scope: Scope) -> TreatyPurpose:
    """What a scope is asked for."""
    return TreatyPurpose.BENEFIT if scope is Scope.ENTITLEMENT else TreatyPurpose.OWN_VIEW


def make_question(
    city: City,
    number: str,
    scope: Scope = Scope.ENTITLEMENT,
    *,
    host: str = HANGZHOU,
    **changes: Any,  # noqa: ANN401 - any part
) -> Question:
    """A question about the owner of a number, as a hospital there asks it, or he himself; another one at each call."""
    treaty, question_id = DOCUMENTS[host].treaty, uuid4()
    question = Question(
        partner=host,
        question_id=question_id,
        digest=sha256(question_id.bytes).digest(),
        asked_at=city.now(),
        treaty_id=treaty.id,
        treaty_version=treaty.version,
        treaty_digest=treaty.digest,
        id_number=number,
        scope=scope,
        scenarios=treaty.list_scenarios(home=HOME, host=host) if scope is Scope.ENTITLEMENT else (),
        purpose=purpose_of(scope),
        role=Role.MERCHANT if scope is Scope.ENTITLEMENT else Role.CITIZEN,
        acting="west_lake_hospital" if scope is Scope.ENTITLEMENT else "visitor",
        acting_name="西湖医院" if scope is Scope.ENTITLEMENT else None,
        case_no="2026-17",
    )
    return replace(question, **changes)


def put(city: City, question: Question) -> AnswerGiven | Refusal:
    """Put a question, in a transaction of its own."""
    with city.database.transaction() as session:
        return answer_question(session, question, tools=make_tools(city), now=city.now())


def ask(city: City, person: Person | str, scope: Scope = Scope.ENTITLEMENT, **changes: Any) -> AnswerGiven:  # noqa: ANN401 - any part
    """Ask about a person or the owner of a number, and get an answer."""
    number = person if isinstance(person, str) else person.id_number
    answer = put(city, make_question(city, number, scope, **changes))
    assert isinstance(answer, AnswerGiven), answer
    return answer


def consent(
    city: City,
    subject_id: UUID,
    scope: Scope = Scope.ENTITLEMENT,
    *,
    host: str = HANGZHOU,
    scenario: str | None = None,
    days: int | None = None,
) -> UUID:
    """Let a city be told for the purpose that goes with the scope, and give the id of the consent."""
    expires_at = None if days is None else city.now() + timedelta(days=days)
    order = ConsentOrder(host, purpose_of(scope), scope, scenario, expires_at)
    with city.database.transaction() as session:
        given = give_consent(session, subject_id, order, tools=make_tools(city), now=city.now())
    assert not isinstance(given, Refusal), given
    return given.consent_id


def check_disclosures(database: Database, *, tools: Tools, now: datetime, limit: int = PERSONS_AT_ONCE) -> int:
    """Go through all that was told from its beginning, until at most `limit` people were looked at, and say how many.

    While it gives any there may be more.
    """
    progress, checked = Progress(), 0
    while checked < limit:
        checked += go_on_checking(database, progress, tools=tools, now=now, limit=limit - checked)
        if not progress.is_under_way:
            break
    return checked


def sweep(city: City) -> int:
    """Look anew at whatever is doubtful until nothing is, and give how many people were."""
    done = 0
    while checked := check_disclosures(city.database, tools=make_tools(city), now=city.now(), limit=2):
        done += checked
    return done


def list_notices(city: City) -> list[tuple[str, str, dict[str, Any]]]:
    """The notices that were left for partners, the first first: partner, kind, content."""
    with city.database.reading() as session:
        rows: Sequence[NoticeRow] = session.query(NoticeRow).order_by(NoticeRow.left_at, NoticeRow.notice_id).all()
        return [(row.partner, row.kind, row.content) for row in rows]


def make_case(city: City, cause: str, scope: Scope = Scope.ENTITLEMENT) -> Person:
    """Somebody of whom nothing is told in a scope, for one cause and no other."""
    person = make_person(born_on=date(2012, 5, 6) if cause == "under_age" else date(1990, 3, 7))
    if cause == "unknown":
        return person
    subject_id = city.know(person) if cause in {"not_enrolled", "under_age"} else city.enrol(person)
    if cause == "low":
        report(city, subject_id, "ZZ-ETH-09", date(2026, 11, 2))
    elif cause == "suspended":
        report(city, subject_id, "ZZ-LAW-10", date(2026, 11, 2), means="identity")
    elif cause == "in_doubt":
        city.know(Person("周海", person.id_number))
    elif cause == "paused":
        pause(city, subject_id)
    elif cause == "closed":
        with city.database.transaction() as session:
            close_account(session, subject_id, because="closed", now=city.now())
    if cause != "no_consent":
        consent(city, subject_id, scope)
    return person


def pause(city: City, subject_id: UUID) -> None:
    """Have somebody pause everything for a day."""
    with city.database.transaction() as session:
        pause_benefits(session, subject_id, city.now() + timedelta(days=1), now=city.now())


def day_of(city: City) -> date:
    """The day in the city."""
    return today(city.now())
