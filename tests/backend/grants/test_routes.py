"""Grants as merchants and citizens move and see them."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.cli import sweeping
from backend.grants import my_grant_routes
from backend.grants import routes as grant_routes
from backend.grants.due import sweep_due
from backend.grants.giving import give_grant
from backend.grants.grant import Grant, Shortage
from backend.merchants.webhook_tables import DeliveryRow
from backend.scores import routes as scores
from tests.backend.city import City, make_person, read_json, running_city
from tests.backend.grants.giving import HOTEL, LIBRARY, make_scenario, settle_in, want
from tests.backend.merchants.receivers import register

_keys = count(1)
ROOMS = (grant_routes.blueprint, my_grant_routes.blueprint, scores.blueprint)


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    with running_city(database_url, rooms=ROOMS) as city:
        settle_in(city.database)
        yield city


def give(city: City, subject_id: UUID, *, order_no: str | None = None, amount_fen: int = 10_000) -> Grant:
    wanted = want(subject_id, make_scenario(), order_no=order_no, amount_fen=amount_fen)
    with city.database.transaction() as session:
        given = give_grant(session, wanted, now=city.now())
    assert isinstance(given, Grant), given
    return given


def post(
    city: City, headers: dict[str, str], path: str, body: object | None = None, *, key: str | None = None
) -> TestResponse:
    sent = headers | {"Idempotency-Key": key or f"key-{next(_keys):08}"}
    return city.client().post(f"/v1{path}", json=body, headers=sent)


def get(city: City, headers: dict[str, str], path: str) -> dict[str, Any]:
    answer = city.client().get(f"/v1{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return read_json(answer)


def test_a_grant_lives_through_the_doors(city: City) -> None:
    subject_id = city.enrol(make_person())
    grant = give(city, subject_id)
    library, mine = city.merchant(LIBRARY, clerk="desk-2"), city.citizen(subject_id)
    path = f"/grants/{grant.grant_id}"

    early = post(city, library, f"{path}/complete", {"final_fen": 0})
    assert (early.status_code, read_json(early)["code"]) == (409, "grant_not_started")
    first = post(city, library, f"{path}/start", key="the-same-key")
    again, anew = post(city, library, f"{path}/start", key="the-same-key"), post(city, library, f"{path}/start")
    assert first.status_code == 200, first.text
    assert first.text == again.text == anew.text
    assert again.headers["Idempotency-Replayed"] == "true"
    started = read_json(first)
    assert (started["state"], started["held_fen"], started["ends_at"]) == ("in_use", 10_000, started["due_at"])
    assert str(subject_id) not in first.text

    late = post(city, mine, f"/account{path}/cancel")
    assert (late.status_code, read_json(late)["code"]) == (409, "grant_already_started")
    higher = post(city, library, f"{path}/lower", {"held_fen": 10_001})
    assert (higher.status_code, read_json(higher)["code"]) == (422, "amount_not_lower")
    assert "100.00元" in read_json(higher)["detail"]
    assert read_json(post(city, library, f"{path}/lower", {"held_fen": 4_000}))["held_fen"] == 4_000
    above = post(city, library, f"{path}/complete", {"final_fen": 4_001})
    assert (above.status_code, read_json(above)["code"]) == (422, "amount_above_hold")
    done = read_json(post(city, library, f"{path}/complete", {"final_fen": 1_500}))
    assert (done["state"], done["held_fen"], done["final_fen"]) == ("completed", 0, 1_500)
    other = post(city, library, f"{path}/complete", {"final_fen": 1_400})
    assert (other.status_code, read_json(other)["code"]) == (409, "grant_already_completed")

    seen = get(city, mine, f"/account{path}")
    assert seen["merchant"] == {"code": LIBRARY, "text": LIBRARY}
    assert seen["state"] == {"code": "completed", "text": "已办结"}
    assert [(each["event"]["code"], each["by"], each["amount_fen"]) for each in seen["events"]] == [
        ("given", "citizen", 10_000),
        ("started", "merchant", None),
        ("lowered", "merchant", 4_000),
        ("completed", "merchant", 1_500),
    ]
    assert get(city, mine, "/account/grants")["items"] == [seen]


def test_what_is_anothers_is_not_there(city: City) -> None:
    subject_id, stranger = city.enrol(make_person()), city.enrol(make_person("周远"))
    grant = give(city, subject_id)
    for headers, path in (
        (city.merchant(HOTEL), f"/grants/{grant.grant_id}"),
        (city.citizen(stranger), f"/account/grants/{grant.grant_id}"),
    ):
        looked = city.client().get(f"/v1{path}", headers=headers)
        cancelled = post(city, headers, f"{path}/cancel")
        assert [read_json(each)["code"] for each in (looked, cancelled)] == ["grant_not_found"] * 2
    strange = read_json(city.client().get("/v1/grants/order-17", headers=city.merchant(HOTEL)))
    assert (strange["code"], "编号" in strange["detail"]) == ("not_found", True)
    assert get(city, city.merchant(HOTEL), "/grants") == {"items": [], "next_cursor": None}
    assert get(city, city.citizen(stranger), "/account/grants")["items"] == []
    assert get(city, city.merchant(HOTEL), f"/grants?order_no={grant.order_no}")["items"] == []


def test_everybody_sees_what_time_has_done_before_it_is_written(city: City) -> None:
    subject_id = city.enrol(make_person())
    lapsing = give(city, subject_id)
    lasting = give(city, subject_id, order_no="order-of-mine")
    library, mine = city.merchant(LIBRARY), city.citizen(subject_id)
    assert post(city, library, f"/grants/{lasting.grant_id}/start").status_code == 200
    city.clock.move(timedelta(days=3))

    def look() -> list[object]:
        merchants = get(city, city.merchant(LIBRARY), "/grants")["items"]
        citizens = get(city, city.citizen(subject_id), "/account/grants")["items"]
        events = [[each["event"]["code"] for each in item["events"]] for item in citizens]
        moments = [[each["happened_at"] for each in item["events"]] for item in citizens]
        states = ["overdue", "expired", "reserved", "in_use", "cancelled", "reserved,in_use,overdue", "expired,broken"]
        found = {state: get(city, city.merchant(LIBRARY), f"/grants?state={state}")["items"] for state in states}
        assert found == {state: [each for each in merchants if each["state"] in state.split(",")] for state in states}
        return [merchants, [item["state"] for item in citizens], events, moments]

    library, mine = city.merchant(LIBRARY), city.citizen(subject_id)
    before = look()
    assert [each["state"] for each in before[0]] == ["overdue", "expired"]  # type: ignore[attr-defined]  # a list
    assert before[2] == [["given", "started", "overdue"], ["given", "expired"]]
    assert sweep_due(city.database, now=city.now()) == 2
    assert sweep_due(city.database, now=city.now()) == 0
    assert look() == before
    one = get(city, library, "/grants?limit=1")
    assert [each["grant_id"] for each in one["items"]] == [str(lasting.grant_id)]
    rest = get(city, library, f"/grants?limit=1&cursor={one['next_cursor']}")
    assert ([each["grant_id"] for each in rest["items"]], rest["next_cursor"]) == ([str(lapsing.grant_id)], None)
    assert get(city, library, "/grants?order_no=order-of-mine")["items"] == one["items"]
    assert get(city, library, "/grants?order_no=order-of-mine&state=expired")["items"] == []
    assert city.client().get("/v1/grants?state=overdue,late", headers=library).status_code == 422
    assert get(city, mine, "/account/grants?limit=1")["items"][0]["grant_id"] == str(lasting.grant_id)
    assert post(city, library, f"/grants/{lasting.grant_id}/break", {"final_fen": 0}).status_code == 422  # settle it
    broken = read_json(post(city, library, f"/grants/{lasting.grant_id}/break", {"final_fen": 10_000}))
    assert (broken["state"], broken["held_fen"], broken["final_fen"]) == ("broken", 0, 10_000)
    above = read_json(post(city, library, f"/grants/{lasting.grant_id}/settle", {"final_fen": 10_001}))
    assert above["code"] == "amount_above_hold"
    assert "欠付" in above["detail"]
    settled = read_json(post(city, library, f"/grants/{lasting.grant_id}/settle", {"final_fen": 9_000}))
    assert (settled["state"], settled["final_fen"]) == ("settled", 9_000)


def test_what_a_merchant_leaves_overdue_is_let_go(city: City) -> None:
    """Read so before anybody has written it down, told to the merchant once it is, and gone from the person's way."""
    register(city, LIBRARY, "https://library.example/events")
    subject_id, unseen_id = city.enrol(make_person()), city.enrol(make_person())
    broken, forgotten, unseen = give(city, subject_id), give(city, subject_id), give(city, unseen_id)
    for grant in (forgotten, broken, unseen):
        assert post(city, city.merchant(LIBRARY), f"/grants/{grant.grant_id}/start").status_code == 200
    city.clock.move(timedelta(days=2))
    reported = post(city, city.merchant(LIBRARY), f"/grants/{broken.grant_id}/break", {"final_fen": 2_000})
    assert reported.status_code == 200, reported.text
    barred = want(subject_id, make_scenario("another"))
    with city.database.transaction() as session:
        assert give_grant(session, barred, now=city.now()) == Shortage.OVERDUE_GRANTS
    city.clock.move(timedelta(days=3))

    def look() -> list[Any]:
        library = city.merchant(LIBRARY)
        merchants = get(city, library, "/grants")["items"]
        for state in ("overdue", "settled", "in_use", "broken"):
            found = get(city, library, f"/grants?state={state}")["items"]
            assert found == [each for each in merchants if each["state"] == state]
        mine = [get(city, city.citizen(each), "/account/grants")["items"][0] for each in (subject_id, unseen_id)]
        return [{each["grant_id"]: each["state"] for each in merchants}, [each["events"] for each in mine]]

    before = look()
    let_go = {str(each.grant_id): "settled" for each in (forgotten, unseen)}
    assert before[0] == {str(broken.grant_id): "broken", **let_go}
    for events in before[1]:
        assert [(each["event"]["code"], each["by"], each["amount_fen"], each["held_fen"]) for each in events] == [
            ("given", "citizen", 10_000, 10_000),
            ("started", "merchant", None, 10_000),
            ("overdue", "time", None, 10_000),
            ("settled", "time", 0, 0),
        ]
        assert "自动结清" in events[-1]["event"]["text"]
    assert (sweep_due(city.database, now=city.now()), sweep_due(city.database, now=city.now())) == (2, 0)
    assert look() == before
    with city.database.reading() as session:
        told = [row.event for row in session.scalars(select(DeliveryRow)) if row.about == unseen.grant_id]
    assert sorted(told) == ["grant.overdue", "grant.settled"]
    late = post(city, city.merchant(LIBRARY), f"/grants/{forgotten.grant_id}/break", {"final_fen": 1})
    assert read_json(late)["code"] == "grant_already_settled"
    with city.database.transaction() as session:
        assert give_grant(session, barred, now=city.now()) == Shortage.BROKEN_PROMISE


def test_who_leaves_keeps_what_is_in_use_and_nothing_that_is_reserved(city: City) -> None:
    subject_id = city.enrol(make_person())
    reserved, used = give(city, subject_id), give(city, subject_id)
    library = city.merchant(LIBRARY)
    assert post(city, library, f"/grants/{used.grant_id}/start").status_code == 200
    city.clock.move(timedelta(minutes=1))
    left = city.client().delete("/v1/account", headers=city.citizen(subject_id))
    assert left.status_code < 300, left.text
    assert [each["state"] for each in get(city, library, "/grants")["items"]] == ["in_use", "cancelled"]
    assert [each["grant_id"] for each in get(city, library, "/grants?state=cancelled")["items"]] == [
        str(reserved.grant_id)
    ]
    assert get(city, library, "/grants?state=reserved,expired")["items"] == []
    refused = post(city, library, f"/grants/{reserved.grant_id}/start")
    assert (refused.status_code, read_json(refused)["code"]) == (409, "grant_already_cancelled")
    done = post(city, library, f"/grants/{used.grant_id}/complete", {"final_fen": 0})
    assert read_json(done)["state"] == "completed"


def test_merchants_are_told_what_they_did_not_do(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the sweep of the worker, which one sweep that fails does not stop."""
    register(city, LIBRARY, "https://library.example/events")
    subject_id, library = city.enrol(make_person()), city.merchant(LIBRARY)
    lapsing, used, taken_back = (give(city, subject_id, amount_fen=5_000) for _ in range(3))
    assert post(city, library, f"/grants/{used.grant_id}/start").status_code == 200
    assert post(city, city.citizen(subject_id), f"/account/grants/{taken_back.grant_id}/cancel").status_code == 200
    city.clock.move(timedelta(days=3))

    def fail(*_: object) -> int:
        raise LookupError("a fault of ours")

    monkeypatch.setattr(sweeping, "SWEEPS", {"failing": fail, **sweeping.SWEEPS})
    assert (sweeping.sweep_once(city.context), sweeping.sweep_once(city.context)) == (2, 0)
    settled = post(city, city.merchant(LIBRARY), f"/grants/{used.grant_id}/settle", {"final_fen": 0})
    assert settled.status_code == 200, settled.text
    with city.database.reading() as session:
        told = {row.about: (row.event, row.payload) for row in session.scalars(select(DeliveryRow))}
    assert {about: event for about, (event, _) in told.items()} == {
        taken_back.grant_id: "grant.cancelled",
        lapsing.grant_id: "grant.expired",
        used.grant_id: "grant.overdue",
    }
    assert told[used.grant_id][1] == {
        "grant_id": str(used.grant_id),
        "order_no": used.order_no,
        "scenario": used.scenario,
        "state": "overdue",
        "held_fen": 5_000,
    }
