"""What the public and officers read over HTTP, from a small city counted by hand."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from werkzeug.test import TestResponse

from backend.grants.grant import GrantState
from backend.reports import figure_routes
from backend.reports.benefit_figures import Fate, Whose, name_cell
from backend.reports.figure_schemas import (
    BenefitsSchema,
    DepartmentsSchema,
    PublicFiguresSchema,
    RefusalsSchema,
    ScoresSchema,
)
from backend.reports.figure_tables import Cell, add_offsets
from tests.backend.builders import add_person
from tests.backend.city import City, running_city
from tests.backend.records.handing import open_offices, read_answer
from tests.backend.reports.giving import ask as ask_shop
from tests.backend.reports.giving import give
from tests.backend.reports.handing_in import TRAFFIC, add_receipt, noon_of, open_batch
from tests.backend.reports.small_city import keep_count, make_cells

BEFORE, DAY = date(2026, 10, 20), date(2026, 11, 21)
SPAN = f"from={BEFORE}&to={DAY}"
HONOURS = ("honour:0", "honour:10", "honour:20")


@pytest.fixture
def city(sqlite_url: str) -> Iterator[City]:
    with running_city(sqlite_url, rooms=(figure_routes.blueprint,)) as city:
        open_offices(city)
        yield city


def count(city: City, day: date, cells: Counter[Cell]) -> None:
    """Keep a day, no offset larger than nothing: so it can be reckoned by hand."""
    with city.database.transaction() as session:
        add_offsets(session, dict.fromkeys(cells, 0))
    assert keep_count(city.database, city.context.rules, day=day, now=city.now(), cells=cells)


@pytest.fixture
def counted(city: City) -> City:
    count(city, BEFORE, make_cells({"good:100": 200, "slight_breach:80": 200}, {"honour:0": 400}))
    people = make_cells(dimensions={"honour:0": 380, "honour:10": 20})
    people[name_cell("library_card", Whose.RESIDENT, Fate.OPEN)] = 59
    people[name_cell("library_card", Whose.RESIDENT, Fate.SETTLED)] = 19
    count(city, DAY, people)
    return city


def ask(city: City, path: str, *, language: str = "zh-CN", officer: bool = False) -> TestResponse:
    headers = city.operator("wang", "reports:read") if officer else {}
    return city.client().get(f"/v1{path}", headers=headers | {"Accept-Language": language})


def read_levels(figures: dict[str, Any]) -> dict[str, Any]:
    return {each["level"]: each["people"] for each in figures["levels"]}


def test_the_public_reads_whole_twenties_and_nothing_of_small_groups(counted: City) -> None:
    answer = ask(counted, "/figures")
    figures = read_answer(answer, 200)
    assert PublicFiguresSchema().validate(figures) == {}
    assert (figures["day"], figures["rounded_to"], figures["people"]) == ("2026-11-21", 20, 360)
    # 25 excellent, 310 + 18 good, 40 slight breach, 7 poor, nobody outstanding: the last two cannot be told apart.
    assert read_levels(figures) == {
        "outstanding": None,
        "excellent": 20,
        "good": 300,
        "slight_breach": 40,
        "poor": None,
    }
    assert [each["permille"] for each in figures["levels"]] == [None, 55, 833, 111, None]
    assert {each["from"]: each["people"] for each in figures["points"] if each["people"]} == {80: 40, 100: 300, 130: 20}
    assert len(figures["points"]) == 20
    # Shares 1/2, 1/2 and 0 (as half a person of 400) then; 300, 40 and 20 of 360 now: 0.170275 + 0.584919 + 0.206049
    assert figures["drift"]["since"] == "2026-10-20"
    assert figures["drift"]["levels"] == {"psi_ten_thousandths": 9612, "reading": "act", "text": "需要处理"}
    assert figures["drift"]["dimensions"] == []  # a second partition of the same people would be an equation
    (library,) = [each for each in figures["benefits"] if each["scenario"] == "library_card"]
    assert library["residents"] == {
        "people": 40,
        "open": 40,
        "given_back": None,
        "not_used": None,
        "settled": None,
    }
    assert set(library["visitors"].values()) == {None}
    again = counted.client().get("/v1/figures", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.headers["Cache-Control"]) == (304, "no-cache")


def test_a_new_day_takes_the_place_of_what_was_worked_out(counted: City) -> None:
    read_answer(ask(counted, "/figures"), 200)
    count(counted, date(2026, 11, 22), make_cells({"good:100": 41}))
    figures = read_answer(ask(counted, "/figures", language="en"), 200)
    assert (figures["day"], figures["people"], figures["levels"][2]["name"]) == ("2026-11-22", 40, "Good")


def list_people(value: object, name: str = "") -> Iterator[int | None]:
    """Every count of people, or of cases of theirs, in an answer, however deep."""
    if isinstance(value, dict):
        for key, each in value.items():
            is_case = name in {"quarantined", "corrected", "withdrawn"} and key in {"part", "whole"}
            yield from list_people(each, "people" if is_case else key)
    elif isinstance(value, list):
        for each in value:
            yield from list_people(each, name)
    elif name in {"people", "grants", "granted"}:
        assert value is None or isinstance(value, int)
        yield value


def test_no_answer_to_officers_tells_of_few_people_or_of_an_exact_number(city: City) -> None:
    chance = Random(20)  # noqa: S311 - the same city each time
    names = [f"{level.code}:{first}" for level in city.context.rules.rulebook_on(DAY).levels for first in (80, 100)]
    days = [BEFORE + timedelta(days=4 * number) for number in range(8)]
    for day in days:
        scores, honours = ({name: chance.choice((1, 19, 21, 34, 405)) for name in each} for each in (names, HONOURS))
        count(city, day, make_cells(scores, honours))
    with city.database.transaction() as session:
        for scenario, people in (("library_card", 27), ("shared_bike", 19)):
            for number in range(people):
                person = add_person(session)
                give(session, person, scenario, GrantState.BROKEN if number < 4 else GrantState.IN_USE, "2026-11-20")
                ask_shop(session, "2026-10-20", scenario, because="level", subject_id=person)
        batch = open_batch(session, noon_of("2026-11-20"))
        for number in range(57):
            add_receipt(session, batch, "quarantined" if number < 23 else "accepted", occurred_on="2026-11-19")
    paths = [f"/reports/scores?day={day}&since={days[0]}" for day in days]
    paths += [f"/reports/benefits?{SPAN}", "/reports/refusals?month=2026-10", f"/reports/departments?{SPAN}"]
    for path in paths:
        told = [*list_people(read_answer(ask(city, path, officer=True), 200))]
        assert any(told), path
        assert all(people is None or people % 10 == 0 for people in told), path
        assert not {*told} & {*range(1, 20)}, path


def test_officers_are_told_whole_tens_and_nothing_of_few(counted: City) -> None:
    figures = read_answer(ask(counted, "/reports/scores", officer=True), 200)
    assert ScoresSchema().validate(figures) == {}
    assert (figures["rounded_to"], figures["people"]) == (10, 400)
    assert list(read_levels(figures).values()) == [0, 30, 330, 40, None]
    assert [each["permille"] for each in figures["levels"]] == [0, 75, 825, 100, None]
    (honour,) = [each for each in figures["dimensions"] if each["dimension"] == "honour"]
    assert [(each["from"], each["to"], each["people"]) for each in honour["points"]] == [(10, 19, 20), (0, 9, 380)]
    earlier = read_answer(ask(counted, f"/reports/scores?day={BEFORE}", officer=True), 200)
    assert (earlier["people"], earlier["drift"]) == (400, None)
    assert ask(counted, "/reports/scores").status_code == 401


def test_nothing_is_told_before_a_day_was_counted(city: City) -> None:
    for path, officer in (("/figures", False), ("/figures/pictures/levels", False), ("/reports/scores", True)):
        assert read_answer(ask(city, path, officer=officer), 404)["code"] == "figures_not_found"


def test_officers_read_what_was_given_and_what_was_refused(city: City) -> None:
    with city.database.transaction() as session:
        give(session, add_person(session), "library_card", GrantState.IN_USE, "2026-11-20")
        for _ in range(20):
            ask_shop(session, "2026-10-20", because="level")
        ask_shop(session, "2026-10-20", because="no_consent")
        batch = open_batch(session, noon_of("2026-11-20"))
        for outcome in ("accepted",) * 18 + ("refused",) * 2:
            add_receipt(session, batch, outcome, occurred_on="2026-11-19")
    given = read_answer(ask(city, f"/reports/benefits?{SPAN}", officer=True), 200)
    assert BenefitsSchema().validate(given) == {}
    (library,) = given["items"]
    assert (library["whose"], library["granted"], library["held_fen"]) == ("resident", None, None)
    assert {each["state"]: each["grants"] for each in library["states"]}["in_use"] is None
    refused = read_answer(ask(city, "/reports/refusals?month=2026-10", officer=True), 200)
    assert RefusalsSchema().validate(refused) == {}
    assert [(each["reason"], each["people"]) for each in refused["items"][0]["reasons"]] == [
        ("level", 20),
        ("no_consent", None),
    ]
    assert read_answer(ask(city, "/reports/refusals?month=2026-11", officer=True), 422)["code"] == "month_not_over"
    compared = read_answer(ask(city, f"/reports/departments?{SPAN}", officer=True), 200)
    assert DepartmentsSchema().validate(compared) == {}
    (police,) = compared["items"]
    assert (police["department"], police["handed_in"], police["timely"]) == (TRAFFIC, 20, None)
    assert police["refused"] == {"part": 2, "whole": 20, "permille": 100}
