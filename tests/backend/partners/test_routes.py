"""What officers see of partner cities, and how they stop the exchange with one."""

from collections.abc import Iterator
from typing import Any

import pytest

from backend.partners.partners import end_partner
from backend.partners.treaties import suspend_treaty
from tests.backend.city import City, read_json, running_city
from tests.backend.partners.cities import NOON, OURS, THEIRS, TREATY, Pair

WORD = {"treaty_id": TREATY[0], "version": TREATY[1], "reason": "核查"}


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """A city with one partner and a treaty."""
    with running_city(database_url) as city:
        with city.database.transaction() as session:
            pair = Pair()
            pair.meet(session)
            pair.agree(session)
        yield city


def say(city: City, what: str, status: int, **changes: str) -> dict[str, Any]:
    """Suspend or resume as a steward."""
    headers = city.operator("zhao", "exchange:write")
    answer = city.client().post(f"/v1/treaty-{what}s", json=WORD | changes, headers=headers)
    assert answer.status_code == status, answer.text
    return read_json(answer)


def look(city: City) -> dict[str, Any]:
    """The one partner as the auditor sees it."""
    answer = city.client().get("/v1/partners", headers=city.operator("sun", "exchange:read"))
    (partner,) = read_json(answer)["items"]
    assert partner["partner"] == THEIRS
    return dict(partner)


def test_officers_see_partners_and_stop_the_exchange(city: City) -> None:
    partner = look(city)
    (treaty,) = partner["treaties"]
    assert (partner["partner"], partner["waiting_notices"], treaty["is_in_force"]) == (THEIRS, 0, True)
    suspended = say(city, "suspension", 200)
    assert (suspended["suspended_by"], suspended["is_in_force"]) == (OURS, False)
    assert say(city, "suspension", 200) == suspended
    partner = look(city)
    assert (partner["waiting_notices"], partner["treaties"]) == (1, [suspended])
    assert say(city, "resumption", 200)["is_in_force"] is True
    assert say(city, "resumption", 404, version="9")["code"] == "treaty_not_found"
    assert say(city, "suspension", 404, version="9")["code"] == "treaty_not_found"
    assert say(city, "resumption", 404)["code"] == "not_suspended"
    with city.database.transaction() as session:
        suspend_treaty(session, *TREATY, city=THEIRS, by=THEIRS, reason="", now=NOON)
    assert say(city, "resumption", 409)["code"] == "treaty_suspended_by_partner"
    assert look(city)["heard_at"] is None


def test_an_end_is_shown_with_by_whom_and_why_and_nothing_resumes_after_it(city: City) -> None:
    say(city, "suspension", 200)
    for reason in ("合作终止", "又一次"):
        with city.database.transaction() as session:
            end_partner(session, THEIRS, by="zhao", because=reason, now=NOON)
    partner = look(city)
    ended = [partner[name] for name in ("is_ended", "ended_at", "ended_by", "ended_because")]
    assert ended == [True, "2026-11-22T04:00:00Z", "zhao", "合作终止"]
    assert say(city, "resumption", 409)["code"] == "partner_ended"
