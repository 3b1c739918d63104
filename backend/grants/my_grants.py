"""Grants as their person sees them: in words, with what has happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.gateways.scenario_files import CityBenefits
from backend.grants.due import see_grants
from backend.grants.grant import Actor, Grant, GrantState, Turn, Via
from backend.grants.queries import list_events, list_grants_of_person
from backend.grants.tables import GrantEventRow
from backend.merchants.tables import find_merchant_names
from backend.merchants.wording import choose
from backend.web.messages import Language, get_message

_GIVEN = "given"
_LET_GO = "let_go"  # settled, by nobody
# What time, or leaving, has done and nobody has written down yet.
_UNWRITTEN = {
    GrantState.EXPIRED.value: (Turn.EXPIRE, Actor.TIME),
    GrantState.OVERDUE.value: (Turn.FALL_DUE, Actor.TIME),
    GrantState.CANCELLED.value: (Turn.CANCEL, Actor.CITIZEN),
    GrantState.SETTLED.value: (Turn.SETTLE, Actor.TIME),
}


def list_my_grants(
    session: Session, subject_id: UUID, *, before: UUID | None, limit: int, now: datetime
) -> list[Grant]:
    """List at most `limit` grants of a person as they stand at `now`, the newest first."""
    return see_grants(session, list_grants_of_person(session, subject_id, before=before, limit=limit), now=now)


def describe_my_grants(
    session: Session, grants: Sequence[Grant], *, benefits: CityBenefits, language: Language
) -> list[dict[str, object]]:
    """Describe grants of one person in the reader's language."""
    names = find_merchant_names(session, {grant.merchant for grant in grants})
    titles = {
        (edition.version, code): choose(scenario.title, language)
        for edition in benefits.editions
        for code, scenario in edition.scenarios.items()
    }
    told: dict[UUID, list[GrantEventRow]] = {grant.grant_id: [] for grant in grants}
    if grants:
        for event in list_events(session, grants[0].subject_id, told):
            told[event.grant_id].append(event)
    return [
        {
            "grant_id": grant.grant_id,
            "merchant": {"code": grant.merchant, "text": names.get(grant.merchant, grant.merchant)},
            "scenario": {
                "code": grant.scenario,
                "text": titles.get((grant.catalogue_version, grant.scenario), grant.scenario),
            },
            "state": {"code": str(grant.state), "text": get_message(f"grant.state.{grant.state}", language)},
            "agreed_fen": grant.agreed_fen,
            "held_fen": grant.held_fen,
            "final_fen": grant.final_fen,
            "granted_at": grant.granted_at,
            "due_at": grant.due_at,
            "ends_at": grant.ends_at,
            "ended_at": grant.ended_at,
            "events": _describe_events(grant, told[grant.grant_id], language),
        }
        for grant in grants
    ]


def _describe_events(grant: Grant, rows: Sequence[GrantEventRow], language: Language) -> list[Mapping[str, object]]:
    by = Actor.CITIZEN if grant.via == Via.APPLICATION else Actor.MERCHANT
    events = [_describe(_GIVEN, by, grant.agreed_fen, grant.agreed_fen, grant.granted_at, language)]
    events += [_describe(row.event, row.by, row.amount_fen, row.held_fen, row.happened_at, language) for row in rows]
    written = rows[-1].state if rows else None
    if grant.state in _UNWRITTEN and written != grant.state:
        if grant.state == GrantState.SETTLED and written != GrantState.OVERDUE:  # nobody has looked for long
            held_fen = rows[-1].held_fen if rows else grant.agreed_fen
            events.append(_describe(Turn.FALL_DUE, Actor.TIME, None, held_fen, grant.ends_at, language))
        turn, actor = _UNWRITTEN[grant.state]
        moment = grant.ended_at or grant.ends_at
        events.append(_describe(turn, actor, grant.final_fen, grant.held_fen, moment, language))
    return events


def _describe(
    event: str, by: str, amount_fen: int | None, held_fen: int, happened_at: datetime | None, language: Language
) -> Mapping[str, object]:
    words = _LET_GO if (event, by) == (Turn.SETTLE, Actor.TIME) else event
    return {
        "event": {"code": str(event), "text": get_message(f"grant.event.{words}", language)},
        "by": str(by),
        "amount_fen": amount_fen,
        "held_fen": held_fen,
        "happened_at": happened_at,
    }
