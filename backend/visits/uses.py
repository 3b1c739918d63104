"""What visitors used here is reported to their home cities: each turn of each grant once, in order, none left out.

The grants of visitors are found by what they were entitled to; from then on the history of the grant says what is to be
told. The notice is a row in the transaction that notes how far was told, so neither can be without the other.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import format_moment, today
from backend.gateways.scenario_files import CityBenefits
from backend.grants.grant import Grant, GrantState
from backend.grants.queries import find_grant
from backend.merchants.tables import find_merchant_names
from backend.partners.notices import NoticeKind, leave_notice
from backend.partners.shown_texts import show_name
from backend.storage.database import Database
from backend.visits.tables import VisitorUseRow
from backend.visits.use_queries import Turned, add_uses, list_turns, list_untold, list_users, lock_use, put_told

AT_ONCE = 500


def report_uses(database: Database, *, benefits: CityBenefits, now: datetime, limit: int = AT_ONCE) -> int:
    """Leave notices of what has happened to at most `limit` grants of visitors since; gives how many notices.

    Each grant in a transaction of its own. Raises StorageUnavailableError.
    """
    with database.reading() as session:
        users = list_users(session, limit=limit)
    for subject_id in users:
        with database.transaction() as session:
            add_uses(session, subject_id, now=now)
    with database.reading() as session:
        untold = list_untold(session, limit=limit)
    return sum(_report(database, *use, benefits=benefits, now=now) for use in untold)


def _report(database: Database, subject_id: UUID, grant_id: UUID, *, benefits: CityBenefits, now: datetime) -> int:
    with database.transaction() as session:
        use = lock_use(session, subject_id, grant_id)
        grant = find_grant(session, grant_id, subject_id=subject_id)
        if use is None or grant is None:
            return 0
        turns = list_turns(session, subject_id, grant_id, after=use.event_no)
        if use.told_state is None:
            turns.insert(0, Turned(0, _find_first_state(grant, turns), grant.granted_at))
        state, step = use.told_state, use.step
        told = 0
        for turn in turns:
            if turn.state == state:  # an amount was lowered
                continue
            state, step, told = turn.state, step + 1, told + 1
            _tell(session, use, grant, turn, step, benefits=benefits, now=now)
        if turns and state is not None:
            put_told(session, use, state=state, event_no=turns[-1].event_no, step=step)
        return told


def _find_first_state(grant: Grant, turns: list[Turned]) -> str:
    """Tell how a grant began: one that is enjoyed at once was over at once, every other one was reserved."""
    at_once = not turns and grant.state == GrantState.COMPLETED and grant.ended_at == grant.granted_at
    return GrantState.COMPLETED.value if at_once else GrantState.RESERVED.value


def _tell(
    session: Session,
    use: VisitorUseRow,
    grant: Grant,
    turn: Turned,
    step: int,
    *,
    benefits: CityBenefits,
    now: datetime,
) -> None:
    content: dict[str, Any] = {
        "question_id": str(use.question_id),
        "use_id": str(grant.grant_id),
        "scenario": grant.scenario,
        "title": show_name(_find_title(grant, benefits), grant.scenario),
        "place": show_name(find_merchant_names(session, [grant.merchant]).get(grant.merchant), grant.merchant),
        "state": turn.state,
        "step": step,
        "happened_at": format_moment(turn.happened_at),
    }
    leave_notice(
        session,
        partner=use.partner,
        kind=NoticeKind.USED,
        about=grant.grant_id,
        subject_id=use.subject_id,
        content=content,
        now=now,
    )


def _find_title(grant: Grant, benefits: CityBenefits) -> str:
    """Name a scenario as it was called when it was given; one that nobody knows any more goes by its code."""
    catalogue = benefits.catalogue_on(today(grant.granted_at))
    scenario = None if catalogue is None else catalogue.scenarios.get(grant.scenario)
    return grant.scenario if scenario is None else scenario.title.zh
