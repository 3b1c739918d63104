"""What stands of a home city's word and for how long, and the cards that visitors bring."""

import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from backend.benefits.card_ending import list_ended, sweep_cards
from backend.benefits.cards import Card, CardOrder, make_card
from backend.benefits.judging import Tools
from backend.benefits.visitor_tables import EntitlementSourceRow, VisitorEntitlementRow
from backend.gateways.exchange_keys import ExchangeKeys, read_exchange_keys
from backend.gateways.key_making import make_exchange_keys
from backend.partners.city_keys import store_keys
from backend.partners.partners import end_partner, register_partner
from backend.partners.treaties import resume_treaty, suspend_treaty
from backend.visits import asking, endings, visiting
from backend.visits.endings import take_corrected, take_withdrawn
from backend.visits.outliving import purge_answers
from backend.visits.tables import HomeQuestionRow, VisitorUseRow
from tests.backend.benefits.counter import BIKE, CARD, RACK
from tests.backend.benefits.counter import consent as let_be_told
from tests.backend.city import make_person, read_json
from tests.backend.merchants.shops import sign
from tests.backend.partners.cities import NOON, OURS, THEIRS, TREATY
from tests.backend.visits.home import EMPTY, LEVEL, Visited, fill, scan, write

Act = Callable[[Visited, UUID, UUID], None]


def outlive(visited: Visited, _subject_id: UUID, _question_id: UUID) -> None:
    visited.city.clock.move(visited.home.until)


def suspend(visited: Visited, _subject_id: UUID, _question_id: UUID) -> None:
    with visited.city.database.transaction() as session:
        suspend_treaty(session, *TREATY, city=OURS, by="zhao", reason="test", now=visited.city.now())


def withdraw(visited: Visited, _subject_id: UUID, question_id: UUID) -> None:
    with visited.city.database.transaction() as session:
        done = take_withdrawn(session, THEIRS, {"question_ids": [str(question_id)]}, now=visited.city.now())
    assert done == {"deleted": [str(question_id)]}


def correct(visited: Visited, _subject_id: UUID, question_id: UUID) -> None:
    content = {"question_id": str(question_id), "content": EMPTY["entitlement"], "until": None}
    now = visited.city.now()
    with visited.city.database.transaction() as session:
        take_corrected(session, THEIRS, content, left_at=now, now=now)


def forget(visited: Visited, subject_id: UUID, question_id: UUID) -> None:
    headers = visited.city.citizen(subject_id)
    answer = visited.city.client().delete(f"/v1/visits/{question_id}", headers=headers)
    assert read_json(answer)["ended_because"] == "forgotten"


ENDS: dict[str, tuple[Act, str]] = {
    "outlived": (outlive, "outlived"),
    "suspended": (suspend, ""),
    "withdrawn": (withdraw, "withdrawn"),
    "corrected": (correct, "corrected"),
    "forgotten": (forget, "forgotten"),
}


def begin(visited: Visited) -> tuple[UUID, UUID]:
    """A visitor to whom the home city has just said yes, and the question."""
    subject_id, _ = visited.welcome()
    visit = read_json(visited.visit(subject_id))
    assert (visit["state"], len(visit["entitlements"])) == ("standing", 7)
    return subject_id, UUID(visit["question_id"])


def read_offers(visited: Visited, subject_id: UUID) -> TestResponse:
    return visited.city.client().get("/v1/benefits", headers=visited.city.citizen(subject_id))


def test_a_yes_holds_until_it_ends(visited: Visited) -> None:
    for end in ("withdrawn", "corrected", "forgotten", "suspended", "outlived"):
        act, because = ENDS[end]
        subject_id, question_id = begin(visited)
        offers = read_json(read_offers(visited, subject_id))
        assert {offer["scenario"]: offer["state"] for offer in offers["items"]}[BIKE] == "available"
        assert scan(visited, subject_id) == "granted"
        act(visited, subject_id, question_id)
        assert scan(visited, subject_id, BIKE) == "not_granted", end
        assert read_offers(visited, subject_id).status_code == 404
        seen = visited.list_visits(subject_id)[0]
        assert (seen["state"], seen["ended_because"] or "") == ("ended" if because else "suspended", because)
        assert seen["entitlements"] == []
        purge_answers(visited.city.database, now=visited.city.now())
        with visited.city.database.reading() as session:
            kept = session.scalars(select(HomeQuestionRow.content).where(HomeQuestionRow.question_id == question_id))
            assert (kept.one() is None) == bool(because)
        if not because:
            with visited.city.database.transaction() as session:
                resume_treaty(session, *TREATY, city=OURS, by="zhao", reason="test", now=visited.city.now())
            assert scan(visited, subject_id, BIKE) == "granted"


def test_nothing_of_a_partner_that_has_ended_is_believed_or_kept(visited: Visited) -> None:
    """Although a treaty with it can still be suspended and resumed."""
    subject_id, question_id = begin(visited)
    assert scan(visited, subject_id) == "granted"
    city = visited.city
    with city.database.transaction() as session:
        end_partner(session, THEIRS, by="zhao", because="合作终止", now=city.now())
    assert scan(visited, subject_id, BIKE) == "not_granted"
    suspend(visited, subject_id, question_id)
    with city.database.transaction() as session:
        resume_treaty(session, *TREATY, city=OURS, by="zhao", reason="test", now=city.now())
    assert scan(visited, subject_id, BIKE) == "not_granted"
    assert purge_answers(city.database, now=city.now()) == 1
    assert purge_answers(city.database, now=city.now()) == 0
    with city.database.reading() as session:
        assert session.scalars(select(VisitorEntitlementRow)).all() == []
        assert session.scalars(select(HomeQuestionRow.content).where(HomeQuestionRow.content.is_not(None))).all() == []
        assert session.scalars(select(VisitorUseRow.question_id)).all() == [question_id]  # it is still told of its use
    assert visited.list_visits(subject_id)[0]["ended_because"] == "partner_ended"


def test_a_yes_that_outlives_its_end_would_be_noticed(town: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted defects: nothing is deleted, the switch does not switch, the end is not looked at."""
    defects = {
        "withdrawn": None,
        "suspended": update(EntitlementSourceRow).values(is_live=True),
        "outlived": update(VisitorEntitlementRow).values(until=town.city.now() + timedelta(days=30)),
    }
    monkeypatch.setattr(endings, "end_entitlements", lambda *_: None)
    for end, defect in defects.items():
        if end == "outlived":
            with town.city.database.transaction() as session:
                resume_treaty(session, *TREATY, city=OURS, by="zhao", reason="test", now=town.city.now())
        subject_id, question_id = begin(town)
        ENDS[end][0](town, subject_id, question_id)
        if defect is not None:
            with town.city.database.transaction() as session:
                session.execute(defect)
        assert scan(town, subject_id, BIKE) == "granted", end


def test_what_stands_is_used_again_and_nothing_is_asked_twice(town: Visited) -> None:
    subject_id, _ = town.welcome()
    first = [read_json(town.visit(subject_id, scope)) for scope in ("entitlement", "level", "score", "record_flags")]
    assert first[1]["level"] == {"code": "excellent", "name": "优秀", "tier": "T4"}
    assert (first[2]["score"]["equivalent"], len(first[2]["score"]["bands"])) == (130, 5)
    assert first[3]["flags"] == [{"kind": "veto", "basis": "判决书", "ends_on": None}]
    assert [question["purpose"] for question in town.home.asked] == ["benefit", *["own_view"] * 3]
    assert read_json(town.visit(subject_id, "level")) == first[1]
    assert [item["question_id"] for item in town.list_visits(subject_id)] == [
        visit["question_id"] for visit in reversed(first)
    ]
    begun = town.list_page(subject_id, limit="3")
    rest = town.list_page(subject_id, limit="3", cursor=begun["next_cursor"])
    assert ([*begun["items"], *rest["items"]], rest["next_cursor"]) == (town.list_visits(subject_id), None)
    assert len(town.home.asked) == 4
    town.city.clock.move(town.home.until)
    again = read_json(town.visit(subject_id, "level"))
    assert (again["question_id"] != first[1]["question_id"], len(town.home.asked)) == (True, 5)
    assert town.visit(subject_id, home_city="atlantis").status_code == 404
    stranger, _ = town.welcome(entitled=False)
    assert read_json(town.visit(stranger, "score"))["state"] == "nothing"
    town.home.status = 503
    assert town.visit(stranger).status_code == 503
    assert [item["state"] for item in town.list_visits(stranger)] == ["failed", "nothing"]


def test_a_veto_here_stays_and_consent_of_a_code_is_still_needed(town: Visited) -> None:
    subject_id, _ = begin(town)
    city = town.city
    code = read_json(city.client().post("/v1/codes", json={"scenario": CARD}, headers=city.citizen(subject_id)))["code"]
    body = {"order_no": "own-1", "scenario": CARD, "code": code}
    answer = city.client().post("/v1/verifications", json=body, headers=city.merchant(RACK))
    assert read_json(answer)["answer"] == "not_granted"
    let_be_told(city, subject_id, scenario=CARD)
    code = read_json(city.client().post("/v1/codes", json={"scenario": CARD}, headers=city.citizen(subject_id)))["code"]
    body = {"order_no": "own-2", "scenario": CARD, "code": code}
    answer = city.client().post("/v1/verifications", json=body, headers=city.merchant(RACK))
    assert read_json(answer)["answer"] == "granted"


def test_a_gate_closes_when_the_yes_is_taken_back(town: Visited) -> None:
    subject_id, question_id = begin(town)
    city, now = town.city, town.city.now()
    tools = Tools(benefits=city.context.benefits, rules=city.context.rules, sealer=city.context.sealer)
    sign(city, RACK, "hospital_counter")
    with city.database.transaction() as session:
        card = make_card(session, subject_id, CardOrder("hospital_counter", RACK, 1440), tools=tools, now=now)
        assert isinstance(card, Card), card
    city.clock.move(timedelta(hours=13))  # another day, on which cards are judged anew

    def list_gone() -> list[int]:
        with city.database.reading() as session:
            return list_ended(session, card.list_no, tools=tools, now=city.now())

    sweep_cards(city.database, tools=tools, now=city.now())
    assert card.place not in list_gone()
    withdraw(town, subject_id, question_id)
    assert card.place in list_gone()  # at once
    sweep_cards(city.database, tools=tools, now=city.now())
    assert card.place in list_gone()


def present(visited: Visited, subject_id: UUID, card: str) -> TestResponse:
    """A card that somebody brings."""
    headers = visited.city.citizen(subject_id)
    return visited.city.client().post("/v1/visits/cards", json={"card": card}, headers=headers)


POOR = {"level": {**LEVEL, "code": "fair", "tier": "T2"}}
STRANGE: dict[str, dict[str, Any]] = {
    "for_another_city": {"aud": "city:nanjing"},
    "of_another_treaty": {"treaty": {"id": TREATY[0], "version": TREATY[1], "digest": "0" * 64}},
    "of_another_purpose": {"purpose": "marketing"},
    "of_another_scope": {"scope": "record_flags", "content": EMPTY["record_flags"]},
    "of_a_list_of_scopes": {"scope": ["level"]},
    "of_nothing": {"content": EMPTY["level"]},
    "of_a_level_too_low": {"content": POOR},
    "with_more_in_it": {"more": 1},
    "with_an_id_of_no_form": {"jti": "card-1"},
    "for_too_long": {"minutes": 60 * 25},
    "signed_by_us": {"key": "ours"},
}


def test_a_card_says_what_the_home_city_signed_for_its_owner_here(visited: Visited) -> None:
    subject_id, person = visited.welcome()
    stranger = make_person()
    city, make_card = visited.city, visited.home.make_card
    cards = {name: make_card(person.id_number, **claims) for name, claims in STRANGE.items()}
    cards["of_somebody_else"] = make_card(stranger.id_number)
    good = make_card(person.id_number, minutes=90)
    cards["altered"] = good[:-8] + ("AAAAAAAA" if not good.endswith("AAAAAAAA") else "BBBBBBBB")
    withdrawn, corrected = str(uuid4()), str(uuid4())
    cards["withdrawn"], cards["corrected"] = (make_card(person.id_number, jti=each) for each in (withdrawn, corrected))
    withdraw(visited, subject_id, UUID(withdrawn))
    correct(visited, subject_id, UUID(corrected))
    refused = {name: read_json(present(visited, subject_id, card))["code"] for name, card in cards.items()}
    assert refused == dict.fromkeys(cards, "score_card_refused")
    assert visited.list_visits(subject_id) == []
    first = read_json(present(visited, subject_id, good))
    assert (first["state"], first["until"], first["level"]["tier"]) == (
        "standing",
        write(city.now() + timedelta(minutes=90)),
        "T4",
    )
    assert {each["scenario"] for each in first["entitlements"]} >= {CARD, BIKE}
    assert read_json(present(visited, subject_id, good)) == first
    assert scan(visited, subject_id) == "granted"
    looker, other = visited.welcome()
    shown = read_json(present(visited, looker, make_card(other.id_number, purpose="own_view")))
    assert (shown["level"]["tier"], shown["entitlements"], shown["purpose"]) == ("T4", [], "own_view")
    assert scan(visited, looker) != "granted"  # it is for looking at
    city.clock.move(timedelta(minutes=90))
    assert scan(visited, subject_id, BIKE) == "not_granted"
    city.clock.move(timedelta(minutes=1))  # past the leeway between two clocks
    assert present(visited, subject_id, good).status_code == 422
    assert visited.home.asked == []


def test_another_city_with_a_key_of_the_same_name_is_no_matter(town: Visited) -> None:
    subject_id, person = town.welcome()
    theirs = next(each["kid"] for each in town.home.pair.them.keys.describe(NOON) if each["use"] == "sig")
    keys = ExchangeKeys.from_keys(read_exchange_keys(make_exchange_keys(NOON))).describe(NOON)
    renamed = [each | {"kid": theirs} if each["use"] == "sig" else each for each in keys]
    with town.city.database.transaction() as session:
        register_partner(session, "guangzhou", title="广州市", url="https://g.example", city=OURS, by="zhao", now=NOON)
        store_keys(session, "guangzhou", json.dumps({"keys": renamed}), now=NOON)
    assert present(town, subject_id, town.home.make_card(person.id_number)).status_code == 200


def end_meanwhile(visited: Visited, end: Act, monkeypatch: pytest.MonkeyPatch) -> str:
    """How a card stands that the home city takes back while it is being kept."""
    subject_id, person = visited.welcome()
    card_id, pool, keep = uuid4(), ThreadPoolExecutor(1), asking.keep_said

    def keep_slowly(*given: Any, **named: Any) -> None:  # noqa: ANN401 - passed on
        ended.append(pool.submit(end, visited, subject_id, card_id))
        wait(ended, timeout=0.3)
        keep(*given, **named)

    ended: list[Future[None]] = []
    monkeypatch.setattr(visiting, "keep_said", keep_slowly)
    with pool:
        present(visited, subject_id, visited.home.make_card(person.id_number, jti=str(card_id)))
    ended[0].result()
    state: str = visited.list_visits(subject_id)[0]["state"]
    return state


def test_what_ends_a_card_wins_while_it_is_being_kept(
    postgres_visited: Visited, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [end_meanwhile(postgres_visited, end, monkeypatch) for end in (withdraw, correct)] == ["ended", "ended"]
    monkeypatch.setattr(visiting, "hold_open", lambda *_, **__: True)  # the planted defect: it only looks
    assert end_meanwhile(postgres_visited, withdraw, monkeypatch) == "standing"


def test_a_card_of_points_entitles_as_the_level_behind_them(town: Visited) -> None:
    subject_id, person = town.welcome()
    score = fill({"scope": "score", "scenarios": []}, "")["score"]

    def bring(**changes: int) -> set[str]:
        content = {"score": {**score, **changes}}
        card = town.home.make_card(person.id_number, scope="score", content=content)
        return {each["scenario"] for each in read_json(present(town, subject_id, card))["entitlements"]}

    assert CARD in bring(points=720, equivalent=130)
    assert CARD not in bring(points=720, equivalent=110)  # a veto keeps the level down
    assert bring(points=680, equivalent=105) == bring(points=720, equivalent=110)
