"""Every figure of an impact against the one worked out by hand."""

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest

from backend.impact import measuring
from backend.impact.assembling import make_groupings
from backend.impact.document import ImpactDocumentError, read_json, write_json
from backend.impact.figures import Impact, SampleKind
from backend.impact.measuring import Counted, ImpactError, count_people, measure_impact, report_impact
from backend.impact.page import write_page
from backend.impact.rule_effects import list_touched_rules
from backend.impact.samples import Crowd, DisagreementError
from backend.impact.tallying import Change, Outcome
from backend.impact.wording import list_mean_parts
from backend.population.city_files import CityFiles
from scoring.rulebook_document import read_rulebook
from tests.backend.impact import by_hand
from tests.backend.impact.conftest import LEAST
from tests.backend.impact.hand_city import (
    AS_OF,
    KNOWN_AT,
    NEW,
    NEW_OFFERS,
    OLD,
    OLD_OFFERS,
    OLD_TEXT,
    Person,
    Reported,
    amend,
    write_city,
)
from tests.scoring.renaming import rename
from tests.scoring.small_city import CATALOGUE

Key = TypeVar("Key", bound=Hashable)


def test_every_figure_is_the_one_worked_out_by_hand(impact: Impact) -> None:
    assert asdict(impact.totals) == by_hand.TOTALS
    assert {each.code: (each.before, each.after) for each in impact.levels} == by_hand.LEVELS
    assert {(each.before, each.after): each.people for each in impact.moves if each.people} == by_hand.MOVES
    assert len(impact.moves) == 16
    assert {each.least: (each.before, each.after) for each in impact.points if each.before or each.after} == (
        by_hand.POINTS
    )
    assert [(each.least, each.most) for each in impact.points][-2:] == [(180, 189), (190, 200)]
    assert {(each.least, each.most): each.people for each in impact.changes if each.people} == by_hand.CHANGES
    means = {each.code: (each.mean_before_hundredths, each.mean_after_hundredths) for each in impact.dimensions}
    assert means == by_hand.DIMENSIONS
    assert list_groups(impact) == by_hand.GROUPS
    assert list_hit(impact) == by_hand.HIT
    assert {each.code: tuple(asdict(each).values())[5:] for each in impact.benefits} == by_hand.BENEFITS
    assert {each.rule_id: list_rule(asdict(each)) for each in impact.rules} == by_hand.RULES
    assert [each.rule_id for each in impact.rules if each.is_amended] == ["R-BLOOD", "R-FINE"]
    assert list_samples(impact) == by_hand.SAMPLES
    assert [each.number for each in impact.samples] == [1, 2, 3, 4, 5, 6, 7]
    assert [(each.title, each.title_en, each.year) for each in impact.samples[4].lines] == [
        ("基础分", "Base", ""),
        ("献血", "Blood donation", "2026"),
        ("其他记录", "other records", ""),
    ]


def list_groups(impact: Impact) -> dict[tuple[str, str], tuple[int | None, ...]]:
    return {
        (trait.value, row.code): tuple(
            value
            for name, value in asdict(row).items()
            if name not in {"code", "name", "left_out"} and "stand_out" not in name
        )
        for trait, row in impact.list_rows()
    }


def list_hit(impact: Impact) -> dict[str, tuple[bool, bool]]:
    hit = {row.code: (row.falls_stand_out, row.level_falls_stand_out) for _, row in impact.list_rows()}
    assert not any(row.left_out for _, row in impact.list_rows())
    return {code: falls for code, falls in hit.items() if any(falls)}


def list_samples(impact: Impact) -> list[tuple[object, ...]]:
    return [
        (
            *(each.kind, each.points_before, each.points_after, each.level_before, each.level_after),
            [(line.kind, line.before, line.after) for line in each.lines],
        )
        for each in impact.samples
    ]


def list_rule(row: Mapping[str, int | None]) -> tuple[int | None, ...]:
    return row["people_before"], row["people_after"], row["rises"], row["falls"]


def tell(people: int) -> int | None:
    """How a count is told where fewer than 6 are not: in threes; there is no half."""
    return None if 0 < people < LEAST else round(people / 3) * 3


def test_few_people_are_not_told_and_many_in_whole_threes(rounded: Impact) -> None:
    """What is worked out by hand, told by another way of telling; medians stay, and of so few there are no means."""
    kept = {name for name in by_hand.TOTALS if name.startswith(("median", "base"))}
    means = dict.fromkeys(name for name in by_hand.TOTALS if name.endswith("_hundredths"))
    assert (
        asdict(rounded.totals)
        == {name: value if name in kept else tell(value) for name, value in by_hand.TOTALS.items() if name not in means}
        | means
    )
    assert {(each.mean_before_hundredths, each.mean_after_hundredths) for each in rounded.dimensions} == {(None, None)}
    assert {each.code: (each.before, each.after) for each in rounded.levels} == tell_pairs(by_hand.LEVELS)
    moves = {(each.before, each.after): each.people for each in rounded.moves}
    assert moves == dict.fromkeys(moves, 0) | {key: tell(people) for key, people in by_hand.MOVES.items()}
    points = {each.least: (each.before, each.after) for each in rounded.points}
    assert points == dict.fromkeys(points, (0, 0)) | tell_pairs(by_hand.POINTS)
    changes = {(each.least, each.most): each.people for each in rounded.changes}
    assert changes == dict.fromkeys(changes, 0) | {key: tell(people) for key, people in by_hand.CHANGES.items()}
    assert list_groups(rounded) == dict(tell_groups())
    assert list_hit(rounded) == by_hand.HIT
    benefits = {each.code: tuple(asdict(each).values())[5:] for each in rounded.benefits}
    assert benefits == {code: tell_benefit(*figures) for code, figures in by_hand.BENEFITS.items()}
    assert list_samples(rounded) == by_hand.FEWER_SAMPLES


def tell_pairs(pairs: Mapping[Key, tuple[int, int]]) -> dict[Key, tuple[int | None, ...]]:
    return {key: tuple(map(tell, pair)) for key, pair in pairs.items()}


def tell_groups() -> Iterator[tuple[tuple[str, str], tuple[int | None, ...]]]:
    """A group of few is not told of at all, a district of few is elsewhere; so few change level that no row has any."""
    for (trait, code), (people, rises, falls, *_, rise_ratio, fall_ratio, _) in by_hand.GROUPS.items():
        key = (trait, "elsewhere" if code == "110105" else code)
        counts = [tell(each) for each in (people, rises, falls)]
        ratios = [ratio if tell(hit) is not None else None for hit, ratio in ((rises, rise_ratio), (falls, fall_ratio))]
        yield key, (None,) * 8 if people < LEAST else (*counts, None, None, *ratios, None)


def tell_benefit(*figures: int | None) -> tuple[int | None, ...]:
    people = [None if each is None else tell(each) for each in figures[:4]]
    limits = [figures[4], figures[5], figures[5], figures[4]]
    pairs = zip(people, limits, strict=True)
    amounts = [None if count is None or limit is None else count * limit for count, limit in pairs]
    return *people, *figures[4:6], *amounts


def test_some_figures_as_they_are_told(rounded: Impact) -> None:
    """By hand: 38 people are 39, 7 are 6, 5 and 3 are not told; amounts go with their people."""
    totals = rounded.totals
    assert (totals.people, totals.rises, totals.falls, totals.same, totals.level_rises) == (39, 12, 6, 18, None)
    assert list_groups(rounded)["age", "40_49"] == (6, 0, 6, None, None, 0, 543, None)
    assert list_groups(rounded)["sex", "female"] == (18, None, None, None, None, None, None, None)
    # What 3 of 16 or of 7 people have is no fiftieth of what they have together.
    assert {each.rule_id: list_rule(asdict(each)) for each in rounded.rules} == {
        "R-BLOOD": (15, 15, 12, 0),
        "R-FINE": (6, 6, 0, 6),
    }
    bike = rounded.benefits[-1]
    assert (bike.before, bike.after, bike.lost, bike.before_fen, bike.lost_fen) == (36, 33, None, 180_000, None)


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


def test_the_json_says_the_same(rounded: Impact) -> None:
    document = json.loads(json.dumps(write_json(rounded)))
    assert read_json(document) == rounded
    assert document["form"] == "shangding.impact/2"
    for spoilt, where in (
        ({"form": "shangding.impact/1"}, "form is 'shangding.impact/1'; shangding.impact/2 is read here: measure"),
        ({"totals": {**document["totals"], "people": "38"}}, "impact.totals.people"),
        ({"totals": {**document["totals"], "more": 1}}, "impact.totals"),
        ({"as_of": "1 June"}, "impact.as_of"),
        ({"samples": 5}, "impact.samples"),
        ({"groupings": [{"trait": "faith", "rows": []}]}, "impact.groupings[0].trait"),
    ):
        with pytest.raises(ImpactDocumentError) as refused:
            read_json({**document, **spoilt})
        assert refused.value.faults[0].startswith(where), refused.value


def test_fewer_than_twenty_are_not_told_unless_asked_for(city: CityFiles, counted: Counted) -> None:
    found = report_impact(city, counted)
    assert found.least_group == 20
    assert (found.totals.people, found.totals.rises, found.totals.falls, found.totals.same) == (40, None, None, None)
    assert found.totals.mean_before_hundredths is None
    assert {each.code: each.before for each in found.levels} == {"top": 0, "high": None, "fair": 30, "low": None}
    rows = {row.code: row.people for _, row in found.list_rows()}  # all but J are of small districts, 37 in all
    assert {code: people for code, people in rows.items() if people is not None} == {"fair": 30, "elsewhere": 40}
    assert found.samples == ()


def test_a_city_of_too_few_people_is_told_of_in_no_figure(city: CityFiles, counted: Counted) -> None:
    found = report_impact(city, counted, least_group=50)
    figures = json.dumps({name: write_json(found)[name] for name in ("totals", "levels", "dimensions", "groupings")})
    told = re.findall(r'(?<!base_before": )(?<!base_after": )\b[0-9]+(?=[,}])', figures)
    assert set(told) == {"0"}  # nobody is at the top, nobody is newly suspended
    page = write_page(found)
    assert "在 ＊ 名有信用分的市民中，＊ 人分数上升（＊）" in page
    assert "不足 50 人以＊表示" in page
    assert "没有可以列出的样本" in page


@pytest.mark.parametrize("least", [2, 5, 8, 13])
def test_what_is_told_is_near_what_is_and_never_of_few(
    city: CityFiles, counted: Counted, impact: Impact, least: int
) -> None:
    exact, told = (dict(walk(each)) for each in (impact, report_impact(city, counted, least_group=least)))
    shared = exact.keys() & told.keys()
    assert len(shared) > 100
    assert [place for place in shared if exact[place] == 0 and told[place] not in (0, None)] == []
    assert [place for place in shared if 0 < exact[place] < least and told[place] is not None] == []
    near = [(exact[place], told[place]) for place in shared if told[place] is not None]
    assert [pair for pair in near if 2 * abs(pair[0] - pair[1]) > max(1, least // 2)] == []
    assert any(before != after for before, after in near) == (least > 3)


def walk(impact: Impact) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every count of people of a report with its place."""
    document = write_json(impact)
    rows = [(each["trait"], row) for each in document["groupings"] for row in each["rows"]]
    lists = ("levels", "moves", "points", "changes", "benefits", "rules")
    places = [(name, str(place), each) for name in lists for place, each in enumerate(document[name])]
    counts = {"people", "rises", "falls", "same", "level_rises", "level_falls", "gained", "lost", "before", "after"}
    counts |= {name for name in document["totals"] if "suspended" in name} | {"people_before", "people_after"}
    for *place, figures in [("totals", "", document["totals"]), *((of, row["code"], row) for of, row in rows), *places]:
        yield from (
            ((*place, name), value) for name, value in figures.items() if name in counts and value.__class__ is not str
        )


def test_samples_are_left_out_where_that_is_asked_for(city: CityFiles, counted: Counted) -> None:
    found = report_impact(city, counted, least_group=1, with_samples=False)
    assert (found.samples, write_json(found)["samples"], found.with_samples) == ((), [], False)


def test_nobody_is_shown_by_a_rule_that_counts_for_too_few(city: CityFiles, counted: Counted) -> None:
    """With two fines in the whole city, whoever loses most would be one of the two; donations are many."""
    before, after = counted.rules
    before = Counter({**before, "R-FINE": 2})
    found = report_impact(city, counted._replace(rules=(before, after)), least_group=LEAST)
    assert [each.kind for each in found.samples] == ["gain", "gain"]


def test_nobody_is_shown_out_of_a_crowd_that_is_not_told(counted: Counted, rounded: Impact) -> None:
    """Of those who rise A may be shown; C are too few of their age and too few to move, and J of no known place.

    A have 110 points and then 115, 5 more: of each band there are enough, and without any one of them nobody is shown.
    """
    crowd = Crowd.of(rounded, frozenset())
    rising = counted.tally.candidates[SampleKind.GAIN]

    def list_shown(crowd: Crowd) -> set[str]:
        return {each.age_band for each in rising if crowd.may_show(each)}

    grown = {
        trait: replace(each, rows=tuple(replace(row, people=30) for row in each.rows))
        for trait, each in crowd.groupings.items()
    }
    moves = tuple(replace(each, people=30) for each in rounded.moves)
    points = tuple(replace(each, before=30, after=30) for each in rounded.points)
    assert list_shown(crowd) == list_shown(replace(crowd, moves=moves)) == {"30_39"}
    assert list_shown(replace(crowd, groupings=grown)) == {"30_39", "unknown"}
    assert list_shown(replace(crowd, groupings=grown, moves=moves, points=points)) == {"30_39", "unknown", "to_29"}
    for spoilt in (
        {"points": tuple(replace(each, before=None) if each.least == 110 else each for each in rounded.points)},
        {"points": tuple(replace(each, after=None) if each.least == 110 else each for each in rounded.points)},
        {"changes": tuple(replace(each, people=None) if each.least == 5 else each for each in rounded.changes)},
    ):
        assert list_shown(replace(crowd, **spoilt)) == set()


def test_where_few_of_all_rise_no_group_is_told_to_have_none(city: CityFiles, counted: Counted) -> None:
    """12 rise in the whole city: of the others not even that none of them does is told, nor of levels."""
    rows = [row for _, row in report_impact(city, counted, least_group=13).list_rows()]
    assert {row.people for row in rows} > {24, 18}  # as they are told in sixes: 26 of fair, 19 and 18 by sex
    assert {(row.rises, row.falls, row.level_rises, row.level_falls) for row in rows} == {(None,) * 4}


def test_groups_that_gain_too_seldom_are_left_out(counted: Counted) -> None:
    """Of ten times as many people 120 of 380 rise. None of 30 does with 380 - 120 of 380, 29 times more: a thousandth
    of a percent; 10 of 110105 are too few (2%), and of 190 women 30 rise instead of 60. All others rise oftener.
    """
    outcomes = {key: Outcome(*(10 * each for each in outcome)) for key, outcome in counted.tally.outcomes.items()}
    groupings = make_groupings(counted.change, replace(counted.tally, outcomes=outcomes), 1)
    left_out = {row.code for grouping in groupings for row in grouping.rows if row.left_out}
    assert left_out == {*("high", "low"), *("330106", "410181"), *("40_49", "50_59", "60_69", "from_70"), "female"}


def test_what_is_left_of_the_mean_is_told(city: CityFiles, counted: Counted) -> None:
    """Everybody has one point less after than base and dimensions give: 108.16 - 1 is told, and -1 as the rest."""
    after = Counter({points - 1: people for points, people in counted.tally.after.items()})
    found = report_impact(
        city, counted._replace(tally=replace(counted.tally, after=after)), least_group=1, with_samples=False
    )
    assert [each for _, *each in list_mean_parts(found)] == [
        *([10_000, 10_000], [395, 395], [605, 763], [-171, -342], [0, -100])
    ]
    assert found.totals.mean_after_hundredths == 10_716


def test_whoever_has_another_record_of_an_act_counted_holds_the_rule(tmp_path: Path) -> None:
    """A donation that has lapsed stood for an act; cut below the commendation it stands no more, and 10 points are won.

    Another's two donations have lapsed, one behind the other by both rulebooks: she is fined, and holds a fine alone. A
    third had hours counted for an act of which a lapsed fine weighs more now.
    """
    blood = Reported("BLOOD", date(2025, 4, 1), {}, act="act")
    honour = Reported("HONOUR", date(2025, 4, 1), {"grade": "city"}, act="act")
    fine = Reported("FINE", date(2026, 2, 1), {"amount_fen": 10_000})
    hours = (Reported("HOURS", date(2026, 2, 1), {"hours": 5}, act="act"),)
    lapsed = fine._replace(occurred_on=date(2025, 4, 1), act="act")
    records = (blood, honour), (blood, blood, fine), (*hours, lapsed)
    cuts = ("points = 10\nvalid", "points = 5\nvalid"), ("at_most = 50000, points = -5", "at_most = 50000, points = -6")
    book = read_rulebook(amend(OLD_TEXT, *cuts), "cut", CATALOGUE)
    change = Change(old=OLD, new=book, old_benefits=None, new_benefits=None, as_of=AS_OF, seed="")
    files = write_city(tmp_path / "city", [Person("male", 1990, None, each) for each in records])
    found = count_people(files, change).tally
    assert dict(found.gains) == {10: 1, -1: 1, -5: 1}
    held = {code: counts for code, counts in found.holders.items() if counts != (0, 0)}
    assert held == {"BLOOD": (1, 0), "HONOUR": (1, 0), "FINE": (0, 2), "HOURS": (0, 1)}


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
