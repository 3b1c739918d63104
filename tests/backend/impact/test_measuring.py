"""Every figure of an impact against the one worked out by hand."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace

import pytest

from backend.impact import measuring
from backend.impact.assembling import RuleCount, list_touched_rules
from backend.impact.document import ImpactDocumentError, read_json, write_json
from backend.impact.figures import Impact
from backend.impact.measuring import Counted, ImpactError, RuleTally, count_people, measure_impact, report_impact
from backend.impact.samples import DisagreementError
from backend.impact.tallying import Change
from backend.population.city_files import CityFiles
from scoring.rulebook_document import read_rulebook
from tests.backend.impact import by_hand
from tests.backend.impact.conftest import LEAST
from tests.backend.impact.hand_city import AS_OF, KNOWN_AT, NEW, NEW_OFFERS, OLD, OLD_OFFERS, OLD_TEXT, amend
from tests.scoring.renaming import rename
from tests.scoring.small_city import CATALOGUE


def test_every_figure_is_the_one_worked_out_by_hand(impact: Impact) -> None:
    assert asdict(impact.totals) == by_hand.TOTALS
    assert impact.totals.same == 19
    assert {each.code: (each.before, each.after) for each in impact.levels} == by_hand.LEVELS
    assert {(each.before, each.after): each.people for each in impact.moves if each.people} == by_hand.MOVES
    assert len(impact.moves) == 16
    assert {each.least: (each.before, each.after) for each in impact.points if each.before or each.after} == (
        by_hand.POINTS
    )
    assert [(each.least, each.most) for each in impact.points][-2:] == [(180, 189), (190, 200)]
    assert {(each.least, each.most): each.people for each in impact.changes if each.people} == by_hand.CHANGES
    assert {each.code: (each.before, each.after) for each in impact.dimensions} == by_hand.DIMENSIONS
    assert {(trait.value, row.code): list_group(asdict(row)) for trait, row in impact.list_rows()} == by_hand.GROUPS
    hit = {row.code: (row.falls_stand_out, row.level_falls_stand_out) for _, row in impact.list_rows()}
    assert {code: falls for code, falls in hit.items() if any(falls)} == by_hand.HIT
    assert {each.code: tuple(asdict(each).values())[5:] for each in impact.benefits} == by_hand.BENEFITS
    assert {each.rule_id: list_rule(asdict(each)) for each in impact.rules} == by_hand.RULES
    assert [each.rule_id for each in impact.rules if each.is_amended] == ["R-BLOOD", "R-FINE"]
    assert [
        (
            *(each.kind, each.points_before, each.points_after, each.level_before, each.level_after),
            [(line.kind, line.before, line.after) for line in each.lines],
        )
        for each in impact.samples
    ] == by_hand.SAMPLES
    assert [each.number for each in impact.samples] == [1, 2, 3, 4, 5]
    assert [(each.title, each.month) for each in impact.samples[0].lines] == [("基础分", ""), ("献血", "2026-03")]


def list_group(row: Mapping[str, int | None]) -> tuple[int | None, ...] | None:
    figures = [value for name, value in row.items() if name not in {"code", "name"} and "stand_out" not in name]
    return None if all(value is None for value in figures) else tuple(figures)


def list_rule(row: Mapping[str, int | None]) -> tuple[int | None, ...]:
    names = ("people", "records", "points")
    return *(row[f"{name}_{when}"] for when in ("before", "after") for name in names), row["rises"], row["falls"]


def test_it_says_what_was_measured(impact: Impact, city: CityFiles) -> None:
    assert (impact.city, impact.as_of, impact.known_at) == ("smallville", AS_OF, KNOWN_AT)
    assert impact.files_digest == city.digest
    assert (impact.old.version, impact.new.version) == ("1", "2")
    assert impact.new_benefits is not None
    assert (impact.old.digest, impact.new_benefits.digest) == (OLD.digest, NEW_OFFERS.digest)
    assert [(each.part, each.id, each.touches_scores) for each in impact.amendments] == [
        ("edition", "edition", False),
        ("rule", "R-STARS", False),
        ("rule", "R-BLOOD", True),
        ("rule", "R-FINE", True),
    ]


def test_rules_of_an_amended_group_or_limit_are_looked_at_too(impact: Impact) -> None:
    text = amend(OLD_TEXT, ("points = 30,", "points = 31,"), ("at_most = 20\nbasis", "at_most = 25\nbasis"))
    book = read_rulebook(text.replace('["R-HOURS", "R-STARS"]', '["R-HOURS", "R-BLOOD"]'), "other", CATALOGUE)
    change = Change(old=OLD, new=book, old_benefits=None, new_benefits=None, as_of=impact.as_of, seed="")
    assert list_touched_rules(change) == {
        **dict.fromkeys(("R-BLOOD", "R-HOURS", "R-STARS"), False),
        "R-HONOUR": True,
    }


def test_the_json_says_the_same(impact: Impact) -> None:
    document = json.loads(json.dumps(write_json(impact)))
    assert read_json(document) == impact
    assert document["form"] == "shangding.impact/1"
    for spoilt, where in (
        ({"form": "other/1"}, "form"),
        ({"totals": {**document["totals"], "people": "38"}}, "impact.totals.people"),
        ({"totals": {**document["totals"], "more": 1}}, "impact.totals"),
        ({"as_of": "1 June"}, "impact.as_of"),
        ({"samples": 5}, "impact.samples"),
        ({"groupings": [{"trait": "faith", "rows": []}]}, "impact.groupings[0].trait"),
    ):
        with pytest.raises(ImpactDocumentError) as refused:
            read_json({**document, **spoilt})
        assert str(refused.value).startswith(where), refused.value


def test_fewer_than_twenty_are_kept_back_everywhere(city: CityFiles, counted: Counted) -> None:
    """3 stand at low, so 9 of high and 26 of fair hide them, and what is left is nobody: nothing is told by level."""
    found = report_impact(city, counted)
    assert found.least_group == 20
    assert {each.code: each.before for each in found.levels} == {"top": 0, "high": None, "fair": None, "low": None}
    assert {each.people for each in found.moves} == {None}
    assert [row.code for _, row in found.list_rows() if row.people is not None] == []
    assert found.samples == ()
    told = {each.code: (each.before, each.after) for each in found.benefits if each.before is not None}
    assert told == {}  # 3 lose the bike: 35 and 32 would tell
    assert [(each.rule_id, each.people_before) for each in found.rules] == [("R-BLOOD", None), ("R-FINE", None)]
    assert (found.totals.rises, found.totals.falls) == (None, None)


@pytest.mark.parametrize("least", [2, 4, 6, 8, 13])
def test_no_count_of_some_people_is_told_that_is_too_small(city: CityFiles, counted: Counted, least: int) -> None:
    told = write_json(report_impact(city, counted, least_group=least))
    rows = [row for grouping in told["groupings"] for row in grouping["rows"]]
    figures = [*told["moves"], *told["levels"], *told["changes"], *rows, *told["benefits"], *told["rules"]]
    names = ("people", "before", "after", "rises", "falls", "level_rises", "level_falls", "gained", "lost")
    counts = [(name, each[name]) for each in (*figures, told["totals"]) for name in names if name in each]
    assert [count for count in counts if isinstance(count[1], int) and 0 < count[1] < least] == []
    assert any(count for _, count in counts)


def test_nobody_is_shown_by_a_rule_that_counts_for_too_few(city: CityFiles, counted: Counted) -> None:
    """With two fines in the whole city, whoever loses most would be one of the two; donations are many."""
    before, after = RuleTally(), RuleTally()
    before.counts = counted.rules[0].counts | {"R-FINE": RuleCount(2, 3, -15)}
    after.counts = counted.rules[1].counts
    found = report_impact(city, counted._replace(rules=(before, after)), least_group=LEAST)
    assert [each.kind for each in found.samples] == ["gain", "gain"]


@pytest.mark.parametrize("city_of", ["rulebook", "scenarios"])
def test_documents_of_another_city_are_refused(city: CityFiles, city_of: str) -> None:
    book = replace(NEW, city="bigtown") if city_of == "rulebook" else NEW
    offers = replace(NEW_OFFERS, city="bigtown") if city_of == "scenarios" else NEW_OFFERS
    with pytest.raises(ImpactError, match=r"files are of smallville, the .* of bigtown"):
        measure_impact(city, OLD, book, old_benefits=OLD_OFFERS, new_benefits=offers, as_of=AS_OF)


def test_files_in_the_middle_of_an_export_are_refused(city: CityFiles) -> None:
    half = replace(city, manifest=replace(city.manifest, is_complete=False))
    with pytest.raises(ImpactError, match="come to its end"):
        measure_impact(half, OLD, NEW, old_benefits=None, new_benefits=None, as_of=AS_OF)


def test_scenarios_without_a_level_of_the_rulebook_are_refused(city: CityFiles) -> None:
    offers = replace(NEW_OFFERS, levels=("top", "high", "fair"))
    with pytest.raises(ImpactError, match="do not know the levels low"):
        measure_impact(city, OLD, NEW, old_benefits=OLD_OFFERS, new_benefits=offers, as_of=AS_OF)


def test_a_statement_that_does_not_give_the_planned_score_is_a_defect(
    city: CityFiles, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "read_records", lambda *_: ())
    with pytest.raises(DisagreementError, match="the plan and the statement"):
        report_impact(city, counted, least_group=3)


def test_whoever_waits_is_told_how_far_it_is(counted: Counted, told: list[tuple[int, int]]) -> None:
    assert counted.tally.before.total() == 38
    assert told == [(1, 1)]


def test_hostile_names_change_no_figure(city: CityFiles, counted: Counted) -> None:
    written = city.folder / "written"
    hostile = {
        "honour": f"x\" from (select 1 as y)); copy (select 1) to '{written}'; --",
        "deeds": "x from people; --",
        "high": f"x' then 1 end; copy (select 1) to '{written}'; --",
        "fair": "x') or true --",
    }
    found = count_people(city, rename(counted.change, hostile))
    assert found.tally.dimensions == {
        (when, hostile.get(code, code)): points for (when, code), points in counted.tally.dimensions.items()
    }
    assert found.tally.eligible == counted.tally.eligible
    assert found.tally.moves == {
        (hostile.get(old, old), hostile.get(new, new)): people for (old, new), people in counted.tally.moves.items()
    }
    assert not written.exists()
