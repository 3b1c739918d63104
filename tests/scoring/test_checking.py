"""A rulebook with a planted defect is refused, and the fault names the place."""

import tomllib
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import checking
from scoring.boxes import Box, intersect, list_near
from scoring.catalogue_document import read_catalogue
from scoring.checking import MOST_OVERLAPS, find_gaps, find_notices, find_unscored_indicators
from scoring.documents import MOST_ENTRIES, DocumentError
from scoring.pricing import Choice, Span
from scoring.rulebook_document import MOST_GRADES, build_rulebook, read_rulebook
from tests.scoring.small_city import CATALOGUE, CATALOGUE_TEXT, RULEBOOK, RULEBOOK_TEXT

type_of_document = dict[str, Any]


def find_faults(spoil: Callable[[type_of_document], object]) -> str:
    document = tomllib.loads(RULEBOOK_TEXT)
    spoil(document)
    with pytest.raises(DocumentError) as caught:
        build_rulebook(document, "spoilt", CATALOGUE)
    return str(caught.value)


def rule(document: type_of_document, rule_id: str) -> type_of_document:
    found: type_of_document = next(each for each in document["rules"] if each["id"] == rule_id)
    return found


def test_the_small_rulebook_has_only_the_gaps_it_means() -> None:
    assert find_gaps(RULEBOOK) == []
    assert find_unscored_indicators(RULEBOOK) == ["REGISTRATION"]


def test_what_should_be_meant_is_told_and_refuses_nothing() -> None:
    document = tomllib.loads(RULEBOOK_TEXT)
    document["levels"][0]["name"] = "最好"
    renamed = build_rulebook(document, "renamed", CATALOGUE)
    idle, level = find_notices(renamed, RULEBOOK)
    assert idle.startswith("REGISTRATION: is collected, but no rule counts it and no `unscored` entry")
    assert level.startswith("level top: is named 最好 (Top), and was 极好 (Top)")
    document["unscored"] = [{"indicator": "REGISTRATION", "reason": "识别身份"}]
    assert find_notices(build_rulebook(document, "meant", CATALOGUE), renamed) == []
    assert find_notices(renamed, renamed, {"REGISTRATION"}) == []


def test_a_rule_without_a_basis_is_refused() -> None:
    fault = find_faults(lambda document: rule(document, "R-BLOOD").pop("basis"))
    assert "rules[R-BLOOD].basis: is missing" in fault


def test_a_rule_without_an_origin_is_refused() -> None:
    assert "rules[R-BLOOD].origin: is missing" in find_faults(lambda document: rule(document, "R-BLOOD").pop("origin"))


def test_overlapping_rules_are_refused() -> None:
    def add_second_blood_rule(document: type_of_document) -> None:
        document["rules"].append(rule(document, "R-BLOOD") | {"id": "R-BLOOD-2"})

    assert "R-BLOOD and R-BLOOD-2: both match every record" in find_faults(add_second_blood_rule)


@given(st.lists(st.tuples(*[st.none() | st.integers(0, 9)] * 4, st.sets(st.sampled_from("abc"))), max_size=12))
def test_near_boxes_are_all_that_share_a_point(
    drawn: list[tuple[int | None, int | None, int | None, int | None, set[str]]],
) -> None:
    space: Box = {"m": Span("m", 0, None), "n": Span("n", None, 9), "c": Choice("c", frozenset("abc"))}
    all_given: list[Box] = [
        {"m": Span("m", a, b), "n": Span("n", c, d), "c": Choice("c", frozenset(choices))}
        for a, b, c, d, choices in drawn
    ]
    boxes = [box for box in (intersect(space, each) for each in all_given) if box is not None]
    meeting = {
        (one, other)
        for one, other in combinations(range(len(boxes)), 2)
        if intersect(boxes[one], boxes[other]) is not None
    }
    near = list(list_near(space, boxes))
    assert meeting <= set(near)
    assert len(near) == len(set(near))
    assert all(one < other for one, other in near)


def test_of_many_boxes_few_are_compared_and_of_many_overlaps_the_first_named() -> None:
    space: Box = {"free": Choice("free", frozenset("ab")), "n": Span("n", 0, None)}
    rows: list[Box] = [{**space, "n": Span("n", number, number)} for number in range(999)]
    assert list(list_near(space, rows)) == []
    assert next(list_near(space, [space] * 20_000)) == (0, 1)  # of 200 million pairs
    document = tomllib.loads(RULEBOOK_TEXT)
    document["rules"] += [rule(document, "R-BLOOD") | {"id": f"R-BLOOD-{number}"} for number in range(1900)]
    with pytest.raises(DocumentError) as caught:
        build_rulebook(document, "spoilt", CATALOGUE)
    assert len(caught.value.faults) == MOST_OVERLAPS


def test_what_would_be_compared_for_minutes_is_refused_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    document = tomllib.loads(RULEBOOK_TEXT)
    fine = rule(document, "R-FINE")
    fine["rows"] = [fine["rows"][0] | {"at_least": each, "at_most": each} for each in range(20)]
    book = build_rulebook(document, "rows", CATALOGUE)
    monkeypatch.setattr(checking, "MOST_COMPARED", 15)
    assert find_gaps(book)[-1].where.startswith("has too many rules and rows to compare them all")
    fine["rows"] = [fine["rows"][0] | {"at_most": each} for each in range(20)]
    with pytest.raises(DocumentError) as caught:
        build_rulebook(document, "rows", CATALOGUE)
    assert len(caught.value.faults) == 15 + 1
    assert caught.value.faults[-1].startswith("FINE: has too many rules and rows to compare them all")


def test_a_list_longer_than_any_city_needs_is_refused() -> None:
    fault = find_faults(lambda document: document["levels"].extend(document["levels"] * 100))
    assert f".levels: has {101 * len(RULEBOOK.levels)} entries; {MOST_GRADES} are the most" in fault
    fault = find_faults(lambda document: rule(document, "R-FINE")["rows"].extend([{}] * MOST_ENTRIES))
    assert f".rows: has {MOST_ENTRIES + 2} entries; {MOST_ENTRIES} are the most" in fault


def test_overlapping_rows_are_refused() -> None:
    def widen(document: type_of_document) -> None:
        rule(document, "R-FINE")["rows"][0]["at_most"] = 60000

    fault = find_faults(widen)
    assert "R-FINE row 1 and R-FINE row 2: both match amount_fen = 50001..60000" in fault


def test_rules_kept_apart_by_a_condition_do_not_overlap() -> None:
    document = tomllib.loads(RULEBOOK_TEXT)
    first = rule(document, "R-ARREARS")
    second = deepcopy(first) | {"id": "R-ARREARS-LONG", "when": {"months": {"above": 6}}}
    first["when"] = {"months": {"at_most": 6}}
    document["rules"].append(second)
    assert len(build_rulebook(document, "split", CATALOGUE).rules) == len(RULEBOOK.rules) + 1


def test_a_rule_that_can_never_apply_is_refused() -> None:
    def lift(document: type_of_document) -> None:
        rule(document, "R-ARREARS")["when"] = {"months": {"above": 12}}

    assert "R-ARREARS: can never apply" in find_faults(lift)


def test_an_indicator_outside_the_catalogue_is_refused() -> None:
    fault = find_faults(lambda document: rule(document, "R-BLOOD").update(indicator="GOSSIP"))
    assert "GOSSIP is not in the catalogue 1" in fault


def test_points_against_the_nature_of_the_indicator_are_refused() -> None:
    assert "the catalogue calls favourable" in find_faults(lambda doc: rule(doc, "R-BLOOD").update(points=-10))
    assert "the catalogue calls adverse" in find_faults(lambda doc: rule(doc, "R-ARREARS").update(points=2))


def test_a_misspelt_key_is_refused() -> None:
    fault = find_faults(lambda document: rule(document, "R-BLOOD").update(vald={"months": 1}))
    assert "rules[R-BLOOD].vald: is not a key of this table" in fault


def test_a_limit_that_can_never_bite_is_refused() -> None:
    assert "L-BLOOD: can never bite" in find_faults(lambda doc: doc["limits"][0].update(rules=["R-FINE"]))
    assert "L-FINES: can never bite" in find_faults(lambda doc: doc["limits"][2].update(rules=["R-BLOOD"]))


def test_only_plus_rules_exclude_one_another() -> None:
    fault = find_faults(lambda document: document["exclusive"][0].update(rules=["R-FINE", "R-STARS"]))
    assert "X-VOLUNTEER: R-FINE adds no points" in fault


def test_bounds_that_would_punish_a_good_deed_are_refused() -> None:
    fault = find_faults(lambda document: document["exclusive"][0].update(rules=["R-HONOUR", "R-STARS"]))
    assert "X-VOLUNTEER: spans several dimensions" in fault
    assert "L-DEEDS: limits a dimension by year" in find_faults(
        lambda doc: doc["limits"][1].update(per="calendar_year")
    )


def test_codes_of_levels_stand_once() -> None:
    assert "high: stands twice" in find_faults(lambda document: document["levels"][2].update(code="high"))


@pytest.mark.parametrize(
    ("table", "key", "form"),
    [
        ("dimensions", "code", "small letters"),
        ("levels", "code", "of A to Z"),
        ("rules", "id", "of A to Z"),
        ("rules", "repeat_class", "of A to Z"),
        ("limits", "id", "of A to Z"),
        ("exclusive", "id", "of A to Z"),
    ],
)
def test_codes_that_could_end_a_statement_are_refused(table: str, key: str, form: str) -> None:
    code = "x FROM (SELECT 1 AS y)) --"
    fault = find_faults(lambda document: document[table][0].update({key: code}))
    assert f".{key}: {code!r} is not a code; use up to 60 {form}" in fault


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("version", "2027.1\n2027.2", "is not a version; use up to 40 letters"),
        ("version", "二〇二七", "is not a version"),
        ("version", "2" * 41, "is not a version"),
        ("effective_on", date(3000, 1, 1), "3000-01-01 is out of reach; give a day from 1900-01-01 to 2999-12-31"),
    ],
)
def test_an_edition_has_a_version_and_a_day_that_others_can_bear(key: str, value: object, words: str) -> None:
    assert words in find_faults(lambda document: document["rulebook"].update({key: value}))
    document = tomllib.loads(RULEBOOK_TEXT)
    document["rulebook"].update(version="2" * 40, effective_on=date(2999, 12, 31))
    assert build_rulebook(document, "far", CATALOGUE).version == "2" * 40


def test_ids_that_stand_twice_are_refused() -> None:
    fault = find_faults(lambda document: document["limits"][0].update(id="R-BLOOD"))
    assert "R-BLOOD: stands twice" in fault


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        ({"base": 999}, "999 lies outside floor 0 to ceiling 200"),
        ({"floor": 500}, "100 lies outside floor 500 to ceiling 200"),
        ({"ceiling": 140}, "level top begins at 151, which the scale never reaches"),
    ],
)
def test_a_scale_that_cannot_be_is_refused(scale: type_of_document, words: str) -> None:
    assert words in find_faults(lambda document: document["scale"].update(scale))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "月数"\ntype = "integer"\nat_least = 1', 'title = "月数"\ntype = "integer"', "needs `at_least` of 1"),
        ('title = "月数"', 'title = "月数"\nrequired = false', "months may be left out of a row"),
        ('title = "级别"', 'title = "级别"\nrequired = false', "grade may be left out of a row"),
    ],
)
def test_a_rule_rests_only_on_what_every_row_carries(old: str, new: str, words: str) -> None:
    assert old in CATALOGUE_TEXT
    catalogue = read_catalogue(CATALOGUE_TEXT.replace(old, new), "loosened")
    with pytest.raises(DocumentError) as caught:
        read_rulebook(RULEBOOK_TEXT, "spoilt", catalogue)
    assert words in str(caught.value)


def test_the_digest_changes_with_any_figure() -> None:
    edited = read_rulebook(RULEBOOK_TEXT.replace("points = 15", "points = 16"), "edited", CATALOGUE)
    assert edited.version == RULEBOOK.version
    assert edited.digest != RULEBOOK.digest


def test_all_faults_come_at_once() -> None:
    def spoil(document: type_of_document) -> None:
        rule(document, "R-BLOOD").pop("basis")
        rule(document, "R-FINE")["dimension"] = "gossip"
        document["scale"]["base"] = "hundred"
        document["levels"][0]["above"] = 10

    fault = find_faults(spoil)
    for words in (
        "basis: is missing",
        "'gossip' is not one of",
        "'hundred' is not a whole number",
        "best first",
    ):
        assert words in fault


@pytest.mark.parametrize(
    ("rule_id", "change", "words"),
    [
        ("R-BLOOD", {"kind": "magic"}, "'magic' is not one of each, table"),
        ("R-BLOOD", {"points": 0}, "points: is 0"),
        ("R-BLOOD", {"points": 201}, "more points than the whole scale"),
        ("R-BLOOD", {"points": 1.5}, "1.5 is not a whole number"),
        ("R-BLOOD", {"points": True}, "True is not a whole number"),
        ("R-BLOOD", {"valid": {"months": 0}}, "months: is 1 or more"),
        ("R-BLOOD", {"valid": {"months": 1201}}, "months: 1201 is longer than a life"),
        ("R-BLOOD", {"valid": {"until": "doomsday"}}, "'doomsday' is not one of end"),
        ("R-HOURS", {"field": "minutes"}, "'minutes' is not a whole-number item of HOURS"),
        (
            "R-HOURS",
            {"segments": [{"to": 9, "points": 1, "per": 1}, {"to": 5, "points": 1, "per": 1}]},
            "each ends above",
        ),
        ("R-HOURS", {"segments": [{"points": 1, "per": 0}]}, "a curve rises"),
        ("R-HONOUR", {"rows": []}, "a table rule needs rows"),
        (
            "R-HONOUR",
            {"rows": [{"is": "galaxy", "points": 1, "valid": {"months": 1}}]},
            "'galaxy' is not one of",
        ),
        ("R-GRADED", {"at_most": 10}, "a range of one sign"),
        ("R-CLEAN", {"points": 0}, "of a streak are 1 or more"),
        ("R-DEFAULTER", {"veto": {"level_at_most": "bottom"}}, "'bottom' is not one of top"),
        ("R-HONOUR", {"rows": [{"is": [["nation"]], "points": 1, "valid": {"months": 1}}]}, "is not a choice, a flag"),
        ("R-HONOUR", {"unscored": ["scool"]}, "'scool' is not a choice of grade"),
        ("R-BLOOD", {"repairable_after_months": 3}, "belongs to minus and veto rules"),
        ("R-FINE", {"repairable_after_months": -1}, "is 0 or more"),
        ("R-FINE", {"action": {"name": "违法", "name_en": "Offend", "set": {"amount_fen": 1}}}, "earns nothing"),
        ("R-STARS", {"action": {"name": "评星", "name_en": "Stars"}}, "stars: is missing"),
        ("R-HOURS", {"action": {"name": "志愿", "name_en": "Help", "most": 2000}}, "2000 is above 1000"),
        ("R-BLOOD", {"valid": {"until": "end"}}, "not `continuing` in the catalogue"),
        ("R-GRADED", {"at_least": -60}, "reach beyond the bounds"),
        (
            "R-BLOOD",
            {"action": {"name": "献血", "name_en": "Give", "set": {"litres": 1}}},
            "litres is not an item",
        ),
    ],
)
def test_a_wrong_figure_is_named(rule_id: str, change: type_of_document, words: str) -> None:
    assert words in find_faults(lambda document: rule(document, rule_id).update(change))


def test_gaps_are_found() -> None:
    document = tomllib.loads(RULEBOOK_TEXT)
    rule(document, "R-HONOUR").pop("unscored")
    rule(document, "R-FINE")["rows"][1]["above"] = 70000
    gaps = find_gaps(build_rulebook(document, "gapped", CATALOGUE))
    assert [(gap.indicator, gap.where) for gap in gaps] == [
        ("HONOUR", "grade = school"),
        ("FINE", "amount_fen = 50001..70000"),
    ]


def test_what_is_not_toml_is_refused() -> None:
    with pytest.raises(DocumentError, match="is not TOML"):
        read_rulebook("[rulebook", "broken", CATALOGUE)
