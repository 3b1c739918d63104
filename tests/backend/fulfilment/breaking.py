"""Promises kept and broken, for tests: merchants, grants that ended badly, and calls of everybody about them."""

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.clock import today
from backend.grants.giving import give_grant
from backend.grants.grant import Actor, Grant
from backend.grants.life import Mover, break_, settle, start
from backend.grants.tables import GrantRow
from backend.merchants.tables import MerchantRow
from backend.records.departments import register_departments
from tests.backend.city import City, make_person, read_json
from tests.backend.grants.giving import make_scenario, want

LIBRARY, HOTEL = "city_library", "lakeside_hotel"
REGISTRAR, STEWARD, OTHER_STEWARD, CLERK = "steward-wang", "steward-li", "steward-zhao", "steward-sun"
STEWARD_SCOPES = ("proposals:read", "proposals:write", "complaints:read", "complaints:write", "merchants:read")
DAYS_OVER = timedelta(days=16)
DOCUMENT_NO = "（2026）豫0105民初17号"
_keys = count(1)


def settle_in(city: City) -> None:
    """Register two merchants, and the departments of the catalogue."""
    with city.database.transaction() as session:
        register_departments(session, city.context.rules.catalogue_on(city.now().date()))
        for code in (LIBRARY, HOTEL):
            session.add(
                MerchantRow(
                    code=code, name=f"{code}馆", contact="desk", registered_at=city.now(), registered_by=REGISTRAR
                )
            )


def give(city: City, subject_id: UUID, merchant: str = LIBRARY, *, used: bool = False) -> Grant:
    """Give a waiver of 100 yuan that is reserved, or in use for two days."""
    with city.database.transaction() as session:
        given: object = give_grant(session, want(subject_id, make_scenario(), merchant=merchant), now=city.now())
        if used and isinstance(given, Grant):
            given = start(session, given.grant_id, Mover(by=Actor.MERCHANT, merchant=merchant), now=city.now())
    assert isinstance(given, Grant), given
    return given


def break_at_once(city: City, subject_id: UUID, merchant: str) -> UUID:
    """Give a waiver of a yuan that lasts no day, and break it."""
    mover = Mover(by=Actor.MERCHANT, merchant=merchant)
    scenario = make_scenario(lasting_days=0)
    with city.database.transaction() as session:
        owed = select(GrantRow.grant_id).where(GrantRow.subject_id == subject_id, GrantRow.state == "broken")
        for grant_id in session.scalars(owed):  # whoever owes gets nothing new
            settle(session, grant_id, Mover(by=Actor.OPERATOR), 0, now=city.now())
        given = give_grant(session, want(subject_id, scenario, merchant=merchant, amount_fen=100), now=city.now())
        assert isinstance(given, Grant), given
        assert isinstance(start(session, given.grant_id, mover, now=city.now()), Grant)
        broken = break_(session, given.grant_id, mover, 100, now=city.now())
    assert isinstance(broken, Grant), broken
    return broken.grant_id


def break_grant(city: City, subject_id: UUID, *, owed_fen: int = 6_000) -> UUID:
    """Give a waiver, use it, let it become overdue three days later and break it."""
    mover = Mover(by=Actor.MERCHANT, merchant=LIBRARY)
    grant_id = give(city, subject_id, used=True).grant_id
    city.clock.move(timedelta(days=3))
    with city.database.transaction() as session:
        broken = break_(session, grant_id, mover, owed_fen, now=city.now())
    assert isinstance(broken, Grant), broken
    return grant_id


def pay(city: City, grant_id: UUID, paid_fen: int = 6_000) -> None:
    """Have the merchant confirm that the person has paid."""
    with city.database.transaction() as session:
        settled = settle(session, grant_id, Mover(by=Actor.MERCHANT, merchant=LIBRARY), paid_fen, now=city.now())
    assert isinstance(settled, Grant), settled


def post(city: City, headers: dict[str, str], path: str, body: object | None = None) -> TestResponse:
    """Send a call under a new key."""
    key = {"Idempotency-Key": f"key-{next(_keys):08}"}
    return city.client().post(f"/v1{path}", json=body, headers=headers | key)


def get(city: City, headers: dict[str, str], path: str) -> dict[str, Any]:
    """Read what must be there."""
    answer = city.client().get(f"/v1{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return read_json(answer)


def read_score(city: City, subject_id: UUID) -> int:
    """Read the score of somebody as he reads it himself."""
    score: int = get(city, city.citizen(subject_id), "/score")["points"]
    return score


def steward(city: City, name: str = STEWARD) -> dict[str, str]:
    """The headers of a call by a steward."""
    return city.operator(name, *STEWARD_SCOPES)


def find_in_court(city: City, **changes: object) -> dict[str, Any]:
    """An effective document of today."""
    found = {"confirmed_by": "court", "document_no": DOCUMENT_NO, "finality": "no_appeal_in_time"}
    return {**found, "decided_on": today(city.now()).isoformat(), **changes}


def confirm(city: City, proposal_id: str, **changes: object) -> TestResponse:
    """Hand in an effective document of today."""
    path = f"/merchant/proposals/{proposal_id}/confirmations"
    return post(city, city.merchant(LIBRARY), path, find_in_court(city, **changes))


def verify(city: City, proposal_id: str, number: str = DOCUMENT_NO, by: str = CLERK) -> TestResponse:
    """Note that somebody has seen the original."""
    body = {"decision": "verify", "original_no": number, "case_no": "2026-约-17", "reason": "已核对原件"}
    return post(city, steward(city, by), f"/steward/proposals/{proposal_id}/decisions", body)


def decide(city: City, proposal_id: str, decision: str, by: str = STEWARD) -> TestResponse:
    """Decide about a proposal."""
    body = {"decision": decision, "case_no": "2026-约-17", "reason": "已核对原件"}
    return post(city, steward(city, by), f"/steward/proposals/{proposal_id}/decisions", body)


def propose(city: City, grant_id: UUID, **changes: object) -> dict[str, Any]:
    """Report a broken promise; it must be taken."""
    body = {
        "grant_id": str(grant_id),
        "kind": "not_returned",
        "slip_no": "借阅单2026-0417",
        "statement": "两册图书未还，提醒两次",
        **changes,
    }
    answer = post(city, city.merchant(LIBRARY), "/merchant/proposals", body)
    assert answer.status_code == 201, answer.text
    return read_json(answer)


def propose_about_somebody(
    city: City, *, found: dict[str, Any] | None = None, **changes: object
) -> tuple[UUID, UUID, str]:
    """Somebody enrolled who has broken a promise that was reported: his id, the grant's and the proposal's.

    With `found`, a document of today is handed in at once that differs so.
    """
    subject_id = city.enrol(make_person())
    grant_id = break_grant(city, subject_id)
    if found is not None:
        changes["confirmation"] = find_in_court(city, **found)
    return subject_id, grant_id, str(propose(city, grant_id, **changes)["proposal_id"])
