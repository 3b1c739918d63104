"""What the citizen sees of the score, through real calls."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from backend.scores import examples, rulebook_schemas, schemas
from backend.scores.routes import blueprint
from backend.web.fields import StrictSchema
from tests.backend.city import City, Person, make_person, make_resident_id
from tests.backend.scores.city import learn, report

DONATION, HOURS, HONOUR, FINE = "ZZ-ETH-02", "ZZ-ETH-05", "ZZ-HON-01", "ZZ-LAW-01"
SPRING = date(2026, 3, 1)


def ask(city: City, subject_id: UUID, path: str, **headers: str) -> dict[str, Any]:
    answer = city.client().get(f"/v1{path}", headers={**city.citizen(subject_id), **headers})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.get_json()
    return document


def refuse(city: City, subject_id: UUID, path: str = "/score") -> str:
    answer = city.client().get(f"/v1{path}", headers=city.citizen(subject_id))
    assert answer.status_code >= 400, answer.text
    code: str = answer.get_json()["code"]
    return code


def test_a_new_account_has_the_base_and_nothing_else(city: City) -> None:
    citizen = city.enrol(make_person())
    score = ask(city, citizen, "/score")
    assert (score["points"], score["level"]) == (100, {"code": "good", "name": "信用良好"})
    statement = ask(city, citizen, "/score/statement")
    assert [(line["kind"], line["title"], line["points"]) for line in statement["lines"]] == [("base", "基础分", 100)]


def test_every_point_is_explained_and_the_balance_ends_at_the_score(city: City) -> None:
    citizen = city.enrol(make_person())
    record_id = report(city, citizen, DONATION, SPRING, donations=1)
    report(city, citizen, HOURS, SPRING, hours=30)
    statement = ask(city, citizen, "/score/statement")
    assert statement["points"] == 135 == statement["lines"][-1]["balance"]
    assert sum(line["points"] for line in statement["lines"]) == 135
    line = next(line for line in statement["lines"] if line["record"] and line["record"]["record_id"] == str(record_id))
    assert line["title"] == "无偿献血"
    assert "献血法" in line["basis"]
    assert "非郑州公布值" in line["origin_note"]
    assert line["lapses_on"] == "2027-03-01"
    assert line["record"]["source"]["name"]
    assert line["record"]["document_no"] == "〔2026〕1号"
    assert ask(city, citizen, "/score")["points"] == 135


def test_english_is_the_second_language(city: City) -> None:
    citizen = city.enrol(make_person())
    statement = ask(city, citizen, "/score/statement", **{"Accept-Language": "en"})
    assert statement["lines"][0]["title"] == "Base"
    assert statement["level"]["name"] == "Good"


def test_an_answer_after_a_correction_reflects_it(city: City) -> None:
    citizen = city.enrol(make_person())
    record_id = report(city, citizen, DONATION, SPRING, donations=1)
    assert ask(city, citizen, "/score")["points"] == 110
    assert ask(city, citizen, "/score")["points"] == 110
    learn(city, citizen, record_id, "withdrawn")
    assert ask(city, citizen, "/score")["points"] == 100


def test_a_kept_score_is_not_served_past_its_day(city: City) -> None:
    citizen = city.enrol(make_person())
    report(city, citizen, DONATION, date(2025, 11, 24), donations=1)
    assert ask(city, citizen, "/score")["points"] == 110
    city.clock.move(timedelta(days=1))
    assert ask(city, citizen, "/score")["points"] == 110
    city.clock.move(timedelta(days=1))
    assert ask(city, citizen, "/score")["points"] == 100


def test_the_answer_has_an_etag_that_changes_with_the_score(city: City) -> None:
    citizen = city.enrol(make_person())
    headers = city.citizen(citizen)
    first = city.client().get("/v1/score", headers=headers)
    same = city.client().get("/v1/score", headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.text) == (304, "")
    report(city, citizen, DONATION, SPRING, donations=1)
    other = city.client().get("/v1/score", headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_each_who_has_no_score_is_told_why(city: City) -> None:
    assert refuse(city, uuid4()) == "not_enrolled"
    assert refuse(city, city.know(make_person())) == "not_enrolled"
    assert refuse(city, city.know(make_person(born_on=date(2009, 1, 1)))) == "under_age"
    number = make_resident_id()
    city.know(Person("林一舟", number), verified=False)
    assert refuse(city, city.know(Person("王另名", number))) == "identity_in_doubt"
    leaver = city.enrol(make_person())
    assert city.client().delete("/v1/account/consent", headers=city.citizen(leaver)).status_code == 204
    assert refuse(city, leaver) == "consent_withdrawn"


@pytest.mark.parametrize("path", ["/statement", "/history", "/forecast", "/route"])
def test_no_view_of_the_score_without_an_account(city: City, path: str) -> None:
    assert refuse(city, city.know(make_person()), f"/score{path}") == "not_enrolled"


def test_closing_takes_the_score_away_and_leaves_the_records(city: City) -> None:
    citizen = city.enrol(make_person())
    report(city, citizen, DONATION, SPRING, donations=1)
    assert ask(city, citizen, "/score")["points"] == 110
    headers = city.citizen(citizen)
    assert city.client().delete("/v1/account", headers=headers).status_code == 204
    assert refuse(city, citizen) == "not_enrolled"
    assert city.client().delete("/v1/account", headers=headers).get_json()["code"] == "not_enrolled"
    with city.database.reading() as session:
        from_table = session.connection().exec_driver_sql
        assert from_table("SELECT count(*) FROM stored_score").scalar() == 0
        assert from_table("SELECT count(*) FROM ledger_entry").scalar() == 1


def test_an_earlier_day_is_stated_as_it_was_known_then(city: City) -> None:
    citizen = city.enrol(make_person())
    city.clock.move(timedelta(days=10))
    record_id = report(city, citizen, DONATION, date(2026, 11, 22), donations=1)
    city.clock.move(timedelta(days=10))
    learn(city, citizen, record_id, "withdrawn")
    assert ask(city, citizen, "/score/statement?as_of=2026-11-25")["points"] == 100
    assert ask(city, citizen, "/score/statement?as_of=2026-12-05")["points"] == 110
    assert ask(city, citizen, "/score/statement?as_of=2026-12-05&known_at=2026-12-12T04:00:00Z")["points"] == 100
    assert refuse(city, citizen, "/score/statement?as_of=2026-11-21") == "day_out_of_range"
    for as_of in ("2027-11-21", "0001-01-01", "9999-12-31"):
        assert refuse(city, citizen, f"/score/statement?as_of={as_of}") == "day_out_of_range"
    for known_at in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        assert refuse(city, citizen, f"/score/statement?known_at={known_at}") == "day_out_of_range"


def test_history_tells_each_step_and_its_cause_newest_first(city: City) -> None:
    citizen = city.enrol(make_person())
    city.clock.move(timedelta(days=1))
    record_id = report(city, citizen, DONATION, SPRING, donations=1)
    city.clock.move(timedelta(days=1))
    learn(city, citizen, record_id, "withdrawn")
    history = ask(city, citizen, "/score/history?limit=1")
    assert (history["points_at_opening"], history["opened_on"]) == (100, "2026-11-22")
    newest = history["items"][0]
    assert (newest["on"], newest["points_before"], newest["points_after"]) == ("2026-11-24", 110, 100)
    assert newest["changes"][0]["cause_text"] == "记录被撤回"
    older = ask(city, citizen, f"/score/history?limit=1&cursor={history['next_cursor']}")
    assert older["items"][0]["changes"][0]["cause"] == "reported"
    assert older["next_cursor"] is None


def test_forecast_tells_when_and_why(city: City) -> None:
    citizen = city.enrol(make_person())
    report(city, citizen, DONATION, SPRING, donations=1)
    forecast = ask(city, citizen, "/score/forecast")
    assert forecast["points"] == 110
    lapse = next(step for step in forecast["steps"] if step["on"] == "2027-03-01")
    assert (lapse["points_before"], lapse["points_after"]) == (110, 100)
    assert lapse["changes"][0]["cause_text"] == "有效期届满"


def test_what_if_supposes_and_stores_nothing(city: City) -> None:
    citizen = city.enrol(make_person())
    record_id = report(city, citizen, DONATION, SPRING, donations=1)

    def suppose(**body: object) -> TestResponse:
        return city.client().post("/v1/score/what-if", headers=city.citizen(citizen), json=body)

    more = suppose(add=[{"indicator": HOURS, "occurred_on": "2026-11-22", "items": {"hours": 20}}]).get_json()
    assert (more["points_before"], more["points_after"], more["level_after"]["name"]) == (110, 130, "信用优秀")
    less = suppose(remove=[str(record_id)]).get_json()
    assert (less["points_before"], less["points_after"]) == (110, 100)
    assert (
        suppose(add=[{"indicator": "GOSSIP", "occurred_on": "2026-11-22"}]).get_json()["code"] == "supposition_refused"
    )
    bad = suppose(add=[{"indicator": HOURS, "occurred_on": "2026-11-22", "items": {"hours": -1}}])
    assert bad.get_json()["code"] == "supposition_refused"
    assert suppose(remove=[str(uuid4())]).get_json()["code"] == "supposition_refused"
    assert ask(city, citizen, "/score")["points"] == 110


def test_route_shows_ways_and_caps(city: City) -> None:
    citizen = city.enrol(make_person())
    report(city, citizen, DONATION, SPRING, donations=2)
    report(city, citizen, HONOUR, SPRING, grade="municipal")
    route = ask(city, citizen, "/score/route")
    assert (route["points"], route["target"]["name"], route["missing"]) == (120, "信用极好", 31)
    ways = [[(action["name"], action["amount"]) for action in way["actions"]] for way in route["ways"]]
    assert [("参加志愿服务", 42)] in ways
    cap = next(cap for cap in route["caps"] if cap["limit_id"] == "ZZ-CAP-02")
    assert (cap["used"], cap["at_most"]) == (20, 20)


def test_nobody_reads_another_ones_score(city: City) -> None:
    owner, other = city.enrol(make_person()), city.enrol(make_person())
    report(city, owner, DONATION, SPRING, donations=1)
    assert ask(city, other, "/score")["points"] == 100
    assert ask(city, owner, "/score")["points"] == 110


def test_the_rulebook_is_public_and_says_where_figures_come_from(city: City) -> None:
    rulebook = city.client().get("/v1/rulebook").get_json()
    assert rulebook["base"] == 100
    assert len(rulebook["rules"]) == len(city.context.rules.editions[0].rules)
    donation = next(rule for rule in rulebook["rules"] if rule["rule_id"] == "ZZ-E-02")
    assert donation["figures"][0]["points"] == 10
    assert all(rule["basis"] and rule["origin"] != "published" for rule in rulebook["rules"])


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        (schemas.ScoreSchema, examples.SCORE),
        (schemas.StatementSchema, examples.STATEMENT),
        (schemas.HistorySchema, examples.HISTORY),
        (schemas.ForecastSchema, examples.FORECAST),
        (schemas.SuppositionSchema, examples.SUPPOSITION),
        (schemas.SupposedScoreSchema, examples.SUPPOSED),
        (schemas.RouteSchema, examples.ROUTE),
        (rulebook_schemas.RulebookSchema, examples.RULEBOOK),
    ],
)
def test_examples_have_the_form_they_illustrate(schema: type[StrictSchema], example: dict[str, Any]) -> None:
    assert schema().validate(example) == {}


def test_the_room_declares_every_route(city: City) -> None:
    rules = {rule.rule for rule in city.app.url_map.iter_rules()}
    assert blueprint.name == "scores"
    assert {"/v1/score", "/v1/score/statement", "/v1/rulebook", "/v1/account"} <= rules
