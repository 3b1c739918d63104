"""What becomes of people when the rules change over, in processes that nobody restarts or tells."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from backend.app import create_app
from backend.benefits import edition_routes as scenario_editions
from backend.benefits import offer_routes as offers
from backend.gateways.edition_watch import PublishedEditions
from backend.records.departments import register_departments
from backend.scores import edition_routes, routes
from backend.storage.editions import EditionKind, withdraw_edition
from tests.backend.city import City, make_person, running_city
from tests.backend.editions import NEW_YEAR, TOLD, make_rulebook, make_scenarios, publish
from tests.backend.scores.city import report
from tests.backend.web.probe import HOUR

ROOMS = (routes.blueprint, edition_routes.blueprint, offers.blueprint, scenario_editions.blueprint)
DONATION, HOURS = "ZZ-ETH-02", "ZZ-ETH-05"
SPRING = date(2026, 3, 1)
MORE_FOR_BLOOD = ("points = 10\ntimes", "points = 13\ntimes")
LESS_AT_FIRST = ("at_least = 120", "at_least = 113")
FOR_GOOD = ('level = "excellent"\n\n[scenarios.benefit]', 'level = "good"\n\n[scenarios.benefit]')


@pytest.fixture
def cities(database_url: str) -> Iterator[tuple[City, City]]:
    """Two processes of one city; each looks for news once an hour, unless a day begins."""
    with running_city(database_url, rooms=ROOMS) as city:
        with city.database.transaction() as session:
            register_departments(session, city.context.rules.catalogue_on(SPRING))
        editions = PublishedEditions(city.database, city.context.editions.shipped, fresh_for=HOUR)
        context = replace(city.context, editions=editions)
        yield city, replace(city, app=create_app(context, ROOMS), context=context)


def ask(city: City, path: str, subject_id: UUID | None = None, language: str = "zh-CN") -> dict[str, Any]:
    headers = {} if subject_id is None else city.citizen(subject_id)
    answer = city.client().get(f"/v1{path}", headers={**headers, "Accept-Language": language})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.get_json()
    return document


def is_missing_something(city: City, subject_id: UUID) -> bool:
    items = ask(city, "/benefits", subject_id)["items"]
    return bool(next(each["missing"] for each in items if each["scenario"] == "library_card"))


def test_rules_and_scenarios_change_over_with_the_day_in_every_process(cities: tuple[City, City]) -> None:
    city, _ = cities
    citizen, newcomer = city.enrol(make_person()), city.enrol(make_person())
    report(city, citizen, DONATION, SPRING, donations=1)
    assert {ask(each, "/score", citizen)["points"] for each in cities} == {110}
    assert is_missing_something(city, newcomer)
    publish(city.database, EditionKind.RULEBOOK, make_rulebook(MORE_FOR_BLOOD, LESS_AT_FIRST))
    publish(city.database, EditionKind.SCENARIOS, make_scenarios(FOR_GOOD))

    city.clock.move(timedelta(days=1))  # the two share their clock
    for each in cities:
        score = ask(each, "/score", citizen)
        assert (score["points"], score["rules_change_on"], score["changes_on"]) == (110, "2027-01-01", "2027-01-01")
        forecast = ask(each, "/score/forecast", citizen)
        (coming,) = forecast["coming_rules"]
        assert (coming["points_before"], coming["points_after"]) == (110, 113)
        assert coming["level_after"]["code"] == "excellent"
        assert [change["text"] for change in coming["rule_changes"]] == [
            "规则 ZZ-E-02（无偿献血）调整，110 → 113",
            "等级“信用优秀”的界线调整，113 → 113",
        ]
        assert forecast["steps"][0]["rule_changes"] == coming["rule_changes"]
    assert ask(city, "/score/forecast", citizen, "en")["coming_rules"][0]["text"].endswith("113 instead of 110.")

    city.clock.move(timedelta(days=39))
    assert city.now().date() == NEW_YEAR
    for each in cities:
        score = ask(each, "/score", citizen)
        assert (score["points"], score["level"]["code"], score["rulebook"]["version"]) == (113, "excellent", "2027.1")
        assert ask(each, "/score/statement", citizen)["points"] == 113
        assert ask(each, "/score/statement?as_of=2026-12-31", citizen)["rulebook"]["version"] == "2026.1"
        assert ask(each, "/score/forecast", citizen)["coming_rules"] == []
        step = ask(each, "/score/history", citizen)["items"][0]
        assert (step["on"], step["points_before"], step["points_after"]) == ("2027-01-01", 110, 113)
        assert step["rule_changes"][0]["text"] == "规则 ZZ-E-02（无偿献血）调整，110 → 113"
        assert not is_missing_something(each, newcomer)


def test_of_a_step_that_the_rules_share_with_a_lapse_only_their_own_part_is_theirs(cities: tuple[City, City]) -> None:
    city, _ = cities
    citizen = city.enrol(make_person())
    report(city, citizen, DONATION, date(2026, 1, 1), donations=1)  # lapses with the old year
    report(city, citizen, DONATION, SPRING, donations=1)
    publish(city.database, EditionKind.RULEBOOK, make_rulebook(MORE_FOR_BLOOD))
    city.clock.move(timedelta(days=40))
    step = ask(city, "/score/history", citizen, "en")["items"][0]
    assert (step["points_before"], step["points_after"]) == (120, 113)
    assert [each["text"] for each in step["rule_changes"]] == ["Rule ZZ-E-02 (Blood donation) changed, 110 → 113"]


def test_the_diary_tells_everybody_what_changes_and_what_was_taken_back(cities: tuple[City, City]) -> None:
    city, _ = cities
    documents = make_rulebook(MORE_FOR_BLOOD, version="2027.2", effective_on=date(2027, 2, 1))
    taken_back = publish(city.database, EditionKind.RULEBOOK, documents)
    with city.database.transaction() as session:
        withdraw_edition(session, taken_back, because="公告文本有误", now=city.now())
    publish(city.database, EditionKind.RULEBOOK, make_rulebook(MORE_FOR_BLOOD))
    publish(city.database, EditionKind.SCENARIOS, make_scenarios(("limit_fen = 10_000", "limit_fen = 20_000")))
    city.clock.move(timedelta(days=1))
    diary = ask(city, "/rulebook/editions")["items"]
    assert [(each["version"], each["state"], each["until"], each["follows"]) for each in diary] == [
        ("2027.2", "withdrawn", None, "2027.1"),
        ("2027.1", "announced", None, "2026.1"),
        ("2026.1", "in_force", "2027-01-01", None),
    ]
    (amendment,) = diary[1]["amendments"]
    assert (amendment["part_id"], amendment["moves_scores"]) == ("ZZ-E-02", True)
    assert [(each["before"], each["after"]) for each in amendment["figures"]] == [("+10", "+13")]
    (figure,) = ask(city, "/scenarios/editions")["items"][0]["amendments"][0]["figures"]
    assert figure == {"name": "benefit.limit_fen", "of": "", "before": "10000", "after": "20000"}
    assert [(each["reason"], each["decision"], each["withdrawn_because"]) for each in diary] == [
        (TOLD.reason, None, "公告文本有误"),
        (TOLD.reason, None, None),
        (None, None, None),
    ]
    rules = ask(city, "/rulebook/editions/2027-01-01")["rulebook"]["rules"]
    assert next(each for each in rules if each["rule_id"] == "ZZ-E-02")["figures"][0]["points"] == 13
    scenarios = ask(city, "/scenarios/editions/2027-01-01", language="en")["catalogue"]["scenarios"]
    assert next(each for each in scenarios if each["scenario"] == "library_card")["limit_fen"] == 20_000
    withdrawn = ask(city, "/rulebook/editions/2027-02-01")
    assert (withdrawn["edition"], withdrawn["rulebook"]["version"]) == (diary[0], "2027.2")
    # Another was announced for its day afterwards: that one stands, and the former is still there to be read.
    publish(city.database, EditionKind.RULEBOOK, make_rulebook(version="2027.3", effective_on=date(2027, 2, 1)))
    city.clock.move(timedelta(days=1))
    found = [ask(city, f"/rulebook/editions/2027-02-01{query}")["edition"] for query in ("", "?version=2027.2")]
    assert [each["state"] for each in found] == ["announced", "withdrawn"]
    for path in ("/rulebook/editions/2027-02-02", "/scenarios/editions/2027-02-01", "/rulebook/editions/2027-02-31"):
        assert city.client().get(f"/v1{path}").status_code == 404
    tag = city.client().get("/v1/rulebook/editions").headers["ETag"]
    assert city.client().get("/v1/rulebook/editions", headers={"If-None-Match": tag}).status_code == 304
    city.clock.move(timedelta(days=38))
    states = [(each["version"], each["state"]) for each in ask(city, "/rulebook/editions")["items"]]
    assert states[:2] == [("2027.2", "withdrawn"), ("2027.3", "announced")]
    assert states[2:] == [("2027.1", "in_force"), ("2026.1", "retired")]
