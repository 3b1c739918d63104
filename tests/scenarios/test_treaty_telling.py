"""What is told, over drawn scales and drawn people: maps keep order and tier, low people look like unknown ones."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from scenarios.catalogue import Wording
from scenarios.treaty import (
    Flag,
    FlagKind,
    Party,
    PartyLevel,
    ScaleMap,
    Scope,
    Standing,
    Treaty,
    partner_of,
    treaty_id,
)
from scenarios.treaty_checking import find_treaty_defects
from scenarios.treaty_telling import (
    LevelTold,
    ScoreTold,
    convert,
    describe_flags,
    describe_level,
    describe_score,
    find_tier,
    list_entitled,
)
from tests.scenarios.small_treaty import CATALOGUES, TREATY

TITLE = Wording(zh="级", en="Level")
FLAGS = (Flag(FlagKind.VETO, "《办法》", None), Flag(FlagKind.RED_LIST, "《办法》", date(2027, 1, 1)))
DIRECTIONS = (("bigtown", "smallville"), ("smallville", "bigtown"))


class Told(NamedTuple):
    """All that the partner of a city could be told, every consent given, in the order of the scopes."""

    entitled: tuple[str, ...] = ()
    level: LevelTold | None = None
    score: ScoreTold | None = None
    flags: tuple[Flag, ...] = ()


def tell(treaty: Treaty, home: str, standing: Standing) -> Told:
    host = partner_of(treaty, home)
    wanted = ("deposit", "price", "other")
    return Told(
        list_entitled(treaty, home=home, host=host, standing=standing, wanted=wanted),
        describe_level(treaty, home=home, standing=standing),
        describe_score(treaty, home=home, host=host, standing=standing),
        describe_flags(treaty, home=home, standing=standing, flags=FLAGS),
    )


tier_sets = st.sets(st.integers(1, 5), min_size=1, max_size=5)


@st.composite
def draw_party(draw: st.DrawFn, city: str, common: set[int]) -> Party:
    floor = draw(st.integers(-5, 5))
    tiers = sorted(draw(st.just(common) | tier_sets), reverse=True)
    edges = draw(st.lists(st.integers(1, 30), min_size=len(tiers), max_size=len(tiers), unique=True))
    bounds = [floor + edge for edge in sorted(edges)[:-1]]
    levels = tuple(
        PartyLevel(code=f"level{index}", title=TITLE, tier=tier, at_least=bound)
        for index, (tier, bound) in enumerate(zip(tiers, [*reversed(bounds), floor], strict=True))
    )
    ceiling = floor + max(edges)
    return replace(TREATY.party(city), floor=floor, ceiling=ceiling, levels=levels, lists={})


@st.composite
def draw_map(draw: st.DrawFn, home: Party, host: Party) -> ScaleMap:
    """Draw a rising map that, as often as not, goes through the edges of the bands."""
    assert None not in (home.floor, home.ceiling, host.floor, host.ceiling)
    first, last, low, high = home.floor or 0, home.ceiling or 0, host.floor or 0, host.ceiling or 0
    inner = draw(st.sets(st.integers(first + 1, last - 1), max_size=4)) if last - first > 1 else set()
    begins = {level.tier: least for level, least, _ in host.list_bands()}
    edges = [(least, begins.get(level.tier, low)) for level, least, _ in home.list_bands() if least > first]
    pairs = edges if draw(st.booleans()) else [(each, draw(st.integers(low, high))) for each in inner]
    heights = sorted(height for _, height in pairs)
    steps = zip(sorted(each for each, _ in pairs), heights, strict=True)
    return ScaleMap(home=home.city, host=host.city, points=((first, low), *steps, (last, high)))


def tier_of(party: Party, points: int) -> int:
    return next(level.tier for level in party.levels if level.at_least is not None and points >= level.at_least)


def keeps_tiers(treaty: Treaty, scale_map: ScaleMap) -> bool:
    """The rule itself, point by point: no point changes its tier, and the first of a tier reads as the first there."""
    home, host = treaty.party(scale_map.home), treaty.party(scale_map.host)
    points, there = (range(each.floor or 0, (each.ceiling or 0) + 1) for each in (home, host))
    firsts = {tier_of(host, each): each for each in reversed(there)}
    begun: dict[int, int] = {}
    for each in points:
        begun.setdefault(tier_of(home, each), convert(scale_map, each))
    within = all(tier_of(host, convert(scale_map, each)) == tier_of(home, each) for each in points)
    return within and all(firsts[tier] == first for tier, first in begun.items())


@given(st.data())
def test_a_map_is_let_in_exactly_when_no_point_changes_its_tier(data: st.DataObject) -> None:
    common = data.draw(tier_sets)
    parties = {city: data.draw(draw_party(city, common)) for city in TREATY.cities}
    maps = tuple(data.draw(draw_map(parties[home], parties[host])) for home, host in DIRECTIONS)
    treaty = replace(TREATY, parties=parties, maps=maps, rights=(), scopes=frozenset({Scope.SCORE}), flags=frozenset())
    faults = find_treaty_defects(treaty, {})
    for scale_map in maps:
        found = [fault for fault in faults if fault.startswith(f"maps[{scale_map.home}]")]
        event(f"let in: {found == []}")
        assert (found == []) == keeps_tiers(treaty, scale_map), found
        home, host = parties[scale_map.home], parties[scale_map.host]
        there = [convert(scale_map, each) for each in range(home.floor or 0, (home.ceiling or 0) + 1)]
        assert there == sorted(there)
        assert (there[0], there[-1]) == (host.floor, host.ceiling)


@st.composite
def draw_standing(draw: st.DrawFn, party: Party) -> Standing:
    """Draw what a city may know of a person: of some nothing, of some a level that a veto keeps low."""
    points = draw(st.none() | st.integers(party.floor or 0, party.ceiling or 0))
    codes = [level.code for level in party.levels]
    own = 0 if points is None else next(i for i, each in enumerate(party.levels) if points >= (each.at_least or 0))
    return Standing(
        level=None if points is None else draw(st.sampled_from(codes[own:])),
        points=points,
        lists=frozenset(draw(st.sets(st.sampled_from([*party.lists, "elsewhere"])))),
        incentives_suspended=draw(st.booleans()),
    )


@given(st.data(), st.sampled_from(TREATY.cities), st.sets(st.sampled_from(Scope)))
def test_low_unknown_and_not_agreed_look_alike(data: st.DataObject, home: str, scopes: Iterable[Scope]) -> None:
    treaty = replace(TREATY, scopes=frozenset(scopes))
    standing = data.draw(draw_standing(TREATY.party(home)))
    tier = find_tier(treaty, home, standing)
    told = tell(treaty, home, standing)
    if tier is None or tier < 3:
        assert told == tell(treaty, home, Standing()) == Told()
    for part, scope, nothing in zip(told, Scope, Told(), strict=True):
        assert part == nothing or scope in scopes


@given(st.data(), st.sampled_from(TREATY.cities))
def test_the_equivalent_stays_in_the_tier_and_rights_only_grow(data: st.DataObject, home: str) -> None:
    party, host = TREATY.party(home), TREATY.party(partner_of(TREATY, home))
    standing = data.draw(draw_standing(party))
    assume(standing.level is not None)
    told = tell(TREATY, home, standing)
    if told.score is not None and told.score.equivalent is not None and told.level is not None:
        assert tier_of(host, told.score.equivalent) == find_tier(TREATY, home, standing) == told.level.tier
        assert told.flags == FLAGS[:1]
    better = replace(standing, level=party.levels[0].code)
    assert set(told.entitled) <= set(tell(TREATY, home, better).entitled)
    assert not (standing.incentives_suspended and (told.entitled or told.level or told.score))


def test_a_right_holds_from_a_level_on_or_on_a_list() -> None:
    wanted = ("deposit", "price")
    expected = {
        ("gold", ()): ("deposit",),
        ("gold", ("heroes",)): ("deposit", "price"),
        ("silver", ("heroes",)): ("price",),
        ("silver", ()): (),
        ("plain", ("heroes",)): (),
        (None, ("heroes",)): (),
        ("gone", ()): (),
    }
    for (level, lists), entitled in expected.items():
        standing = Standing(level=level, lists=frozenset(lists))
        found = list_entitled(TREATY, home="bigtown", host="smallville", standing=standing, wanted=wanted)
        assert found == entitled, (level, lists)
    rich = Standing(level="gold", lists=frozenset({"heroes"}))
    assert list_entitled(TREATY, home="bigtown", host="smallville", standing=rich, wanted=("price",)) == ("price",)
    assert TREATY.list_scenarios(home="bigtown", host="smallville") == wanted
    assert TREATY.list_scenarios(home="smallville", host="bigtown") == ()


def test_a_map_says_what_it_does_not_cover() -> None:
    scale_map = TREATY.scale_map("bigtown", "smallville")
    assert scale_map is not None
    for points in (-1, 1001):
        with pytest.raises(ValueError, match=f"{points} points lie outside the scale of bigtown, 0 to 1000"):
            convert(scale_map, points)


def test_a_treaty_is_in_force_from_its_first_day_to_the_one_before_its_end() -> None:
    last = TREATY.ends_on - timedelta(days=1)
    days = [TREATY.starts_on - timedelta(days=1), TREATY.starts_on, last, TREATY.ends_on]
    assert [TREATY.is_in_force_on(day) for day in days] == [False, True, True, False]
    assert treaty_id("smallville", "bigtown") == TREATY.id
    with pytest.raises(KeyError):
        partner_of(TREATY, "town")
    assert find_treaty_defects(TREATY, CATALOGUES) == []
