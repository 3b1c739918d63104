"""What was told is looked at anew when something has changed: what is no longer right is put right where it went.

Facts that changed, a new day, a doubt about who it is, a pause and a closed account are found from the rows alone: each
row says as of which facts and day it was right. So nothing has to be told to this sweep, and it can miss nothing.

What has changed is looked at first, all of it, again and again; the day's look goes on in between and may take hours.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.clock import today
from backend.disclosures.doubt_tables import is_doubtful
from backend.disclosures.ending import correct, end_all, rests_on
from backend.disclosures.passes import Pass, Progress
from backend.disclosures.person_tables import KnownPerson, find_person
from backend.disclosures.tables import DisclosureEnd, DisclosureRow, find_disclosed, list_live
from backend.disclosures.telling import Content, Tools, Wanted, read_moment, tell
from backend.partners.treaties import AgreedTreaty, find_treaty, find_version
from backend.people.tables import list_consents, lock_subject
from backend.scores.tables import keep_score
from backend.storage.database import Database, StorageUnavailableError
from backend.web.faults import describe_fault
from scenarios.treaty import Scope

PERSONS_AT_ONCE = 200
ROWS_AT_ONCE = 50_000  # read in one call, a portion at a time
log = structlog.get_logger("shangding.disclosures")


def go_on_checking(
    database: Database, progress: Progress, *, tools: Tools, now: datetime, limit: int = PERSONS_AT_ONCE
) -> int:
    """Look anew at what was told about people against which something speaks, from where `progress` stands.

    Each is looked at in a transaction of his own; gives how many were. At most `limit` people are tried, and
    ROWS_AT_ONCE rows read for each kind of pass. While `progress` is under way there is more; else both passes are at
    their ends, and the next call begins them anew when they have rested. One who cannot be looked at holds up nobody
    else: that is logged, and he is left for the next time. Raises StorageUnavailableError.
    """
    checked, tried = _go_through(database, progress.changed, tools=tools, now=now, limit=limit)
    if not progress.changed.is_under_way:
        # One is tried at least, however many of the others fail each time.
        at_most = max(limit - tried, 1)
        checked += _go_through(database, progress.new_day, tools=tools, now=now, limit=at_most)[0]
    return checked


def _go_through(database: Database, each: Pass, *, tools: Tools, now: datetime, limit: int) -> tuple[int, int]:
    """Go on with a pass, or begin it; gives how many people were looked at, and how many were tried."""
    checked = tried = 0
    if not each.is_under_way and not each.begin(now):
        return checked, tried
    read_to = each.rows + ROWS_AT_ONCE
    while tried < limit and each.is_under_way:
        if each.found:
            checked += _can_check(database, each.found[0], tools=tools, now=now)
            each.found.popleft()
            tried += 1
        elif each.rows < read_to:
            with database.reading() as session:
                each.read_on(session, now)
        else:
            break
    return checked, tried


def _can_check(database: Database, subject_id: UUID, *, tools: Tools, now: datetime) -> bool:
    """Look anew at one person, unless another process has since he was found; False also where that fails."""
    try:
        with database.transaction() as session:
            return _check_held(session, subject_id, tools=tools, now=now)
    except StorageUnavailableError:
        raise
    except Exception as fault:  # noqa: BLE001 - one person must not keep what was told of others from being put right
        log.error("person_not_checked", subject_id=str(subject_id), **describe_fault(fault))  # noqa: TRY400 - no stack
        return False


def check_told(session: Session, partner: str, question_id: UUID, *, tools: Tools, now: datetime) -> None:
    """Hold whoever a partner was told something about by a question, and put right what is no longer right of it.

    Of a question to which nothing was told nobody is held: there is nothing to put right.
    """
    subject_id = find_disclosed(session, partner, question_id)
    if subject_id is not None:
        _check_held(session, subject_id, tools=tools, now=now)


def _check_held(session: Session, subject_id: UUID, *, tools: Tools, now: datetime) -> bool:
    """Hold a person, and look anew at what was told about him if anything speaks against it; False if nothing does."""
    lock_subject(session, subject_id)
    if not is_doubtful(session, subject_id, now, today(now)):
        return False
    check_person(session, subject_id, tools=tools, now=now)
    return True


def check_person(session: Session, subject_id: UUID, *, tools: Tools, now: datetime) -> None:
    """Look anew at all that was told about a person and may be used still; holds him."""
    subject = lock_subject(session, subject_id)
    rows = list_live(session, subject_id, now)
    person = find_person(session, subject_id, now=now)
    if subject is None or person is None or not rows:
        return
    withdrawn = [row.consent_id for row in list_consents(session, subject_id) if row.withdrawn_at is not None]
    ended: list[tuple[DisclosureRow, DisclosureEnd]] = []
    for row in rows:
        is_over = rests_on(row, withdrawn)
        because = DisclosureEnd.CONSENT if is_over else _check(session, row, person, tools=tools, now=now)
        if because is not None:
            ended.append((row, because))
        if not is_over:
            row.checked_version, row.checked_on = person.facts_version, today(now)
    end_all(session, ended, about=subject_id, now=now)
    session.flush()


def _check(
    session: Session, row: DisclosureRow, person: KnownPerson, *, tools: Tools, now: datetime
) -> DisclosureEnd | None:
    """Put right what is told otherwise now; of what there is nothing to tell any more, give why it ends."""
    agreed = find_version(session, row.treaty_id, row.treaty_version)
    if agreed is None:
        return DisclosureEnd.TREATY
    limits = _read_limits(row)
    wanted = Wanted(agreed.treaty, row.partner, Scope(row.scope), tuple(sorted(row.scenarios["asked"])))
    telling = tell(session, person, wanted, limits=limits, tools=tools, now=now)
    if telling.computed is not None:
        keep_score(session, row.subject_id, telling.computed, now=now)
    content = _reduce(row, telling.content)
    if content == row.told:
        return None
    until = None if telling.until is None else _find_until(row, content)
    if until is None:
        return DisclosureEnd.STANDING
    # Nothing new is told while the treaty rests; that it is no longer right has to be told all the same.
    if _rests(session, row, agreed, home=tools.city, now=now):
        return DisclosureEnd.TREATY
    correct(session, row, content=content, until=until, now=now)
    return None


def _rests(session: Session, row: DisclosureRow, agreed: AgreedTreaty, *, home: str, now: datetime) -> bool:
    """Tell whether a partner may be told nothing of what it was told by a version, which may be another one by now."""
    treaty = find_treaty(session, row.partner, today(now))
    return (
        treaty is None
        or agreed.suspended_at is not None
        or row.scope not in treaty.scopes
        or row.purpose not in treaty.purposes
        or not set(list_told(row.told)) <= set(treaty.list_scenarios(home=home, host=row.partner))
    )


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
