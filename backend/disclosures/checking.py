"""What was told is looked at anew when something has changed: what is no longer right is put right where it went.

Facts that changed, a new day, a doubt about who it is and a closed account are found from the rows alone: each row says
as of which facts and day it was right. So nothing has to be told to this sweep, and it can miss nothing.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.disclosures.ending import correct, end_all, rests_on
from backend.disclosures.person_tables import KnownPerson, find_person
from backend.disclosures.tables import DisclosureEnd, DisclosureRow, list_doubtful, list_live
from backend.disclosures.telling import Content, Tools, Wanted, read_moment, tell
from backend.partners.treaties import find_version
from backend.people.tables import list_consents, lock_subject
from backend.scores.tables import keep_score
from backend.storage.database import Database
from scenarios.treaty import Scope

PERSONS_AT_ONCE = 200


def check_disclosures(database: Database, *, tools: Tools, now: datetime, limit: int = PERSONS_AT_ONCE) -> int:
    """Look anew at what was told about at most `limit` people of whom something has changed, each in a transaction.

    Gives how many people; while it gives any there may be more.
    """
    with database.reading() as session:
        people = list_doubtful(session, now, today(now), limit=limit)
    for subject_id in people:
        with database.transaction() as session:
            check_person(session, subject_id, tools=tools, now=now)
    return len(people)


def check_person(session: Session, subject_id: UUID, *, tools: Tools, now: datetime) -> None:
    """Look anew at all that was told about a person and may be used still; holds him."""
    subject = lock_subject(session, subject_id)
    rows = list_live(session, subject_id, now)
    person = find_person(session, subject_id, purpose="", recipient="", any_scope="", scopes=(), now=now)
    if subject is None or person is None or not rows:
        return
    withdrawn = [row.consent_id for row in list_consents(session, subject_id) if row.withdrawn_at is not None]
    ended = [row for row in rows if rests_on(row, withdrawn)]
    end_all(session, ended, because=DisclosureEnd.CONSENT, about=subject_id, now=now)
    for row in rows:
        if row not in ended:
            _check(session, row, person, tools=tools, now=now)
            row.checked_version, row.checked_on = person.facts_version, today(now)
    session.flush()


def _check(session: Session, row: DisclosureRow, person: KnownPerson, *, tools: Tools, now: datetime) -> None:
    agreed = find_version(session, row.treaty_id, row.treaty_version)
    if agreed is None:
        correct(session, row, content={}, until=None, because=DisclosureEnd.TREATY, now=now)
        return
    limits = _read_limits(row)
    wanted = Wanted(agreed.treaty, row.partner, Scope(row.scope), tuple(sorted(row.scenarios["asked"])))
    telling = tell(session, person, wanted, limits=limits, tools=tools, now=now)
    if telling.computed is not None:
        keep_score(session, row.subject_id, telling.computed, now=now)
    content = _reduce(row, telling.content)
    if content == row.told:
        return
    # Nothing new is told while the treaty rests; that it is no longer right has to be told all the same.
    rests = agreed.suspended_at is not None or not agreed.treaty.is_in_force_on(today(now))
    until = None if rests or telling.until is None else _find_until(row, content)
    because = DisclosureEnd.TREATY if rests and telling.until is not None else DisclosureEnd.STANDING
    correct(session, row, content=content, until=until, because=because, now=now)


def _read_limits(row: DisclosureRow) -> Mapping[str, datetime]:
    """Read until when each part that was told may be used: putting it right makes it last no longer."""
    if row.scope != Scope.ENTITLEMENT:
        return {row.scope: row.until}
    return {each["scenario"]: read_moment(each["until"]) for each in row.told["entitlements"]}


def _reduce(row: DisclosureRow, content: Content) -> Content:
    """Leave of an answer of now what was told before: a scenario that is gained later is told to whoever asks anew."""
    if row.scope != Scope.ENTITLEMENT:
        return content
    return {"entitlements": [each for each in row.told["entitlements"] if each in content["entitlements"]]}


def _find_until(row: DisclosureRow, content: Content) -> datetime | None:
    if row.scope != Scope.ENTITLEMENT:
        return row.until
    return max((read_moment(each["until"]) for each in content["entitlements"]), default=None)


def list_told(content: Content) -> Collection[str]:
    """List the scenarios that an answer says yes to."""
    return [each["scenario"] for each in content.get("entitlements", ())]
