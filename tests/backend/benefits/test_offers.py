"""What citizens read of their benefits: what nobody gives, which code cannot work, who asked, which figures hold."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from backend.benefits.answers import Answer, Reason
from backend.benefits.judging import Bar
from backend.benefits.offers import OfferState
from backend.benefits.wording import word_given, word_offered
from backend.grants.grant import Shortage, Via
from backend.merchants.suspensions import suspend_scenario
from backend.web.messages import Language, has_message
from scenarios.catalogue import Benefit, BenefitKind, Wording
from scenarios.decision import Unmet
from tests.backend.benefits.counter import BIKE, CARD, RACK, ask, consent, make_code, open_counters, scan
from tests.backend.city import City, make_person, read_json, running_city
from tests.backend.merchants.shops import open_shop
from tests.databases import statements_noted

TICKETS, PARKING = "scenic_ticket", "street_parking"


@pytest.fixture
def town(sqlite_url: str) -> Iterator[City]:
    with running_city(sqlite_url) as city:
        open_counters(city)
        yield city


def suspend(city: City, scenario: str) -> None:
    with city.database.transaction() as session:
        suspend_scenario(session, scenario, scenarios=[scenario], because="核查", by="zhao", now=city.now())


def read(city: City, subject_id: UUID, path: str, language: str = "zh-CN") -> list[dict[str, Any]]:
    answer = city.client().get(path, headers=city.citizen(subject_id) | {"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = read_json(answer)["items"]
    return items


def test_what_nobody_gives_is_not_available_and_stands_last(town: City) -> None:
    person = town.enrol(make_person())
    items = read(town, person, "/v1/benefits")
    states = [item["state"] for item in items]
    assert (items[0]["scenario"], states[0]) == (BIKE, "available")
    assert states[2:] == ["no_merchant"] * (len(states) - 2)
    assert items[-1]["state_text"] == "暂无商户提供"
    with statements_noted(town.database) as seen:
        read(town, person, "/v1/benefits")
    assert sum("FROM contract" in statement for statement in seen) == 1  # for all scenarios together
    suspend(town, BIKE)
    bike = read(town, person, "/v1/benefits")[-1]
    assert (bike["scenario"], bike["state"], bike["state_text"]) == (BIKE, "suspended", "暂停提供")
    assert all(has_message(f"offer.state.{state}") for state in OfferState)


def test_a_code_that_cannot_work_says_so_to_whoever_made_it(town: City) -> None:
    person, stranger = town.enrol(make_person()), town.know(make_person())

    def read_notices(subject_id: UUID, **body: str) -> list[str]:
        answer = town.client().post("/v1/codes", json=body, headers=town.citizen(subject_id))
        assert answer.status_code == 201, answer.text
        return [notice["code"] for notice in read_json(answer)["notices"]]

    assert read_notices(person, merchant=RACK) == read_notices(person, merchant=RACK, scenario=BIKE) == []
    assert read_notices(stranger, merchant=RACK) == ["not_enrolled"]
    assert read_notices(person) == read_notices(person, scenario=BIKE) == ["no_consent"]
    consent(town, person, scenario=CARD, days=1)
    assert (read_notices(person), read_notices(person, scenario=BIKE)) == ([], ["no_consent"])
    assert read_notices(person, merchant=RACK, scenario=PARKING) == ["not_offered"]
    assert read_notices(person, scenario=PARKING) == ["no_merchant", "no_consent"]
    suspend(town, BIKE)
    until = (town.now() + timedelta(days=2)).isoformat()
    headers = town.citizen(person)
    assert town.client().put("/v1/benefits/pause", json={"until": until}, headers=headers).status_code == 200
    assert read_notices(person, merchant=RACK, scenario=BIKE) == ["paused", "suspended"]
    town.clock.move(timedelta(days=1))
    assert read_notices(person) == ["paused", "no_consent"]


def test_whoever_applies_has_asked_himself_and_the_merchant_is_the_recipient(town: City) -> None:
    person = town.enrol(make_person())
    headers = town.citizen(person) | {"Idempotency-Key": "application-1"}
    wanted = {"merchant": RACK, "scenario": BIKE, "amount_fen": 9_901}
    refused = town.client().post("/v1/applications", json=wanted, headers=headers)
    assert "最多可以免收或者垫付99.00元" in read_json(refused)["detail"]
    headers["Idempotency-Key"] = "application-2"
    made = town.client().post("/v1/applications", json=wanted | {"amount_fen": 5_000}, headers=headers)
    assert made.status_code == 201, made.text
    (look,) = read(town, person, "/v1/access-entries")
    assert (look["asker"]["kind"], look["asker"]["code"]) == ("citizen", str(person))
    assert (look["answered"]["recipient"], look["answered"]["recipient_name"]) == (RACK, f"单车点 {RACK}")
    assert look["answered_text"] == f"关于“自行车免押金”（您自己申请，单车点 {RACK}）：已告知可以使用。"


def test_every_part_of_an_answer_has_words() -> None:
    parts = {"via": [*Via], "answer": [*Answer], "because": [*Bar, *Unmet, *Shortage, *Reason]}
    codes = [f"answered.{part}.{code}" for part, known in parts.items() for code in known]
    assert [code for code in codes if not has_message(code)] == []


def test_whoever_confirmed_for_nothing_reads_that_and_the_merchant_waits(town: City) -> None:
    person = make_person()
    subject_id = town.enrol(person)
    asked = read_json(ask(town, person.id_number, scenario=CARD))
    path = f"/v1/asks/{asked['verification_id']}/confirmation"
    confirmed = read_json(town.client().put(path, headers=town.citizen(subject_id)))
    assert (confirmed["answer"], confirmed["because"]["code"]) == ("not_granted", "level")
    (listed,) = read(town, subject_id, "/v1/asks")
    assert (listed["answer"], listed["is_open"]) == ("not_granted", False)
    (look,) = read(town, subject_id, "/v1/access-entries", "en")
    assert (look["asker"]["kind"], look["answered"]["answer"]) == ("merchant", "not_granted")
    assert look["answered_text"].endswith("For you alone: the level or the points that it takes were not reached.")
    path = f"/v1/verifications/{asked['verification_id']}"
    assert read_json(town.client().get(path, headers=town.merchant(RACK)))["answer"] == "pending"


def test_what_a_merchant_may_not_ask_has_the_ordinary_offer_however_it_is_asked(town: City) -> None:
    person = make_person()
    code = make_code(town, town.enrol(person))
    asked, scanned = (
        read_json(ask(town, person.id_number, scenario=PARKING)),
        read_json(scan(town, code, scenario=PARKING)),
    )
    assert (asked["answer"], asked["reason"]["code"]) == ("cannot_say", "not_offered")
    assert asked["otherwise"] == scanned["otherwise"] is not None


def test_a_benefit_is_told_with_the_figures_that_hold(town: City) -> None:
    person = town.enrol(make_person())
    open_shop(town, "north_park", TICKETS, figures={"charged_percent": 80})
    scanned = read_json(scan(town, make_code(town, person), amount_fen=5_000))
    assert scanned["benefit"]["text"] == "本次免收50.00元。"
    (offer,) = [each for each in read(town, person, "/v1/benefits", "en") if each["scenario"] == TICKETS]
    (place,) = offer["merchants"]
    assert (place["charged_percent"], place["limit_fen"]) == (80, None)
    assert place["benefit"] == "Tickets cost the share that the contract says. You pay 80% of the price."


@pytest.mark.parametrize(
    ("kind", "own", "given", "told"),
    [
        (BenefitKind.DEPOSIT_WAIVER, {"limit_fen": 9_900}, {"amount_fen": 9_900}, "甲。"),
        (BenefitKind.DEPOSIT_WAIVER, {}, {"amount_fen": 5_005}, "甲。本次免收50.05元。"),
        (BenefitKind.CREDIT_LINE, {"limit_fen": 9_900}, {"amount_fen": 100}, "甲。本次可记账1.00元。"),
        (BenefitKind.DISCOUNT, {"charged_percent": 50}, {"charged_percent": 50}, "甲。"),
        (BenefitKind.DISCOUNT, {}, {"charged_percent": 85}, "甲。按八五折收费。"),
        (BenefitKind.DISCOUNT, {}, {"charged_percent": 5}, "甲。按零点五折收费。"),
        (BenefitKind.FREE_USE, {}, {"free_minutes": 90}, "甲。免费90分钟。"),
    ],
)
def test_figures_are_told_where_they_are_not_the_scenarios_own(
    kind: BenefitKind, own: dict[str, Any], given: dict[str, int], told: str
) -> None:
    benefit = Benefit(kind=kind, description=Wording(zh="甲。", en="A."), **own)
    nothing: dict[str, int | None] = {"amount_fen": None, "charged_percent": None, "free_minutes": None}
    assert word_given(benefit, Language.CHINESE, **(nothing | given)) == told
    contract = Benefit(kind=kind, description=benefit.description, limit_fen=300_000)
    assert word_offered(benefit, contract, Language.ENGLISH) == "A. Up to 3000.00 yuan."
